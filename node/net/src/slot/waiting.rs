//! What waits for a reply: verdicts on gossip, answers to peers, answers from peers, kad look-ups, dials. All maps are bounded.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use libp2p::gossipsub::MessageId;
use libp2p::kad::QueryId;
use libp2p::request_response::{InboundRequestId, OutboundRequestId, ResponseChannel};
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;

use crate::error::{CallError, DialError};
use crate::event::{MessageRef, Proto, RequestRef};
use crate::limits;

/// A reply to a handle.
pub(crate) type Reply<T> = oneshot::Sender<T>;
/// What a call returns.
pub(crate) type CallResult = Result<Vec<u8>, CallError>;
/// What a look-up returns.
pub(crate) type ClosestResult = Result<Vec<(PeerId, Vec<Multiaddr>)>, CallError>;

/// Everything that waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    next: u64,
    verdicts: BTreeMap<MessageRef, (MessageId, PeerId, Instant)>,
    asked: BTreeMap<RequestRef, Asked>,
    pub(crate) calls: HashMap<(Proto, OutboundRequestId), Reply<CallResult>>,
    pub(crate) lookups: HashMap<QueryId, Option<Reply<ClosestResult>>>,
    pub(crate) dials: BTreeMap<ConnectionId, Dial>,
}

/// A request of a peer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) peer: PeerId,
    pub(crate) proto: Proto,
    pub(crate) id: InboundRequestId,
    pub(crate) channel: ResponseChannel<Vec<u8>>,
}

/// A dial that we started.
#[derive(Debug)]
pub(crate) struct Dial {
    pub(crate) peer: Option<PeerId>,
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) reply: Option<Reply<Result<PeerId, DialError>>>,
}

impl Waiting {
    /// Notes a gossip message; `None` when too many wait already.
    pub(crate) fn message(&mut self, id: MessageId, peer: PeerId, now: Instant) -> Option<MessageRef> {
        if self.verdicts.len() >= limits::VERDICTS_MAX {
            return None;
        }
        let message = MessageRef(self.number());
        self.verdicts.insert(message, (id, peer, now));
        Some(message)
    }

    /// Takes out a message whose verdict is there.
    pub(crate) fn judged(&mut self, message: MessageRef) -> Option<(MessageId, PeerId)> {
        self.verdicts.remove(&message).map(|(id, peer, _)| (id, peer))
    }

    /// Forgets messages that have left gossipsub's cache; returns how many.
    pub(crate) fn expire_verdicts(&mut self, now: Instant) -> usize {
        let before = self.verdicts.len();
        self.verdicts
            .retain(|_, (_, _, since)| now.duration_since(*since) < limits::VERDICT_AGE_MAX);
        before - self.verdicts.len()
    }

    /// Whether one more request may wait for our answer.
    pub(crate) fn has_room_for_request(&self) -> bool {
        self.asked.len() < limits::ASKED_MAX
    }

    /// Notes a request.
    pub(crate) fn request(&mut self, asked: Asked) -> RequestRef {
        let request = RequestRef(self.number());
        self.asked.insert(request, asked);
        request
    }

    /// Takes out a request that is being answered.
    pub(crate) fn answered(&mut self, request: RequestRef) -> Option<Asked> {
        self.asked.remove(&request)
    }

    /// Forgets a request that failed on its side; returns whether it was still waiting.
    pub(crate) fn gave_up(&mut self, proto: Proto, id: InboundRequestId) -> bool {
        let found = self
            .asked
            .iter()
            .find(|(_, asked)| asked.proto == proto && asked.id == id)
            .map(|(request, _)| *request);
        found.and_then(|request| self.asked.remove(&request)).is_some()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
