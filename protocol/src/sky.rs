//! The drifting bottles that this node knows.
//!
//! A compact index: about 240 bytes for each of up to [`SKY_BOTTLES_MAX`] bottles, without header bytes, which the shell
//! loads from its store when they are needed. It answers what the engine asks for every message (is this bottle known,
//! has its author signed another one, which claims are kept), and what sync asks (which items do we offer).
//!
//! - A bottle stays until the end of its time and one epoch more, so that a slower neighbour cannot bring it back.
//!   Withdrawn bottles stay as long, with the withdrawal as their claim state: they are their own tombstones.
//! - Two headers by one author key sink both, for everybody. The author is remembered with the first two headers seen;
//!   the item that sync compares depends on the author alone, so that nodes with different pairs still agree.
//! - Own bottles are withheld from sync until the engine releases them: a neighbour that pulls them from us first would
//!   know their author.
//! - When full, bottles with the least stamp go first ([`Sky::insert`]). Stamps are the only thing that an attacker
//!   cannot have for free, and authors mine above the level of the moment.
//!
//! Called by the engine. It refuses to decide about time, signatures and admission: what comes in is valid.

use std::collections::{BTreeMap, BTreeSet};

use crate::claims::ClaimSet;
use crate::ids::{AuthorKey, BottleId, ItemHash};
use crate::limits::{DENIED_MAX, END_SLACK_EPOCHS, SKY_BOTTLES_MAX};
use crate::time::Epoch;

mod evict;
mod slab;
mod stone;
mod sunk;

use evict::Bar;
use slab::{Half, Slab, Slot};
pub use stone::{Insert, ItemOwner, Standing, Stone};
pub use sunk::Sunk;
use sunk::Sunken;

/// All bottles.
#[derive(Debug, Clone)]
pub struct Sky {
    max: usize,
    slab: Slab,
    by_id: BTreeMap<Half, Slot>,
    by_author: BTreeMap<Half, Slot>,
    by_item: BTreeMap<Half, Slot>,
    by_end: BTreeSet<(Epoch, Slot)>,
    sunken: Sunken,
    denied: BTreeSet<BottleId>,
    bar: Option<Bar>,
    revision: u64,
}

impl Default for Sky {
    fn default() -> Self {
        Self::with_max(SKY_BOTTLES_MAX)
    }
}

/// The item under which sync compares a bottle in this claim state: BLAKE3(bottle id ‖ digest).
#[must_use]
pub fn item_hash(bottle: &BottleId, claim_digest: &[u8; 32]) -> ItemHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(bottle.as_bytes());
    hasher.update(claim_digest);
    ItemHash(*hasher.finalize().as_bytes())
}

impl Sky {
    /// An empty sky for at most this many bottles; a device with little memory may want fewer than the default.
    #[must_use]
    pub fn with_max(max: usize) -> Self {
        Self {
            max,
            slab: Slab::default(),
            by_id: BTreeMap::new(),
            by_author: BTreeMap::new(),
            by_item: BTreeMap::new(),
            by_end: BTreeSet::new(),
            sunken: Sunken::default(),
            denied: BTreeSet::new(),
            bar: None,
            revision: 0,
        }
    }

    /// Bottles in the index, withdrawn ones counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Grows with every change that sync could see.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// How this node stands to a bottle.
    #[must_use]
    pub fn standing(&self, bottle: &BottleId) -> Standing {
        if self.denied.contains(bottle) {
            return Standing::Denied;
        }
        if self.sunken.has_bottle(bottle) {
            return Standing::Sunk;
        }
        match self.entry(bottle) {
            None => Standing::Unknown,
            Some((_, entry)) if entry.is_withdrawn() => Standing::Withdrawn,
            Some(_) => Standing::Drifting,
        }
    }

    /// What the index keeps of a bottle.
    #[must_use]
    pub fn stone(&self, bottle: &BottleId) -> Option<Stone> {
        self.entry(bottle).map(|(_, entry)| entry.stone)
    }

    /// The other bottle that this author key signed, if there is one in the sky.
    #[must_use]
    pub fn rival(&self, author: &AuthorKey, bottle: &BottleId) -> Option<BottleId> {
        let slot = self.by_author.get(&Half::of(author.as_bytes()))?;
        let known = self.slab.get(*slot)?.stone;
        (known.author == *author && known.bottle != *bottle).then_some(known.bottle)
    }

    /// The proof that this author key signed two headers, if there is one.
    #[must_use]
    pub fn sunk(&self, author: &AuthorKey) -> Option<Sunk> {
        self.sunken.get(author)
    }

    /// Takes a bottle in.
    ///
    /// When full, the hundredth part with the least work is evicted at once, withheld ones spared, and until
    /// there is plenty of room again nothing at or below the last evicted one is let in.
    pub fn insert(&mut self, stone: Stone) -> Insert {
        if self.standing(&stone.bottle) != Standing::Unknown
            || self.sunken.get(&stone.author).is_some()
            || self.by_id.contains_key(&Half::of(stone.bottle.as_bytes()))
            || self.by_author.contains_key(&Half::of(stone.author.as_bytes()))
        {
            return Insert::Known;
        }
        let evicted = if self.len() >= self.max {
            self.evict()
        } else {
            Vec::new()
        };
        let below = self.bar.is_some_and(|bar| !bar.lets_in(&stone));
        if !stone.withheld && (below || self.len() >= self.max) {
            return Insert::Full { evicted };
        }
        self.add(stone);
        Insert::Added { evicted }
    }

    /// Two different headers by one author: both bottles sink. False if the author had sunk before.
    pub fn sink(&mut self, sunk: Sunk) -> bool {
        if self.sunken.get(&sunk.author).is_some() {
            return false;
        }
        for bottle in sunk.bottles {
            self.remove(&bottle);
        }
        self.sunken.add(sunk);
        self.revision += 1;
        true
    }

    /// From now on this bottle is unwelcome; it goes if it is here. False if the list is full.
    pub fn deny(&mut self, bottle: BottleId) -> bool {
        if self.denied.len() >= DENIED_MAX && !self.denied.contains(&bottle) {
            return false;
        }
        self.remove(&bottle);
        self.denied.insert(bottle)
    }

    /// Keeps an own bottle out of sync, or offers it from now on. True if that is a change.
    pub fn set_withheld(&mut self, bottle: &BottleId, withheld: bool) -> bool {
        let Some(slot) = self.slot(bottle) else {
            return false;
        };
        let Some(entry) = self.slab.get_mut(slot) else {
            return false;
        };
        let changed = std::mem::replace(&mut entry.stone.withheld, withheld) != withheld;
        self.revision += u64::from(changed);
        changed
    }

    /// The claims of a bottle: a copy, empty if nothing happened yet. `None` if the bottle is not in the sky.
    #[must_use]
    pub fn claims(&self, bottle: &BottleId) -> Option<ClaimSet> {
        self.entry(bottle).map(|(_, entry)| entry.claims_or_empty())
    }

    /// The claims of a bottle, if anything happened to it.
    #[must_use]
    pub fn claims_if_any(&self, bottle: &BottleId) -> Option<&ClaimSet> {
        self.entry(bottle).and_then(|(_, entry)| entry.claims.as_deref())
    }

    /// Lets `change` work on the claims of a bottle. `None` if the bottle is not in the sky.
    pub fn update_claims<R>(
        &mut self,
        bottle: &BottleId,
        change: impl FnOnce(&mut ClaimSet) -> R,
    ) -> Option<R> {
        let slot = self.slot(bottle)?;
        let entry = self.slab.get_mut(slot)?;
        let before = entry.item();
        let mut claims = entry
            .claims
            .take()
            .map_or_else(|| entry.claims_or_empty(), |boxed| *boxed);
        let result = change(&mut claims);
        entry.claims = (!claims.is_empty()).then(|| Box::new(claims));
        let after = entry.item();
        if before != after {
            self.by_item.remove(&Half::of(before.as_bytes()));
            self.by_item.insert(Half::of(after.as_bytes()), slot);
            self.revision += 1;
        }
        Some(result)
    }

    /// The item under which sync compares this bottle.
    #[must_use]
    pub fn item(&self, bottle: &BottleId) -> Option<ItemHash> {
        self.entry(bottle).map(|(_, entry)| entry.item())
    }

    /// What an item stands for here, offered or not.
    #[must_use]
    pub fn owner(&self, item: &ItemHash) -> Option<ItemOwner> {
        if let Some(author) = self.sunken.author_of(item) {
            return Some(ItemOwner::Sunk(author));
        }
        let entry = self.slab.get(*self.by_item.get(&Half::of(item.as_bytes()))?)?;
        (entry.item() == *item).then_some(ItemOwner::Bottle(entry.stone.bottle))
    }

    /// Whether sync may hand out this bottle.
    #[must_use]
    pub fn is_offered(&self, bottle: &BottleId, now: Epoch) -> bool {
        self.stone(bottle)
            .is_some_and(|stone| !stone.withheld && now < stone.expires_at)
    }

    /// All items that sync offers, with the epoch by which it sorts them. Sunk authors sort first, at 0.
    pub fn items(&self, now: Epoch) -> impl Iterator<Item = (Epoch, ItemHash)> {
        let offered = move |stone: &Stone| !stone.withheld && now < stone.expires_at;
        let drifting = self.slab.entries().filter(move |entry| offered(&entry.stone));
        let drifting = drifting.map(|entry| (entry.stone.thrown_at, entry.item()));
        self.sunken.items().map(|item| (Epoch(0), item)).chain(drifting)
    }

    /// All bottles in the index, in no meaningful order.
    pub fn stones(&self) -> impl Iterator<Item = Stone> {
        self.slab.entries().map(|entry| entry.stone)
    }

    /// Forgets what is over. Returns the bottles whose bytes can go, those that sank counted.
    pub fn expire(&mut self, now: Epoch) -> Vec<BottleId> {
        let mut gone = self.sunken.expire(now.minus(END_SLACK_EPOCHS));
        self.revision += u64::from(!gone.is_empty());
        while let Some((end, slot)) = self.by_end.first().copied() {
            if end.plus(END_SLACK_EPOCHS) > now {
                break;
            }
            self.by_end.remove(&(end, slot));
            if let Some(bottle) = self.slab.get(slot).map(|entry| entry.stone.bottle) {
                self.remove(&bottle);
                gone.push(bottle);
            }
        }
        gone
    }

    /// The first epoch in which [`Sky::expire`] will find something.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Epoch> {
        let drifting = self.by_end.first().map(|(end, _)| *end);
        drifting
            .into_iter()
            .chain(self.sunken.next_end())
            .min()
            .map(|end| end.plus(END_SLACK_EPOCHS))
    }

    /// A digest of everything that survives a restart, in an order that does not depend on the order of arrival.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for slot in self.by_id.values() {
            if let Some(entry) = self.slab.get(*slot) {
                hasher.update(entry.item().as_bytes());
                hasher.update(&[
                    entry.stone.bits,
                    entry.stone.slots,
                    u8::from(entry.stone.withheld),
                ]);
            }
        }
        for item in self.sunken.items() {
            hasher.update(item.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    fn add(&mut self, stone: Stone) {
        let slot = self.slab.insert(stone);
        self.by_id.insert(Half::of(stone.bottle.as_bytes()), slot);
        self.by_author.insert(Half::of(stone.author.as_bytes()), slot);
        self.by_end.insert((stone.expires_at, slot));
        if let Some(item) = self.slab.get(slot).map(slab::Entry::item) {
            self.by_item.insert(Half::of(item.as_bytes()), slot);
        }
        self.revision += 1;
    }

    fn remove(&mut self, bottle: &BottleId) -> bool {
        let Some(slot) = self.slot(bottle) else {
            return false;
        };
        let Some(entry) = self.slab.take(slot) else {
            return false;
        };
        self.by_id.remove(&Half::of(bottle.as_bytes()));
        self.by_author.remove(&Half::of(entry.stone.author.as_bytes()));
        self.by_item.remove(&Half::of(entry.item().as_bytes()));
        self.by_end.remove(&(entry.stone.expires_at, slot));
        self.revision += 1;
        self.settle_bar();
        true
    }

    fn slot(&self, bottle: &BottleId) -> Option<Slot> {
        self.entry(bottle).map(|(slot, _)| slot)
    }

    fn entry(&self, bottle: &BottleId) -> Option<(Slot, &slab::Entry)> {
        let slot = *self.by_id.get(&Half::of(bottle.as_bytes()))?;
        let entry = self.slab.get(slot)?;
        (entry.stone.bottle == *bottle).then_some((slot, entry))
    }
}
