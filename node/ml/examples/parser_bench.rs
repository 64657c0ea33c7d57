//! What reading a message costs: `cargo xtask bench parser [--json]` builds it in release and prints name, value, unit and conditions.
//!
//! One thread; nothing here is a test.
#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::path::Path;
use std::time::Instant;

use meteorite_ml::parser::{FILE, Parser, WORDS_FILE};
use serde::Serialize;

/// One measured number.
#[derive(Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    conditions: String,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let json = std::env::args().any(|argument| argument == "--json");
    for figure in figures()? {
        if json {
            println!("{}", serde_json::to_string(&figure)?);
        } else {
            println!(
                "{:<62} {:>10.2} {:<6} {}",
                figure.name, figure.value, figure.unit, figure.conditions
            );
        }
    }
    Ok(())
}

fn figures() -> Outcome<Vec<Figure>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/parser");
    let before = resident_bytes()?;
    let (parser, load) = timed(|| Parser::load(&folder));
    let parser = parser?;
    let line = WORDS.repeat(8);
    let english: String = WORDS.repeat(20).chars().take(LONG).collect();
    let japanese: String = JAPANESE.chars().cycle().take(LONG).collect();
    let chinese: String = CHINESE.chars().cycle().take(LONG).collect();
    let mut figures = vec![figure(
        "parser, load",
        load,
        "ms",
        "weights and word list checked by hash, files in the page cache",
    )];
    for (name, text) in [
        ("a message of 64 words", line),
        ("1,000 characters of English", english),
        ("1,000 characters of Japanese", japanese),
        ("1,000 characters of Chinese", chinese),
    ] {
        let times = times(&parser, &text);
        let conditions = format!("{RUNS} runs, one thread, {} bytes", text.len());
        for (share, title) in [(0.5, "p50"), (0.95, "p95")] {
            figures.push(figure(
                &format!("parser, {name}, {title}"),
                percentile(&times, share),
                "ms",
                &conditions,
            ));
        }
    }
    let grown = (resident_bytes()? - before) / 1e6;
    figures.push(figure(
        "parser, resident memory",
        grown,
        "MB",
        "grown since before it was loaded, after all runs above",
    ));
    let mut size = 0;
    for file in [FILE, WORDS_FILE] {
        size += std::fs::metadata(folder.join(file))?.len();
    }
    figures.push(figure(
        "parser, files",
        size as f64 / 1e6,
        "MB",
        "weights and word list",
    ));
    Ok(figures)
}

fn figure(name: &str, value: f64, unit: &'static str, conditions: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
        unit,
        conditions: conditions.to_owned(),
    }
}

/// What it gives, and its milliseconds.
fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let value = run();
    (value, begin.elapsed().as_secs_f64() * 1e3)
}

/// Milliseconds of each run, sorted, after a few that do not count.
fn times(parser: &Parser, text: &str) -> Vec<f64> {
    let run = || timed(|| std::hint::black_box(parser.parse(std::hint::black_box(text)))).1;
    for _ in 0..WARM {
        run();
    }
    let mut times: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The value below which `share` of the sorted samples lie (nearest rank).
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The resident memory of this process.
fn resident_bytes() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?
        .parse()?;
    Ok(kilobytes * 1024.0)
}

const RUNS: usize = 200;
const WARM: usize = 5;
const LONG: usize = 1_000;
/// Eight words.
const WORDS: &str = "harbour lantern quietly drifting before a distant evening ";
const CHINESE: &str = "夜里的海边，我捡到一块小小的陨石。它还在发光，四周很安静。你那边也看得见吗？";
const JAPANESE: &str =
    "夜の海で小さな隕石を見つけました。光っていて、とても静かでした。あなたの町からも見えましたか。";
