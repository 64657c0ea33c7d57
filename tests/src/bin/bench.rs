//! `cargo xtask bench [NAME] [--json]`: runs one or all benches and prints their figures.
#![expect(clippy::print_stdout, reason = "figures go to standard output")]

use meteorite_tests::bench::{self, Bench};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == bench::IDLE_CHILD) {
        return bench::idle().await;
    }
    // How far it is, on standard error; RUST_LOG tells more.
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off,meteorite_tests=info")),
        )
        .with_writer(std::io::stderr)
        .init();
    if let Some(odd) = arguments
        .iter()
        .find(|argument| argument.starts_with('-') && *argument != "--json")
    {
        anyhow::bail!("there is no {odd}; `bench [NAME] [--json]` runs one or all benches");
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let json = arguments.iter().any(|argument| argument == "--json");
    let named = arguments.iter().find(|argument| !argument.starts_with("--"));
    let benches: Vec<Bench> = match named {
        Some(name) => vec![
            Bench::ALL
                .into_iter()
                .find(|bench| bench.name() == name)
                .ok_or_else(|| unknown(name))?,
        ],
        None => Bench::ALL.to_vec(),
    };
    for bench in benches {
        for figure in bench.run().await? {
            if json {
                println!("{}", serde_json::to_string(&figure)?);
            } else {
                println!(
                    "{:<62} {:>10.2} {:<6} {}",
                    figure.name, figure.value, figure.unit, figure.conditions
                );
            }
        }
    }
    Ok(())
}

fn unknown(name: &str) -> anyhow::Error {
    let names: Vec<&str> = Bench::ALL.iter().map(|bench| bench.name()).collect();
    anyhow::anyhow!("there is no bench “{name}”; there are {}", names.join(", "))
}
