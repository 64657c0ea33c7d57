//! Items that were refused lately, so that each session does not fetch them again.
//!
//! A neighbour may offer for days what we do not take: expired by our clock, evicted, denied, or lies. Without this
//! memory every minute would bring it again.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::ItemHash;
use crate::limits::{UNWANTED_ITEMS_MAX, UNWANTED_KEEP_MS};

/// The refused items, at most [`UNWANTED_ITEMS_MAX`], each for [`UNWANTED_KEEP_MS`].
#[derive(Debug, Clone, Default)]
pub struct Unwanted {
    until: BTreeMap<ItemHash, u64>,
    by_time: BTreeSet<(u64, ItemHash)>,
}

impl Unwanted {
    /// Remembers an item.
    pub fn add(&mut self, item: ItemHash, mono_ms: u64) {
        let until = mono_ms.saturating_add(UNWANTED_KEEP_MS);
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
