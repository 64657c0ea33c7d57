//! What a swarm is started with. Plain data: nothing here opens a socket or reads a file.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};

use crate::event::Proto;
use crate::limits;

/// What this swarm is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A user's node: asks for relays and for its own reachability, serves kad only where it is reachable.
    Node,
    /// A server: relay, AutoNAT and kad server. It confirms its own addresses, because a relay without one is useless.
    Bootstrap,
}

/// When to hold reservations on relays, so that others can reach this node through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservations {
    /// Unless AutoNAT found this node publicly reachable.
    Auto,
    /// Always (tests, and users who want to hide their address from strangers).
    Always,
    /// Never.
    Never,
}

/// Services that this node offers to others beside the ones every node must offer (sync and body).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offers {
    /// Answers `/meteorite/mail/1`.
    pub mail: bool,
    /// Answers `/meteorite/index/1`.
    pub index: bool,
    /// Relays circuits for others (always on for [`Role::Bootstrap`]).
    pub relay: bool,
}

impl Offers {
    /// Whether requests of this protocol are answered at all.
    #[must_use]
    pub fn serves(self, proto: Proto) -> bool {
        match proto {
            Proto::Sync | Proto::Body => true,
            Proto::Mail => self.mail,
            Proto::Index => self.index,
        }
    }
}

/// Connection limits; what is above is refused before the handshake where possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCaps {
    /// Inbound connections that are still shaking hands.
    pub pending_in: u32,
    /// Outbound connections that are still being dialled.
    pub pending_out: u32,
    /// Established connections that others opened.
    pub established_in: u32,
    /// Established connections that we opened.
    pub established_out: u32,
    /// Established connections with one peer (relayed and direct together).
    pub per_peer: u32,
}

impl ConnectionCaps {
    /// The limits that fit a role.
    #[must_use]
    pub fn for_role(role: Role) -> Self {
        match role {
            Role::Node => Self {
                pending_in: 32,
                pending_out: 32,
                established_in: 64,
                established_out: 64,
                per_peer: 4,
            },
            Role::Bootstrap => Self {
                pending_in: 512,
                pending_out: 128,
                established_in: 10_000,
                established_out: 1_024,
                per_peer: 4,
            },
        }
    }
}

/// A gossip topic and the largest message on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// The topic's full name.
    pub name: String,
    /// Bytes of one message; larger ones count as invalid.
    pub message_bytes_max: usize,
}

impl TopicSpec {
    /// All topics of the first protocol version: 16 sky shards, `catch`, `radio`, `notice`.
    #[must_use]
    pub fn version_one() -> Vec<Self> {
        let sky = (0..16).map(|shard| Self {
            name: format!("/meteorite/1/sky/{shard}"),
            message_bytes_max: limits::SKY_BYTES_MAX,
        });
        let rest = [
            ("catch", limits::SKY_BYTES_MAX),
            ("radio", limits::CARD_BYTES_MAX),
            ("notice", limits::CARD_BYTES_MAX),
        ];
        sky.chain(rest.map(|(name, message_bytes_max)| Self {
            name: format!("/meteorite/1/{name}"),
            message_bytes_max,
        }))
        .collect()
    }
}

/// An artificial one-way delay, for benches.
///
/// It holds back every event that a connection handler reports to a behaviour of our slot (gossipsub, kad, request-response, identify,
/// ping, DCUtR, AutoNAT, relay server), in order, on the receiving side. It therefore delays each message once per hop, as a link would.
/// It does not delay connection handshakes, stream negotiation or bitswap, which run below the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkDelay(pub Duration);

/// Everything a swarm needs to start. Build one with [`NetConfig::new`] and change fields.
#[derive(Debug, Clone)]
pub struct NetConfig {
    /// Folder of the block repository; `None` keeps blocks in memory.
    pub data_dir: Option<PathBuf>,
    /// What this swarm is for.
    pub role: Role,
    /// Where to listen (`/ip4/…/udp/…/quic-v1`, `/ip4/…/tcp/…`, `/memory/…`). Each must succeed, or the start fails.
    pub listen: Vec<Multiaddr>,
    /// Addresses under which others reach this node, known from configuration. A bootstrap without any confirms its listen addresses.
    pub external_addresses: Vec<Multiaddr>,
    /// Servers that help peers meet, with or without `/p2p/…`; names are resolved by the system at each dial.
    pub bootstrap: Vec<Multiaddr>,
    /// Peers known from an earlier run.
    pub cached_peers: Vec<(PeerId, Vec<Multiaddr>)>,
    /// The gossip topics; no other is accepted.
    pub topics: Vec<TopicSpec>,
    /// Look for peers on the local network.
    pub mdns: bool,
    /// Ask the router to open a port.
    pub upnp: bool,
    /// Serve and use bitswap (the last resort for a block, and the door to Kubo).
    pub bitswap: bool,
    /// What this node does for others.
    pub offers: Offers,
    /// When to hold relay reservations.
    pub reservations: Reservations,
    /// Connection limits.
    pub caps: ConnectionCaps,
    /// Process memory above which peers are dropped.
    pub memory_bytes_max: usize,
    /// Addresses exempt from the per-IP rules (gossipsub P6 and the connection limiter). Loopback and the configured bootstrap
    /// addresses are exempt for P6 in any case.
    pub ip_whitelist: BTreeSet<IpAddr>,
    /// AutoNAT believes only global addresses. Off only in tests on loopback.
    pub global_addresses_only: bool,
    /// Keep dialling until there are enough neighbours. Off only in tests that build their own topology.
    pub seek_neighbours: bool,
    /// Neighbours above which idle ones are let go; [`limits::NEIGHBOURS_HIGH`](crate::limits::NEIGHBOURS_HIGH) unless told.
    pub neighbours_high: usize,
    /// Time for one request and its answer; `None` takes each protocol's own.
    pub call_timeout: Option<Duration>,
    /// Artificial delay, for benches.
    pub link_delay: Option<LinkDelay>,
    /// The libp2p key; see [`NetConfig::new`].
    pub(crate) secret: Secret,
}

impl NetConfig {
    /// A quiet in-memory configuration for a role: nothing listens, nothing is dialled. `secret` is the Ed25519 secret of this device.
    #[must_use]
    pub fn new(role: Role, secret: [u8; 32]) -> Self {
        Self {
            data_dir: None,
            role,
            listen: Vec::new(),
            external_addresses: Vec::new(),
            bootstrap: Vec::new(),
            cached_peers: Vec::new(),
            topics: TopicSpec::version_one(),
            mdns: false,
            upnp: false,
            bitswap: true,
            offers: Offers {
                mail: role == Role::Bootstrap,
                index: role == Role::Bootstrap,
                relay: role == Role::Bootstrap,
            },
            reservations: Reservations::Auto,
            caps: ConnectionCaps::for_role(role),
            memory_bytes_max: limits::MEMORY_BYTES_MAX,
            ip_whitelist: BTreeSet::from([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]),
            global_addresses_only: true,
            seek_neighbours: true,
            neighbours_high: limits::NEIGHBOURS_HIGH,
            call_timeout: None,
            link_delay: None,
            secret: Secret(secret),
        }
    }
}

/// A secret that does not print itself.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}
