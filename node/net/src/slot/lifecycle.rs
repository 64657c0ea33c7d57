//! Connections and listeners: who is let in, and what happens when they come and go.

use std::fmt;
use std::time::{Duration, Instant};

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, DialFailure, ListenFailure};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, DialError as SwarmDialError, FromSwarm, ListenError, NetworkBehaviour,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::Slot;
use super::commands::answer;
use super::peers::Closed;
use crate::book::{self, Source};
use crate::config::Role;
use crate::error::DialError;
use crate::event::{Lost, NetEvent};
use crate::gossip::ip_of;
use crate::{kad, limits};

/// Why a connection was refused by our own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Blocked,
    TooOften,
    Closing,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Blocked => "the peer is blocked",
            Self::TooOften => "too many connections from this address",
            Self::Closing => "shutting down",
        })
    }
}

impl std::error::Error for Refusal {}

impl Slot {
    /// Before the handshake: the rate per address. Relayed connections share the relay's limits instead, since they have no address.
    pub(super) fn check_inbound(
        &mut self,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.closing.is_some() {
            return Err(ConnectionDenied::new(Refusal::Closing));
        }
        let relayed = local.iter().any(|part| part == Protocol::P2pCircuit);
        match ip_of(remote) {
            Some(ip) if !relayed && !self.guard.admits_connection(ip) => {
                self.outbox.count(Lost::Connections, 1);
                Err(ConnectionDenied::new(Refusal::TooOften))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn check_peer(&mut self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        if self.closing.is_some() {
            Err(ConnectionDenied::new(Refusal::Closing))
        } else if self.guard.is_blocked(peer, Instant::now()) {
            self.outbox.count(Lost::Connections, 1);
            Err(ConnectionDenied::new(Refusal::Blocked))
        } else {
            Ok(())
        }
    }

    /// Runs before the parts see the event: a delayed message of a closing connection has to reach them first.
    pub(super) fn before_swarm_event(&mut self, event: &FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(established) = event {
            self.peers.opened(
                established.peer_id,
                established.connection_id,
                established.endpoint,
                Instant::now(),
            );
        }
        if let (FromSwarm::ConnectionClosed(closed), Some(line)) = (event, &mut self.delayed) {
            let id = closed.connection_id;
            for delivery in line.take_matching(|delivery| delivery.connection == id) {
                self.deliver(delivery);
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "FromSwarm is libp2p's and not exhaustive"
    )]
    pub(super) fn after_swarm_event(&mut self, event: &FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => self.established(established),
            FromSwarm::ConnectionClosed(closed) => self.closed(closed),
            FromSwarm::DialFailure(failure) => self.dial_failed(failure),
            FromSwarm::ListenFailure(failure) => self.listen_failed(failure),
            FromSwarm::NewListenAddr(new) => self.listening(new.listener_id, new.addr),
            FromSwarm::ExpiredListenAddr(expired) => self.listen_ended(expired.listener_id, expired.addr),
            FromSwarm::ListenerError(failed) => {
                self.listener_gone(failed.listener_id, &failed.err.to_string())
            }
            FromSwarm::ListenerClosed(closed) => {
                let reason = closed
                    .reason
                    .map_or_else(|error| error.to_string(), |()| "closed".to_owned());
                self.listener_gone(closed.listener_id, &reason);
            }
            FromSwarm::ExternalAddrConfirmed(confirmed) if self.external.insert(confirmed.addr.clone()) => {
                self.outbox.push(NetEvent::ExternalAddress {
                    address: confirmed.addr.clone(),
                });
            }
            FromSwarm::ExternalAddrExpired(expired) => {
                self.external.remove(expired.addr);
            }
            _ => {}
        }
    }

    fn established(&mut self, established: &ConnectionEstablished<'_>) {
        let (peer, now) = (established.peer_id, Instant::now());
        if let Some(dial) = self.waiting.dials.remove(&established.connection_id)
            && let Some(reply) = dial.reply
        {
            answer(reply, Ok(peer));
        }
        for address in established.failed_addresses {
            self.book.failed(Some(peer), address, now, book::jitter());
        }
        if established.endpoint.is_dialer() {
            let address = established.endpoint.get_remote_address();
            self.book.learn(peer, address, Source::Learned, now);
        }
        if !established.endpoint.is_dialer() && !established.endpoint.is_relayed() {
            self.close_outlived(peer, now);
        }
        self.announce_changed(peer);
    }

    /// Announces a peer again when its path changed between direct and relayed.
    fn announce_changed(&mut self, peer: PeerId) {
        let changed = self.peers.get(&peer).is_some_and(|entry| {
            entry
                .announced
                .is_some_and(|relayed| relayed != entry.is_relayed())
        });
        if changed {
            self.announce(peer);
        }
    }

    /// Closes what a newer connection of the same peer has outlived. A bootstrap server dials back on purpose, to see whether we can be
    /// reached; everybody else that dials again has lost the connection before.
    pub(super) fn close_outlived(&mut self, peer: PeerId, now: Instant) {
        let dials_back = |address: &Multiaddr| book::peer_of(address) == Some(peer);
        if self.config.bootstrap.iter().any(dials_back) {
            return;
        }
        let Some(entry) = self.peers.get_mut(&peer) else {
            return;
        };
        for connection in entry.outlive(now, limits::TWIN_DIAL) {
            self.actions.push_back(ToSwarm::CloseConnection {
                peer_id: peer,
                connection: CloseConnection::One(connection),
            });
        }
    }

    /// A connection ended beside others of the same peer. Gossipsub tells its subscriptions with the first connection only, and hands
    /// what it sends to any of them: a peer that was restarted while its dead connection stood never got them, so they are told again.
    fn retell_subscriptions(&mut self, peer: PeerId) {
        let standing = self.peers.get(&peer).and_then(|entry| entry.connections.last());
        if let Some(connection) = standing {
            self.parts
                .gossip
                .on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                    peer_id: peer,
                    connection_id: connection.id,
                    endpoint: &connection.endpoint,
                    failed_addresses: &[],
                    other_established: 0,
                }));
        }
    }

    fn closed(&mut self, closed: &ConnectionClosed<'_>) {
        let peer = closed.peer_id;
        match self.peers.closed(&peer, closed.connection_id) {
            Closed::Last { announced: true } => self.outbox.push(NetEvent::PeerDown { peer }),
            // Whoever refuses us does so after the handshake: the address is good, and yet it has to rest.
            Closed::Last { announced: false } if closed.endpoint.is_dialer() => {
                let address = closed.endpoint.get_remote_address();
                self.book
                    .failed(Some(peer), address, Instant::now(), book::jitter());
            }
            Closed::Last { announced: false } | Closed::Unknown => {}
            Closed::Twin => self.retell_subscriptions(peer),
            Closed::Outlived => {
                self.retell_subscriptions(peer);
                self.announce_anew(peer);
            }
        }
        self.announce_changed(peer);
        self.finish_closing();
    }

    /// A peer that was restarted is a new neighbour: it has forgotten what was under way.
    fn announce_anew(&mut self, peer: PeerId) {
        if let Some(entry) = self.peers.get_mut(&peer)
            && entry.announced.take().is_some()
        {
            self.outbox.push(NetEvent::PeerDown { peer });
            self.announce(peer);
        }
    }

    fn dial_failed(&mut self, failure: &DialFailure<'_>) {
        let dial = self.waiting.dials.remove(&failure.connection_id);
        let peer = failure.peer_id.or(dial.as_ref().and_then(|dial| dial.peer));
        let now = Instant::now();
        if let SwarmDialError::LocalPeerId { address } = failure.error {
            self.outbox.push(NetEvent::SameIdentity {
                address: address.clone(),
            });
        }
        if let SwarmDialError::Transport(failed) = failure.error {
            for (address, _) in failed {
                self.book.failed(peer, address, now, book::jitter());
            }
        }
        let Some(dial) = dial else {
            return;
        };
        if !matches!(failure.error, SwarmDialError::DialPeerConditionFalse(_)) {
            for address in &dial.addresses {
                self.book.failed(dial.peer, address, now, book::jitter());
            }
        }
        if let Some(reply) = dial.reply {
            answer(reply, Err(dial_error(failure.error)));
        }
    }

    fn listen_failed(&mut self, failure: &ListenFailure<'_>) {
        match failure.error {
            ListenError::LocalPeerId { address } => self.outbox.push(NetEvent::SameIdentity {
                address: address.clone(),
            }),
            ListenError::Denied { cause } => {
                tracing::debug!(%cause, "inbound connection refused");
            }
            ListenError::Aborted | ListenError::WrongPeerId { .. } | ListenError::Transport(_) => {}
        }
    }

    fn listening(&mut self, id: ListenerId, address: &Multiaddr) {
        let address = address.clone();
        let Some(listener) = self.listeners.iter_mut().find(|listener| listener.id == id) else {
            return;
        };
        if !listener.addresses.contains(&address) {
            listener.addresses.push(address.clone());
        }
        if let Some(reply) = listener.reply.take() {
            answer(reply, Ok(address.clone()));
        }
        match listener.relay {
            Some(relay) => self.outbox.push(NetEvent::Reserved { relay }),
            None => {
                let unknown = self.config.external_addresses.is_empty();
                if self.config.role == Role::Bootstrap && unknown {
                    self.confirm_external(address.clone());
                }
            }
        }
        self.outbox.push(NetEvent::Listening { address });
        self.choose_kad_mode();
    }

    fn listen_ended(&mut self, id: ListenerId, address: &Multiaddr) {
        for listener in self.listeners.iter_mut().filter(|listener| listener.id == id) {
            listener.addresses.retain(|known| known != address);
        }
        self.outbox.push(NetEvent::ListenEnded {
            address: address.clone(),
        });
        self.choose_kad_mode();
    }

    fn listener_gone(&mut self, id: ListenerId, reason: &str) {
        let Some(index) = self.listeners.iter().position(|listener| listener.id == id) else {
            return;
        };
        let listener = self.listeners.swap_remove(index);
        tracing::debug!(%reason, relay = ?listener.relay, "listener closed");
        if let Some(reply) = listener.reply {
            answer(reply, Err(reason.to_owned()));
        }
        if let Some(relay) = listener.relay {
            self.reservation_lost(relay);
        }
    }

    /// Tells the swarm that others reach us at this address.
    pub(super) fn confirm_external(&mut self, address: Multiaddr) {
        if self.external.len() < crate::limits::ADDRESS_CANDIDATES_MAX {
            self.actions.push_back(ToSwarm::ExternalAddrConfirmed(address));
        }
    }

    pub(super) fn choose_kad_mode(&mut self) {
        let listeners: Vec<Multiaddr> = self
            .listeners
            .iter()
            .filter(|listener| listener.relay.is_none())
            .flat_map(|listener| listener.addresses.clone())
            .collect();
        let mode = kad::mode(
            self.config.role,
            self.reachability,
            &listeners,
            &self.config.bootstrap,
        );
        if self.parts.kad.mode() != mode {
            self.parts.kad.set_mode(Some(mode));
            let everyone: Vec<PeerId> = self.peers.iter().map(|(peer, _)| *peer).collect();
            self.parts.identify.push(everyone);
        }
    }

    pub(super) fn disconnect(&mut self, peer: PeerId) {
        self.actions.push_back(ToSwarm::CloseConnection {
            peer_id: peer,
            connection: CloseConnection::All,
        });
    }

    pub(super) fn block(&mut self, peer: PeerId, time: Duration) {
        self.guard.block(peer, time, Instant::now());
        self.parts.gossip.blacklist_peer(&peer);
        self.parts.kad.remove_peer(&peer);
        if self.peers.contains(&peer) {
            self.disconnect(peer);
        }
    }

    /// Disconnects and blocks a peer for its behaviour. A bootstrap server of ours is only disconnected: we chose it.
    pub(super) fn cut_off(&mut self, peer: PeerId, time: Duration, reason: &'static str) {
        if self.guard.is_blocked(&peer, Instant::now()) {
            return;
        }
        tracing::warn!(%peer, reason, "peer cut off");
        if self.book.is_bootstrap(&peer) {
            self.disconnect(peer);
        } else {
            self.block(peer, time);
        }
        self.outbox.push(NetEvent::CutOff { peer, reason });
    }
}

fn dial_error(error: &SwarmDialError) -> DialError {
    match error {
        SwarmDialError::LocalPeerId { .. } => DialError::Ourselves,
        SwarmDialError::NoAddresses => DialError::Unsupported,
        SwarmDialError::Denied { cause } => DialError::Denied(cause.to_string()),
        SwarmDialError::DialPeerConditionFalse(_)
        | SwarmDialError::Aborted
        | SwarmDialError::WrongPeerId { .. }
        | SwarmDialError::Transport(_) => DialError::Failed(error.to_string()),
    }
}
