//! `cargo xtask deny`: licences, bans and sources of the dependency tree, by the rules in `deny.toml`.
//!
//! The advisory database lives in a git repository; `--advisories` asks for it and therefore for the network.

use std::path::PathBuf;
use std::process::Command;

use crate::step;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Also checks the RustSec advisories (fetches their database).
    #[arg(long)]
    advisories: bool,
}

/// Runs cargo-deny, installing it beside the build output first when it is missing.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let deny = installed("cargo-deny", DENY_VERSION)?;
    let mut command = Command::new(deny);
    command.current_dir(step::workspace_root()).args([
        "--log-level",
        "warn",
        "check",
        "licenses",
        "bans",
        "sources",
    ]);
    if arguments.advisories {
        command.arg("advisories");
    }
    step::run("licences and sources", command)
}

/// The path of a cargo tool: from PATH where it is there, else installed once into the tools folder of the cache.
pub(crate) fn installed(tool: &str, version: &str) -> anyhow::Result<PathBuf> {
    if Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Ok(PathBuf::from(tool));
    }
    let tools = tools_folder();
    let binary = tools
        .join("bin")
        .join(format!("{tool}{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let root = tools.to_string_lossy().into_owned();
        let mut install = step::cargo(&["install", tool, "--version", version, "--locked", "--root", &root]);
        install.env("CARGO_TARGET_DIR", tools.join("build"));
        step::run(&format!("install {tool}"), install)?;
    }
    Ok(binary)
}

/// Beside the build output when that lives outside the checkout, else in `target/tools`.
fn tools_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => PathBuf::from(target).with_file_name("tools"),
        None => step::workspace_root().join("target").join("tools"),
    }
}

const DENY_VERSION: &str = "^0.20";
