//! What belongs to the identity, out for a backup and in from one.

use meteorite_protocol::control::{Problem, ProblemKind, Reply};
use meteorite_store::Export;

use super::Actor;
use super::trouble::{Trouble, bug};

impl Actor {
    pub(super) async fn export(&mut self) -> Result<Reply, Trouble> {
        let rows = self.shell.db().export_rows().await?;
        let text = serde_json::to_string(&rows)
            .map_err(|error| bug(format!("The rows cannot be written: {error}.")))?;
        Ok(Reply::Exported(text))
    }

    /// Adds what is missing; what is here already stays as it is. The cores read their rows when the node starts next, so it
    /// ends afterwards and whoever asked starts it again.
    pub(super) async fn import(&mut self, rows: &str) -> Result<Reply, Trouble> {
        let export: Export = serde_json::from_str(rows).map_err(|error| {
            Problem::new(
                ProblemKind::Input,
                format!("These are not the rows of a backup: {error}."),
                "Nothing was changed.",
                "Use the file that `meteorite backup` wrote.",
            )
        })?;
        let imported = self.shell.db().import_rows(export).await?;
        if imported.added > 0 {
            self.wires.stop.cancel();
        }
        Ok(Reply::Imported(u64::try_from(imported.added).unwrap_or(u64::MAX)))
    }
}
