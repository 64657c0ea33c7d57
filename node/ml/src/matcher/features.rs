//! What is known about a bottle and a reader, as 24 numbers.
//!
//! Everything comes from the header (the author's word) and from what this device has seen of its own reader. Rarity is no input, and
//! neither is how many others liked a bottle: the places still free count only in its favour (see [`super::model`]).

use serde::{Deserialize, Serialize};

use super::taste::Taste;
use crate::parser::GIST;

/// Numbers in a feature vector.
pub const D: usize = 24;

/// Each between −1 and 1, a whole number of 127ths, so that one byte stores it without loss.
pub type Features = [f32; D];

/// Languages the matcher can tell apart in one byte; any other is compared by its code.
pub const LANGUAGES: [&str; 12] = [
    "en", "zh", "es", "ja", "de", "fr", "pt", "it", "ru", "hi", "ko", "tr",
];

/// A drifting bottle, as its header and its claims show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottle<'a> {
    /// Meaning.
    pub gist: &'a [i8; GIST],
    /// Mood, in the order of [`meteorite_protocol::mood::MOODS`].
    pub mood: [u8; 8],
    /// Roughness, 0 to 255.
    pub tone: u8,
    /// Code of its language.
    pub language: &'a str,
    /// Length of its text in graphemes.
    pub length: u16,
    /// Hours since it was thrown.
    pub age_hours: f32,
    /// Hours until it sinks.
    pub left_hours: f32,
    /// Places, 1 to 8.
    pub places: u8,
    /// Places that are taken.
    pub taken: u8,
}

/// What a reader has said of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Codes of the languages they read, best first. Empty: all.
    pub languages: Vec<String>,
    /// They asked for bottles in every language.
    pub all_languages: bool,
}

impl Reader {
    /// The place of a language in the reader's list; `None` when bottles in it must not fall. Languages beyond the list, where those may fall
    /// too, share one place.
    #[must_use]
    pub fn place(&self, language: &str) -> Option<u8> {
        let any = self.all_languages || self.languages.is_empty();
        let rank = self
            .rank(language)
            .map(|rank| u8::try_from(rank).unwrap_or(u8::MAX));
        rank.or(any.then_some(u8::MAX))
    }

    fn rank(&self, language: &str) -> Option<usize> {
        self.languages.iter().position(|code| code == language)
    }
}

/// What a number of the vector is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Nothing of the bottle: the reader's general delight.
    Base,
    /// Its subject, beside what was liked.
    Topic,
    /// Its subject, beside what the reader writes.
    Kindred,
    /// Its subject is new.
    Novelty,
    /// Its mood, beside what was liked.
    Mood,
    /// Its mood is the reader's own.
    SameMood,
    /// Its mood is the opposite of the reader's own.
    OtherMood,
    /// Its language.
    Language,
    /// It has just been thrown.
    Fresh,
    /// It will sink soon.
    Sinking,
    /// How rough it is.
    Tone,
    /// Few have found it.
    Unfound,
    /// Its length.
    Length,
}

/// What each number is about.
pub const ASPECTS: [Aspect; D] = [
    Aspect::Base,
    Aspect::Topic,
    Aspect::Kindred,
    Aspect::Novelty,
    Aspect::Mood,
    Aspect::SameMood,
    Aspect::OtherMood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Mood,
    Aspect::Language,
    Aspect::Language,
    Aspect::Fresh,
    Aspect::Sinking,
    Aspect::Tone,
    Aspect::Unfound,
    Aspect::Length,
    Aspect::Mood,
    Aspect::Topic,
];

/// Where the share of free places stands; its weight is never negative.
pub const UNFOUND: usize = 20;

/// The vector of a bottle for a reader with this taste.
#[must_use]
pub fn features(bottle: &Bottle<'_>, reader: &Reader, taste: &Taste) -> Features {
    let mood = bottle.mood.map(|value| f32::from(value) / 255.0);
    let opposite = opposite(taste.own_mood());
    let topic = taste.topic(bottle.gist);
    let liked_mood = cosine(&mood, taste.liked_mood());
    let rank = reader.rank(bottle.language);
    let free = bottle.places.saturating_sub(bottle.taken);
    let [joy, trust, fear, surprise, sadness, disgust, anger, anticipation] = mood;
    let values = [
        1.0,
        topic,
        taste.kindred(bottle.gist),
        taste.novelty(bottle.gist),
        liked_mood,
        cosine(&mood, taste.own_mood()),
        cosine(&mood, &opposite),
        joy,
        trust,
        fear,
        surprise,
        sadness,
        disgust,
        anger,
        anticipation,
        f32::from(u8::from(rank == Some(0))),
        f32::from(u8::from(rank.is_some_and(|rank| rank > 0))),
        (-bottle.age_hours.max(0.0) / FRESH_HOURS).exp(),
        1.0 - bottle.left_hours.max(0.0) / SINKING_HOURS,
        f32::from(bottle.tone) / 255.0,
        f32::from(free) / f32::from(bottle.places.max(1)),
        f32::from(bottle.length.max(1)).ln() / LENGTH_MAX.ln(),
        mood.iter().copied().fold(0.0, f32::max),
        topic * liked_mood,
    ];
    let lowest = |at: usize| if at == SINKING { 0.0 } else { -1.0 };
    let mut vector = [0.0; D];
    for (at, (slot, value)) in vector.iter_mut().zip(values).enumerate() {
        *slot = rounded(value.clamp(lowest(at), 1.0));
    }
    vector
}

/// A vector as bytes, as it is stored.
#[must_use]
pub fn pack(features: &Features) -> [i8; D] {
    features.map(|value| (value * STEPS).round() as i8)
}

/// The vector of stored bytes.
#[must_use]
pub fn unpack(bytes: &[i8; D]) -> Features {
    bytes.map(|value| f32::from(value) / STEPS)
}

/// Cosine of the angle between two vectors; 0 when one of them is nothing.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let dot: f32 = left.iter().zip(right).map(|(a, b)| a * b).sum();
    let lengths = norm(left) * norm(right);
    if lengths > 1e-9 { dot / lengths } else { 0.0 }
}

pub(crate) fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

/// Opposite moods stand four apart on Plutchik's wheel.
fn opposite(mood: &[f32; 8]) -> [f32; 8] {
    let mut turned = *mood;
    turned.rotate_left(4);
    turned
}

fn rounded(value: f32) -> f32 {
    if value.is_finite() {
        (value * STEPS).round() / STEPS
    } else {
        0.0
    }
}

const STEPS: f32 = 127.0;
const SINKING: usize = 18;
/// Hours in which freshness falls to a third.
const FRESH_HOURS: f32 = 24.0;
/// Hours before its end from which on a bottle counts as sinking.
const SINKING_HOURS: f32 = 24.0;
/// Graphemes of the longest text.
const LENGTH_MAX: f32 = 1_000.0;
