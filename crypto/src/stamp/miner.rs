//! The search for a stamp: resumable, so that the caller owns the thread, the progress bar and the cancel button.
//!
//! A [`Miner`] does nothing between two calls of [`Miner::step`], keeps the best counter it has seen, and can be asked
//! for more bits later, when the network's admission level has risen, without losing what it did. To mine on several
//! threads, give each a miner of its own and far-apart starts ([`Miner::starting_at`]).
//!
//! Everything but the counter is hashed once and the hasher's state cloned for each try: measured, 7 million tries a second
//! on one core. One buffer hashed whole is a third faster for stamps and a quarter slower for claims; it is not worth a
//! second description of the input.

use blake3::Hasher;

use super::{bits, claim_input, stamp_input};

/// A search for a counter whose hash has enough leading zero bits.
#[derive(Clone, Debug)]
pub struct Miner {
    /// All of the hash input but the counter.
    input: Hasher,
    bits_wanted: u32,
    next_counter: u64,
    tried: u64,
    best: Option<Found>,
}

/// A counter and the leading zero bits of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What goes into the header or claim.
    pub counter: u64,
    /// How many bits it is worth.
    pub bits: u32,
}

impl Miner {
    /// Looks for a header's stamp of at least `bits`; see [`super::stamp_bits`].
    pub fn stamp(author: &[u8; 32], epoch: u32, bits: u32) -> Self {
        Self::over(stamp_input(author, epoch), bits)
    }

    /// Looks for a claim's work of at least `bits`; see [`super::claim_work_bits`].
    pub fn claim(bottle: &[u8; 32], place: &[u8], claimant: &[u8; 32], bits: u32) -> Self {
        Self::over(claim_input(bottle, place, claimant), bits)
    }

    /// The same search from another counter on, for one of several threads.
    #[must_use]
    pub fn starting_at(mut self, counter: u64) -> Self {
        self.next_counter = counter;
        self
    }

    /// Tries up to `tries` counters and returns the first that is good enough, or `None` when none was.
    ///
    /// Once a good one is known it is returned at once, without work, until [`Self::raise_to`] asks for more. A million
    /// tries take about 0.15 s on one core.
    #[must_use = "a counter that is found and dropped is work thrown away"]
    pub fn step(&mut self, tries: u64) -> Option<u64> {
        if let Some(best) = self.best.filter(|best| best.bits >= self.bits_wanted) {
            return Some(best.counter);
        }
        for _ in 0..tries {
            let found = self.try_next();
            if self.best.is_none_or(|best| found.bits > best.bits) {
                self.best = Some(found);
            }
            if found.bits >= self.bits_wanted {
                return Some(found.counter);
            }
        }
        None
    }

    /// Asks for at least `bits` from now on; a lower number than before is ignored.
    pub fn raise_to(&mut self, bits: u32) {
        self.bits_wanted = self.bits_wanted.max(bits);
    }

    /// The best counter so far, also when it is not yet good enough.
    pub fn best(&self) -> Option<Found> {
        self.best
    }

    /// How many leading zero bits this search is after.
    pub fn bits_wanted(&self) -> u32 {
        self.bits_wanted
    }

    /// How many counters were tried so far; compare with [`super::expected_tries`].
    pub fn tried(&self) -> u64 {
        self.tried
    }

    fn over(input: Hasher, bits_wanted: u32) -> Self {
        Self {
            input,
            bits_wanted,
            next_counter: 0,
            tried: 0,
            best: None,
        }
    }

    fn try_next(&mut self) -> Found {
        let counter = self.next_counter;
        self.next_counter = counter.wrapping_add(1);
        self.tried = self.tried.saturating_add(1);
        Found {
            counter,
            bits: bits(&self.input, counter),
        }
    }
}
