//! What belongs to the identity, out for a backup and in from one.

use data_encoding::BASE64;
use meteorite_protocol::control::{Problem, ProblemKind, Reply};
use meteorite_protocol::rows;
use meteorite_store::Export;

use super::Actor;
use super::trouble::Trouble;

impl Actor {
    pub(super) async fn export(&mut self) -> Result<Reply, Trouble> {
        let rows = self.shell.db().export_rows().await?;
        Ok(Reply::Exported(BASE64.encode(&rows::encode(&rows))))
    }

    /// Adds what is missing; what is here already stays as it is. The cores read their rows when the node starts next, so it
    /// ends afterwards and whoever asked starts it again.
    pub(super) async fn import(&mut self, rows: &str) -> Result<Reply, Trouble> {
        let bytes = BASE64.decode(rows.as_bytes()).unwrap_or_default();
        let export: Export = rows::decode(&bytes).ok_or_else(|| {
            Problem::new(
                ProblemKind::Input,
                "These are not the rows of a backup.",
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
