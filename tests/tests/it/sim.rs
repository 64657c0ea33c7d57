//! The simulator over fixed seeds: small worlds with everything in them, one large one, and the same run twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use meteorite_tests::sim::{self, Options, Report};

/// Seeds of which a tenth has no faults.
const SEEDS: u64 = 64;

#[test]
fn small_worlds_are_safe_and_come_to_rest() {
    check((0..SEEDS).collect());
}

/// Every line of `tests/seeds/*.txt` begins with a seed that once showed a fault.
#[test]
fn seeds_that_once_failed_pass() {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    let folder = std::path::Path::new(&here).join("seeds");
    let files = std::fs::read_dir(&folder).expect("the folder of seeds");
    let mut seeds = Vec::new();
    for file in files {
        let path = file.expect("a file of seeds").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).expect("a readable file of seeds");
            let lines = text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            seeds.extend(lines.map(|line| {
                let first = line.split_whitespace().next().unwrap_or_default();
                first
                    .parse::<u64>()
                    .unwrap_or_else(|_| panic!("{}: no seed in {line:?}", path.display()))
            }));
        }
    }
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    check(seeds);
}

#[test]
fn a_world_of_two_hundred_nodes_comes_to_rest() {
    let report = sim::run(
        1,
        Options {
            nodes: Some(200),
            log: false,
        },
    );
    assert!(report.failure.is_none(), "{}", lines(&[report]));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [3, 7, 10] {
        let (first, second) = (
            sim::run(seed, Options::default()),
            sim::run(seed, Options::default()),
        );
        assert_eq!(first.hash, second.hash, "two runs of seed {seed} differ");
        assert_eq!(first.steps, second.steps, "two runs of seed {seed} differ");
    }
}

/// Runs all seeds, as many at a time as there are cores, and fails with one line for each that failed.
fn check(seeds: Vec<u64>) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = sim::run(*seed, Options::default());
                    if report.failure.is_some() {
                        failed.lock().expect("no other thread panics").push(report);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread panics");
    assert!(failed.is_empty(), "{}", lines(&failed));
}

fn lines(reports: &[Report]) -> String {
    let failures = reports.iter().filter_map(|report| report.failure.as_ref());
    failures.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
