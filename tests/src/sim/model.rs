//! The world as nobody in it sees it: every bottle, claim and letter that exists, and who really has what.
//!
//! It shares no code with the engine, on purpose: what a node shows of its own bottles, and what all nodes agree on in the
//! end, is compared with these lists.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_protocol::ids::{AuthorKey, BottleId, ClaimantKey, LetterId};
use meteorite_protocol::time::{Epoch, Tick};
use meteorite_protocol::wire::Place;

use super::queue::Ix;

/// A bottle that exists.
#[derive(Debug, Clone)]
pub(super) struct Existing {
    /// Who threw it.
    pub(super) thrower: Ix,
    pub(super) author: AuthorKey,
    /// World time at which it was thrown.
    pub(super) thrown_ms: u64,
    pub(super) slots: u8,
    /// By the clock of its thrower, which may be days ahead.
    pub(super) thrown_at: Epoch,
    pub(super) expires_at: Epoch,
    /// Its author is an honest node.
    pub(super) honest: bool,
    /// The author really took it back.
    pub(super) withdrawn: Withdrawn,
    /// Its author key really signed another one.
    pub(super) equivocated: bool,
    /// Recasts that exist.
    pub(super) recasts: u8,
    /// The most neighbours that its thrower's program handed it to at once.
    pub(super) handed: u16,
    /// Honest nodes in whose sky it ever was, and when it first was, in world time.
    pub(super) had: BTreeMap<Ix, u64>,
    /// Rogues that have seen it.
    pub(super) rogues: BTreeSet<Ix>,
    /// Claims that exist.
    pub(super) claims: BTreeMap<(Place, ClaimantKey), ExistingClaim>,
}

/// Whether an author really took a bottle back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// Not that anybody knows.
    Not,
    /// Signed and stored.
    Really,
}

/// Who threw a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thrower {
    /// A node that runs the engine.
    Honest(Ix),
    /// One that does not.
    Rogue(Ix),
}

/// A claim that exists.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExistingClaim {
    /// Who made it.
    pub(super) claimer: Ix,
    /// The earliest tick that it was signed with.
    pub(super) t: Tick,
    /// An honest node stored it before it was sent.
    pub(super) honest: bool,
}

/// A letter that exists.
#[derive(Debug, Clone)]
pub(super) struct ExistingLetter {
    pub(super) writer: Ix,
    pub(super) bottle: BottleId,
    pub(super) words: String,
    /// Its author has opened it and read these words.
    pub(super) read: bool,
    /// Mailboxes that really keep it.
    pub(super) kept_by: BTreeSet<usize>,
}

/// Everything that exists.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) bottles: BTreeMap<BottleId, Existing>,
    pub(super) letters: BTreeMap<LetterId, ExistingLetter>,
}

impl Model {
    /// A bottle came into being.
    pub(super) fn thrown(&mut self, bottle: &super::craft::Bottle, thrower: Thrower, at_ms: u64) {
        let (thrower, honest) = match thrower {
            Thrower::Honest(ix) => (ix, true),
            Thrower::Rogue(ix) => (ix, false),
        };
        let header = bottle.header();
        let known = self.bottles.values().any(|other| other.author == header.author);
        if known {
            let rivals = self
                .bottles
                .values_mut()
                .filter(|other| other.author == header.author);
            rivals.for_each(|other| other.equivocated = true);
        }
        self.bottles.entry(bottle.id).or_insert_with(|| Existing {
            thrower,
            author: header.author,
            thrown_ms: at_ms,
            slots: header.slots,
            thrown_at: header.thrown_at,
            expires_at: header.expires_at(),
            honest,
            withdrawn: Withdrawn::Not,
            equivocated: known,
            recasts: 0,
            handed: 0,
            had: BTreeMap::new(),
            rogues: BTreeSet::new(),
            claims: BTreeMap::new(),
        });
    }

    /// A claim came into being.
    pub(super) fn claimed(&mut self, claim: &meteorite_protocol::wire::Claim, claimer: Ix) {
        let Some(bottle) = self.bottles.get_mut(&claim.bottle) else {
            return;
        };
        let exists = bottle
            .claims
            .entry((claim.place, claim.claimant))
            .or_insert(ExistingClaim {
                claimer,
                t: claim.t,
                honest: false,
            });
        exists.t = exists.t.min(claim.t);
    }

    /// An honest node has stored this claim.
    pub(super) fn claimed_by_honest(&mut self, claim: &meteorite_protocol::wire::Claim) {
        let bottle = self.bottles.get_mut(&claim.bottle);
        if let Some(known) = bottle.and_then(|bottle| bottle.claims.get_mut(&(claim.place, claim.claimant))) {
            // Earlier tries were signed and never stored or sent.
            (known.honest, known.t) = (true, claim.t);
        }
    }

    /// An honest node has this bottle in its sky.
    pub(super) fn has(&mut self, node: Ix, bottle: &BottleId, at_ms: u64) {
        if let Some(bottle) = self.bottles.get_mut(bottle) {
            bottle.had.entry(node).or_insert(at_ms);
        }
    }

    /// A rogue has seen this bottle.
    pub(super) fn shown_to_rogue(&mut self, rogue: Ix, bottle: &BottleId) {
        if let Some(bottle) = self.bottles.get_mut(bottle) {
            bottle.rogues.insert(rogue);
        }
    }

    /// The author took it back, or did not after all.
    pub(super) fn set_withdrawn(&mut self, bottle: &BottleId, withdrawn: Withdrawn) {
        if let Some(bottle) = self.bottles.get_mut(bottle) {
            bottle.withdrawn = withdrawn;
        }
    }

    pub(super) fn bottle(&self, bottle: &BottleId) -> Option<&Existing> {
        self.bottles.get(bottle)
    }

    pub(super) fn bottle_mut(&mut self, bottle: &BottleId) -> Option<&mut Existing> {
        self.bottles.get_mut(bottle)
    }
}

impl Existing {
    /// Whether anybody but its thrower has, or may have, this bottle.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.had.keys().any(|node| *node != self.thrower) || !self.rogues.is_empty()
    }

    /// Others that have it, or may have it, or may say so, at most.
    pub(super) fn holders(&self, liars: &BTreeSet<Ix>) -> usize {
        let honest = self.had.keys().filter(|node| **node != self.thrower);
        honest.count() + self.rogues.union(liars).count()
    }
}
