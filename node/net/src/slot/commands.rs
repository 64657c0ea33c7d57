//! Commands of the handle, carried out inside the slot.

use std::time::{Duration, Instant};

use libp2p::gossipsub::{self, IdentTopic, MessageAcceptance};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ListenOpts, ToSwarm};
use libp2p::{Multiaddr, PeerId};

use super::waiting::{CallResult, ClosestResult, Dial, Reply};
use super::{Closing, Listener, Resolved, Slot};
use crate::book::{Source, Target};
use crate::error::{CallError, DialError, PublishError};
use crate::event::{Lost, MessageRef, PeerInfo, Proto, RequestRef, Verdict};
use crate::{gossip, limits, resolve};

/// What a handle may ask for.
#[derive(Debug)]
pub(crate) enum Command {
    Publish {
        topic: String,
        bytes: Vec<u8>,
        reply: Reply<Result<usize, PublishError>>,
    },
    Verdict {
        message: MessageRef,
        verdict: Verdict,
    },
    Call {
        peer: PeerId,
        proto: Proto,
        bytes: Vec<u8>,
        reply: Reply<CallResult>,
    },
    Answer {
        request: RequestRef,
        bytes: Option<Vec<u8>>,
    },
    Dial {
        peer: Option<PeerId>,
        addresses: Vec<Multiaddr>,
        reply: Reply<Result<PeerId, DialError>>,
    },
    Disconnect {
        peer: PeerId,
    },
    Block {
        peer: PeerId,
        time: Duration,
    },
    CutOff {
        peer: PeerId,
        reason: &'static str,
    },
    Peers {
        reply: Reply<Vec<PeerInfo>>,
    },
    Closest {
        key: [u8; 32],
        reply: Reply<ClosestResult>,
    },
    Learn {
        peer: PeerId,
        address: Multiaddr,
    },
    External {
        address: Multiaddr,
    },
    Listen {
        address: Multiaddr,
        reply: Reply<Result<Multiaddr, String>>,
    },
    Listeners {
        reply: Reply<Vec<Multiaddr>>,
    },
    Shutdown {
        reply: Reply<()>,
    },
}

impl Slot {
    pub(super) fn handle_command(&mut self, command: Command) {
        match command {
            Command::Publish { topic, bytes, reply } => answer(reply, self.publish(topic, bytes)),
            Command::Verdict { message, verdict } => self.judge(message, verdict),
            Command::Call {
                peer,
                proto,
                bytes,
                reply,
            } => self.call(peer, proto, bytes, reply),
            Command::Answer { request, bytes } => self.answer_request(request, bytes),
            Command::Dial {
                peer,
                addresses,
                reply,
            } => self.dial(Target { peer, addresses }, Some(reply)),
            Command::Disconnect { peer } => self.disconnect(peer),
            Command::Block { peer, time } => self.block(peer, time),
            Command::CutOff { peer, reason } => self.cut_off(peer, limits::BLOCK_AFTER_ABUSE, reason),
            Command::Peers { reply } => answer(reply, self.snapshot()),
            Command::Closest { key, reply } => self.look_up(key.to_vec(), Some(reply)),
            Command::Learn { peer, address } => {
                self.book.learn(peer, &address, Source::Cached, Instant::now())
            }
            Command::External { address } => self.confirm_external(address),
            Command::Listen { address, reply } => self.listen(address, None, Some(reply)),
            Command::Listeners { reply } => {
                let all = self
                    .listeners
                    .iter()
                    .flat_map(|listener| listener.addresses.iter().cloned());
                answer(reply, all.collect());
            }
            Command::Shutdown { reply } => self.close(reply),
        }
    }

    fn publish(&mut self, topic: String, bytes: Vec<u8>) -> Result<usize, PublishError> {
        match self.topics.get(&topic) {
            None => return Err(PublishError::UnknownTopic),
            Some(most) if bytes.len() > *most => return Err(PublishError::TooLarge),
            Some(_) => {}
        }
        let topic = IdentTopic::new(topic).hash();
        let audience = gossip::audience(&self.parts.gossip, &topic);
        match self.parts.gossip.publish(topic, bytes) {
            Ok(_) => Ok(audience),
            Err(gossipsub::PublishError::Duplicate) => Err(PublishError::Duplicate),
            Err(gossipsub::PublishError::NoPeersSubscribedToTopic) => Err(PublishError::NoNeighbours),
            Err(gossipsub::PublishError::MessageTooLarge | gossipsub::PublishError::TransformFailed(_)) => {
                Err(PublishError::TooLarge)
            }
            Err(gossipsub::PublishError::AllQueuesFull(_) | gossipsub::PublishError::SigningError(_)) => {
                Err(PublishError::Busy)
            }
        }
    }

    fn judge(&mut self, message: MessageRef, verdict: Verdict) {
        let Some((id, peer)) = self.waiting.judged(message) else {
            self.outbox.count(Lost::Verdicts, 1);
            return;
        };
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        if !self
            .parts
            .gossip
            .report_message_validation_result(&id, &peer, acceptance)
        {
            self.outbox.count(Lost::Verdicts, 1);
        }
        if verdict == Verdict::Reject {
            self.check_score(peer);
        }
    }

    fn call(&mut self, peer: PeerId, proto: Proto, bytes: Vec<u8>, reply: Reply<CallResult>) {
        if bytes.len() > proto.request_bytes_max() {
            return answer(reply, Err(CallError::TooLarge));
        }
        let connected = self.peers.get_mut(&peer);
        if connected
            .as_ref()
            .is_none_or(|peer| peer.calling >= limits::CALLS_PER_PEER_MAX)
        {
            let known = connected.is_some();
            let all = self.waiting.calls.len() >= limits::CALLS_PER_PEER_MAX * 4;
            if known || all {
                return answer(reply, Err(CallError::Busy));
            }
            if self.book.addresses(&peer).is_empty() {
                return answer(reply, Err(CallError::Unreachable));
            }
        }
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.calling += 1;
        }
        let id = self.parts.requests(proto).send_request(&peer, bytes);
        self.waiting.calls.insert((proto, id), reply);
    }

    fn answer_request(&mut self, request: RequestRef, bytes: Option<Vec<u8>>) {
        let Some(asked) = self.waiting.answered(request) else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(&asked.peer) {
            peer.asked = peer.asked.saturating_sub(1);
        }
        // Without bytes the dropped channel resets the stream, and the peer learns that we refused.
        if let Some(bytes) = bytes.filter(|bytes| bytes.len() <= asked.proto.answer_bytes_max())
            && self
                .parts
                .requests(asked.proto)
                .send_response(asked.channel, bytes)
                .is_err()
        {
            tracing::debug!(peer = %asked.peer, proto = asked.proto.name(), "the answer came too late");
        }
    }

    /// Dials, after the system resolved names.
    pub(super) fn dial(&mut self, target: Target, reply: Option<Reply<Result<PeerId, DialError>>>) {
        if self.closing.is_some() {
            return answer_some(reply, Err(DialError::Closed));
        }
        if target.addresses.iter().any(resolve::has_name) {
            let addresses = target.addresses.clone();
            self.resolving.spawn(async move {
                let mut found = Vec::new();
                let mut failed = None;
                for address in addresses {
                    match resolve::resolve(address).await {
                        Ok(more) => found.extend(more),
                        Err(error) => failed = Some(error),
                    }
                }
                let found = if let (true, Some(error)) = (found.is_empty(), failed) {
                    Err(error)
                } else {
                    Ok(found)
                };
                Resolved { target, reply, found }
            });
        } else {
            let addresses = target.addresses.clone();
            self.dial_numbers(target, addresses, reply);
        }
    }

    pub(super) fn handle_resolved(&mut self, resolved: Resolved) {
        let Resolved { target, reply, found } = resolved;
        match found {
            Ok(addresses) => self.dial_numbers(target, addresses, reply),
            Err(error) => {
                for address in &target.addresses {
                    self.book
                        .failed(target.peer, address, Instant::now(), crate::book::jitter());
                }
                answer_some(reply, Err(error));
            }
        }
    }

    fn dial_numbers(
        &mut self,
        target: Target,
        addresses: Vec<Multiaddr>,
        reply: Option<Reply<Result<PeerId, DialError>>>,
    ) {
        let options = match (target.peer, addresses.first()) {
            (Some(peer), _) => {
                // A handle that asks for a dial gets one; the re-dial manager does not dial whom somebody else dials.
                let condition = if reply.is_some() {
                    PeerCondition::Always
                } else {
                    PeerCondition::DisconnectedAndNotDialing
                };
                DialOpts::peer_id(peer)
                    .addresses(addresses.clone())
                    .condition(condition)
                    .build()
            }
            (None, Some(address)) => DialOpts::unknown_peer_id().address(address.clone()).build(),
            (None, None) => return answer_some(reply, Err(DialError::Unsupported)),
        };
        self.waiting.dials.insert(
            options.connection_id(),
            Dial {
                peer: target.peer,
                addresses: target.addresses,
                reply,
            },
        );
        self.actions.push_back(ToSwarm::Dial { opts: options });
    }

    /// Starts a listener; the reply comes with its first address or its failure.
    pub(super) fn listen(
        &mut self,
        address: Multiaddr,
        relay: Option<PeerId>,
        reply: Option<Reply<Result<Multiaddr, String>>>,
    ) {
        if self.listeners.len() >= limits::LISTENERS_MAX {
            return answer_some(reply, Err("too many listeners".to_owned()));
        }
        let options = ListenOpts::new(address);
        self.listeners.push(Listener {
            id: options.listener_id(),
            addresses: Vec::new(),
            relay,
            reply,
        });
        self.actions.push_back(ToSwarm::ListenOn { opts: options });
    }

    /// Starts a look-up; without a reply its finds only go into the book.
    pub(super) fn look_up(&mut self, key: Vec<u8>, reply: Option<Reply<ClosestResult>>) {
        if self.waiting.lookups.len() >= limits::LOOKUPS_MAX {
            return answer_some(reply, Err(CallError::Busy));
        }
        let query = self.parts.kad.get_closest_peers(key);
        self.waiting.lookups.insert(query, reply);
    }

    fn close(&mut self, reply: Reply<()>) {
        let everyone: Vec<PeerId> = self.peers.iter().map(|(peer, _)| *peer).collect();
        for peer in everyone {
            self.disconnect(peer);
        }
        for listener in self.listeners.drain(..) {
            self.actions
                .push_back(ToSwarm::RemoveListener { id: listener.id });
        }
        self.closing = Some(Closing {
            until: Instant::now() + limits::SHUTDOWN_STEP_MAX / 2,
            reply: Some(reply),
        });
        self.finish_closing();
    }

    /// Whether we and the peer forward each other this topic.
    pub(super) fn in_mesh(&self, peer: &PeerId, topic: &str) -> bool {
        let mut mesh = self
            .parts
            .gossip
            .mesh_peers(&IdentTopic::new(topic).hash())
            .copied();
        mesh.any(|other| other == *peer)
    }

    fn snapshot(&self) -> Vec<PeerInfo> {
        let mesh = |peer: &PeerId| {
            let topics = self.topics.keys();
            topics
                .filter(|topic| self.in_mesh(peer, topic))
                .cloned()
                .collect()
        };
        let info = |(peer, entry): (&PeerId, &super::peers::Peer)| {
            let mut connections: Vec<_> = entry.connections.iter().collect();
            connections.sort_by_key(|connection| connection.relayed());
            PeerInfo {
                peer: *peer,
                connected: connections
                    .iter()
                    .map(|connection| connection.address().clone())
                    .collect(),
                listens: entry.listens.clone(),
                relayed: entry.is_relayed(),
                outbound: connections.iter().any(|connection| connection.outbound()),
                rtt: entry.rtt,
                gossip_score: self.parts.gossip.peer_score(peer).unwrap_or_default(),
                mesh: mesh(peer),
                protocols: entry.protocols.clone(),
                received_bytes: entry.received_bytes,
            }
        };
        self.peers.iter().map(info).collect()
    }
}

/// Sends a reply; whoever stopped waiting for it does not need it.
pub(super) fn answer<T>(reply: Reply<T>, value: T) {
    drop(reply.send(value));
}

/// The same for a reply that not everybody wants.
fn answer_some<T>(reply: Option<Reply<T>>, value: T) {
    if let Some(reply) = reply {
        answer(reply, value);
    }
}
