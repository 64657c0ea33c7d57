//! What travels: gossip that is forwarded after its verdict, requests and answers, delays, losses, time-outs.

use std::rc::Rc;

use meteorite_protocol::engine::{CallId, Input, MessageHandle, Protocol, RequestHandle};
use meteorite_protocol::ids::BodyId;
use meteorite_protocol::limits::{BODY_ANSWER_BYTES_MAX, CALLS_MAX, SYNC_ANSWER_BYTES_MAX};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::verdict::Verdict;
use meteorite_protocol::wire::{BodyAnswer, BodyBlock, BodyRequest, Bytes, Wire as _};

use super::disk::Write;
use super::links::LinkIx;
use super::node::Waiting;
use super::queue::{Event, Ix, Parcel, WireId};
use super::world::World;

/// A request under way.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) from: Ix,
    boot: u32,
    to: Ix,
    pub(super) link: Option<LinkIx>,
    purpose: Purpose,
}

/// What a request is for.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// The engine's own call.
    Engine(CallId),
    /// Bodies that the engine wants in the store.
    Bodies(CallId, Vec<BodyId>),
    /// A rogue's.
    Nothing,
}

impl World {
    /// Hands a message to everybody connected but one; how many there are.
    pub(super) fn spread(&mut self, from: Ix, except: Option<Ix>, topic: Topic, bytes: &Rc<[u8]>) -> usize {
        let neighbours = self.links.neighbours(from);
        let audience = neighbours.len();
        for (link, to) in neighbours {
            if Some(to) != except {
                self.send_gossip((link, from, to), topic, bytes);
            }
        }
        audience
    }

    /// Sends one gossip message over one link.
    pub(super) fn send_gossip(&mut self, (link, from, to): (LinkIx, Ix, Ix), topic: Topic, bytes: &Rc<[u8]>) {
        let Some(at) = self.links.transit(link, from, bytes.len(), self.now) else {
            return;
        };
        let connection = (link, self.links.get(link).generation);
        let parcel = Parcel {
            connection,
            from,
            to,
            topic,
            bytes: Rc::clone(bytes),
        };
        if let Some(later) = self.links.doubles() {
            self.queue.plan(at + later, Event::Gossip(parcel.clone()));
        }
        self.queue.plan(at, Event::Gossip(parcel));
    }

    pub(super) fn gossip_arrives(&mut self, parcel: Parcel) {
        let (link, generation) = parcel.connection;
        let link = self.links.get(link);
        if !link.up || link.generation != generation {
            return;
        }
        let id = *blake3::hash(&parcel.bytes).as_bytes();
        if !self.is_honest(parcel.to) {
            return self.rogue_hears(&parcel, id);
        }
        if !self.nodes[parcel.to].is_up() {
            return;
        }
        let node = &mut self.nodes[parcel.to];
        if node.sees(id, self.now) {
            return;
        }
        node.next_handle += 1;
        let message = MessageHandle(node.next_handle);
        let waiting = Waiting {
            from: parcel.from,
            connection: parcel.connection,
            topic: parcel.topic,
            bytes: Rc::clone(&parcel.bytes),
        };
        node.waiting.insert(message, waiting);
        let (peer, bytes) = (self.peer_of(parcel.from), parcel.bytes.to_vec());
        self.figures.gossip += 1;
        self.step(
            parcel.to,
            Input::Gossip {
                peer,
                topic: parcel.topic,
                message,
                bytes,
            },
        );
    }

    /// An engine has decided about a message.
    pub(super) fn judged(&mut self, ix: Ix, message: MessageHandle, verdict: Verdict) {
        let Some(waiting) = self.nodes[ix].waiting.remove(&message) else {
            return self.fail(
                Some(ix),
                format!("a verdict for a message that does not wait: {message:?}"),
            );
        };
        self.figures.judged(verdict);
        if verdict.is_reject() && self.is_honest(waiting.from) {
            let from = waiting.from;
            return self.fail(
                Some(ix),
                format!("rejects what honest node {from} let through: {verdict:?}"),
            );
        }
        if verdict.is_reject() {
            self.watch_flooder(ix, &waiting);
        } else if verdict.is_accept() {
            self.spread(ix, Some(waiting.from), waiting.topic, &waiting.bytes);
        }
    }

    /// Asks a peer.
    pub(super) fn ask(&mut self, from: Ix, to: Ix, (protocol, bytes): (Protocol, Vec<u8>), purpose: Purpose) {
        self.next_wire += 1;
        let wire = self.next_wire;
        let boot = self.nodes.get(from).map_or(0, |node| node.boot);
        let link = self
            .links
            .between(from, to)
            .filter(|link| self.links.get(*link).up);
        self.open.insert(
            wire,
            Open {
                from,
                boot,
                to,
                link,
                purpose,
            },
        );
        if self.is_honest(from) && self.open.values().filter(|open| open.from == from).count() > CALLS_MAX {
            return self.fail(Some(from), format!("more than {CALLS_MAX} calls under way"));
        }
        let Some(link) = link else {
            return self.later(0, Event::Response { wire, answer: None });
        };
        self.later(timeout_ms(protocol), Event::GiveUp { wire });
        if let Some(at) = self.links.transit(link, from, bytes.len(), self.now) {
            self.queue.plan(
                at,
                Event::Request {
                    wire,
                    from,
                    to,
                    protocol,
                    bytes,
                },
            );
        }
    }

    pub(super) fn request_arrives(
        &mut self,
        wire: WireId,
        (from, to): (Ix, Ix),
        protocol: Protocol,
        bytes: Vec<u8>,
    ) {
        let standing = self
            .open
            .get(&wire)
            .and_then(|open| open.link)
            .is_some_and(|link| self.links.get(link).up);
        if !standing {
            return;
        }
        if !self.is_honest(to) {
            return self.rogue_answers(wire, to, (protocol, &bytes));
        }
        if self.nodes[to].is_up() {
            let (peer, request) = (self.peer_of(from), RequestHandle(wire));
            self.step(
                to,
                Input::Asked {
                    peer,
                    request,
                    protocol,
                    bytes,
                },
            );
        }
    }

    /// Sends an answer, or closes the stream without one.
    pub(super) fn respond(&mut self, wire: WireId, answer: Option<Vec<u8>>) {
        let Some((to, Some(link))) = self.open.get(&wire).map(|open| (open.to, open.link)) else {
            return;
        };
        let bytes = answer.as_ref().map_or(0, Vec::len);
        if let Some(at) = self.links.transit(link, to, bytes, self.now) {
            self.queue.plan(at, Event::Response { wire, answer });
        }
    }

    /// The bodies of an answer, from the block store.
    pub(super) fn answer_bodies(&mut self, ix: Ix, request: RequestHandle, wanted: &[BodyId]) {
        let mut blocks = Vec::new();
        for body in wanted {
            if self.dice.shells.chance(self.plan.faults.body_trouble) {
                continue;
            }
            blocks.extend(self.nodes[ix].disk.block(body).map(|block| Bytes(block.to_vec())));
        }
        let bytes = BodyAnswer { blocks }.encode();
        if bytes.len() > BODY_ANSWER_BYTES_MAX {
            return self.fail(Some(ix), "a body answer is too long".to_owned());
        }
        self.respond(request.0, Some(bytes));
    }

    /// The request that stands for a wish for bodies.
    pub(super) fn fetch_bodies(&mut self, ix: Ix, to: Ix, call: CallId, bodies: Vec<BodyId>) {
        let request = BodyRequest { ids: bodies.clone() }.encode();
        self.ask(ix, to, (Protocol::Body, request), Purpose::Bodies(call, bodies));
    }

    /// An answer came, or it is known that none will.
    pub(super) fn response_arrives(&mut self, wire: WireId, answer: Option<Vec<u8>>) {
        let Some(open) = self.open.remove(&wire) else {
            return;
        };
        if !self.is_honest(open.from) || !self.is_current(open.from, open.boot) {
            return;
        }
        let answer = answer.filter(|bytes| bytes.len() <= SYNC_ANSWER_BYTES_MAX);
        if answer.is_none() {
            self.figures.failed_calls += 1;
            if self.is_lively() && self.dice.shells.chance(self.plan.faults.unreported) {
                return;
            }
        }
        match open.purpose {
            Purpose::Engine(call) => drop(self.step(open.from, Input::Answered { call, answer })),
            Purpose::Bodies(call, wanted) => self.bodies_arrive(open.from, call, &wanted, answer),
            Purpose::Nothing => {}
        }
    }

    /// What a shell does with a body answer: check hashes, store, report.
    fn bodies_arrive(&mut self, ix: Ix, call: CallId, wanted: &[BodyId], answer: Option<Vec<u8>>) {
        let (mut bodies, mut writes, mut broken) = (Vec::new(), Vec::new(), false);
        if let Some(bytes) = answer {
            let blocks = BodyAnswer::decode(&bytes).map(|answer| answer.blocks);
            broken = blocks.is_err();
            for block in blocks.unwrap_or_default() {
                match BodyBlock::new(block.0) {
                    Ok(block) if wanted.contains(&block.id()) => {
                        bodies.push(block.id());
                        writes.push(Write::Block(block.id(), block.into_vec().into()));
                    }
                    Ok(_) | Err(_) => broken = true,
                }
            }
        }
        self.nodes[ix].disk.commit(&writes);
        self.figures.bodies += bodies.len() as u64;
        self.step(ix, Input::BodiesFetched { call, bodies, broken });
    }
}

/// The time-outs of the real request-response protocols.
const fn timeout_ms(protocol: Protocol) -> u64 {
    match protocol {
        Protocol::Sync => 20_000,
        Protocol::Body => 10_000,
        Protocol::Mail => 15_000,
    }
}
