//! Requests to peers that are under way.

use std::collections::BTreeMap;

use crate::ids::{BodyId, ItemHash, Peer};
use crate::limits::{CALL_TIMEOUT_MS, CALLS_MAX};

use super::CallId;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Sync.
    Sync(SyncAsked),
    /// These bodies.
    Bodies(Vec<BodyId>),
}

/// What was asked of sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SyncAsked {
    /// The next message of a reconciliation.
    Reconcile,
    /// These items.
    Fetch(Vec<ItemHash>),
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) peer: Peer,
    pub(super) asked: Asked,
    sent_ms: u64,
}

/// All of them, at most [`CALLS_MAX`].
#[derive(Debug, Clone)]
pub(super) struct Calls {
    next: u64,
    open: BTreeMap<CallId, Call>,
}

impl Calls {
    /// None yet. Numbers begin at `first`: if the engine is made anew while answers to the one before are still on their
    /// way, they must not look like answers to this one.
    pub(super) fn new(first: u64) -> Self {
        Self {
            next: first,
            open: BTreeMap::new(),
        }
    }

    /// Whether one more may be made.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() < CALLS_MAX
    }

    pub(super) fn begin(&mut self, peer: &Peer, asked: Asked, mono_ms: u64) -> CallId {
        self.next = self.next.wrapping_add(1);
        let id = CallId(self.next);
        self.open.insert(
            id,
            Call {
                peer: peer.clone(),
                asked,
                sent_ms: mono_ms,
            },
        );
        id
    }

    pub(super) fn end(&mut self, id: CallId) -> Option<Call> {
        self.open.remove(&id)
    }

    /// Calls to this peer will have no answer that matters.
    pub(super) fn forget_peer(&mut self, peer: &Peer) {
        self.open.retain(|_, call| call.peer != *peer);
    }

    /// Calls whose answer the shell has failed to report in time.
    pub(super) fn overdue(&self, mono_ms: u64) -> Vec<CallId> {
        let late = |call: &Call| call.sent_ms.saturating_add(CALL_TIMEOUT_MS) <= mono_ms;
        self.open
            .iter()
            .filter(|(_, call)| late(call))
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.open
            .values()
            .map(|call| call.sent_ms.saturating_add(CALL_TIMEOUT_MS))
            .min()
    }
}
