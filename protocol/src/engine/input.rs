//! What goes into the engine.
//!
//! With [`super::Effect`] it is the whole contract with a shell: the node, the bootstrap server, the simulator. Handles
//! ([`MessageHandle`], [`RequestHandle`]) are the shell's own numbers for things that cannot leave it; [`CallId`] and
//! [`PublicationId`] are the engine's, and come back with the outcome.

use crate::ids::{BodyId, Peer};
use crate::topic::Topic;

use super::Command;

/// The shell's number for a gossip message that waits for its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageHandle(pub u64);

/// The shell's number for a request that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHandle(pub u64);

/// The engine's number for a request to a peer. Unknown numbers are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The engine's number for something published. Unknown numbers are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicationId(pub u64);

/// The caller's number for a command; its outcome carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// A request-response protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// [`crate::topic::SYNC_PROTOCOL`].
    Sync,
    /// [`crate::topic::BODY_PROTOCOL`].
    Body,
    /// [`crate::topic::MAIL_PROTOCOL`].
    Mail,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The engine was made, new or from rows: timers are taken up and what was under way goes on. First of all inputs.
    Start,
    /// A neighbour is connected. Once per peer, not per connection.
    PeerUp {
        /// Who.
        peer: Peer,
    },
    /// The last connection to a neighbour ended.
    PeerDown {
        /// Who.
        peer: Peer,
    },
    /// A gossip message came. Exactly one [`super::Effect::Verdict`] follows, in the same call.
    Gossip {
        /// Who sent it to us.
        peer: Peer,
        /// On which topic.
        topic: Topic,
        /// Names it in the verdict.
        message: MessageHandle,
        /// Its bytes, at most [`Topic::bytes_max`]; longer ones are rejected.
        bytes: Vec<u8>,
    },
    /// A peer asks something. Exactly one of the answering effects follows, in the same call.
    Asked {
        /// Who asks.
        peer: Peer,
        /// Names it in the answer.
        request: RequestHandle,
        /// By which protocol.
        protocol: Protocol,
        /// The request.
        bytes: Vec<u8>,
    },
    /// The outcome of an [`super::Effect::Call`].
    Answered {
        /// Which call.
        call: CallId,
        /// The answer, or `None` if there was none: no connection, time-out, broken stream, too long.
        answer: Option<Vec<u8>>,
    },
    /// The outcome of an [`super::Effect::Publish`].
    Published {
        /// Which publication.
        publication: PublicationId,
        /// How many neighbours it was handed to; 0 if nobody took it.
        neighbours: u16,
    },
    /// The outcome of an [`super::Effect::FetchBodies`]: which bodies are now in the block store, hash checked.
    BodiesFetched {
        /// Which call.
        call: CallId,
        /// What came. Empty for a failure.
        bodies: Vec<BodyId>,
        /// Whether the peer sent something that was not asked for.
        broken: bool,
    },
    /// The user, through the shell, wants something done.
    Command {
        /// Names it in [`super::Event::Done`].
        id: CommandId,
        /// What.
        command: Command,
    },
    /// Time passed. Useful at [`super::Engine::next_deadline`], harmless at any time.
    Tick,
}
