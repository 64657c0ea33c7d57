//! What the program says about itself: completions, and the table of commands for the README.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use meteorite_protocol::control::ProblemKind;
use serde::Serialize;

use crate::args::Cli;
use crate::failure::{DONE, Ending, Failure};
use crate::session::Context;

/// One row of the table.
#[derive(Debug, Serialize)]
struct Row {
    command: String,
    what: String,
}

/// `meteorite completions SHELL`
pub(super) fn completions(context: &Context, shell: Shell) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "meteorite", &mut script);
    let script = String::from_utf8(script).map_err(|error| {
        Failure::new(
            ProblemKind::Bug,
            format!("The completions are no text: {error}."),
            "Nothing was written.",
            "",
        )
    })?;
    context.output.either(
        &serde_json::json!({"reply": "completions", "value": &script}),
        || script.trim_end().to_owned(),
    )?;
    Ok(DONE)
}

/// `meteorite commands-table`
pub(super) fn commands_table(context: &Context) -> Ending {
    let mut rows = Vec::new();
    collect(&Cli::command(), "meteorite", &mut rows);
    context
        .output
        .either(&serde_json::json!({"reply": "commands", "value": &rows}), || {
            let lines = rows
                .iter()
                .map(|row| format!("| `{}` | {} |", row.command, row.what));
            let head = ["| command | what it does |".to_owned(), "|---|---|".to_owned()];
            head.into_iter().chain(lines).collect::<Vec<_>>().join("\n")
        })?;
    Ok(DONE)
}

/// Every command that does something, with what must be typed after it; families only through their members.
fn collect(command: &Command, path: &str, rows: &mut Vec<Row>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            collect(sub, &path, rows);
            continue;
        }
        let places = sub.get_positionals().map(|arg| {
            let name = arg.get_id().as_str().to_uppercase();
            if arg.is_required_set() {
                format!(" {name}")
            } else {
                format!(" [{name}]")
            }
        });
        let what = sub.get_about().map(ToString::to_string).unwrap_or_default();
        rows.push(Row {
            command: format!("{path}{}", places.collect::<String>()),
            what,
        });
    }
}
