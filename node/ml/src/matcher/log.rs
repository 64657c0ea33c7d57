//! A bounded log of choices, so that ways to choose can be compared on the device where they were made.
//!
//! A log of whole pools would be large and would tell a lot about its reader. What the estimators need of a pool is far less: for each
//! way asked about, how likely the bottle chosen was, and what the model expected of the whole pool. Both are exact for pools of any size,
//! and nothing in here says which bottle it was once its reward is final.

use serde::{Deserialize, Serialize};

use super::estimate::Sample;
use super::softmax;

/// Choices kept; beyond it the oldest goes.
pub const LOG_MAX: usize = 1_024;

/// A way to choose that the log asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Shadow {
    /// All alike.
    Random,
    /// The best expected reward.
    Greedy,
    /// Breadth 2.
    Two,
    /// Breadth 3.
    Three,
    /// Breadth 5.
    Five,
}

impl Shadow {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Random, Self::Greedy, Self::Two, Self::Three, Self::Five];

    /// One word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Greedy => "greedy",
            Self::Two => "breadth-2",
            Self::Three => "breadth-3",
            Self::Five => "breadth-5",
        }
    }

    /// How likely each bottle is for it.
    #[must_use]
    pub fn shares(self, expected: &[f64]) -> Vec<f64> {
        match self {
            Self::Random => softmax::propensities(expected, f64::INFINITY, 0.0),
            Self::Greedy => softmax::propensities(expected, 1.0, 0.0),
            Self::Two => softmax::propensities(expected, 2.0, 0.0),
            Self::Three => softmax::propensities(expected, 3.0, 0.0),
            Self::Five => softmax::propensities(expected, 5.0, 0.0),
        }
    }
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// How likely the choice was.
    pub propensity: f32,
    /// What the model expected of it.
    pub expected: f32,
    /// For each of [`Shadow::ALL`]: how likely it was, and what the model expected of the pool.
    pub shadows: [(f32, f32); 5],
    /// What came of it, once that is final.
    pub reward: Option<f32>,
}

impl Entry {
    /// What is worth knowing of a choice among bottles of these expectations; `None` when there is no such bottle.
    #[must_use]
    pub fn of(expected: &[f64], chosen: usize, propensity: f64) -> Option<Self> {
        let of_chosen = *expected.get(chosen)?;
        let shadows = Shadow::ALL.map(|shadow| {
            let shares = shadow.shares(expected);
            let pool: f64 = shares
                .iter()
                .zip(expected)
                .map(|(share, reward)| share * reward)
                .sum();
            (
                shares.get(chosen).copied().unwrap_or_default() as f32,
                pool as f32,
            )
        });
        Some(Self {
            propensity: propensity as f32,
            expected: of_chosen as f32,
            shadows,
            reward: None,
        })
    }

    /// As a sample about a way to choose; `None` while the reward is open.
    #[must_use]
    pub fn sample(&self, shadow: Shadow) -> Option<Sample> {
        let at = Shadow::ALL.iter().position(|known| *known == shadow)?;
        let (target, target_expected) = *self.shadows.get(at)?;
        Some(Sample {
            propensity: f64::from(self.propensity),
            target: f64::from(target),
            reward: f64::from(self.reward?),
            expected: f64::from(self.expected),
            target_expected: f64::from(target_expected),
        })
    }
}

/// The log: entries by a number that the caller gives, such as that of a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    entries: std::collections::VecDeque<(u64, Entry)>,
}

impl Log {
    /// Notes a choice; the oldest goes when there is no room.
    pub fn push(&mut self, number: u64, entry: Entry) {
        if self.entries.len() >= LOG_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((number, entry));
    }

    /// The reward of a choice is final.
    pub fn settle(&mut self, number: u64, reward: f32) {
        let found = self.entries.iter_mut().find(|(known, _)| *known == number);
        if let Some((_, entry)) = found {
            entry.reward = Some(reward.clamp(-1.0, 1.0));
        }
    }

    /// All settled choices as samples about a way to choose.
    #[must_use]
    pub fn samples(&self, shadow: Shadow) -> Vec<Sample> {
        self.entries
            .iter()
            .filter_map(|(_, entry)| entry.sample(shadow))
            .collect()
    }

    /// How many choices it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
