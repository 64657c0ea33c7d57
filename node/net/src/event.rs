//! What crosses the door: events out, ids of things that wait for a reply, and the picture of a peer.

use std::collections::BTreeSet;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId, StreamProtocol};

/// A gossip message that waits for [`crate::Net::verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef(pub u64);

/// A request that waits for [`crate::Net::answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestRef(pub u64);

/// What the node decided about a gossip message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Forward it to the mesh.
    Accept,
    /// Do not forward it; nobody is to blame.
    Ignore,
    /// Do not forward it; it is provably bad for every honest peer, so whoever sent it loses score.
    Reject,
}

/// The request-response protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proto {
    /// Set reconciliation with a neighbour.
    Sync,
    /// Missing bodies from one chosen peer.
    Body,
    /// Sealed letters: deposit and collect.
    Mail,
    /// The station directory of a bootstrap server.
    Index,
}

impl Proto {
    /// All protocols, in the order of their variants.
    pub const ALL: [Self; 4] = [Self::Sync, Self::Body, Self::Mail, Self::Index];

    /// The protocol id on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "/meteorite/sync/1",
            Self::Body => "/meteorite/body/1",
            Self::Mail => "/meteorite/mail/1",
            Self::Index => "/meteorite/index/1",
        }
    }

    /// Bytes of one request; a longer one is refused before it is read.
    #[must_use]
    pub const fn request_bytes_max(self) -> usize {
        match self {
            Self::Sync => 64 * 1024,
            Self::Body => 4 * 1024,
            Self::Mail => 32 * 1024,
            Self::Index => 8 * 1024,
        }
    }

    /// Bytes of one answer; a longer one is refused before it is read.
    #[must_use]
    pub const fn answer_bytes_max(self) -> usize {
        match self {
            Self::Sync | Self::Body | Self::Mail => 256 * 1024,
            Self::Index => 64 * 1024,
        }
    }

    /// Time for a request and its answer.
    #[must_use]
    pub const fn timeout(self) -> Duration {
        match self {
            Self::Sync => Duration::from_secs(20),
            Self::Body => Duration::from_secs(10),
            Self::Mail | Self::Index => Duration::from_secs(15),
        }
    }

    /// The protocol id as libp2p's type.
    #[must_use]
    pub(crate) const fn stream_protocol(self) -> StreamProtocol {
        StreamProtocol::new(self.name())
    }
}

/// Whether others can reach this node from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reachability {
    /// Not known yet.
    #[default]
    Unknown,
    /// A server dialled us back.
    Public,
    /// No server could dial us back.
    Private,
}

/// What was dropped because a limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// Gossip messages ignored because the node did not keep up.
    Gossip,
    /// Verdicts that came after the message had left the cache, or never.
    Verdicts,
    /// Requests refused because the node or the peer was over its limit.
    Requests,
    /// Gossip control entries cut off.
    Controls,
    /// Messages over a peer's byte budget.
    OverBudget,
    /// Inbound connections refused (rate, memory or block).
    Connections,
    /// Foreign kad records and provider records refused.
    Records,
    /// Peer changes and other events lost because the node stopped reading.
    Events,
}

/// What happened in the network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NetEvent {
    /// We listen on this address.
    Listening {
        /// The full address without our peer id.
        address: Multiaddr,
    },
    /// We stopped listening on this address.
    ListenEnded {
        /// The address.
        address: Multiaddr,
    },
    /// A peer is connected and has told which protocols it speaks.
    PeerUp {
        /// Who.
        peer: PeerId,
        /// Only reachable through a relay so far.
        relayed: bool,
        /// The protocols that it offers.
        protocols: BTreeSet<String>,
    },
    /// A connected peer's path or protocols changed.
    PeerChanged {
        /// Who.
        peer: PeerId,
        /// Only reachable through a relay.
        relayed: bool,
        /// The protocols that it offers now.
        protocols: BTreeSet<String>,
    },
    /// The last connection to a peer is gone.
    PeerDown {
        /// Who.
        peer: PeerId,
    },
    /// A gossip message. It is not forwarded before its verdict, which must come within [`crate::limits::VERDICT_AGE_MAX`].
    Gossip {
        /// For the verdict.
        message: MessageRef,
        /// The neighbour that handed it to us (not its author).
        peer: PeerId,
        /// The topic's full name.
        topic: String,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// A request. The peer waits for the answer until its own timeout.
    Asked {
        /// For the answer.
        request: RequestRef,
        /// Who asks.
        peer: PeerId,
        /// In which protocol.
        proto: Proto,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// Our reachability changed.
    Reachability(Reachability),
    /// An address under which others reach us was confirmed.
    ExternalAddress {
        /// The address.
        address: Multiaddr,
    },
    /// A relay accepted our reservation; the address is what others dial.
    Reserved {
        /// The relay.
        relay: PeerId,
    },
    /// A peer was disconnected and blocked for its behaviour.
    CutOff {
        /// Who.
        peer: PeerId,
        /// Why, for the log.
        reason: &'static str,
    },
    /// Another device answers with our own identity at this address.
    SameIdentity {
        /// Where.
        address: Multiaddr,
    },
    /// Something was dropped at a limit since the last report.
    Dropped {
        /// What.
        what: Lost,
        /// How many.
        n: u64,
    },
    /// The machine slept. All back-offs are cleared and dead connections closed.
    Resumed {
        /// For how long.
        slept: Duration,
    },
}

/// A connected peer, as of now.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerInfo {
    /// Who.
    pub peer: PeerId,
    /// Remote addresses of its connections, direct ones first.
    pub connected: Vec<Multiaddr>,
    /// Addresses that it says it listens on.
    pub listens: Vec<Multiaddr>,
    /// Only reachable through a relay.
    pub relayed: bool,
    /// We dialled at least one of the connections.
    pub outbound: bool,
    /// Last round trip of a ping.
    pub rtt: Option<Duration>,
    /// Gossipsub's opinion.
    pub gossip_score: f64,
    /// Topics on which it is in our mesh.
    pub mesh: BTreeSet<String>,
    /// The protocols that it offers.
    pub protocols: BTreeSet<String>,
    /// Payload bytes received from it.
    pub received_bytes: u64,
}
