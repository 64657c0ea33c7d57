//! Items that were refused lately, so that each session does not fetch them again.
//!
//! A neighbour may offer for days what we do not take: expired by our clock, evicted, denied, or lies. Without this
//! memory every minute would bring it again. How long it lasts is for the caller to say: a refusal may be final, or only
//! a matter of moments.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::ItemHash;
use crate::limits::UNWANTED_ITEMS_MAX;

/// The refused items, at most [`UNWANTED_ITEMS_MAX`].
#[derive(Debug, Clone, Default)]
pub struct Unwanted {
    until: BTreeMap<ItemHash, u64>,
    by_time: BTreeSet<(u64, ItemHash)>,
}

impl Unwanted {
    /// Remembers an item until then.
    pub fn add(&mut self, item: ItemHash, until: u64) {
        if let Some(before) = self.until.insert(item, until) {
            self.by_time.remove(&(before, item));
        }
        self.by_time.insert((until, item));
        if self.until.len() > UNWANTED_ITEMS_MAX {
            self.forget_first();
        }
    }

    /// Whether this item was refused lately.
    #[must_use]
    pub fn contains(&self, item: &ItemHash, mono_ms: u64) -> bool {
        self.until.get(item).is_some_and(|until| mono_ms < *until)
    }

    /// Forgets what is old.
    pub fn expire(&mut self, mono_ms: u64) {
        while self.by_time.first().is_some_and(|(until, _)| *until <= mono_ms) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, item)) = self.by_time.pop_first() {
            self.until.remove(&item);
        }
    }
}
