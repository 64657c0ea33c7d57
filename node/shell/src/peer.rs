//! Peer ids: libp2p's type in the swarm, plain bytes in the pure cores.

use meteorite_net::PeerId;
use meteorite_protocol::ids::Peer;

/// The engine's name of a peer; `None` for an id that is longer than any of ours.
#[must_use]
pub fn peer_of(id: &PeerId) -> Option<Peer> {
    Peer::new(&id.to_bytes())
}

/// The swarm's name of a peer; `None` for bytes that never were a peer id.
#[must_use]
pub fn peer_id(peer: &Peer) -> Option<PeerId> {
    PeerId::from_bytes(peer.as_bytes()).ok()
}
