//! The content parser: mood, tone, flags, language, keywords and gist of a message.
//!
//! Runs on the device, needs no network and keeps no state between calls; one [`Parser`] serves any number of threads. Anything that is
//! a `&str` gets an answer. Long texts are read in overlapping windows, so that a slur weighs the same wherever it stands: tone and flags
//! take the maximum over the windows, mood and gist their mean, weighted by length.

mod contact;
mod despair;
mod encoder;
mod keywords;
mod language;
mod mood;
pub mod ngrams;
mod phrases;
mod tables;
pub mod tokens;
mod weights;
mod windows;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::contact::{Contact, find as find_contact};
pub use self::keywords::KEYWORDS_MAX;
pub use self::language::Language;
use serde::Serialize;

use self::ngrams::{Sparse, Words};
use self::tables::Table;
pub use self::weights::{FILE, FORMAT, HASH_FILE, LoadError, WORDS_FILE};
use self::weights::{Head, Weights};
pub use self::windows::{STRIDE, WINDOW};

/// Dimensions of a gist.
pub const GIST: usize = 64;
/// Text beyond this is not read. Bottles hold 4,000 bytes.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Reads messages.
#[derive(Debug)]
pub struct Parser {
    weights: Weights,
    list: words::List,
    finder: keywords::Finder,
    phrases: phrases::Phrases,
}

/// What a message feels, says and is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Calibrated intensity of each of [`meteorite_protocol::mood::MOODS`], 0 to 1; all near zero when the text is neutral.
    pub mood: [f32; 8],
    /// Toxicity, 0 to 1. `None` where nothing is known about the language's toxicity: unrated, not harmless.
    pub tone: Option<f32>,
    /// What needs care whatever its tone.
    pub flags: Flags,
    /// The language of the text.
    pub language: Language,
    /// What it is about, best first.
    pub keywords: Vec<String>,
    /// Where it lies among other texts: the angle between two gists is their distance in meaning, also across languages.
    pub gist: [i8; GIST],
    /// Every head's word, by head and label.
    pub heads: BTreeMap<String, BTreeMap<String, Reading>>,
}

/// What needs care.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// A way to reach the author outside.
    pub contact: Option<Contact>,
    /// Sexual words.
    pub sexual: bool,
    /// Advertising, lures, chain letters.
    pub spam: bool,
    /// Somebody may not want to live. Never a reproach.
    pub despair: bool,
}

/// One label of one head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Calibrated probability.
    pub p: f32,
    /// Above the threshold that was tuned for this label and language.
    pub on: bool,
}

/// What one window of the text says.
struct Glance {
    share: f32,
    tokens: usize,
    /// Probabilities by head, in the order of the weights.
    heads: Vec<Vec<f32>>,
    gist: Vec<f32>,
}

impl Parser {
    /// Loads the weights in a folder, checking their hash.
    ///
    /// # Errors
    /// [`LoadError`] when a file is missing, damaged or of another format.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let hashes = weights::read(folder, HASH_FILE)?;
        Self::from_bytes(
            &weights::read(folder, FILE)?,
            &weights::read(folder, WORDS_FILE)?,
            &String::from_utf8_lossy(&hashes),
        )
    }

    /// The parser that is built into the program.
    ///
    /// # Errors
    /// [`LoadError`] when the program's own files do not hold together, which its tests exclude.
    pub fn shipped() -> Result<Self, LoadError> {
        Self::from_bytes(
            include_bytes!("../../../assets/parser/parser.safetensors"),
            include_bytes!("../../../assets/parser/words.bin"),
            include_str!("../../../assets/parser/BLAKE3SUMS"),
        )
    }

    /// Loads what [`load`](Self::load) reads from memory: the weights, the word list, and the hashes of both.
    ///
    /// # Errors
    /// [`LoadError`] when something is damaged or of another format.
    pub fn from_bytes(weights: &[u8], words: &[u8], hashes: &str) -> Result<Self, LoadError> {
        weights::check(weights, FILE, hashes)?;
        weights::check(words, WORDS_FILE, hashes)?;
        Ok(Self {
            weights: Weights::parse(weights)?,
            list: words::List::read(words)?,
            finder: keywords::Finder::default(),
            phrases: phrases::Phrases::default(),
        })
    }

    /// The labels of a head, in the order of the weights; none for a head that does not exist.
    #[must_use]
    pub fn labels(&self, head: &str) -> &[String] {
        let found = self.weights.heads.iter().find(|known| known.name == head);
        found.map_or(&[], |head| head.labels.as_slice())
    }

    /// Reads a message.
    #[must_use]
    pub fn parse(&self, text: &str) -> Analysis {
        let text = windows::cut(text, READ_BYTES_MAX);
        let words = Words::of(text);
        let language = language::of(text, &words, &self.weights);
        let glances: Vec<Glance> = windows::of(&words)
            .iter()
            .map(|window| self.look(window))
            .collect();
        let heads = self.readings(&glances, &language.code);
        let listed = self.list.look(&words);
        // One or two words are too little to be judged by; the lists still know them.
        let judged = glances.iter().any(|glance| glance.tokens >= JUDGED_FROM);
        let fused = glances.iter().map(|glance| {
            let named = self.weights.heads.iter().zip(&glance.heads);
            let labelled = named.map(|(head, p)| {
                let labels = head.labels.iter().map(String::as_str);
                (head.name.as_str(), labels.zip(p.iter().copied()).collect())
            });
            (glance.share, mood::fuse(labelled, &language.code))
        });
        let plain = phrases::plain(text);
        Analysis {
            mood: weighted(fused),
            tone: self.tone(&heads, &language.code, (listed.floor, judged)),
            flags: Flags {
                contact: contact::find(text),
                sexual: listed.sexual || self.phrases.sexual(&plain) || judged && is_on(&heads, "sexual"),
                spam: self.phrases.spam(&plain) || judged && is_on(&heads, "spam"),
                despair: despair::is_in(text) || judged && is_on(&heads, "despair"),
            },
            keywords: self.finder.find(text, &language.code),
            gist: quantise(&gist(&glances)),
            language,
            heads,
        }
    }

    fn look(&self, window: &windows::Window) -> Glance {
        let hashes = window.words.hashes();
        // Heads of one size share their input.
        let mut inputs: BTreeMap<u32, Sparse> = BTreeMap::new();
        let mut outputs = |table: &Table| {
            let buckets = table.rows.buckets();
            let input = inputs.entry(buckets);
            table.apply(input.or_insert_with(|| Sparse::of(&hashes, buckets)))
        };
        // It cannot fail: its shapes were tried when it was loaded. If it did, the linear heads would still have their word.
        let added = self.weights.encoder.look(&window.words, &self.weights.gist.rows);
        let added = added.unwrap_or_default();
        let heads = self.weights.heads.iter().enumerate().map(|(at, head)| {
            let mut logits = outputs(&head.table);
            add(&mut logits, added.heads.get(at));
            let labelled = logits.iter().enumerate();
            labelled
                .map(|(label, logit)| head.probability(label, *logit))
                .collect()
        });
        let heads = heads.collect();
        let mut gist = unit(outputs(&self.weights.gist));
        add(&mut gist, Some(&added.gist));
        Glance {
            share: window.share,
            tokens: added.tokens,
            heads,
            gist: unit(gist),
        }
    }

    /// The largest word of each label over the windows.
    fn readings(&self, glances: &[Glance], language: &str) -> BTreeMap<String, BTreeMap<String, Reading>> {
        let reading = |head: &Head, at: usize, label: usize| {
            let said = glances
                .iter()
                .filter_map(|glance| glance.heads.get(at)?.get(label));
            let p = said.copied().fold(0.0, f32::max);
            let threshold = head.thresholds(language).get(label).copied().unwrap_or(0.5);
            Reading {
                p,
                on: p >= threshold,
            }
        };
        let heads = self.weights.heads.iter().enumerate().map(|(at, head)| {
            let labels = head.labels.iter().enumerate();
            let readings = labels.map(|(label, name)| (name.clone(), reading(head, at, label)));
            (head.name.clone(), readings.collect())
        });
        heads.collect()
    }

    /// The models' word where they were trained, and never less than what the word list says.
    fn tone(
        &self,
        heads: &BTreeMap<String, BTreeMap<String, Reading>>,
        language: &str,
        (listed, judged): (f32, bool),
    ) -> Option<f32> {
        if !judged {
            return Some(listed);
        }
        let p = |head: &str| Some(heads.get(head)?.values().next()?.p);
        let offensive = p("offensive")
            .filter(|_| OFFENSIVE_LANGUAGES.contains(&language))
            .map(|p| shifted(p, PRIOR_SHIFT));
        let cut = self.threshold("unkind", language);
        let unkind = p("unkind")
            .filter(|_| UNKIND_LANGUAGES.contains(&language))
            .map(|p| shifted(p, (1.0 - cut) / cut));
        let said = [offensive, unkind, Some(listed).filter(|floor| *floor > 0.0)];
        said.into_iter().flatten().reduce(f32::max)
    }

    fn threshold(&self, head: &str, language: &str) -> f32 {
        let head = self.weights.heads.iter().find(|known| known.name == head);
        let thresholds = head.map_or(&[][..], |head| head.thresholds(language));
        thresholds.first().copied().unwrap_or(0.5)
    }
}

/// A probability with its odds multiplied: for another share of unkind texts than in the training set (Saerens et al. 2002, equation
/// 2.4), or to bring a tuned threshold to one half.
fn shifted(p: f32, factor: f32) -> f32 {
    let odds = p / (1.0 - p).max(f32::MIN_POSITIVE) * factor;
    odds / (1.0 + odds)
}

/// Tokens from which on the heads' word about tone and flags counts.
const JUDGED_FROM: usize = 3;

/// The sets of offensive texts were collected by hate words: from three in five there to one in eleven among bottles. With one in four, one
/// everyday sentence in thirty was taken for unkind.
const PRIOR_SHIFT: f32 = (1.0 / 10.0) / (3.0 / 2.0);

/// Languages with a set of offensive and harmless texts to learn from.
const OFFENSIVE_LANGUAGES: [&str; 2] = ["en", "zh"];
/// Languages with lines written for the project to learn from.
const UNKIND_LANGUAGES: [&str; 12] = [
    "en", "zh", "es", "de", "fr", "pt", "it", "ru", "hi", "ja", "ko", "tr",
];

/// Whether the one label of a head is on.
fn is_on(heads: &BTreeMap<String, BTreeMap<String, Reading>>, head: &str) -> bool {
    heads
        .get(head)
        .is_some_and(|labels| labels.values().any(|reading| reading.on))
}

fn weighted(moods: impl Iterator<Item = (f32, [f32; 8])>) -> [f32; 8] {
    let mut mean = [0.0; 8];
    for (share, mood) in moods {
        for (sum, p) in mean.iter_mut().zip(mood) {
            *sum += share * p;
        }
    }
    mean
}

fn gist(glances: &[Glance]) -> Vec<f32> {
    let mut mean = vec![0.0; GIST];
    for glance in glances {
        for (sum, value) in mean.iter_mut().zip(&glance.gist) {
            *sum += glance.share * value;
        }
    }
    mean
}

fn add(sums: &mut [f32], more: Option<&Vec<f32>>) {
    for (sum, value) in sums.iter_mut().zip(more.into_iter().flatten()) {
        *sum += value;
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vector
}

/// The largest number becomes 127.
fn quantise(vector: &[f32]) -> [i8; GIST] {
    let most = vector.iter().map(|value| value.abs()).fold(0.0, f32::max);
    let mut gist = [0; GIST];
    if most > 0.0 {
        for (slot, value) in gist.iter_mut().zip(vector) {
            *slot = (value / most * 127.0).round_ties_even() as i8;
        }
    }
    gist
}
