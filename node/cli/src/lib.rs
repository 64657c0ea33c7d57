//! The `meteorite` command: keys, a node without a window, everything a user can do with bottles and letters, and the demo.
//!
//! Each command is a thin wrapper around one question to a node ([`meteorite_protocol::control`]): the node that runs on the
//! folder, or one that is started for as long as the command takes. This crate decides nothing about the game or the network;
//! it reads what was typed, waits where waiting is worth it, and says plainly what is proven and what is not.
//!
//! Code map: [`args`] (what can be typed), [`commands`] (one file per family), [`session`] (the way to a node), [`output`]
//! (text and JSON), [`passphrase`] and [`input`] (what comes in), [`demo`] (a small sea of real nodes on this computer).

#![warn(missing_docs)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "one answer of a node is expected; all others are told alike"
)]

mod args;
mod commands;
mod demo;
mod failure;
mod input;
mod logs;
mod output;
mod passphrase;
mod session;

use std::ffi::OsString;
use std::future::Future;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use meteorite_protocol::control::{Problem, ProblemKind};

use args::Cli;
use failure::{DONE, Ending, Failure, USAGE};
use output::Output;
use session::Context;

/// Runs the command line `args` (the program's name first) and returns its exit code.
///
/// Results go to standard output, everything else to standard error. It builds its own runtime, so it must not be called from
/// inside one.
pub fn main_with<I, T>(args: I) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error, &args),
    };
    logs::start(cli.globals.verbose);
    let context = Context::new(cli.globals);
    let output = context.output;
    let ended = run(context, cli.command);
    ended.unwrap_or_else(|failure| {
        if let Failure::Problem(problem) = &failure {
            output.problem(problem);
        }
        failure.exit_code()
    })
}

fn run(context: Context, command: args::Command) -> Ending {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                ProblemKind::Bug,
                format!("This computer gives the program no threads: {error}."),
                "Nothing was changed.",
                "Close other programs, then try again.",
            )
        })?;
    let ended = runtime.block_on(async {
        let ended = tokio::select! {
            ended = commands::run(&context, command) => ended,
            () = context.interrupted() => Err(Failure::Interrupted),
        };
        // The first thing that went wrong is the one to tell.
        let closed = context.end().await;
        ended.and_then(|code| closed.map(|()| code))
    });
    runtime.shutdown_timeout(THREADS_END_WAIT);
    ended
}

/// Help and version are results; anything else is wrong usage.
fn not_parsed(error: &clap::Error, args: &[OsString]) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that went away wants no more help.
        drop(error.print());
        return DONE;
    }
    if args.iter().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        let what = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        let next = "See `meteorite --help`.";
        Output::json_only().problem(&Problem::new(ProblemKind::Input, what, "Nothing was done.", next));
    } else {
        drop(error.print());
    }
    USAGE
}

/// Ctrl-C, or the signal with which a service is ended.
async fn interrupt() {
    tokio::select! {
        () = signalled(tokio::signal::ctrl_c()) => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// Where signals cannot be heard, the system's own way of ending the program remains.
async fn signalled(signal: impl Future<Output = std::io::Result<()>>) {
    if signal.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// For threads that wait for a disk; a prompt that nobody answers is left behind.
const THREADS_END_WAIT: Duration = Duration::from_secs(2);
