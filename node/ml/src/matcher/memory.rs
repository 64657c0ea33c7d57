//! A long memory and a short one, and the moment at which the short one is right.
//!
//! The long memory forgets nothing, so it becomes exact while a taste stays. The short one forgets with a half life of some hundred
//! rewards. Both predict every reward before they learn it; Page's cumulative sum (1954) of how much better the short one did
//! drifts down while the taste stays, because a short memory is noisier, and climbs when it changed. At the threshold the long
//! memory becomes a copy of the short one and grows from there.

use serde::{Deserialize, Serialize};

use super::features::Features;
use super::model::{Model, REWARD_MAX, REWARD_MIN, Stored};
use super::prior::Prior;

/// Both memories.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    long: Model,
    short: Model,
    /// Page's sum, in nats.
    evidence: f64,
    changes: u32,
}

/// As stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredMemory {
    long: Stored,
    short: Stored,
    evidence: f32,
    changes: u32,
}

impl Memory {
    /// Knows what the population likes.
    #[must_use]
    pub fn new(prior: &Prior) -> Self {
        Self {
            long: Model::new(prior),
            short: Model::new(prior),
            evidence: 0.0,
            changes: 0,
        }
    }

    /// The memory that predicts.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.long
    }

    /// How often a change of taste was noticed.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// Learns from one reward.
    pub fn learn(&mut self, features: &Features, reward: f64, prior: &Prior) {
        if !(REWARD_MIN..=REWARD_MAX).contains(&reward) {
            return;
        }
        let gain = loss(self.long.expect(features), reward) - loss(self.short.expect(features), reward);
        self.evidence = (self.evidence + gain - SLACK).max(0.0);
        self.long.learn(features, reward);
        self.short.forget(SHORT_KEPT, prior);
        self.short.learn(features, reward);
        if self.evidence > EVIDENCE_MAX {
            self.long = self.short.clone();
            self.evidence = 0.0;
            self.changes = self.changes.saturating_add(1);
        }
    }

    /// As it is stored.
    #[must_use]
    pub fn stored(&self) -> StoredMemory {
        StoredMemory {
            long: self.long.stored(),
            short: self.short.stored(),
            evidence: self.evidence as f32,
            changes: self.changes,
        }
    }

    /// From its stored form; `None` when that is not sound.
    #[must_use]
    pub fn restore(stored: &StoredMemory) -> Option<Self> {
        let sound = (0.0..=EVIDENCE_MAX).contains(&f64::from(stored.evidence));
        Some(Self {
            long: Model::restore(&stored.long)?,
            short: Model::restore(&stored.short)?,
            evidence: Some(f64::from(stored.evidence)).filter(|_| sound)?,
            changes: stored.changes,
        })
    }
}

/// Nats by which a prediction missed a reward.
fn loss(p: f64, reward: f64) -> f64 {
    let reward = reward.clamp(0.0, 1.0);
    let p = p.clamp(P_MIN, 1.0 - P_MIN);
    -(reward * p.ln() + (1.0 - reward) * (1.0 - p).ln())
}

/// What a reward leaves of the short memory: 200 rewards count.
const SHORT_KEPT: f64 = 1.0 - 1.0 / 200.0;
/// Nats a reward that the short memory must win by to count as better.
const SLACK: f64 = 0.01;
/// Nats at which the long memory gives way.
const EVIDENCE_MAX: f64 = 8.0;
/// No prediction is surer than this.
const P_MIN: f64 = 0.02;
