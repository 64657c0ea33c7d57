//! What a reader liked, wrote and saw lately: the part of the state that features compare bottles with.
//!
//! The liked gist is a direction in the space of meanings: each final reward moves it by its surprise, as one step of stochastic
//! gradient descent on a linear model of the gist would; nothing of any text is kept but these means.

use serde::{Deserialize, Serialize};

use super::bytes;
use super::features::{cosine, norm};
use crate::parser::GIST;

/// Gists of bottles seen lately that novelty is measured against; the oldest makes room.
pub const SEEN_MAX: usize = 32;

/// Means over what a reader did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taste {
    liked_gist: Vec<f32>,
    own_gist: Vec<f32>,
    liked_mood: [f32; 8],
    own_mood: [f32; 8],
    /// Rewards that moved the liked gist, for its confidence.
    judged: f32,
    #[serde(with = "bytes::rows")]
    seen: Vec<[i8; GIST]>,
}

impl Default for Taste {
    fn default() -> Self {
        Self {
            liked_gist: vec![0.0; GIST],
            own_gist: vec![0.0; GIST],
            liked_mood: [0.0; 8],
            own_mood: [0.0; 8],
            judged: 0.0,
            seen: Vec::new(),
        }
    }
}

impl Taste {
    /// The reader saw a bottle.
    pub fn handle_seen(&mut self, gist: &[i8; GIST]) {
        if self.seen.len() >= SEEN_MAX {
            self.seen.remove(0);
        }
        self.seen.push(*gist);
    }

    /// The reader wrote a bottle or a letter.
    pub fn handle_written(&mut self, gist: &[i8; GIST], mood: [u8; 8]) {
        mix(&mut self.own_gist, &unit(gist), OWN_SHARE);
        mix(
            &mut self.own_mood,
            &mood.map(|value| f32::from(value) / 255.0),
            OWN_SHARE,
        );
    }

    /// A bottle's reward is final, and `expected` was thought of it.
    pub fn handle_judged(&mut self, (gist, mood): (&[i8; GIST], [u8; 8]), reward: f32, expected: f32) {
        if !reward.is_finite() || !expected.is_finite() {
            return;
        }
        let surprise = reward.clamp(-1.0, 1.0) - expected.clamp(0.0, 1.0);
        self.judged = (self.judged + 1.0).min(JUDGED_MAX);
        let step = surprise * STEP / (1.0 + self.judged / STEP_HALVES).sqrt();
        for (sum, value) in self.liked_gist.iter_mut().zip(unit(gist)) {
            *sum += step * value;
        }
        if reward > 0.0 {
            let mood = mood.map(|value| f32::from(value) / 255.0);
            mix(&mut self.liked_mood, &mood, LIKED_SHARE * reward.min(1.0));
        }
    }

    /// How the subject lies to what was liked, −1 to 1; near 0 while little is known.
    #[must_use]
    pub fn topic(&self, gist: &[i8; GIST]) -> f32 {
        let dot: f32 = self.liked_gist.iter().zip(unit(gist)).map(|(a, b)| a * b).sum();
        (dot / TOPIC_SCALE).clamp(-1.0, 1.0)
    }

    /// How the subject lies to what the reader writes, −1 to 1; 0 before they wrote anything.
    #[must_use]
    pub fn kindred(&self, gist: &[i8; GIST]) -> f32 {
        cosine(&self.own_gist, &unit(gist))
    }

    /// One less the nearest of the gists seen lately, 0 to 1.
    #[must_use]
    pub fn novelty(&self, gist: &[i8; GIST]) -> f32 {
        let length = whole_norm(gist);
        let nearest = self.seen.iter().map(|seen| {
            let dot: i32 = seen
                .iter()
                .zip(gist)
                .map(|(a, b)| i32::from(*a) * i32::from(*b))
                .sum();
            dot as f32 / (length * whole_norm(seen)).max(1.0)
        });
        1.0 - nearest.fold(0.0, f32::max)
    }

    /// Mean mood of what was liked.
    #[must_use]
    pub fn liked_mood(&self) -> &[f32; 8] {
        &self.liked_mood
    }

    /// Mean mood of what the reader wrote lately.
    #[must_use]
    pub fn own_mood(&self) -> &[f32; 8] {
        &self.own_mood
    }

    /// Whether all numbers are sound; a stored state may be anything.
    pub(crate) fn is_sound(&self) -> bool {
        let all = [
            &self.liked_gist[..],
            &self.own_gist,
            &self.liked_mood,
            &self.own_mood,
        ];
        let finite = all.iter().all(|part| part.iter().all(|value| value.is_finite()));
        let sized =
            self.liked_gist.len() == GIST && self.own_gist.len() == GIST && self.seen.len() <= SEEN_MAX;
        finite && sized && (0.0..=JUDGED_MAX).contains(&self.judged)
    }
}

fn unit(gist: &[i8; GIST]) -> [f32; GIST] {
    let mut unit = gist.map(f32::from);
    let length = norm(&unit).max(1.0);
    unit.iter_mut().for_each(|value| *value /= length);
    unit
}

fn whole_norm(gist: &[i8; GIST]) -> f32 {
    let square: i32 = gist
        .iter()
        .map(|value| i32::from(*value) * i32::from(*value))
        .sum();
    (square as f32).sqrt()
}

fn mix(mean: &mut [f32], value: &[f32], share: f32) {
    for (mean, value) in mean.iter_mut().zip(value) {
        *mean += share * (value - *mean);
    }
}

/// Share of the newest text in what the reader writes.
const OWN_SHARE: f32 = 0.3;
/// Share of a bottle in the liked mood when it surprised by a whole reward.
const LIKED_SHARE: f32 = 0.1;
/// How far a judgement moves the liked gist at first.
const STEP: f32 = 2.0;
/// Judgements after which a step is smaller by a square root of two.
const STEP_HALVES: f32 = 200.0;
/// Liked gists as long as this fill the feature.
const TOPIC_SCALE: f32 = 8.0;
const JUDGED_MAX: f32 = 1_000.0;
