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
    pub(crate) address: Multiaddr,
    pub(crate) relayed: bool,
    pub(crate) outbound: bool,
    pub(crate) since: Instant,
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
            address: endpoint.get_remote_address().clone(),
            relayed: endpoint.is_relayed(),
            outbound: endpoint.is_dialer(),
            since: now,
        };
        self.0.entry(peer).or_default().connections.push(connection);
    }

    /// A connection is gone; returns the peer's entry if it was the last.
    pub(crate) fn closed(&mut self, peer: &PeerId, id: ConnectionId) -> Option<Peer> {
        let entry = self.0.get_mut(peer)?;
        entry.connections.retain(|connection| connection.id != id);
        if entry.connections.is_empty() {
            self.0.remove(peer)
        } else {
            None
        }
    }

    /// Direct connections of a peer that are older than `fresh` by at least `age`. Nobody dials a neighbour again while its
    /// connection lives: the peer was restarted, or its network changed, and what is sent on the old ones is lost.
    pub(crate) fn outlived(&self, peer: &PeerId, fresh: ConnectionId, age: Duration) -> Vec<ConnectionId> {
        let Some(entry) = self.0.get(peer) else {
            return Vec::new();
        };
        let Some(since) = entry
            .connections
            .iter()
            .find(|connection| connection.id == fresh)
            .map(|connection| connection.since)
        else {
            return Vec::new();
        };
        let old = entry.connections.iter().filter(|connection| {
            !connection.relayed
                && connection.id != fresh
                && since.saturating_duration_since(connection.since) >= age
        });
        old.map(|connection| connection.id).collect()
    }

    /// Relayed connections that a direct one has replaced for at least `age`.
    pub(crate) fn superfluous(&self, now: Instant, age: Duration) -> Vec<(PeerId, ConnectionId)> {
        let upgraded = self.0.iter().filter(|(_, peer)| {
            peer.connections
                .iter()
                .any(|connection| !connection.relayed && now.duration_since(connection.since) >= age)
        });
        upgraded
            .flat_map(|(id, peer)| {
                peer.connections
                    .iter()
                    .filter(|connection| connection.relayed)
                    .map(|connection| (*id, connection.id))
            })
            .collect()
    }
}

impl Peer {
    /// No direct connection exists.
    pub(crate) fn is_relayed(&self) -> bool {
        self.connections.iter().all(|connection| connection.relayed)
    }

    /// The address of the best connection: direct before relayed.
    pub(crate) fn best_address(&self) -> Option<&Multiaddr> {
        self.connections
            .iter()
            .min_by_key(|connection| connection.relayed)
            .map(|connection| &connection.address)
    }

    /// Adds payload bytes.
    pub(crate) fn received(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.received_bytes = self.received_bytes.saturating_add(bytes);
        self.recent_bytes = self.recent_bytes.saturating_add(bytes);
    }
}
