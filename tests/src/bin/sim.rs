//! `sim`: runs the simulator over many seeds and says what it found.
//!
//! ```text
//! sim [--seeds N] [--first K] [--nodes N] [--threads N] [--log] [--twice]
//! ```
//!
//! Exit code 1 if any seed failed; each failure is one line with the command that shows it again. `--log` prints the plan and
//! every step, `--twice` runs each seed twice and compares. `cargo xtask sim` builds and runs this in release.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on its streams"
)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use meteorite_tests::sim::{self, Failure, Figures, Options};

struct Arguments {
    seeds: u64,
    first: u64,
    threads: u64,
    twice: bool,
    options: Options,
}

#[derive(Default)]
struct Sum {
    runs: u64,
    steps: u64,
    virtual_ms: u64,
    figures: Figures,
    peaceful: Figures,
    failures: Vec<Failure>,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(what) => {
            eprintln!(
                "{what}\nusage: sim [--seeds N] [--first K] [--nodes N] [--threads N] [--log] [--twice]"
            );
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    if arguments.options.log {
        println!("{}", sim::describe(arguments.first, arguments.options));
    } else {
        // A panic is reported with its seed; its own message would only be in the way.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let sum = Mutex::new(Sum::default());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                work(&arguments, &next, &sum);
            });
        }
    });
    let Ok(mut sum) = sum.into_inner() else {
        return ExitCode::FAILURE;
    };
    sum.failures.sort_by_key(|failure| failure.seed);
    let (hours, secs) = (sum.virtual_ms / 3_600_000, started.elapsed().as_secs_f64());
    println!(
        "\n{} runs, {} steps, {hours} virtual hours, {secs:.1} s",
        sum.runs, sum.steps
    );
    println!("{}", sum.figures);
    let (p50, p99) = (
        sum.peaceful.delivery_percentile(50),
        sum.peaceful.delivery_percentile(99),
    );
    println!("worlds without faults: delivery p50 {p50} ms, p99 {p99} ms");
    for failure in &sum.failures {
        println!("FAILED {failure}");
    }
    if sum.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn work(arguments: &Arguments, next: &AtomicU64, sum: &Mutex<Sum>) {
    loop {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        if nth >= arguments.seeds {
            return;
        }
        let seed = arguments.first + nth;
        let mut report = sim::run(seed, arguments.options);
        if arguments.twice && report.hash != sim::run(seed, arguments.options).hash {
            let what = "two runs differ".to_owned();
            report.failure.get_or_insert(Failure {
                seed,
                at_ms: 0,
                steps: report.steps,
                node: None,
                what,
            });
        }
        let Ok(mut sum) = sum.lock() else { return };
        sum.runs += 1;
        sum.steps += report.steps;
        sum.virtual_ms += report.virtual_ms;
        sum.figures.add(&report.figures);
        if sim::is_peaceful(seed) {
            sum.peaceful.add(&report.figures);
        }
        if let Some(failure) = report.failure {
            println!("FAILED {failure}");
            sum.failures.push(failure);
        }
        if sum.runs.is_multiple_of(20) && !arguments.options.log {
            println!(
                "{} of {} seeds, {} failed",
                sum.runs,
                arguments.seeds,
                sum.failures.len()
            );
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        seeds: 100,
        first: 0,
        threads: 2,
        twice: false,
        options: Options::default(),
    };
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().ok_or(format!("{word} wants a number"))?;
            value.parse::<u64>().map_err(|error| format!("{word}: {error}"))
        };
        match word.as_str() {
            "--seeds" => arguments.seeds = number()?,
            "--first" => arguments.first = number()?,
            "--threads" => arguments.threads = number()?.clamp(1, 64),
            "--nodes" => {
                arguments.options.nodes = Some(usize::try_from(number()?.clamp(2, 5_000)).unwrap_or(2))
            }
            "--log" => (arguments.options.log, arguments.threads) = (true, 1),
            "--twice" => arguments.twice = true,
            _ => return Err(format!("{word} is not known")),
        }
    }
    Ok(arguments)
}
