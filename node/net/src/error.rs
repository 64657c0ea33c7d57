//! One error enum per operation; a variant tells the caller what to do.

use std::path::PathBuf;

use libp2p::Multiaddr;

/// Why a swarm did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The secret is not an Ed25519 secret.
    #[error("the network key is damaged")]
    Key,
    /// Another process uses the same data folder.
    #[error("the folder {} is in use by another running node", .0.display())]
    RepoInUse(PathBuf),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The configured address.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// More listen addresses than allowed.
    #[error("too many listen addresses ({0})")]
    TooManyListeners(usize),
    /// Anything else, with the cause.
    #[error("the network did not start: {0}")]
    Start(String),
}

/// The swarm was shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the network is shut down")]
pub struct Closed;

/// Why a message was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Nobody we are connected to listens to the topic; try again when a peer comes up.
    #[error("no neighbour listens to this topic")]
    NoNeighbours,
    /// The same bytes were seen or published within the last three minutes; nothing to do.
    #[error("already published")]
    Duplicate,
    /// Longer than the topic allows; never retry.
    #[error("the message is too large")]
    TooLarge,
    /// The topic is not one of the configured ones; never retry.
    #[error("unknown topic")]
    UnknownTopic,
    /// All neighbours' queues are full. The message stays in our cache and is offered by lazy gossip, so a retry with the same bytes says
    /// [`PublishError::Duplicate`].
    #[error("all neighbours are busy")]
    Busy,
    /// The swarm was shut down.
    #[error("the network is shut down")]
    Closed,
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The peer is not connected and could not be dialled.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection closed, or the peer refused to answer.
    #[error("the connection closed before the answer")]
    Refused,
    /// The peer does not offer this protocol.
    #[error("the peer does not offer this protocol")]
    Unsupported,
    /// Our request is longer than the protocol allows; never retry.
    #[error("the request is too large")]
    TooLarge,
    /// The answer broke the protocol's framing or its maximum.
    #[error("the answer is malformed: {0}")]
    BadAnswer(String),
    /// Too many of our own requests wait for this peer.
    #[error("too many requests are waiting")]
    Busy,
    /// The swarm was shut down.
    #[error("the network is shut down")]
    Closed,
}

/// Why a dial did not lead to a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The name in the address is unknown to the system's resolver.
    #[error("the name cannot be resolved: {0}")]
    Name(String),
    /// The address is of a kind that we do not dial.
    #[error("this kind of address is not supported")]
    Unsupported,
    /// Nothing answered, or something else than the expected peer did.
    #[error("the dial failed: {0}")]
    Failed(String),
    /// The peer is blocked, or a limit is reached.
    #[error("the dial was refused here: {0}")]
    Denied(String),
    /// The address answers with our own identity.
    #[error("this address is our own")]
    Ourselves,
    /// The swarm was shut down.
    #[error("the network is shut down")]
    Closed,
}

/// Why a block operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The bytes do not hash to the CID, or its hash function is unknown.
    #[error("the bytes do not match the CID")]
    Mismatch,
    /// Longer than a block may be.
    #[error("the block is too large")]
    TooLarge,
    /// Nobody had it before the deadline.
    #[error("the block was not found in time")]
    NotFound,
    /// The repository failed.
    #[error("the block repository failed: {0}")]
    Repository(String),
    /// The swarm was shut down.
    #[error("the network is shut down")]
    Closed,
}
