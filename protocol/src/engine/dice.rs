//! Choices that peers must not foresee: BLAKE3 of a secret seed and a counter.
//!
//! The shell draws the seed; a simulation fixes it and gets the same run again.

/// A stream of numbers from a seed.
#[derive(Clone)]
pub(super) struct Dice {
    seed: [u8; 32],
    thrown: u64,
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice(..)")
    }
}

impl Dice {
    /// A stream of its own for each label.
    pub(super) fn new(seed: &[u8; 32], label: &str) -> Self {
        Self {
            seed: derive(seed, label),
            thrown: 0,
        }
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        let hash = blake3::keyed_hash(&self.seed, &self.thrown.to_be_bytes());
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        u64::from_be_bytes(word).checked_rem(bound).unwrap_or(0)
    }

    /// One of the items.
    pub(super) fn pick<T>(&mut self, items: impl ExactSizeIterator<Item = T>) -> Option<T> {
        let at = self.below(items.len() as u64);
        let mut items = items;
        items.nth(usize::try_from(at).unwrap_or(0))
    }
}

/// A seed for one purpose.
pub(super) fn derive(seed: &[u8; 32], label: &str) -> [u8; 32] {
    *blake3::keyed_hash(seed, label.as_bytes()).as_bytes()
}
