//! The training scripts and this crate agree on fixed lines; any text gets an answer; damage is noticed.

use std::path::{Path, PathBuf};

use meteorite_ml::parser::ngrams::{Sparse, Words};
use meteorite_ml::parser::tokens::tokens;
use meteorite_ml::parser::{GIST, LoadError, Parser};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Parity {
    buckets: u32,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    features: Vec<(u32, f32)>,
    heads: std::collections::BTreeMap<String, Vec<f32>>,
    gist: Vec<i8>,
    tokens: usize,
    /// Of the first three.
    token_features: Vec<Vec<u32>>,
}

fn assets() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    Path::new(&here).join("../../assets/parser")
}

fn parser() -> &'static Parser {
    static PARSER: std::sync::OnceLock<Parser> = std::sync::OnceLock::new();
    PARSER.get_or_init(|| Parser::shipped().expect("the shipped files hold together"))
}

#[test]
fn python_and_rust_agree() {
    let parity = std::fs::read(assets().join("parity.json")).unwrap();
    let parity: Parity = serde_json::from_slice(&parity).unwrap();
    assert!(parity.lines.len() >= 40);
    for line in &parity.lines {
        let sparse = Sparse::of(&Words::of(&line.text).hashes(), parity.buckets);
        let first: Vec<(u32, f32)> = sparse.0.into_iter().take(50).collect();
        assert_eq!(first.len(), line.features.len(), "{:?}", line.text);
        for (ours, theirs) in first.iter().zip(&line.features) {
            assert_eq!(ours.0, theirs.0, "{:?}", line.text);
            assert!((ours.1 - theirs.1).abs() < 2e-5, "{:?}", line.text);
        }
        let tokens = tokens(&Words::of(&line.text));
        assert_eq!(tokens.len(), line.tokens, "{:?}", line.text);
        for (ours, theirs) in tokens.iter().zip(&line.token_features) {
            // Python keeps the 32 bits that buckets are taken from.
            let ours: Vec<u32> = ours
                .iter()
                .map(|hash| (hash & u64::from(u32::MAX)) as u32)
                .collect();
            assert_eq!(&ours, theirs, "{:?}", line.text);
        }
        // Python reads a text as one window.
        if Words::of(&line.text).0.len() > 40 {
            continue;
        }
        let analysis = parser().parse(&line.text);
        for (head, expected) in &line.heads {
            let labels = parser().labels(head);
            assert_eq!(labels.len(), expected.len(), "{head}");
            for (label, p) in labels.iter().zip(expected) {
                let ours = analysis.heads[head][label].p;
                assert!(
                    (ours - p).abs() < 2e-3,
                    "{:?}: {head} {label} {ours} {p}",
                    line.text
                );
            }
        }
        for (ours, theirs) in analysis.gist.iter().zip(&line.gist) {
            assert!(
                (i16::from(*ours) - i16::from(*theirs)).abs() <= 1,
                "{:?}",
                line.text
            );
        }
    }
}

#[test]
fn a_slur_weighs_the_same_wherever_it_stands() {
    let calm = "a quiet morning by the sea and nothing to do at all ".repeat(12);
    let insult = "you are a stupid disgusting idiot";
    let tone = |text: String| parser().parse(&text).tone.unwrap();
    let (first, middle, last) = (
        tone(format!("{insult} {calm}")),
        tone(format!("{calm} {insult} {calm}")),
        tone(format!("{calm} {insult}")),
    );
    let (least, most) = (first.min(middle).min(last), first.max(middle).max(last));
    assert!(most - least < 0.1, "{first} {middle} {last}");
    assert!(least > tone(calm.clone()) + 0.1, "{least} {}", tone(calm.clone()));
}

#[test]
fn long_strange_and_empty_texts_get_an_answer() {
    for text in ["", "\0", "🙂🙃", "a\u{301}\u{301}\u{301}", "１２３"] {
        let analysis = parser().parse(text);
        assert!(analysis.mood.iter().all(|p| (0.0..=1.0).contains(p)), "{text:?}");
    }
    assert_eq!(parser().parse("").gist, parser().parse(" ").gist);
    assert_eq!(parser().parse("").language.code, "und");
    let long = "never again сегодня 今天 ".repeat(50_000);
    assert_eq!(parser().parse(&long), parser().parse(&long));
}

#[test]
fn what_is_untrained_is_unrated() {
    assert_eq!(
        parser()
            .parse("Αυτό είναι ένα μικρό μήνυμα από την παραλία.")
            .tone,
        None
    );
    for text in [
        "I found a small stone on the beach today.",
        "今日は海辺で小さな石を見つけました。",
    ] {
        assert!(parser().parse(text).tone.is_some_and(|tone| tone < 0.5), "{text}");
    }
}

#[test]
fn a_word_alone_is_judged_by_the_list() {
    for text in ["One.", "Two.", "Hello?", "海"] {
        let analysis = parser().parse(text);
        assert!(analysis.tone.is_some_and(|tone| tone < 0.5), "{text}");
        assert!(
            !analysis.flags.sexual && !analysis.flags.spam && !analysis.flags.despair,
            "{text}"
        );
    }
    assert!(parser().parse("Shit!").tone.is_some_and(|tone| tone > 0.3));
}

#[test]
fn damage_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["parser.safetensors", "words.bin", "BLAKE3SUMS"] {
        std::fs::copy(assets().join(name), folder.path().join(name)).unwrap();
    }
    Parser::load(folder.path()).unwrap();
    let weights = folder.path().join("parser.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    assert!(matches!(Parser::load(folder.path()), Err(LoadError::Damaged(_))));
    std::fs::remove_file(&weights).unwrap();
    assert!(matches!(
        Parser::load(folder.path()),
        Err(LoadError::Unreadable { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_gets_an_answer(text in ".{0,400}") {
        let analysis = parser().parse(&text);
        prop_assert_eq!(analysis.gist.len(), GIST);
        prop_assert!(analysis.mood.iter().all(|p| p.is_finite() && (0.0..=1.0).contains(p)));
        prop_assert!(analysis.tone.is_none_or(|tone| (0.0..=1.0).contains(&tone)));
    }
}
