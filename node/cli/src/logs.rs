//! Logs on standard error: quiet unless asked, and other people's libraries quieter still.

use std::io;

use tracing_subscriber::EnvFilter;

/// Sets up logging for this process: `-v` shows what the program does, `-vv` why, `-vvv` every message. The environment
/// variable `METEORITE_LOG` takes a `tracing` filter instead. A second call in one process changes nothing.
pub(crate) fn start(verbosity: u8) {
    let filter = std::env::var("METEORITE_LOG")
        .ok()
        .filter(|filter| !filter.is_empty());
    let filter = filter.unwrap_or_else(|| directives(verbosity));
    let logging = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse_lossy(filter))
        .with_writer(io::stderr)
        .with_ansi(console::colors_enabled_stderr());
    // Refused only where a test already set one up.
    drop(logging.try_init());
}

/// Our own crates from the level asked for. Others are silent until something is asked for: a refused connection of a stranger
/// is an ERROR to them and nothing that a user can do anything about.
fn directives(verbosity: u8) -> String {
    let others = if verbosity == 0 { "off" } else { "warn" };
    let own = match verbosity {
        0 => "warn",
        1 => "info",
        2 => "debug",
        3.. => "trace",
    };
    let crates = OWN_CRATES.iter().map(|name| format!("{name}={own}"));
    std::iter::once(others.to_owned())
        .chain(crates)
        .collect::<Vec<_>>()
        .join(",")
}

const OWN_CRATES: [&str; 7] = [
    "meteorite_cli",
    "meteorite_crypto",
    "meteorite_net",
    "meteorite_node",
    "meteorite_protocol",
    "meteorite_shell",
    "meteorite_store",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_at_warn_however_loud_we_are() {
        for verbosity in 0..=9 {
            let directives = directives(verbosity);
            let others = if verbosity == 0 { "off," } else { "warn," };
            assert!(directives.starts_with(others), "{directives}");
            assert!(
                !directives.contains("libp2p") && !directives.contains("ipfs"),
                "{directives}"
            );
        }
        assert!(directives(2).contains("meteorite_node=debug"));
    }
}
