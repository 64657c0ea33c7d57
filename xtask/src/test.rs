//! `cargo xtask test`: what decides whether a change is fit to land, cheapest check first.

use clap::ValueEnum;

use crate::{deny, notices, step};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these checks, in this order; without any, all of them.
    checks: Vec<Check>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    /// `cargo fmt --check`.
    Fmt,
    /// Clippy over every target, warnings denied.
    Clippy,
    /// Every test of every crate, the tidy test included.
    Test,
    /// The documentation builds without a warning.
    Doc,
    /// Licences, bans and sources of the dependencies.
    Deny,
    /// The notices of third-party crates are up to date.
    Notices,
}

/// Runs the checks; the first that fails ends the run with its output on the screen.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let checks = if arguments.checks.is_empty() {
        Check::value_variants()
    } else {
        arguments.checks.as_slice()
    };
    for check in checks {
        check.run()?;
    }
    println!("==> all checks passed");
    Ok(())
}

impl Check {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Fmt => step::run("formatting", step::cargo(&["fmt", "--all", "--check"])),
            Self::Clippy => step::run(
                "lints",
                step::cargo(&[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ]),
            ),
            Self::Test => {
                let mut command = step::cargo(&["test", "--workspace", "--locked"]);
                // A test program may have been built in another checkout that shares the target folder.
                command.env("INSTA_WORKSPACE_ROOT", step::workspace_root());
                step::run("tests", command)
            }
            Self::Doc => {
                let mut command = step::cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                step::run("documentation", command)
            }
            Self::Deny => deny::run(&deny::Arguments::default()),
            Self::Notices => notices::run(&notices::Arguments { check: true }),
        }
    }
}
