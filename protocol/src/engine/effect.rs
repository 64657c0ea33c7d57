//! What comes out of the engine.

use crate::ids::{BodyId, BottleId, Peer};
use crate::topic::Topic;
use crate::verdict::Verdict;

use super::{CallId, Event, MessageHandle, Protocol, PublicationId, RequestHandle, Row};

/// Something to do. All [`Effect::Durable`] rows of one call commit in one transaction before any other effect of that
/// call is carried out; if the commit fails, nothing else is carried out and the engine is made anew from its rows.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Write this now: own bottles, claims, letters, receipts.
    Durable(Row),
    /// Write this within 200 ms, in a batch: other people's things. Nothing waits for it.
    Cache(Row),
    /// Gossip this, and report [`super::Input::Published`].
    Publish {
        /// Names it in the report.
        publication: PublicationId,
        /// Where.
        topic: Topic,
        /// What.
        bytes: Vec<u8>,
    },
    /// What to tell gossip about a message.
    Verdict {
        /// Which message.
        message: MessageHandle,
        /// Forward, drop, or blame.
        verdict: Verdict,
    },
    /// Ask a peer, and report [`super::Input::Answered`].
    Call {
        /// Names it in the report.
        call: CallId,
        /// Whom.
        peer: Peer,
        /// By which protocol.
        protocol: Protocol,
        /// The request.
        bytes: Vec<u8>,
    },
    /// Answer a request with these bytes.
    Answer {
        /// Which request.
        request: RequestHandle,
        /// The answer.
        bytes: Vec<u8>,
    },
    /// Answer a sync request with these bottles: load the headers, then [`super::encode_entries`].
    AnswerEntries {
        /// Which request.
        request: RequestHandle,
        /// What to answer with, in this order.
        entries: Vec<EntryPlan>,
    },
    /// Answer a body request from the block store: [`crate::wire::BodyAnswer`], as many as fit.
    AnswerBodies {
        /// Which request.
        request: RequestHandle,
        /// What is wanted, at most [`crate::limits::BODY_FETCH_MAX`].
        bodies: Vec<BodyId>,
    },
    /// Close the stream of a request without an answer.
    Refuse {
        /// Which request.
        request: RequestHandle,
    },
    /// Fetch these bodies from this peer, check their hashes, store them, report [`super::Input::BodiesFetched`].
    FetchBodies {
        /// Names it in the report.
        call: CallId,
        /// Whom.
        peer: Peer,
        /// What, at most [`crate::limits::BODY_FETCH_MAX`].
        bodies: Vec<BodyId>,
    },
    /// Delete header, catch messages and body of these bottles, unless the user keeps a copy in the collection.
    DropBottles {
        /// Which.
        bottles: Vec<BottleId>,
    },
    /// Delete only the bodies: the bottles were withdrawn or sank, their headers still prove that to others.
    DropBodies {
        /// Of which bottles.
        bottles: Vec<BottleId>,
    },
    /// Close all connections to a peer and refuse it for some time.
    Block {
        /// Whom.
        peer: Peer,
        /// For how long.
        secs: u64,
    },
    /// Tell whoever listens.
    Notify(Event),
}

/// One bottle of a sync answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// Whose header and signature to load.
    pub bottle: BottleId,
    /// The encoded catch messages that go with it.
    pub catch: Vec<Vec<u8>>,
}
