//! Tasks that are binaries of `meteorite-tests`, or an example of the crate they measure, built in release and run with the given arguments.

use crate::step;

#[derive(clap::Args)]
pub(crate) struct BenchArguments {
    /// One bench; without it, all of them.
    name: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct KillArguments {
    /// How often the node is killed.
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// Seed of the moments; printed by a failure.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct SimArguments {
    /// How many seeds, counted from `--first`.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Nodes in each world; without it the seed decides.
    #[arg(long)]
    nodes: Option<u32>,
}

/// `cargo xtask bench`.
pub(crate) fn bench(arguments: &BenchArguments) -> anyhow::Result<()> {
    let mut rest: Vec<String> = arguments.name.iter().cloned().collect();
    if arguments.json {
        rest.push("--json".into());
    }
    if arguments.name.as_deref() == Some(PARSER) {
        return parser(arguments.json);
    }
    release("bench", &rest)?;
    if arguments.name.is_none() {
        parser(arguments.json)?;
    }
    Ok(())
}

/// The parser's bench stands with its crate, so that it builds without the rest of the product.
fn parser(json: bool) -> anyhow::Result<()> {
    let mut command = step::cargo(&[
        "run",
        "--quiet",
        "--release",
        "--package",
        "meteorite-ml",
        "--example",
        "parser_bench",
        "--",
    ]);
    if json {
        command.arg("--json");
    }
    // Its promises are about one core.
    command.env("RAYON_NUM_THREADS", "1");
    step::run("bench parser", command)
}

/// Its name on the command line.
const PARSER: &str = "parser";

/// `cargo xtask kill`.
pub(crate) fn kill(arguments: &KillArguments) -> anyhow::Result<()> {
    let mut rest = vec!["--times".to_owned(), arguments.times.to_string()];
    if let Some(seed) = arguments.seed {
        rest.extend(["--seed".to_owned(), seed.to_string()]);
    }
    release("kill", &rest)
}

/// `cargo xtask sim`.
pub(crate) fn sim(arguments: &SimArguments) -> anyhow::Result<()> {
    let mut rest = vec![
        "--seeds".to_owned(),
        arguments.seeds.to_string(),
        "--first".to_owned(),
        arguments.first.to_string(),
    ];
    if let Some(nodes) = arguments.nodes {
        rest.extend(["--nodes".to_owned(), nodes.to_string()]);
    }
    release("sim", &rest)
}

fn release(binary: &str, rest: &[String]) -> anyhow::Result<()> {
    let mut command = step::cargo(&[
        "run",
        "--quiet",
        "--release",
        "--package",
        "meteorite-tests",
        "--bin",
        binary,
        "--",
    ]);
    command.args(rest);
    step::run(binary, command)
}
