//! Why this bottle, in one sentence.

use std::fmt;

use super::features::{ASPECTS, Aspect, D, Features};
use super::model::Model;

/// What spoke for a bottle most, against the pool it fell from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its subject is near to what was liked.
    Topic,
    /// Its subject is near to what the reader writes.
    Kindred,
    /// Its subject is new.
    Novelty,
    /// Its mood is one that was liked.
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
    /// How gentle or rough it is.
    Tone,
    /// Few or none have found it.
    Unfound,
    /// Its length.
    Length,
    /// Nothing spoke for it more than for the others: the dice.
    Chance,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Topic,
        Self::Kindred,
        Self::Novelty,
        Self::Mood,
        Self::SameMood,
        Self::OtherMood,
        Self::Language,
        Self::Fresh,
        Self::Sinking,
        Self::Tone,
        Self::Unfound,
        Self::Length,
        Self::Chance,
    ];

    /// One word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Kindred => "kindred",
            Self::Novelty => "novelty",
            Self::Mood => "mood",
            Self::SameMood => "same-mood",
            Self::OtherMood => "other-mood",
            Self::Language => "language",
            Self::Fresh => "fresh",
            Self::Sinking => "sinking",
            Self::Tone => "tone",
            Self::Unfound => "unfound",
            Self::Length => "length",
            Self::Chance => "chance",
        }
    }

    /// The reason that this aspect is.
    const fn of(aspect: Aspect) -> Self {
        match aspect {
            Aspect::Base => Self::Chance,
            Aspect::Topic => Self::Topic,
            Aspect::Kindred => Self::Kindred,
            Aspect::Novelty => Self::Novelty,
            Aspect::Mood => Self::Mood,
            Aspect::SameMood => Self::SameMood,
            Aspect::OtherMood => Self::OtherMood,
            Aspect::Language => Self::Language,
            Aspect::Fresh => Self::Fresh,
            Aspect::Sinking => Self::Sinking,
            Aspect::Tone => Self::Tone,
            Aspect::Unfound => Self::Unfound,
            Aspect::Length => Self::Length,
        }
    }
}

/// A sentence for people.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "It is about something like what you liked before.",
            Self::Kindred => "It is about something like what you write.",
            Self::Novelty => "It is about something you have not seen lately.",
            Self::Mood => "Its mood is one that you often like.",
            Self::SameMood => "It feels like what you wrote lately.",
            Self::OtherMood => "It feels the opposite of what you wrote lately.",
            Self::Language => "It is in a language that you like to read.",
            Self::Fresh => "It was thrown only just now.",
            Self::Sinking => "It will sink soon, and somebody should read it before.",
            Self::Tone => "You tend to like how it is put.",
            Self::Unfound => "Few have found it yet.",
            Self::Length => "You tend to like messages of its length.",
            Self::Chance => "Chance: the sea chose it as it might have chosen any other.",
        })
    }
}

/// What spoke for the bottle `chosen` against the mean of its pool. It was chance when it is likelier without any taste than with it.
#[must_use]
pub fn why(model: &Model, pool: &[Features], chosen: usize, propensity: f64) -> Reason {
    let Some(features) = pool.get(chosen) else {
        return Reason::Chance;
    };
    if propensity * pool.len() as f64 <= 1.0 {
        return Reason::Chance;
    }
    let own = model.parts(features);
    let mut usual = [0.0; D];
    for other in pool {
        for (sum, part) in usual.iter_mut().zip(model.parts(other)) {
            *sum += part / pool.len() as f64;
        }
    }
    let mut by_reason = [0.0; Reason::ALL.len()];
    for ((own, usual), aspect) in own.iter().zip(usual).zip(ASPECTS) {
        if let Some(sum) = by_reason.get_mut(Reason::of(aspect) as usize) {
            *sum += own - usual;
        }
    }
    let ranked = Reason::ALL
        .into_iter()
        .zip(by_reason)
        .filter(|(reason, _)| *reason != Reason::Chance);
    let best = ranked.max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, part)| *part > PART_MIN)
        .map_or(Reason::Chance, |(reason, _)| reason)
}

/// Logits under which nothing spoke for a bottle.
const PART_MIN: f64 = 0.05;
