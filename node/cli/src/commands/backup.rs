//! One sealed file with everything of the user's, and the way back.

use std::path::Path;

use meteorite_crypto::words::Words;
use meteorite_node::backup::{self as file_format, COMES_BACK, DOES_NOT_COME_BACK};
use meteorite_node::keys;
use meteorite_protocol::control::{ProblemKind, Reply, Request};

use crate::args::NewPassphrase;
use crate::failure::{DONE, Ending, Failure};
use crate::output::words;
use crate::passphrase;
use crate::session::{Context, Session};

/// `meteorite backup`
pub(super) async fn backup(context: &Context, path: &Path, options: &NewPassphrase) -> Ending {
    if path.exists() {
        return Err(Failure::new(
            ProblemKind::Refused,
            format!("{} exists already.", path.display()),
            "It was not touched.",
            "Choose another name, or move that file away.",
        ));
    }
    let (keys, current) = passphrase::open_keys(&context.globals, &context.home()?)?;
    let secret = passphrase::for_backup(&context.globals, options, &current)?;
    let mut session = Session::open_with(context, keys.clone()).await?;
    let reply = session.ask(Request::Export).await?;
    let Reply::Exported(rows) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    file_format::write(path, &keys, &rows, &secret, words::now_ms())?;
    let value = serde_json::json!({"reply": "backup", "value": {
        "file": path, "passphrase": !secret.is_empty(), "comes_back": COMES_BACK, "does_not_come_back": DOES_NOT_COME_BACK,
    }});
    context.output.either(&value, || {
        let opens = if secret.is_empty() {
            "It has no passphrase: whoever can read it has your identity."
        } else {
            "It opens with its passphrase, and with nothing else."
        };
        format!(
            "Everything of yours is sealed in {}. {opens}\n{}",
            path.display(),
            comes_back()
        )
    })?;
    Ok(DONE)
}

/// `meteorite restore`
pub(super) async fn restore(context: &Context, path: &Path) -> Ending {
    let home = context.home()?;
    let secret = passphrase::of_backup(&context.globals, path)?;
    let backup = file_format::read(path, &secret)?;
    let made = !keys::exists(&home);
    let keys = if made {
        keys::create(&home, &Words::from_root(&backup.root), &secret, words::now_ms())?;
        keys::load(&home, &secret)?
    } else {
        let (keys, _) = passphrase::open_keys(&context.globals, &home)?;
        if keys.root != backup.root {
            return Err(another_identity(&home.key_file()));
        }
        keys
    };
    let mut session = Session::open_with(context, keys).await?;
    let reply = session
        .ask(Request::Import {
            rows: backup.rows.clone(),
        })
        .await?;
    let Reply::Imported(rows) = reply else {
        return Err(Failure::unexpected(&reply));
    };
    let value = serde_json::json!({"reply": "restored", "value": {
        "rows": rows, "made_keys": made, "made_ms": backup.made_ms, "comes_back": COMES_BACK, "does_not_come_back": DOES_NOT_COME_BACK,
    }});
    context.output.either(&value, || {
        let keys = if made { "Your identity is back, and " } else { "" };
        format!(
            "{keys}{} of the backup of {} came back.\n{}",
            words::count(rows, "row", "rows"),
            words::moment(backup.made_ms),
            comes_back()
        )
    })?;
    Ok(DONE)
}

fn another_identity(key_file: &Path) -> Failure {
    Failure::new(
        ProblemKind::Refused,
        format!(
            "The backup belongs to another identity than {}.",
            key_file.display()
        ),
        "Nothing was changed.",
        "Restore it into a folder of its own: `meteorite --home DIR restore FILE`.",
    )
}

fn comes_back() -> String {
    let list = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("\n  - {line}"))
            .collect::<String>()
    };
    format!(
        "It brings back:{}\nIt does not bring back:{}",
        list(COMES_BACK),
        list(DOES_NOT_COME_BACK)
    )
}
