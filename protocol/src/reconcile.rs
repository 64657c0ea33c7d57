//! Set reconciliation with neighbours: what does my neighbour know that I do not.
//!
//! Gossip loses messages: to those who were offline, to full queues, to time windows. Reconciliation finds what is
//! missing by comparing fingerprints of ranges of items (Meyer, *Range-Based Set Reconciliation*, 2022; the negentropy
//! protocol, version 1) and then fetches just that. An item is BLAKE3(bottle id ‖ digest of its claim state), sorted by
//! the epoch of throwing, because neighbours differ mostly in what is new.
//!
//! Sync only *pulls*: the side that starts a [`Session`] learns and fetches, the [`Responder`] keeps no state about it.
//! Both sides of a new connection pull, and every node pulls from one random neighbour a minute, so news flows both
//! ways. A finished session also proves, without any acknowledgement, which of our own bottles the neighbour has.
//!
//! # What a hostile neighbour can do
//!
//! As responder it can claim items without end: rounds, items, bytes, tries and the time of a session are bounded, and a
//! session whose answers contain nothing that was asked for ends with blame. As initiator it can make us compute
//! fingerprints: one pass over the sealed vector for each request, and requests are budgeted by
//! [`crate::reputation`]. The vector of a full sky is built again at most every
//! [`SYNC_SEAL_MS`](crate::limits::SYNC_SEAL_MS), that of a smaller one more often in proportion.
//!
//! Called by the engine, which sends the requests, applies the entries and reports what they were.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use negentropy::Negentropy;

use crate::ids::{BottleId, ItemHash};
use crate::limits::{
    RECONCILE_BYTES_MAX, SYNC_BYTES_PER_SESSION_MAX, SYNC_FETCH_ITEMS_MAX, SYNC_FETCHES_IN_FLIGHT,
    SYNC_ITEMS_PER_SESSION_MAX, SYNC_OWN_MAX, SYNC_ROUNDS_MAX, SYNC_SESSION_MS_MAX, SYNC_TRIES_PER_ITEM,
    SYNC_USELESS_MAX,
};
use crate::wire::{Bytes, SyncRequest};

mod responder;
mod sealed;
mod unwanted;

pub use responder::Responder;
pub use sealed::Sealed;
use sealed::Shared;
pub use unwanted::Unwanted;

/// One reconciliation that we lead, with one neighbour.
#[derive(Debug)]
pub struct Session {
    negentropy: Negentropy<'static, Shared>,
    started_ms: u64,
    rounds: u32,
    bytes: u64,
    /// The next reconciliation message, until it is sent.
    message: Option<Vec<u8>>,
    awaiting_message: bool,
    compared: bool,
    /// Own bottles that we offered when the session began and that the neighbour was not found to lack.
    own: BTreeMap<ItemHash, BottleId>,
    wanted: VecDeque<ItemHash>,
    tries: BTreeMap<ItemHash, u8>,
    fetching: u32,
    /// Distinct items that were ever wanted.
    accepted: usize,
    useless: u32,
    truncated: bool,
    /// Bottles that were new to us, for display.
    pub new_bottles: u32,
}

/// What the neighbour's items mean to us. The engine answers it from the sky.
pub trait Wanting {
    /// Whether this item should be fetched: we neither have it nor refused it lately.
    fn wants(&mut self, item: &ItemHash) -> bool;
}

/// How a session ended, or that it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// Everything was compared and all that was wanted was tried.
    Complete,
    /// A limit was reached; the rest comes with the next session.
    Truncated,
    /// The neighbour broke the protocol or wasted our time: blame it.
    Faulty,
}

impl Session {
    /// Begins a comparison of what we offer. `own` are the own bottles among it, at most [`SYNC_OWN_MAX`] are followed.
    #[must_use]
    pub fn start(
        sealed: &Sealed,
        own: impl IntoIterator<Item = (ItemHash, BottleId)>,
        mono_ms: u64,
    ) -> Option<Self> {
        let mut negentropy = Negentropy::owned(sealed.share(), RECONCILE_BYTES_MAX as u64).ok()?;
        let message = negentropy.initiate().ok()?;
        Some(Self {
            negentropy,
            started_ms: mono_ms,
            rounds: 0,
            bytes: 0,
            message: Some(message),
            awaiting_message: false,
            compared: false,
            own: own.into_iter().take(SYNC_OWN_MAX).collect(),
            wanted: VecDeque::new(),
            tries: BTreeMap::new(),
            fetching: 0,
            accepted: 0,
            useless: 0,
            truncated: false,
            new_bottles: 0,
        })
    }

    /// The next request to send, if there is one and there is room for one more on the way.
    #[must_use]
    pub fn next_request(&mut self) -> Option<SyncRequest> {
        if let Some(message) = self.message.take() {
            self.awaiting_message = true;
            self.rounds += 1;
            return Some(SyncRequest::Reconcile { msg: Bytes(message) });
        }
        if self.fetching >= SYNC_FETCHES_IN_FLIGHT as u32 || self.wanted.is_empty() {
            return None;
        }
        let batch = self.wanted.len().min(SYNC_FETCH_ITEMS_MAX);
        let items: Vec<ItemHash> = self.wanted.drain(..batch).collect();
        for item in &items {
            *self.tries.entry(*item).or_insert(0) += 1;
        }
        self.fetching += 1;
        Some(SyncRequest::Fetch { items })
    }

    /// The neighbour answered a reconciliation message.
    pub fn on_reconcile(&mut self, message: &[u8], wanting: &mut dyn Wanting) -> Outcome {
        if !std::mem::take(&mut self.awaiting_message) {
            return Outcome::Faulty;
        }
        self.bytes += message.len() as u64;
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let Ok(next) = self.negentropy.reconcile_with_ids(message, &mut have, &mut need) else {
            return Outcome::Faulty;
        };
        for lacked in have {
            self.own.remove(&ItemHash(lacked.to_bytes()));
        }
        // They come out of a hash set; in order, so that a run can be replayed.
        let mut need: Vec<ItemHash> = need.into_iter().map(|item| ItemHash(item.to_bytes())).collect();
        need.sort_unstable();
        for item in need {
            self.want(item, wanting);
        }
        match next {
            None => self.compared = true,
            Some(_) if self.rounds >= SYNC_ROUNDS_MAX => self.truncated = true,
            Some(next) => self.message = Some(next),
        }
        self.outcome()
    }

    /// The neighbour answered a fetch of `asked`. `got` are the items among them that its entries stood for, and
    /// `useful` tells whether any entry changed something here.
    pub fn on_entries(
        &mut self,
        asked: &[ItemHash],
        got: &BTreeSet<ItemHash>,
        useful: bool,
        bytes: usize,
    ) -> Outcome {
        self.fetching = self.fetching.saturating_sub(1);
        self.bytes += bytes as u64;
        for item in asked {
            if got.contains(item) {
                self.tries.remove(item);
            } else if self
                .tries
                .get(item)
                .is_some_and(|tries| *tries < SYNC_TRIES_PER_ITEM)
            {
                self.wanted.push_back(*item);
            }
        }
        if !useful && got.is_empty() {
            self.useless += 1;
        }
        if self.useless >= SYNC_USELESS_MAX {
            return Outcome::Faulty;
        }
        self.outcome()
    }

    /// The items that were asked for as often as allowed and never came.
    pub fn given_up(&self) -> impl Iterator<Item = ItemHash> {
        let spent = self
            .tries
            .iter()
            .filter(|(_, tries)| **tries >= SYNC_TRIES_PER_ITEM);
        spent.map(|(item, _)| *item)
    }

    /// Own bottles that the neighbour is proven to have, once everything was compared: it was not found to lack them.
    #[must_use]
    pub fn proven(&self) -> Vec<BottleId> {
        if self.compared {
            self.own.values().copied().collect()
        } else {
            Vec::new()
        }
    }

    /// When the session has taken long enough.
    #[must_use]
    pub const fn deadline_ms(&self) -> u64 {
        self.started_ms.saturating_add(SYNC_SESSION_MS_MAX)
    }

    fn want(&mut self, item: ItemHash, wanting: &mut dyn Wanting) {
        if !wanting.wants(&item) || self.tries.contains_key(&item) {
            return;
        }
        if self.accepted >= SYNC_ITEMS_PER_SESSION_MAX {
            self.truncated = true;
            return;
        }
        self.accepted += 1;
        self.tries.insert(item, 0);
        self.wanted.push_back(item);
    }

    fn outcome(&mut self) -> Outcome {
        if self.bytes > SYNC_BYTES_PER_SESSION_MAX {
            return Outcome::Truncated;
        }
        let idle =
            self.message.is_none() && !self.awaiting_message && self.fetching == 0 && self.wanted.is_empty();
        match (idle, self.truncated) {
            (false, _) => Outcome::Open,
            (true, true) => Outcome::Truncated,
            (true, false) => Outcome::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sky::Sky;
    use crate::time::Now;

    struct Everything;

    impl Wanting for Everything {
        fn wants(&mut self, _: &ItemHash) -> bool {
            true
        }
    }

    #[test]
    fn items_are_asked_for_in_an_order_that_can_be_replayed() {
        let sealed = Sealed::new(&Sky::default(), Now::default());
        let mut session = Session::start(&sealed, [], 0).expect("a session");
        assert!(session.next_request().is_some());
        // One range over everything, with a list of a hundred items.
        let ids: Vec<[u8; 32]> = (0..100_u8).map(|n| *blake3::hash(&[n]).as_bytes()).collect();
        let message = [[0x61, 0, 0, 2, 100].as_slice(), &ids.concat()].concat();
        assert_eq!(session.on_reconcile(&message, &mut Everything), Outcome::Open);
        let Some(SyncRequest::Fetch { items }) = session.next_request() else {
            panic!("no fetch")
        };
        assert_eq!(items.len(), 100);
        assert!(items.is_sorted());
    }
}
