//! Where the bottles of the index lie: one vector, and small numbers that point into it.
//!
//! Three maps find a bottle (by id, author and item). With 16-byte keys and 4-byte slots they cost a third of what maps
//! with whole keys would. A slot is only a hint: the caller compares the whole key with what lies there.

use crate::claims::ClaimSet;
use crate::ids::ItemHash;

use super::Stone;

/// The first 16 bytes of a key. Whoever finds two keys with the same half has hashed 2^64 times and gains one bottle
/// that this node does not take in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Half([u8; 16]);

/// A position in the slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// A bottle and its claims; no box for the many without.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) stone: Stone,
    pub(super) claims: Option<Box<ClaimSet>>,
}

/// Entries with holes that are filled first. It never holds more than the index allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Slab {
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
}

impl Half {
    pub(super) fn of(key: &[u8; 32]) -> Self {
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(key) {
            *to = *from;
        }
        Self(half)
    }
}

impl Entry {
    pub(super) fn claims_or_empty(&self) -> ClaimSet {
        match &self.claims {
            Some(claims) => (**claims).clone(),
            None => ClaimSet::new(self.stone.bottle, self.stone.slots),
        }
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.is_withdrawn())
    }

    /// BLAKE3(bottle id ‖ digest of the claim state).
    pub(super) fn item(&self) -> ItemHash {
        let digest = self
            .claims
            .as_ref()
            .map_or_else(ClaimSet::empty_digest, |claims| claims.digest());
        super::item_hash(&self.stone.bottle, &digest)
    }
}

impl Slab {
    pub(super) fn insert(&mut self, stone: Stone) -> Slot {
        let entry = Some(Entry { stone, claims: None });
        if let Some(slot) = self.free.pop()
            && let Some(hole) = self.entries.get_mut(slot.0 as usize)
        {
            *hole = entry;
            return slot;
        }
        self.entries.push(entry);
        Slot(u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn take(&mut self, slot: Slot) -> Option<Entry> {
        let entry = self.entries.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot);
        Some(entry)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }
}
