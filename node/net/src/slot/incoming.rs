//! Events of the parts: gossip, requests and answers, identify, ping, kad, mDNS, AutoNAT, DCUtR and the relay server.

use std::time::Instant;

use libp2p::gossipsub::MessageAcceptance;
use libp2p::request_response::{InboundFailure, Message, OutboundFailure};
use libp2p::swarm::ToSwarm;
use libp2p::{PeerId, autonat, gossipsub, identify, kad, mdns, ping, request_response};

use super::Slot;
use super::commands::answer;
use super::waiting::Asked;
use crate::book::Source;
use crate::error::CallError;
use crate::event::{Lost, NetEvent, Proto, Reachability};
use crate::kad::{PROTOCOL, is_fit};
use crate::limits;
use crate::parts::PartsEvent;

impl Slot {
    pub(super) fn handle_part(&mut self, event: PartsEvent) {
        match event {
            PartsEvent::Gossip(event) => self.handle_gossip(event),
            PartsEvent::Sync(event) => self.handle_request(Proto::Sync, event),
            PartsEvent::Body(event) => self.handle_request(Proto::Body, event),
            PartsEvent::Mail(event) => self.handle_request(Proto::Mail, event),
            PartsEvent::Index(event) => self.handle_request(Proto::Index, event),
            PartsEvent::Identify(event) => self.handle_identify(event),
            PartsEvent::Ping(event) => self.handle_ping(&event),
            PartsEvent::Kad(event) => self.handle_kad(event),
            PartsEvent::Mdns(event) => self.handle_mdns(event),
            PartsEvent::Autonat(event) => self.handle_autonat(event),
            PartsEvent::Dcutr(event) => match event.result {
                Ok(_) => tracing::debug!(peer = %event.remote_peer_id, "hole punched"),
                Err(error) => tracing::debug!(peer = %event.remote_peer_id, %error, "no hole punched"),
            },
            PartsEvent::RelayServer(event) => tracing::debug!(?event, "relay"),
            PartsEvent::Caps(never) | PartsEvent::Memory(never) => match never {},
        }
    }

    fn handle_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            } => {
                let most = self
                    .topics
                    .get(message.topic.as_str())
                    .copied()
                    .unwrap_or_default();
                if message.data.len() > most {
                    self.parts.gossip.report_message_validation_result(
                        &message_id,
                        &propagation_source,
                        MessageAcceptance::Reject,
                    );
                    return self.check_score(propagation_source);
                }
                let waits = if self.outbox.is_pressed() || self.closing.is_some() {
                    None
                } else {
                    self.waiting
                        .message(message_id.clone(), propagation_source, Instant::now())
                };
                let Some(reference) = waits else {
                    self.outbox.count(Lost::Gossip, 1);
                    self.parts.gossip.report_message_validation_result(
                        &message_id,
                        &propagation_source,
                        MessageAcceptance::Ignore,
                    );
                    return;
                };
                let topic = message.topic.into_string();
                self.outbox.push(NetEvent::Gossip {
                    message: reference,
                    peer: propagation_source,
                    topic,
                    bytes: message.data,
                });
            }
            gossipsub::Event::SlowPeer {
                peer_id,
                failed_messages,
            } => {
                tracing::debug!(peer = %peer_id, ?failed_messages, "slow peer");
            }
            gossipsub::Event::Subscribed { .. }
            | gossipsub::Event::Unsubscribed { .. }
            | gossipsub::Event::GossipsubNotSupported { .. } => {}
        }
    }

    fn handle_request(&mut self, proto: Proto, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        match event {
            request_response::Event::Message {
                peer,
                message:
                    Message::Request {
                        request_id,
                        request,
                        channel,
                    },
                ..
            } => {
                self.handle_asked(
                    Asked {
                        peer,
                        proto,
                        id: request_id,
                        channel,
                    },
                    request,
                );
            }
            request_response::Event::Message {
                peer,
                message: Message::Response { request_id, response },
                ..
            } => {
                self.called(peer);
                self.admit_bytes(peer, response.len());
                if let Some(reply) = self.waiting.calls.remove(&(proto, request_id)) {
                    answer(reply, Ok(response));
                }
            }
            request_response::Event::OutboundFailure {
                peer,
                request_id,
                error,
                ..
            } => {
                self.called(peer);
                if let Some(reply) = self.waiting.calls.remove(&(proto, request_id)) {
                    answer(reply, Err(call_error(error)));
                }
            }
            request_response::Event::InboundFailure {
                peer,
                request_id,
                error,
                ..
            } => {
                if self.waiting.gave_up(proto, request_id)
                    && let Some(peer) = self.peers.get_mut(&peer)
                {
                    peer.asked = peer.asked.saturating_sub(1);
                }
                if matches!(error, InboundFailure::Io(_)) {
                    self.strike(peer, MALFORMED_STRIKES, "malformed requests");
                }
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn called(&mut self, peer: PeerId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.calling = peer.calling.saturating_sub(1);
        }
    }

    /// A refused request's channel is dropped, which resets the stream: the peer knows at once.
    fn handle_asked(&mut self, asked: Asked, bytes: Vec<u8>) {
        let (peer, proto) = (asked.peer, asked.proto);
        if !self.admit_request(peer) || !self.admit_bytes(peer, bytes.len()) {
            return;
        }
        let busy = self.outbox.is_pressed() || self.closing.is_some() || !self.waiting.has_room_for_request();
        match self.peers.get_mut(&peer) {
            Some(entry) if !busy && entry.asked < limits::ASKED_PER_PEER_MAX => {
                entry.asked += 1;
                let request = self.waiting.request(asked);
                self.outbox.push(NetEvent::Asked {
                    request,
                    peer,
                    proto,
                    bytes,
                });
            }
            Some(_) | None => self.outbox.count(Lost::Requests, 1),
        }
    }

    fn handle_identify(&mut self, event: identify::Event) {
        match event {
            identify::Event::Received { peer_id, info, .. } => self.identified(peer_id, info),
            identify::Event::Error { peer_id, error, .. } => {
                tracing::debug!(peer = %peer_id, %error, "identify failed")
            }
            identify::Event::Sent { .. } | identify::Event::Pushed { .. } => {}
        }
    }

    /// Learns what a peer told about itself. Only fitting addresses are kept, and kad learns only servers.
    fn identified(&mut self, peer: PeerId, info: identify::Info) {
        let now = Instant::now();
        let Some(entry) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(seen) = entry.best_address().cloned() else {
            return;
        };
        let relayed = entry.is_relayed();
        entry.protocols = info
            .protocols
            .iter()
            .take(PROTOCOLS_MAX)
            .map(ToString::to_string)
            .filter(|name| name.len() <= NAME_BYTES_MAX)
            .collect();
        entry.listens = info
            .listen_addrs
            .into_iter()
            .take(limits::BOOK_ADDRESSES_PER_PEER_MAX * 2)
            .collect();
        for connection in entry.connections.iter().filter(|one| one.outbound()) {
            self.book.succeeded(peer, connection.address(), now);
        }
        let serves_kad = entry.protocols.contains(PROTOCOL.as_ref());
        for address in entry.listens.clone() {
            // Through a relay nothing is known about how the peer is really reached, so its local addresses are not believed.
            if is_fit(&address, &seen) && !(relayed && crate::kad::is_local(&address)) {
                self.book.learn(peer, &address, Source::Learned, now);
                if serves_kad {
                    self.parts.kad.add_address(&peer, address);
                }
            }
        }
        if !serves_kad {
            self.parts.kad.remove_peer(&peer);
        }
        self.announce(peer);
    }

    /// Tells the node about a peer, once per change.
    pub(super) fn announce(&mut self, peer: PeerId) {
        let Some(entry) = self.peers.get_mut(&peer) else {
            return;
        };
        let (relayed, protocols) = (entry.is_relayed(), entry.protocols.clone());
        let before = entry.announced.replace(relayed);
        let event = match before {
            None => NetEvent::PeerUp {
                peer,
                relayed,
                protocols,
            },
            Some(_) => NetEvent::PeerChanged {
                peer,
                relayed,
                protocols,
            },
        };
        self.outbox.push(event);
    }

    fn handle_ping(&mut self, event: &ping::Event) {
        match &event.result {
            Ok(rtt) => {
                if let Some(peer) = self.peers.get_mut(&event.peer) {
                    peer.rtt = Some(*rtt);
                }
            }
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "ping failed");
                if !matches!(error, ping::Failure::Unsupported) {
                    let connection = libp2p::swarm::CloseConnection::One(event.connection);
                    self.actions.push_back(ToSwarm::CloseConnection {
                        peer_id: event.peer,
                        connection,
                    });
                }
            }
        }
    }

    fn handle_kad(&mut self, event: kad::Event) {
        match event {
            kad::Event::OutboundQueryProgressed {
                id,
                result: kad::QueryResult::GetClosestPeers(result),
                step,
                ..
            } => {
                let found = match result {
                    Ok(kad::GetClosestPeersOk { peers, .. })
                    | Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                self.looked_up(id, found, step.last);
            }
            kad::Event::InboundRequest {
                request: kad::InboundRequest::PutRecord { source, .. },
            } => {
                self.outbox.count(Lost::Records, 1);
                self.strike(source, RECORD_STRIKES, "foreign records");
            }
            kad::Event::InboundRequest {
                request: kad::InboundRequest::AddProvider { record },
            } => {
                self.outbox.count(Lost::Records, 1);
                if let Some(record) = record {
                    self.strike(record.provider, RECORD_STRIKES, "provider records");
                }
            }
            kad::Event::OutboundQueryProgressed { .. }
            | kad::Event::InboundRequest { .. }
            | kad::Event::RoutingUpdated { .. }
            | kad::Event::UnroutablePeer { .. }
            | kad::Event::RoutablePeer { .. }
            | kad::Event::PendingRoutablePeer { .. }
            | kad::Event::ModeChanged { .. } => {}
        }
    }

    fn looked_up(&mut self, id: kad::QueryId, found: Vec<kad::PeerInfo>, last: bool) {
        let now = Instant::now();
        for info in found.iter().filter(|info| info.peer_id != self.local) {
            for address in info.addrs.iter().take(limits::BOOK_ADDRESSES_PER_PEER_MAX) {
                self.book.learn(info.peer_id, address, Source::Learned, now);
            }
        }
        if last && let Some(Some(reply)) = self.waiting.lookups.remove(&id) {
            answer(
                reply,
                Ok(found.into_iter().map(|info| (info.peer_id, info.addrs)).collect()),
            );
        }
    }

    fn handle_mdns(&mut self, event: mdns::Event) {
        if let mdns::Event::Discovered(found) = event {
            let now = Instant::now();
            for (peer, address) in found {
                self.book.learn(peer, &address, Source::Cached, now);
            }
            self.seek_neighbours(now);
        }
    }

    fn handle_autonat(&mut self, event: autonat::v1::Event) {
        if let autonat::v1::Event::StatusChanged { new, .. } = event {
            self.reachability = match new {
                autonat::v1::NatStatus::Public(_) => Reachability::Public,
                autonat::v1::NatStatus::Private => Reachability::Private,
                autonat::v1::NatStatus::Unknown => Reachability::Unknown,
            };
            self.outbox.push(NetEvent::Reachability(self.reachability));
            self.choose_kad_mode();
        }
    }
}

fn call_error(failure: OutboundFailure) -> CallError {
    match failure {
        OutboundFailure::DialFailure => CallError::Unreachable,
        OutboundFailure::Timeout => CallError::Timeout,
        OutboundFailure::ConnectionClosed => CallError::Refused,
        OutboundFailure::UnsupportedProtocols => CallError::Unsupported,
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            CallError::BadAnswer(error.to_string())
        }
        OutboundFailure::Io(_) => CallError::Refused,
    }
}

/// Protocols of one peer that we remember.
const PROTOCOLS_MAX: usize = 64;
/// Bytes of a protocol's name.
const NAME_BYTES_MAX: usize = 128;
/// Strikes for a request that breaks the framing.
const MALFORMED_STRIKES: usize = 16;
/// Strikes for a record that nobody asked us to keep.
const RECORD_STRIKES: usize = 16;
