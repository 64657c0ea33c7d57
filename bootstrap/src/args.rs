//! The command line of `meteorite-bootstrap`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::Layer;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "meteorite-bootstrap",
    version,
    about = "Helps MeteoriteDriftBottle peers meet, relays for them, and holds letters for those offline",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server until it gets SIGTERM or Ctrl-C.
    Run {
        /// The options that the configuration file has too.
        #[command(flatten)]
        layer: Box<Layer>,

        /// How log lines look; `RUST_LOG` says which are written [default: info].
        #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "METEORITE_BOOTSTRAP_LOG_FORMAT")]
        log_format: LogFormat,
    },
    /// Prints the peer id of the server in a folder, making its key if there is none yet.
    PeerId {
        /// The server's folder.
        #[arg(long, value_name = "DIR", env = "METEORITE_BOOTSTRAP_DATA")]
        data: PathBuf,
    },
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}
