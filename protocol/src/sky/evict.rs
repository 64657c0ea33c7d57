//! Making room: bottles with the least work go first, then those that end first.
//!
//! A hundredth part goes at once, because finding the least takes a look at all. What was evicted must not come back
//! with the next sync, so a bar stays until there is plenty of room.

use crate::ids::BottleId;
use crate::time::Epoch;

use super::{Sky, Stone};

/// Nothing at or below this rank is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bar(Rank);

/// What bottles are compared by: every node evicts in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    bits: u8,
    expires_at: Epoch,
    bottle: BottleId,
}

impl Bar {
    pub(super) fn lets_in(&self, stone: &Stone) -> bool {
        Rank::of(stone) > self.0
    }
}

impl Rank {
    const fn of(stone: &Stone) -> Self {
        Self {
            bits: stone.bits,
            expires_at: stone.expires_at,
            bottle: stone.bottle,
        }
    }
}

impl Sky {
    /// Removes the hundredth part with the least work and raises the bar.
    pub(super) fn evict(&mut self) -> Vec<BottleId> {
        let mut ranks: Vec<Rank> = self
            .stones()
            .filter(|stone| !stone.withheld)
            .map(|stone| Rank::of(&stone))
            .collect();
        let batch = self.batch().min(ranks.len());
        let Some(last) = batch.checked_sub(1) else {
            return Vec::new();
        };
        let (below, highest, _) = ranks.select_nth_unstable(last);
        self.bar = Some(Bar(*highest));
        let evicted: Vec<BottleId> = below.iter().chain([&*highest]).map(|rank| rank.bottle).collect();
        for bottle in &evicted {
            self.remove(bottle);
        }
        evicted
    }

    /// Lowers the bar when two batches fit in again.
    pub(super) fn settle_bar(&mut self) {
        if self.len() + 2 * self.batch() < self.max {
            self.bar = None;
        }
    }

    fn batch(&self) -> usize {
        (self.max / 100).max(1)
    }
}
