//! What will happen, in the order in which it will.
//!
//! One queue for the whole world. Things that fall on the same millisecond happen in the order in which they were planned,
//! so a run depends on nothing but its seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use meteorite_protocol::engine::{Protocol, PublicationId};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::topic::Topic;

use super::faults::Fault;
use super::links::LinkIx;

/// The number of a node, honest ones first.
pub(super) type Ix = usize;

/// The number of a request on the wire; an honest answerer knows it as its handle.
pub(super) type WireId = u64;

/// Something that will happen.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A node's program starts.
    Boot { node: Ix },
    /// A node's engine wanted to be woken.
    Deadline { node: Ix, boot: u32 },
    /// A node's cache rows reach its disk.
    Flush { node: Ix, boot: u32 },
    /// Both ends of a link try to connect.
    Dial { link: LinkIx },
    /// A node learns that a connection is up, or gone.
    PeerNews {
        node: Ix,
        boot: u32,
        connection: Connection,
        news: News,
    },
    /// A connection without a sign of life for too long ends.
    Silence { connection: Connection },
    /// A gossip message arrives.
    Gossip(Parcel),
    /// A request arrives.
    Request {
        wire: WireId,
        from: Ix,
        to: Ix,
        protocol: Protocol,
        bytes: Vec<u8>,
    },
    /// An answer arrives.
    Response { wire: WireId, answer: Option<Vec<u8>> },
    /// A request has waited long enough.
    GiveUp { wire: WireId },
    /// The outcome of a publication is reported.
    Published {
        node: Ix,
        boot: u32,
        publication: PublicationId,
        neighbours: u16,
    },
    /// A user does something.
    User { node: Ix },
    /// A claim was mined.
    Mined {
        node: Ix,
        boot: u32,
        bottle: BottleId,
        attempt: u32,
    },
    /// Everybody wants the same bottle.
    Frenzy,
    /// Something goes wrong, or is mended.
    Fault(Fault),
    /// A rogue does something.
    Rogue { rogue: Ix },
    /// A node's post wanted to be woken.
    PostDeadline { node: Ix, boot: u32 },
    /// Mailboxes were looked up.
    MailboxesFound { node: Ix, boot: u32, point: u8 },
    /// A mail request reaches a mailbox.
    MailAsked {
        node: Ix,
        boot: u32,
        mailbox: usize,
        errand: super::letters::Asked,
    },
    /// Its answer reaches the node; `None` if there is none.
    MailAnswered {
        node: Ix,
        boot: u32,
        mailbox: usize,
        errand: super::letters::Answered,
    },
    /// All nodes are looked at in full.
    Inspection,
}

/// A link, and which of the connections over it.
pub(super) type Connection = (LinkIx, u32);

/// What a node learns of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It stands.
    Up,
    /// It is gone.
    Down,
}

/// A gossip message on its way over a connection.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) connection: Connection,
    pub(super) from: Ix,
    pub(super) to: Ix,
    pub(super) topic: Topic,
    pub(super) bytes: Rc<[u8]>,
}

/// All that will happen.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    next: u64,
}

impl Queue {
    /// Plans an event for this moment of world time.
    pub(super) fn plan(&mut self, at_ms: u64, event: Event) {
        self.next += 1;
        self.order.push(Reverse((at_ms, self.next)));
        self.events.insert(self.next, event);
    }

    /// The next event and its time.
    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse((at_ms, number)) = self.order.pop()?;
        self.events.remove(&number).map(|event| (at_ms, event))
    }

    /// When the next event is.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.order.peek().map(|Reverse((at_ms, _))| *at_ms)
    }
}
