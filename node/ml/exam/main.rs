//! The matcher's exam: `cargo run --release -p meteorite-ml --example matcher-exam -- --quick`.
//!
//! Prints tables with 95 % confidence intervals over people (seeds), each bar with what was measured. `worlds.toml` beside this file
//! describes the worlds; `--config` reads another. `--write-prior` learns the shipped prior anew.
#![expect(clippy::print_stdout, reason = "it prints figures")]
#![expect(
    clippy::indexing_slicing,
    reason = "indices come from the lengths of the same lists"
)]

mod config;
mod contenders;
mod dice;
mod drifting;
mod figure;
mod gaussian;
mod people;
mod play;
mod population;
mod sea;
mod sections;
mod vectors;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use meteorite_ml::matcher::prior::{PRIOR_VERSION, PriorFile};

use crate::config::{Config, Kind};
use crate::figure::Report;

/// The matcher's exam.
#[derive(Parser)]
struct Arguments {
    /// Seed of all worlds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A file that describes other worlds.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Three people, fewer rounds, a smaller network.
    #[arg(long)]
    quick: bool,
    /// So many people and networks, instead of 20 and 5 (3 and 1 when quick).
    #[arg(long)]
    seeds: Option<u64>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Only this world, or `network`, `estimators`, `costs`.
    #[arg(long)]
    only: Option<String>,
    /// Folder of the Open Bandit sample.
    #[arg(long)]
    open_bandit: Option<PathBuf>,
    /// Learns the prior of the first world of messages and writes it to this file.
    #[arg(long)]
    write_prior: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let text = match &arguments.config {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?
        }
        None => include_str!("worlds.toml").to_owned(),
    };
    let mut config: Config =
        toml::from_str(&text).context("the worlds are not described as they should be")?;
    if let Some(path) = &arguments.write_prior {
        return write_prior(&config, path);
    }
    let (people, seas) = if arguments.quick { (3, 1) } else { (20, 5) };
    let (people, seas) = arguments.seeds.map_or((people, seas), |seeds| (seeds, seeds));
    if arguments.quick {
        config.make_quick();
    }
    let wants = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    let mut report = Report::default();
    let first = config.world.first().cloned();
    if let Some(world) = first.filter(|_| wants("estimators")) {
        sections::estimators::run(&world, (arguments.seed, people), &mut report);
    }
    config.world.retain(|world| wants(&world.name));
    sections::worlds::run(&config, (arguments.seed, people), &mut report);
    if let Some(sea) = config.sea.as_ref().filter(|_| wants("network")) {
        sections::network::run(sea, (arguments.seed, seas), &mut report);
    }
    if wants("costs") {
        sections::costs::run(arguments.seed, &mut report);
    }
    if let Some(folder) = &arguments.open_bandit {
        sections::open_bandit::run(folder, &mut report)?;
    }
    if arguments.json {
        report.print_json();
    } else {
        report.print();
    }
    Ok(())
}

/// Learns what the population of the stated people likes.
fn write_prior(config: &Config, path: &std::path::Path) -> anyhow::Result<()> {
    let world = config
        .world
        .iter()
        .find(|world| world.kind == Kind::Vectors)
        .context("no world of messages")?;
    let prior = population::learn(world, PRIOR_SEED, PRIOR_PEOPLE, PRIOR_ROUNDS);
    let triangle = prior.precision.iter().enumerate();
    let file = PriorFile {
        version: PRIOR_VERSION,
        seed: PRIOR_SEED,
        people: PRIOR_PEOPLE as u32,
        mean: prior.mean.iter().copied().map(short).collect(),
        precision: triangle
            .flat_map(|(row, values)| values.iter().take(row + 1).copied().map(short))
            .collect(),
    };
    let text = serde_json::to_string(&file)? + "\n";
    std::fs::write(path, &text)?;
    println!("{}  {}", blake3::hash(text.as_bytes()), path.display());
    Ok(())
}

/// Six digits are enough, and make a small file.
fn short(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// People of the prior's population, who take no exam.
const PRIOR_SEED: u64 = 2_026;
const PRIOR_PEOPLE: u64 = 300;
const PRIOR_ROUNDS: usize = 2_000;
