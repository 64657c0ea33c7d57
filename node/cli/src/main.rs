//! The `meteorite` command: everything is in the library, so that tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(meteorite_cli::main_with(std::env::args_os()))
}
