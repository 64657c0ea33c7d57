//! Every random choice of a world: streams of numbers that hang on the seed and a label alone.
//!
//! Each part of the simulator draws from a stream of its own, so that a change in one (another user habit, say) does not
//! shift the draws of all others. No clock and no global generator is read anywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A stream of choices.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of this seed and label.
    pub(super) fn new(seed: u64, label: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"meteorite/sim");
        hasher.update(&seed.to_be_bytes());
        hasher.update(label.as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A number of this range, both ends counted.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A place in a list of this length; 0 for an empty one.
    pub(super) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }

    /// One of the items.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let place = self.place(items.len());
        items.get(place)
    }

    /// A pause around `mean_ms`, between a quarter and four times as long, short ones more often.
    pub(super) fn pause(&mut self, mean_ms: u64) -> u64 {
        let quarter = (mean_ms / 4).max(1);
        let spread = self.between(0, 1_000);
        // Quadratic: the mean of 15 x² over [0, 1] is 5, so a quarter plus it is about the mean and a half.
        quarter + quarter * 15 * spread * spread / 1_000_000
    }

    /// Random bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// So many random bytes.
    pub(super) fn blob(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The generator itself, for sealing.
    pub(super) const fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }
}
