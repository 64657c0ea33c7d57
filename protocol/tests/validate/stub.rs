//! A small state to ask.

use std::cell::Cell;
use std::collections::BTreeSet;

use meteorite_protocol::ids::{AuthorKey, BottleId};
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::{Arrival, BottleFacts, Cost, Gate, Known, Params};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::CatchMessage;

use crate::samples::{self, Bottle};

/// What the stub knows; everything is adjustable.
#[derive(Default)]
pub(crate) struct Stub {
    pub(crate) seen: BTreeSet<BottleId>,
    pub(crate) facts: Option<BottleFacts>,
    pub(crate) other: Option<BottleId>,
    pub(crate) catches: BTreeSet<[u8; 32]>,
    pub(crate) full: bool,
    pub(crate) asked_for_room: Cell<u32>,
}

impl Stub {
    pub(crate) fn of(bottle: &Bottle) -> Self {
        Self {
            facts: Some(BottleFacts::of(bottle.header())),
            ..Self::default()
        }
    }
}

impl Known for Stub {
    fn has_header(&self, id: &BottleId) -> bool {
        self.seen.contains(id)
    }

    fn other_bottle(&self, _: &AuthorKey, _: &BottleId) -> Option<BottleId> {
        self.other
    }

    fn bottle(&self, _: &BottleId) -> Option<BottleFacts> {
        self.facts
    }

    fn has_catch(&self, message: &CatchMessage) -> bool {
        self.catches.contains(&message.digest())
    }

    fn has_budget(&self, _: &Cost) -> bool {
        self.asked_for_room.set(self.asked_for_room.get() + 1);
        !self.full
    }
}

pub(crate) const PARAMS: &Params = &Params::for_tests();

pub(crate) fn gate(known: &Stub) -> Gate<'_> {
    Gate {
        params: PARAMS,
        now: samples::now(),
        arrival: Arrival::Gossip,
        admission_bits: 0,
        known,
    }
}

pub(crate) fn at(gate: Gate<'_>, now: Now) -> Gate<'_> {
    Gate { now, ..gate }
}

pub(crate) fn by_sync(gate: Gate<'_>) -> Gate<'_> {
    Gate {
        arrival: Arrival::Sync,
        ..gate
    }
}

pub(crate) const fn ignored<T>(reason: IgnoreReason) -> Result<T, Verdict> {
    Err(Verdict::Ignore(reason))
}

pub(crate) const fn rejected<T>(reason: RejectReason) -> Result<T, Verdict> {
    Err(Verdict::Reject(reason))
}
