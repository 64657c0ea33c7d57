//! One external command, shown before it runs and timed after it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// The workspace root: the folder above this crate. `cargo run` says where that is; the program itself may have been built in another
/// checkout that shares its target folder.
pub(crate) fn workspace_root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(here);
    root.pop();
    root
}

/// A `cargo` command in the workspace root, with the toolchain that runs this task.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace_root());
    command
}

/// Runs `command`, printing what it is and how long it took; an exit status other than 0 is an error.
pub(crate) fn run(name: &str, mut command: Command) -> anyhow::Result<()> {
    println!("==> {name}: {}", shown(&command));
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(&command)))?;
    if !status.success() {
        bail!(
            "{name} failed ({status}) after {:.0} s: {}",
            start.elapsed().as_secs_f64(),
            shown(&command)
        );
    }
    println!("==> {name}: ok in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn shown(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    command
        .get_args()
        .fold(name, |line, argument| line + " " + &argument.to_string_lossy())
}
