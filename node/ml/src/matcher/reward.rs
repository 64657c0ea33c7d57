//! Rewards from what the reader did, final 48 hours after a bottle was seen.
//!
//! A bottle is *shown* when its stone was looked at in a pause or a list; one that only fell past was missed and teaches nothing, so it
//! never comes here. The caller does not show the reader's own bottles. Acts add up until the reward is final: the best counts, a
//! report outweighs all, and throwing back takes away what opening and reading gave, but not a light or an answer.

use serde::{Deserialize, Serialize};

use super::bytes;
use super::features::D;
use crate::parser::GIST;

/// What names a bottle: the digest in its id.
pub type BottleDigest = [u8; 32];

/// What a reader did with a bottle that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Act {
    /// Opened it.
    Opened,
    /// Read it to its end.
    Read,
    /// Sent a light.
    Lit,
    /// Kept it.
    Kept,
    /// Answered it.
    Answered,
    /// Threw it back.
    ThrownBack,
    /// Reported it.
    Reported,
}

impl Act {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Everything that was done with one bottle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acts(u8);

impl Acts {
    /// Adds an act; the same one twice counts once.
    pub fn note(&mut self, act: Act) {
        self.0 |= act.bit();
    }

    /// Whether it was done.
    #[must_use]
    pub const fn has(self, act: Act) -> bool {
        self.0 & act.bit() != 0
    }

    /// The reward of all of it, −1 to 1.
    #[must_use]
    pub fn reward(self) -> f32 {
        let value = |act: Act, reward: f32| if self.has(act) { reward } else { 0.0 };
        if self.has(Act::Reported) {
            return REPORTED;
        }
        let given = value(Act::Lit, LIT).max(value(Act::Answered, ANSWERED));
        if self.has(Act::ThrownBack) {
            return given.max(THROWN_BACK);
        }
        let kept = value(Act::Kept, KEPT).max(value(Act::Read, READ));
        given.max(kept).max(value(Act::Opened, OPENED))
    }
}

/// A bottle whose reward is still open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Which bottle, as signed bytes.
    #[serde(with = "bytes::row")]
    name: [i8; 32],
    /// Its features when it was chosen.
    #[serde(with = "bytes::row")]
    pub features: [i8; D],
    /// Its gist.
    #[serde(with = "bytes::row")]
    pub gist: [i8; GIST],
    /// Its mood.
    pub mood: [u8; 8],
    /// When it was shown, in milliseconds since 1970.
    pub at_ms: u64,
    /// What was done so far.
    pub acts: Acts,
}

impl Shown {
    /// A bottle that is shown now.
    #[must_use]
    pub fn new(
        bottle: &BottleDigest,
        features: [i8; D],
        (gist, mood): (&[i8; GIST], [u8; 8]),
        now_ms: u64,
    ) -> Self {
        Self {
            name: bottle.map(u8::cast_signed),
            features,
            gist: *gist,
            mood,
            at_ms: now_ms,
            acts: Acts::default(),
        }
    }

    /// Which bottle.
    #[must_use]
    pub fn bottle(&self) -> BottleDigest {
        self.name.map(i8::cast_unsigned)
    }

    /// When its reward is final.
    #[must_use]
    pub fn final_at_ms(&self) -> u64 {
        self.at_ms.saturating_add(FINAL_AFTER_MS)
    }
}

/// All bottles whose reward is open, in the order in which they were shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    open: Vec<Shown>,
}

impl Watch {
    /// A bottle was shown. One that is watched already stays as it is. When there is no room the oldest comes back, final before its time.
    #[must_use]
    pub fn handle_shown(&mut self, shown: Shown) -> Option<Shown> {
        if self.open.iter().any(|known| known.name == shown.name) {
            return None;
        }
        let pushed_out = (self.open.len() >= OPEN_MAX).then(|| self.open.remove(0));
        self.open.push(shown);
        pushed_out
    }

    /// Something was done with a bottle. One that is not watched, or whose time is over, is no data: false.
    pub fn handle_act(&mut self, bottle: &BottleDigest, act: Act, now_ms: u64) -> bool {
        let found = self.open.iter_mut().find(|shown| shown.bottle() == *bottle);
        let Some(shown) = found.filter(|shown| now_ms < shown.final_at_ms()) else {
            return false;
        };
        shown.acts.note(act);
        true
    }

    /// Takes out what is final by now. A clock that was set back delays this by no more than the time it was set back.
    #[must_use]
    pub fn take_final(&mut self, now_ms: u64) -> Vec<Shown> {
        let (done, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|shown| shown.final_at_ms() <= now_ms);
        self.open = open;
        done
    }

    /// When the next reward is final.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.open.iter().map(Shown::final_at_ms).min()
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

/// Milliseconds after which a reward is final (48 hours).
pub const FINAL_AFTER_MS: u64 = 48 * 3_600_000;
/// Bottles whose reward is open; beyond it the oldest becomes final before its time.
pub const OPEN_MAX: usize = 96;

const OPENED: f32 = 0.2;
const READ: f32 = 0.4;
const LIT: f32 = 0.7;
const KEPT: f32 = 0.8;
const ANSWERED: f32 = 1.0;
const THROWN_BACK: f32 = 0.1;
const REPORTED: f32 = -1.0;
