//! `meteorite-bootstrap`: reads the command line, starts the server, waits for a signal, ends it.
//!
//! Standard output says once where the server is reached; everything else is log on standard error. The exit code is 0
//! after a clean end, 2 for wrong usage, otherwise the code of the problem.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks on its streams"
)]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use meteorite_bootstrap::args::{Arguments, Command, LogFormat};
use meteorite_bootstrap::config::{Config, Layer};
use meteorite_bootstrap::{Bootstrap, StartError, peer_id_of};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { layer, log_format } => run(*layer, log_format),
        Command::PeerId { data } => match peer_id_of(&data) {
            Ok(peer) => {
                println!("{peer}");
                ExitCode::SUCCESS
            }
            Err(error) => failed(&error),
        },
    }
}

fn run(layer: Layer, log_format: LogFormat) -> ExitCode {
    let config = match Config::resolve(layer) {
        Ok(config) => config,
        Err(error) => return failed(&StartError::from(error)),
    };
    log(log_format);
    raise_file_limit(config.quota.connections_max);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&StartError::Bug(format!("The runtime did not start: {error}."))),
    };
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> ExitCode {
    // Caught from here on, so that a signal during the start is not lost.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return failed(&StartError::Bug(format!("Signals cannot be caught: {error}."))),
    };
    let server = match Bootstrap::start(config).await {
        Ok(server) => server,
        Err(error) => return failed(&error),
    };
    announce(&server);
    let by_itself = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "ending");
            false
        }
        () = server.ended() => true,
    };
    tokio::select! {
        ended = server.shutdown() => match ended {
            Ok(()) if by_itself => {
                eprintln!("The network ended by itself. Every receipted letter is on disk. Start the server again.");
                ExitCode::FAILURE
            }
            Ok(()) => {
                tracing::info!("ended; everything is on disk");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(error.exit_code())
            }
        },
        signal = signals.next() => {
            eprintln!("Stopped at once by a second {signal}. Every receipted letter is on disk.");
            ExitCode::FAILURE
        }
    }
}

fn announce(server: &Bootstrap) {
    println!("meteorite-bootstrap {} is ready", env!("CARGO_PKG_VERSION"));
    println!("peer id    {}", server.peer_id());
    println!("http       http://{}", server.http_addr());
    for address in server.addresses() {
        println!("address    {address}");
    }
    if let Some(code) = server.invite() {
        println!("invite     {code}");
    }
}

fn failed(error: &StartError) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(error.exit_code())
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Each connection needs a file descriptor, and the soft limit is often 1,024.
fn raise_file_limit(connections: u32) {
    let wanted = u64::from(connections).saturating_add(FILES_BESIDE);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(got) if got < wanted => {
            tracing::warn!(
                wanted,
                got,
                "the limit of open files is low: raise it (LimitNOFILE), or lower --connections-max"
            );
        }
        Ok(got) => tracing::debug!(wanted, got, "limit of open files"),
        Err(error) => tracing::warn!(%error, wanted, "the limit of open files cannot be raised"),
    }
}

/// Ctrl-C everywhere, SIGTERM where there is one.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(error) => {
                tracing::warn!(%error, "Ctrl-C cannot be caught");
                std::future::pending().await
            }
        }
    }
}

const LOG_DEFAULT: &str = "info,libp2p=warn,libp2p_kad=error,rust_ipfs=warn,connexa=warn,sqlx=warn";
/// Descriptors besides the connections that peers open: those that we open, database, blocks, HTTP, logs.
const FILES_BESIDE: u64 = 2_048;
