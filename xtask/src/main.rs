//! `cargo xtask <name>`: the development tasks of this workspace.
//!
//! Each task is one file. This crate depends on nothing heavy, so that a task starts within seconds on a cold checkout;
//! work that needs the product's crates is a binary of `meteorite-tests`, which the task builds and runs.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its streams")]

mod deny;
mod fuzz;
mod notices;
mod product;
mod step;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of MeteoriteDriftBottle")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Every check a change must pass: formatting, lints, tests, documentation, licences.
    Test(test::Arguments),
    /// Runs one or all of the product's benches (release) and prints name, value, unit, conditions.
    Bench(product::BenchArguments),
    /// Kills a working node at random moments and checks that nothing acknowledged was lost (release).
    Kill(product::KillArguments),
    /// Runs the simulator of the pure cores (release).
    Sim(product::SimArguments),
    /// Fuzzes every decoder with cargo-fuzz (needs a nightly toolchain; installs cargo-fuzz when missing).
    Fuzz(fuzz::Arguments),
    /// Checks licences, bans and sources of all dependencies with cargo-deny (installs it when missing).
    Deny(deny::Arguments),
    /// Writes the notices of all linked third-party crates; `--check` only compares.
    Notices(notices::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Bench(arguments) => product::bench(&arguments),
        Task::Kill(arguments) => product::kill(&arguments),
        Task::Sim(arguments) => product::sim(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Deny(arguments) => deny::run(&arguments),
        Task::Notices(arguments) => notices::run(&arguments),
    }
}
