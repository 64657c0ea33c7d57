//! Grades the parser on the texts in `exams/`, which were written for the project and never trained on.
//!
//! `cargo run --release -p meteorite-ml --example exam` prints every figure with its floor or a named alternative beside it. With `-- FOLDER`, it
//! grades keywords on a folder with `docsutf8/*.txt` and `keys/*.key` instead, as SemEval 2017 task 10 and its kin are laid out.
#![expect(clippy::print_stdout, reason = "it prints figures")]
#![expect(clippy::unwrap_used, reason = "a broken exam file ends the run")]
#![expect(clippy::indexing_slicing, reason = "rows are checked when they are read")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use meteorite_ml::parser::{Analysis, Parser};
use meteorite_protocol::mood::MOODS;

fn main() {
    let begin = Instant::now();
    let parser = Parser::shipped().unwrap();
    println!("load: {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    if let Some(folder) = std::env::args_os().nth(1) {
        abstracts(&parser, Path::new(&folder));
        return;
    }
    speed(&parser);
    flags(&parser);
    despair(&parser);
    tone(&parser);
    japanese(&parser);
    keywords(&parser);
}

/// Rows of an exam file without its header.
fn rows(name: &str, columns: usize) -> Vec<Vec<String>> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let text = std::fs::read_to_string(Path::new(&here).join("exams").join(name)).unwrap();
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == columns), "{name}");
    rows
}

/// Right and wrong answers to a yes-or-no question.
#[derive(Clone, Copy, Default)]
struct Counts {
    hits: f64,
    misses: f64,
    alarms: f64,
    passes: f64,
}

impl Counts {
    fn note(&mut self, truth: bool, said: bool) {
        match (truth, said) {
            (true, true) => self.hits += 1.0,
            (true, false) => self.misses += 1.0,
            (false, true) => self.alarms += 1.0,
            (false, false) => self.passes += 1.0,
        }
    }

    fn precision(self) -> f64 {
        self.hits / (self.hits + self.alarms).max(1.0)
    }

    fn recall(self) -> f64 {
        self.hits / (self.hits + self.misses).max(1.0)
    }

    fn f1(self) -> f64 {
        2.0 * self.hits / (2.0 * self.hits + self.misses + self.alarms).max(1.0)
    }

    /// Mean F1 of both answers.
    fn macro_f1(self) -> f64 {
        let other = 2.0 * self.passes / (2.0 * self.passes + self.misses + self.alarms).max(1.0);
        f64::midpoint(self.f1(), other)
    }
}

/// Milliseconds of one call, 95 of 100 and median.
fn speed(parser: &Parser) {
    let word = "harbour lantern quietly drifting before a distant yellow evening ";
    let long: String = std::iter::repeat_n("夜の海で小さな隕石を見つけました。", 60).collect();
    let texts = [
        ("64 words of English", word.repeat(8)),
        (
            "1,000 characters of English",
            word.repeat(16).chars().take(1_000).collect(),
        ),
        ("1,000 characters of Japanese", long.chars().take(1_000).collect()),
    ];
    for (name, text) in texts {
        std::hint::black_box(parser.parse(&text));
        let time = |_| {
            let begin = Instant::now();
            std::hint::black_box(parser.parse(&text));
            begin.elapsed().as_secs_f64() * 1e3
        };
        let mut times: Vec<f64> = (0..100).map(time).collect();
        times.sort_by(f64::total_cmp);
        println!("{name}: p50 {:.1} ms, p95 {:.1} ms", times[49], times[94]);
    }
}

/// What a flag says of a text.
type Flag = fn(&Analysis) -> bool;

/// Each class against the clean lines.
fn flags(parser: &Parser) {
    println!(
        "\nflags (precision / recall; floor: half of the lines are clean, so that flagging all has precision .33)"
    );
    let rows = rows("flags.tsv", 3);
    let read: Vec<Analysis> = rows.iter().map(|row| parser.parse(&row[2])).collect();
    let said: [(&str, Flag); 3] = [
        ("contact", |read| read.flags.contact.is_some()),
        ("spam", |read| read.flags.spam),
        ("sexual", |read| read.flags.sexual),
    ];
    for (class, said) in said {
        let mut line = format!("  {class:8}");
        for language in ["en", "zh", "es", "ja"] {
            let mut counts = Counts::default();
            for (row, read) in rows.iter().zip(&read) {
                if row[0] == language && (row[1] == class || row[1] == "clean") {
                    counts.note(row[1] == class, said(read));
                }
            }
            line += &format!("  {language} {:.2} / {:.2}", counts.precision(), counts.recall());
        }
        println!("{line}");
    }
}

fn despair(parser: &Parser) {
    println!("\ndespair (precision / recall)");
    let mut by_language: BTreeMap<String, Counts> = BTreeMap::new();
    for row in rows("despair.tsv", 3) {
        let said = parser.parse(&row[2]).flags.despair;
        by_language
            .entry(row[0].clone())
            .or_default()
            .note(row[1] == "1", said);
    }
    for (language, counts) in by_language {
        println!("  {language} {:.2} / {:.2}", counts.precision(), counts.recall());
    }
}

/// Where a tone is known, whether it is at least the veil of the careful; a text that is unrated is neither.
fn tone(parser: &Parser) {
    println!(
        "\ntone, functional tests (macro-F1 of both answers; floor .33 for calling everything toxic); unrated share"
    );
    let mut by_language: BTreeMap<String, (Counts, f64, f64)> = BTreeMap::new();
    let mut by_function: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    for row in rows("tone.tsv", 4) {
        let entry = by_language.entry(row[0].clone()).or_default();
        entry.2 += 1.0;
        let Some(tone) = parser.parse(&row[3]).tone else {
            entry.1 += 1.0;
            continue;
        };
        entry.0.note(row[1] == "1", tone >= 0.5);
        let right = (tone >= 0.5) == (row[1] == "1");
        let of = by_function.entry((row[1].clone(), row[2].clone())).or_default();
        of.0 += f64::from(right);
        of.1 += 1.0;
    }
    for (language, (counts, unrated, all)) in by_language {
        println!(
            "  {language} {:.2}, recall {:.2}, unrated {:.2}",
            counts.macro_f1(),
            counts.recall(),
            unrated / all
        );
    }
    for ((toxic, function), (right, all)) in by_function {
        println!(
            "    {} {function}: {:.2} of {all}",
            if toxic == "1" { "toxic" } else { "clean" },
            right / all
        );
    }
}

/// Macro-F1 over the eight moods at the level from which a mood counts, and at the best single level, which is the ceiling of any.
fn japanese(parser: &Parser) {
    println!("\nJapanese moods, 220 messages");
    let rows = rows("japanese.tsv", 2);
    let moods: Vec<[f32; 8]> = rows.iter().map(|row| parser.parse(&row[0]).mood).collect();
    let truth: Vec<BTreeSet<&str>> = rows.iter().map(|row| row[1].split(',').collect()).collect();
    let score = |level: f32| {
        let f1 = MOODS.iter().enumerate().map(|(at, mood)| {
            let mut counts = Counts::default();
            for (said, truth) in moods.iter().zip(&truth) {
                counts.note(truth.contains(mood), said[at] >= level);
            }
            counts.f1()
        });
        f1.sum::<f64>() / 8.0
    };
    let best = (1..60)
        .map(|level| score(level as f32 / 60.0))
        .fold(0.0, f64::max);
    println!(
        "  macro-F1 {:.3} at .25, {best:.3} at the best level; all on {:.3}",
        score(0.25),
        score(-1.0)
    );
}

/// F1 of the first ten, whole phrases, case aside.
fn keywords(parser: &Parser) {
    println!("\nkeywords, F1 of the first ten: ours / YAKE");
    let rows = rows("keywords.tsv", 3);
    for language in ["en", "zh", "es", "ja", "de", "ru"] {
        let (mut ours, mut theirs, mut all) = (0.0, 0.0, 0.0);
        let stop = yake_rust::StopWords::predefined(language).unwrap();
        for row in rows.iter().filter(|row| row[0] == language) {
            let gold: BTreeSet<String> = row[2].split('|').map(str::to_lowercase).collect();
            ours += f1(&gold, parser.parse(&row[1]).keywords.into_iter());
            let yake = yake_rust::get_n_best(10, &row[1], &stop, &yake_rust::Config::default());
            theirs += f1(&gold, yake.into_iter().map(|item| item.keyword));
            all += 1.0;
        }
        println!("  {language} {:.3} / {:.3}", ours / all, theirs / all);
    }
}

/// Mean F1 of the first ten over the documents of a folder, English, whole phrases, case aside.
fn abstracts(parser: &Parser, folder: &Path) {
    let stop = yake_rust::StopWords::predefined("en").unwrap();
    let (mut ours, mut theirs, mut all) = (0.0, 0.0, 0.0);
    for entry in std::fs::read_dir(folder.join("docsutf8")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let gold = std::fs::read_to_string(folder.join("keys").join(format!("{name}.key"))).unwrap();
        let gold: BTreeSet<String> = gold
            .lines()
            .map(|line| line.trim().to_lowercase())
            .filter(|line| !line.is_empty())
            .collect();
        ours += f1(&gold, parser.parse(&text).keywords.into_iter());
        let yake = yake_rust::get_n_best(10, &text, &stop, &yake_rust::Config::default());
        theirs += f1(&gold, yake.into_iter().map(|item| item.keyword));
        all += 1.0;
    }
    println!(
        "keywords, F1 of the first ten on {all} documents: ours {:.3}, YAKE {:.3}",
        ours / all,
        theirs / all
    );
}

fn f1(gold: &BTreeSet<String>, said: impl Iterator<Item = String>) -> f64 {
    let said: BTreeSet<String> = said.take(10).map(|phrase| phrase.to_lowercase()).collect();
    let hits = gold.intersection(&said).count() as f64;
    2.0 * hits / (gold.len() + said.len()).max(1) as f64
}
