//! `cargo xtask kill [--times N] [--seed S]`: kills a working node at random moments. See `meteorite_tests::kill`.
#![expect(clippy::print_stdout, reason = "the report goes to standard output")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use meteorite_tests::kill;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // RUST_LOG=meteorite_protocol=debug,meteorite_shell=debug tells the story of a failure.
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == kill::CHILD) {
        let folder = arguments.get(1).context("the child needs a folder")?;
        let address = arguments.get(2).context("the child needs an address")?;
        kill::run_child(Path::new(folder), address).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let times = value(&arguments, "--times")?.unwrap_or(10);
    let seed = value(&arguments, "--seed")?.unwrap_or_else(rand::random);
    let report = kill::run(&std::env::current_exe()?, u32::try_from(times)?, seed).await?;
    println!(
        "{} kills in {} lives, {} acknowledgements compared with the disk, {} wrong (seed {seed})",
        report.kills,
        report.lives,
        report.acknowledged,
        report.wrong.len()
    );
    for wrong in &report.wrong {
        println!("  {wrong}");
    }
    Ok(if report.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn value(arguments: &[String], name: &str) -> anyhow::Result<Option<u64>> {
    let place = arguments.iter().position(|argument| argument == name);
    let Some(text) = place.and_then(|place| arguments.get(place + 1)) else {
        return Ok(None);
    };
    Ok(Some(
        text.parse().with_context(|| format!("{name} takes a number"))?,
    ))
}
