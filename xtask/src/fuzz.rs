//! `cargo xtask fuzz`: libFuzzer over every decoder, in a crate that needs no network to build.
//!
//! What it finds goes into `tests/fuzz/corpus/<target>/` and is replayed on stable by the ordinary tests.

use std::process::Command;

use anyhow::Context;

use crate::{deny, step};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One target; without it, all of them.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    secs: u32,
}

/// Runs the targets one after the other; a crash ends the run and leaves its input in `tests/fuzz/artifacts`.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let tool = deny::installed("cargo-fuzz", FUZZ_VERSION)?;
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => targets(&tool)?,
    };
    for target in targets {
        let mut command = fuzz(&tool);
        command.args([
            "run",
            &target,
            "--",
            &format!("-max_total_time={}", arguments.secs),
            "-rss_limit_mb=1024",
        ]);
        step::run(&format!("fuzz {target}"), command)?;
    }
    Ok(())
}

fn targets(tool: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let output = fuzz(tool)
        .arg("list")
        .output()
        .context("cannot list the fuzz targets")?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// cargo-fuzz needs nightly for its sanitizer flags.
fn fuzz(tool: &std::path::Path) -> Command {
    let mut command = Command::new(tool);
    command
        .current_dir(step::workspace_root().join("tests"))
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .env_remove("CARGO")
        .arg("fuzz");
    command
}

const FUZZ_VERSION: &str = "^0.13";
