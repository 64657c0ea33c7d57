//! Timers of the pure machines: seeded jitter, bounded exponential backoff, wall to mono.
//!
//! No machine owns a random generator. Where a schedule must not be predictable from outside (when a letter is
//! fetched, when a bottle is published again) the delay is BLAKE3 of a secret seed, the item and the turn: the
//! same seed replays the same run, and two nodes never beat in step. The shell draws the seed once per process.
//!
//! Called by `mine` and `post`; it refuses nothing and keeps no state.

use crate::time::{Now, UnixMillis};

/// Deterministic spread of delays, keyed by a seed that peers do not know.
#[derive(Clone)]
pub struct Jitter {
    seed: [u8; 32],
}

impl std::fmt::Debug for Jitter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Jitter(..)")
    }
}

impl Jitter {
    /// A spread keyed by `seed`; the shell draws it at random, a simulation derives it from its own seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// A value in `0..span_ms` for this item and turn (0 when the span is 0).
    pub fn below(&self, id: &[u8], turn: u64, span_ms: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(id);
        hasher.update(&turn.to_be_bytes());
        let mut word = [0u8; 8];
        hasher.finalize_xof().fill(&mut word);
        u64::from_be_bytes(word).checked_rem(span_ms).unwrap_or(0)
    }

    /// A delay between three quarters and five quarters of `delay_ms`.
    pub fn around(&self, id: &[u8], turn: u64, delay_ms: u64) -> u64 {
        let quarter = delay_ms / 4;
        (delay_ms - quarter).saturating_add(self.below(id, turn, quarter.saturating_mul(2).saturating_add(1)))
    }
}

/// Exponential backoff that doubles from `first_ms` and never exceeds `cap_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first_ms: u64,
    cap_ms: u64,
}

impl Backoff {
    /// Doubling from `first_ms` up to `cap_ms`.
    pub const fn new(first_ms: u64, cap_ms: u64) -> Self {
        Self { first_ms, cap_ms }
    }

    /// The delay after `attempt` attempts (0 is the first), in milliseconds.
    pub fn delay_ms(&self, attempt: u32) -> u64 {
        let factor = 1u64.checked_shl(attempt).unwrap_or(u64::MAX);
        self.first_ms.saturating_mul(factor).min(self.cap_ms)
    }
}

/// The mono instant at which the wall clock will read `wall`, if neither clock jumps; now when it already has.
pub fn mono_at(wall: UnixMillis, now: Now) -> u64 {
    now.mono_ms.saturating_add(wall.0.saturating_sub(now.wall.0))
}

/// The earlier of two optional deadlines.
pub fn earlier(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}
