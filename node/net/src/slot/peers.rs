//! The table of connected peers: their connections, what they told about themselves, and what they cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use libp2p::core::ConnectedPoint;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};

/// All connected peers, bounded by the connection limits.
#[derive(Debug, Default)]
pub(crate) struct Peers(BTreeMap<PeerId, Peer>);

/// One connected peer.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    pub(crate) connections: Vec<Connection>,
    pub(crate) listens: Vec<Multiaddr>,
    pub(crate) protocols: BTreeSet<String>,
    pub(crate) rtt: Option<Duration>,
    /// The node was told that this peer is up, on this path.
    pub(crate) announced: Option<bool>,
    pub(crate) received_bytes: u64,
    /// Bytes since the last heartbeat, for the memory watchdog.
    pub(crate) recent_bytes: u64,
    /// Requests of this peer that wait for our answer.
    pub(crate) asked: usize,
    /// Our own requests that wait for this peer's answer.
    pub(crate) calling: usize,
}

/// One connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) endpoint: ConnectedPoint,
    pub(crate) since: Instant,
    /// A newer one has taken its place; it is being closed.
    outlived: bool,
}

/// What the end of a connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The peer is gone.
    Last {
        /// The node had been told that it was there.
        announced: bool,
    },
    /// Others stand, and this one had lost its place to a newer one: the peer was restarted.
    Outlived,
    /// Others stand.
    Twin,
    /// Not in the table.
    Unknown,
}

impl Peers {
    pub(crate) fn get(&self, peer: &PeerId) -> Option<&Peer> {
        self.0.get(peer)
    }

    pub(crate) fn get_mut(&mut self, peer: &PeerId) -> Option<&mut Peer> {
        self.0.get_mut(peer)
    }

    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.0.contains_key(peer)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &Peer)> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&PeerId, &mut Peer)> {
        self.0.iter_mut()
    }

    /// A connection stands.
    pub(crate) fn opened(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint, now: Instant) {
        let connection = Connection {
            id,
            endpoint: endpoint.clone(),
            since: now,
            outlived: false,
        };
        self.0.entry(peer).or_default().connections.push(connection);
    }

    /// A connection is gone.
    pub(crate) fn closed(&mut self, peer: &PeerId, id: ConnectionId) -> Closed {
        let Some(entry) = self.0.get_mut(peer) else {
            return Closed::Unknown;
        };
        let outlived = |connection: &Connection| connection.outlived;
        let was = entry.connections.iter().any(|one| one.id == id && one.outlived);
        entry.connections.retain(|connection| connection.id != id);
        if entry.connections.is_empty() {
            let announced = entry.announced.is_some();
            self.0.remove(peer);
            Closed::Last { announced }
        } else if was && !entry.connections.iter().any(outlived) {
            Closed::Outlived
        } else {
            Closed::Twin
        }
    }

    /// Relayed connections that a direct one has replaced for at least `age`.
    pub(crate) fn superfluous(&self, now: Instant, age: Duration) -> Vec<(PeerId, ConnectionId)> {
        let upgraded = self.0.iter().filter(|(_, peer)| {
            peer.connections
                .iter()
                .any(|connection| !connection.relayed() && now.duration_since(connection.since) >= age)
        });
        upgraded
            .flat_map(|(id, peer)| {
                peer.connections
                    .iter()
                    .filter(|connection| connection.relayed())
                    .map(|connection| (*id, connection.id))
            })
            .collect()
    }
}

impl Connection {
    /// Over a relay.
    pub(crate) fn relayed(&self) -> bool {
        self.endpoint.is_relayed()
    }

    /// We dialled.
    pub(crate) fn outbound(&self) -> bool {
        self.endpoint.is_dialer()
    }

    /// Where the other side is, as seen from here.
    pub(crate) fn address(&self) -> &Multiaddr {
        self.endpoint.get_remote_address()
    }
}

impl Peer {
    /// Marks and returns the direct connections that the newest inbound one has outlived. Nobody dials a neighbour again while its
    /// connection lives: the peer was restarted, or its network changed, and what is sent on the old ones is lost. A connection that is
    /// younger by less than `twin` may come from both sides dialling at once, or from one side trying two addresses; of the second
    /// kind the dialler itself closes all but one, so that an inbound one which still has company after `twin` has outlived it.
    pub(crate) fn outlive(&mut self, now: Instant, twin: Duration) -> Vec<ConnectionId> {
        let inbound = |connection: &&Connection| !connection.relayed() && !connection.outbound();
        let newest = self.connections.iter().rev().find(inbound);
        let Some((fresh, since)) = newest.map(|connection| (connection.id, connection.since)) else {
            return Vec::new();
        };
        let stands = now.saturating_duration_since(since) >= twin;
        let old = self.connections.iter_mut().filter(|connection| {
            let later = since.saturating_duration_since(connection.since) >= twin;
            connection.id != fresh
                && !connection.relayed()
                && !connection.outlived
                && connection.since <= since
                && (later || stands && !connection.outbound())
        });
        old.map(|connection| {
            connection.outlived = true;
            connection.id
        })
        .collect()
    }

    /// No request is under way and every connection is at least this old.
    pub(crate) fn is_idle_since(&self, now: Instant, age: Duration) -> bool {
        self.asked == 0
            && self.calling == 0
            && self
                .youngest()
                .is_none_or(|since| now.saturating_duration_since(since) >= age)
    }

    /// When the newest connection was opened.
    pub(crate) fn youngest(&self) -> Option<Instant> {
        self.connections.iter().map(|connection| connection.since).max()
    }

    /// No direct connection exists.
    pub(crate) fn is_relayed(&self) -> bool {
        self.connections.iter().all(Connection::relayed)
    }

    /// The address of the best connection: direct before relayed.
    pub(crate) fn best_address(&self) -> Option<&Multiaddr> {
        self.connections
            .iter()
            .min_by_key(|connection| connection.relayed())
            .map(Connection::address)
    }

    /// Adds payload bytes.
    pub(crate) fn received(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.received_bytes = self.received_bytes.saturating_add(bytes);
        self.recent_bytes = self.recent_bytes.saturating_add(bytes);
    }
}
