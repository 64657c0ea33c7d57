//! Which bottle falls next: a contextual bandit on the device.
//!
//! ```text
//! sky ──fairness::pool──▶ 48 that compete ──features──▶ model: expected reward of each
//!                                                        │ softmax::propensities, as wide as the knob asks
//!        what the reader did ──reward, after 48 h──▶ learn ◀── choose: one falls, its propensity is noted
//! ```
//!
//! Pure: time and randomness are arguments. It learns from what the reader does with bottles that were shown, never leaves the device,
//! and forgets everything when told to. It refuses to see text, rarity or who wrote a bottle; safety is decided elsewhere
//! ([`crate::policy`]), before a bottle comes here. `MATCHER.md` beside the crate gives equations, sources and figures.

mod bytes;
pub mod estimate;
pub mod fairness;
pub mod features;
pub mod log;
pub mod matrix;
pub mod memory;
pub mod model;
pub mod prior;
pub mod reason;
pub mod reward;
pub mod softmax;
mod state;
pub mod taste;

use rand_core::Rng;

pub use self::fairness::{Drifting, Falls, Neighbour, POOL};
pub use self::features::{Bottle, D, Features, LANGUAGES, Reader};
pub use self::log::{Entry, Log, Shadow};
use self::memory::Memory;
use self::model::Model;
pub use self::prior::Prior;
pub use self::reason::Reason;
use self::reward::Watch;
pub use self::reward::{Act, BottleDigest, Shown};
pub use self::softmax::{FLOOR, Knob};
pub use self::state::{Fresh, STATE_BYTES_MAX};
use self::taste::Taste;
use crate::parser::GIST;

/// What one device knows about its reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    prior: Prior,
    memory: Memory,
    taste: Taste,
    watch: Watch,
    falls: Falls,
    learned: u64,
}

/// One choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Which of the candidates falls.
    pub index: usize,
    /// How likely each of them was, exactly.
    pub propensities: Vec<f64>,
    /// The reward expected of each.
    pub expected: Vec<f64>,
}

impl Choice {
    /// How likely the chosen one was.
    #[must_use]
    pub fn propensity(&self) -> f64 {
        self.propensities.get(self.index).copied().unwrap_or_default()
    }

    /// The effective breadth it had, `exp(H)`.
    #[must_use]
    pub fn breadth(&self) -> f64 {
        softmax::breadth(&self.propensities)
    }

    /// What is worth logging about it.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        Entry::of(&self.expected, self.index, self.propensity())
    }
}

/// A bottle whose reward is final.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Which.
    pub bottle: BottleDigest,
    /// Its reward.
    pub reward: f32,
}

impl Default for Matcher {
    fn default() -> Self {
        Self::new(Prior::shipped())
    }
}

impl Matcher {
    /// Knows only what the population likes.
    #[must_use]
    pub fn new(prior: Prior) -> Self {
        Self {
            memory: Memory::new(&prior),
            prior,
            taste: Taste::default(),
            watch: Watch::default(),
            falls: Falls::default(),
            learned: 0,
        }
    }

    /// Forgets everything it learned, what it watches included.
    pub fn forget(&mut self) {
        *self = Self::new(self.prior.clone());
    }

    /// The bottles of the sky that compete for the next fall: indices into it, at most `size` (usually [`POOL`]).
    #[must_use]
    pub fn pool(&self, sky: &[Drifting], size: usize, now_ms: u64, rng: &mut dyn Rng) -> Vec<usize> {
        fairness::pool(sky, &self.falls, size, now_ms, rng)
    }

    /// The features of a bottle for this reader.
    #[must_use]
    pub fn features(&self, bottle: &Bottle<'_>, reader: &Reader) -> Features {
        features::features(bottle, reader, &self.taste)
    }

    /// Chooses one of the candidates; `None` when there is none.
    #[must_use]
    pub fn choose(&self, candidates: &[Features], knob: Knob, rng: &mut dyn Rng) -> Option<Choice> {
        if candidates.is_empty() {
            return None;
        }
        let model = self.model();
        let expected: Vec<f64> = candidates.iter().map(|features| model.expect(features)).collect();
        let propensities = softmax::propensities(&expected, knob.breadth(candidates.len()), FLOOR);
        Some(Choice {
            index: softmax::draw(&propensities, rng),
            propensities,
            expected,
        })
    }

    /// Why the chosen one.
    #[must_use]
    pub fn why(&self, candidates: &[Features], choice: &Choice) -> Reason {
        reason::why(self.model(), candidates, choice.index, choice.propensity())
    }

    /// A bottle fell that this neighbour had brought.
    pub fn handle_fall(&mut self, neighbour: Neighbour) {
        self.falls.handle_fall(neighbour);
    }

    /// The reader looked at a bottle: from now on its reward is watched. What had no more room comes back settled.
    pub fn handle_shown(&mut self, shown: Shown) -> Option<Settled> {
        self.taste.handle_seen(&shown.gist);
        let pushed_out = self.watch.handle_shown(shown)?;
        Some(self.settle(&pushed_out))
    }

    /// The reader did something with it. False when that is no data: it is not watched, or its reward is final.
    pub fn handle_act(&mut self, bottle: &BottleDigest, act: Act, now_ms: u64) -> bool {
        self.watch.handle_act(bottle, act, now_ms)
    }

    /// The reader wrote a bottle or letter: what they write about and how they feel.
    pub fn handle_written(&mut self, gist: &[i8; GIST], mood: [u8; 8]) {
        self.taste.handle_written(gist, mood);
    }

    /// Learns from all rewards that are final by now.
    pub fn handle_tick(&mut self, now_ms: u64) -> Vec<Settled> {
        let done = self.watch.take_final(now_ms);
        done.iter().map(|shown| self.settle(shown)).collect()
    }

    /// When `handle_tick` is next useful, in milliseconds since 1970.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.watch.next_deadline_ms()
    }

    /// Learns from one reward, clipped to −1 to 1; what is no number is ignored.
    pub fn learn(&mut self, features: &Features, reward: f64) {
        self.memory.learn(features, reward, &self.prior);
        self.learned = self.learned.saturating_add(1);
    }

    /// Rewards it has learned from.
    #[must_use]
    pub fn learned(&self) -> u64 {
        self.learned
    }

    /// How often it noticed that the reader's taste had changed.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.memory.changes()
    }

    /// What it expects of bottles now.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.memory.model()
    }

    fn settle(&mut self, shown: &Shown) -> Settled {
        let reward = shown.acts.reward();
        let features = features::unpack(&shown.features);
        let expected = self.model().expect(&features) as f32;
        self.learn(&features, f64::from(reward));
        self.taste
            .handle_judged((&shown.gist, shown.mood), reward, expected);
        Settled {
            bottle: shown.bottle(),
            reward,
        }
    }
}

#[cfg(test)]
mod tests;
