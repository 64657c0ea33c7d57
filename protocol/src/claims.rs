//! The claims of one bottle: a set whose merge is only union and truncation.
//!
//! Every node keeps the same few claims of a bottle, whatever order, repetition or partition brought them. The state is
//! a *conflict-free replicated data type*: merging is associative, commutative and idempotent (Shapiro et al., 2011).
//!
//! # The rule
//!
//! A claim names a *place* of its bottle. Places form a forest:
//!
//! - `Root` is always open and keeps `slots` claims;
//! - `Recast(n)`, n in 1..=3, is open once the author's recast is known, and keeps `slots` claims;
//! - `After(id)` is open while the claim behind `id` is kept at its own place and was thrown back, at most four deep, and
//!   keeps one claim.
//!
//! At each place the smallest claim of each claimant counts, and of those the smallest are kept. Claims are ordered by
//! `(t, ticket)` with `ticket = BLAKE3("ticket" ‖ bottle ‖ place ‖ claimant)`; work and signature do not take part.
//!
//! # Why it converges although it forgets
//!
//! Call (place, claimant, t) a claim's *key*. What is kept at an open place depends only on the keys seen there, and more
//! keys can only push a key out, never let it back in: either its claimant has a smaller one, or enough other claimants
//! have. So what was truncated is never needed again. Whether a place is open depends only on a key nearer to the root
//! and on what that key's claimant signed; once closed it stays closed. Three points of the rule exist for the sake of
//! this argument:
//!
//! - The minimum per claimant is taken *at each place*. Over all places it would not converge: an earlier claim of the
//!   same key elsewhere would take a kept claim away and need the truncated runner-up again. Claimant keys are fresh for
//!   each claim and work is bound to (bottle, place, claimant), so one minimum per place gives nobody more.
//! - A throw-back counts for the very key that it embeds, and the id of the place it opens is derived from (bottle,
//!   place, claimant, t) alone ([`throw_back_id`]). If it counted for any claim of its claimant, a claimant that was
//!   pushed out could come back with an earlier claim and need what was truncated behind it. If the id depended on the
//!   bytes of the throw-back, one claim could open many places, or push out with each smaller id what was kept before.
//! - Work counter and signature are outside order and digest: the first valid copy stays. Otherwise a claimant could
//!   sign the same claim again and again, each copy a bit smaller, and have every one of them forwarded.
//!
//! # Withdrawal
//!
//! A withdrawal is a flag that only grows, and it absorbs: a withdrawn set has no claims, whatever arrives before or
//! after. So a withdrawal that races a catch ends alike everywhere, nobody can keep a bottle drifting against its
//! author's will by claiming it in a hurry, and its body can be forgotten. Who had claimed it keeps what was read and
//! may still answer: a letter needs a valid claim, not a kept one.
//!
//! # Time
//!
//! The set knows no clock. Whether a claim may enter by gossip or sync, and when a recast is due, is for the caller to
//! check; [`ClaimSet::recast_due`] answers the latter, and once true for some knowledge it stays true for more.

use std::collections::BTreeMap;

use crate::ids::{BottleId, ClaimantKey, ThrowBackId};
use crate::limits::{RECAST_AFTER_MS, RECASTS_MAX, THROW_BACK_DEPTH_MAX};
use crate::time::{Tick, UnixMillis};
use crate::wire::{Claim, Place};

mod change;
mod digest;

/// What order and identity of a claim depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimKey {
    /// The place that is claimed.
    pub place: Place,
    /// The fresh key of the claim.
    pub claimant: ClaimantKey,
    /// When it was claimed, by the claimant's clock.
    pub t: Tick,
}

impl ClaimKey {
    /// The key of a claim.
    #[must_use]
    pub const fn of(claim: &Claim) -> Self {
        Self {
            place: claim.place,
            claimant: claim.claimant,
            t: claim.t,
        }
    }
}

/// What became of something added to a [`ClaimSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The set changed: worth forwarding and keeping.
    Entered,
    /// It was in the set already, or something of the same claimant that counts more.
    Known,
    /// Smaller claims fill the place, or the claim thrown back is not kept.
    Lost,
    /// The place is not open here, perhaps not yet.
    NotOpen,
    /// The bottle is withdrawn.
    Withdrawn,
    /// It can never count: no such place, or one throw-back too deep.
    Invalid,
}

/// A kept claim, as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptClaim<'a> {
    /// Its place, claimant and tick.
    pub key: ClaimKey,
    /// Whether its claimant threw the bottle back.
    pub thrown_back: bool,
    /// The catch message that carried it.
    pub message: &'a [u8],
}

/// The claims, throw-backs, recasts and the withdrawal of one bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSet {
    bottle: BottleId,
    slots: u8,
    withdrawal: Option<Box<[u8]>>,
    recasts: BTreeMap<u8, Box<[u8]>>,
    places: BTreeMap<Place, Room>,
    digest: [u8; 32],
}

/// What is kept at one open place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Room {
    /// Throw-backs between the root and here.
    depth: u8,
    kept: BTreeMap<Rank, Kept>,
}

/// The order of claims at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    t: Tick,
    ticket: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    claimant: ClaimantKey,
    claim: Box<[u8]>,
    throw_back: Option<Box<[u8]>>,
}

/// The place that opens when this claim is thrown back.
#[must_use]
pub fn throw_back_id(bottle: &BottleId, claim: &ClaimKey) -> ThrowBackId {
    digest::throw_back_id(bottle, claim)
}

impl ClaimSet {
    /// The empty set of a bottle with this many slots.
    #[must_use]
    pub fn new(bottle: BottleId, slots: u8) -> Self {
        let places = BTreeMap::from([(Place::Root, Room::default())]);
        Self {
            bottle,
            slots,
            withdrawal: None,
            recasts: BTreeMap::new(),
            places,
            digest: Self::empty_digest(),
        }
    }

    /// All messages of this set, in an order in which an empty set takes every one of them.
    #[must_use]
    pub fn messages(&self) -> Vec<&[u8]> {
        let mut all: Vec<&[u8]> = self
            .withdrawal
            .iter()
            .chain(self.recasts.values())
            .map(|bytes| &**bytes)
            .collect();
        for (_, room) in self.rooms_from_root() {
            all.extend(room.kept.values().map(|kept| &*kept.claim));
            all.extend(room.kept.values().filter_map(|kept| kept.throw_back.as_deref()));
        }
        all
    }

    /// What two nodes compare to see whether they hold the same set.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The digest of every set without content.
    #[must_use]
    pub fn empty_digest() -> [u8; 32] {
        digest::of_nothing()
    }

    /// Whether the author withdrew the bottle.
    #[must_use]
    pub const fn is_withdrawn(&self) -> bool {
        self.withdrawal.is_some()
    }

    /// Whether nothing happened to the bottle yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.withdrawal.is_none() && self.recasts.is_empty() && self.claims().next().is_none()
    }

    /// The kept claims, by place, smallest first.
    pub fn claims(&self) -> impl Iterator<Item = KeptClaim<'_>> {
        self.places.iter().flat_map(|(place, room)| {
            room.kept.iter().map(|(rank, kept)| KeptClaim {
                key: ClaimKey {
                    place: *place,
                    claimant: kept.claimant,
                    t: rank.t,
                },
                thrown_back: kept.throw_back.is_some(),
                message: &kept.claim,
            })
        })
    }

    /// Whether this claimant is kept at this place.
    #[must_use]
    pub fn keeps(&self, place: &Place, claimant: &ClaimantKey) -> bool {
        self.places
            .get(place)
            .is_some_and(|room| room.find(claimant).is_some())
    }

    /// Whether this claim, or an earlier one of the same claimant, is kept.
    #[must_use]
    pub fn has_claim(&self, key: &ClaimKey) -> bool {
        let kept = self
            .places
            .get(&key.place)
            .and_then(|room| room.find(&key.claimant));
        kept.is_some_and(|rank| rank <= self.rank(key))
    }

    /// Whether this very claim is kept.
    #[must_use]
    pub fn keeps_exactly(&self, key: &ClaimKey) -> bool {
        self.places
            .get(&key.place)
            .is_some_and(|room| room.kept.contains_key(&self.rank(key)))
    }

    /// Whether this very claim is kept and known to be thrown back.
    #[must_use]
    pub fn has_throw_back(&self, key: &ClaimKey) -> bool {
        self.places
            .contains_key(&Place::After(throw_back_id(&self.bottle, key)))
    }

    /// Whether this recast is in the set.
    #[must_use]
    pub fn has_recast(&self, n: u8) -> bool {
        self.recasts.contains_key(&n)
    }

    /// Whether a claim at this place can count at the moment, if it is small enough.
    #[must_use]
    pub fn is_open(&self, place: &Place) -> bool {
        self.places.contains_key(place)
    }

    /// A place with room, nearest to the root: where a finder should claim. `None` when all are taken or withdrawn.
    #[must_use]
    pub fn vacancy(&self) -> Option<Place> {
        self.rooms_from_root()
            .map(|(place, _)| place)
            .find(|place| self.has_vacancy(place))
    }

    /// Whether this place is open and not full.
    #[must_use]
    pub fn has_vacancy(&self, place: &Place) -> bool {
        self.places
            .get(place)
            .is_some_and(|room| room.kept.len() < self.room_size(place))
    }

    /// Claims that are kept and not thrown back, and the places open for such: caught `k` of `n`.
    #[must_use]
    pub fn caught(&self) -> (u16, u16) {
        let base = self
            .places
            .keys()
            .filter(|place| !matches!(place, Place::After(_)))
            .count();
        let places = u16::try_from(base)
            .unwrap_or(u16::MAX)
            .saturating_mul(u16::from(self.slots));
        let caught = self.claims().filter(|claim| !claim.thrown_back).count();
        (u16::try_from(caught).unwrap_or(u16::MAX), places)
    }

    /// Whether recast `n` may be signed, or accepted, at this time: every place of the cast before it was claimed, the
    /// last of them at least 24 hours ago.
    #[must_use]
    pub fn recast_due(&self, n: u8, now: UnixMillis) -> bool {
        if n == 0 || n > RECASTS_MAX {
            return false;
        }
        let before = if n == 1 { Place::Root } else { Place::Recast(n - 1) };
        let Some(room) = self.places.get(&before) else {
            return false;
        };
        let full = room.kept.len() >= self.room_size(&before);
        let last = room.kept.last_key_value().map(|(rank, _)| rank.t);
        full && last.is_some_and(|t| t.start().plus_ms(RECAST_AFTER_MS) <= now)
    }

    /// The highest recast in the set, 0 for none.
    #[must_use]
    pub fn recasts(&self) -> u8 {
        self.recasts.last_key_value().map_or(0, |(n, _)| *n)
    }

    /// The open places, those nearer to the root first.
    fn rooms_from_root(&self) -> impl Iterator<Item = (Place, &Room)> {
        (0..=THROW_BACK_DEPTH_MAX).flat_map(move |depth| {
            let here = self.places.iter().filter(move |(_, room)| room.depth == depth);
            here.map(|(place, room)| (*place, room))
        })
    }

    fn room_size(&self, place: &Place) -> usize {
        match place {
            Place::Root | Place::Recast(_) => usize::from(self.slots),
            Place::After(_) => 1,
        }
    }

    fn rank(&self, key: &ClaimKey) -> Rank {
        Rank {
            t: key.t,
            ticket: digest::ticket(&self.bottle, &key.place, &key.claimant),
        }
    }
}

impl Room {
    /// Where this claimant stands here. At most eight are kept, so looking at each is cheapest.
    fn find(&self, claimant: &ClaimantKey) -> Option<Rank> {
        self.kept
            .iter()
            .find(|(_, kept)| kept.claimant == *claimant)
            .map(|(rank, _)| *rank)
    }
}
