//! A small network of engines in virtual time: links with latency, one disk each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use meteorite_protocol::claims::ClaimKey;
use meteorite_protocol::engine::{
    CallId, Command, CommandId, Config, Effect, Engine, Event, Input, LoadedEntry, MessageHandle, Protocol,
    Refusal, RequestHandle, encode_entries,
};
use meteorite_protocol::ids::{BodyId, BottleId, Peer};
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{BodyAnswer, BodyRequest, Bytes, CatchMessage, Wire as _};

use crate::core_disk::Store;
use crate::core_make::{EPOCH_START, claim, claimant};

pub(crate) const LATENCY_MS: u64 = 10;

pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) peer: Peer,
    pub(crate) store: Store,
    pub(crate) events: Vec<Event>,
    pub(crate) blocked: BTreeSet<Peer>,
    seen: BTreeSet<[u8; 32]>,
    waiting: BTreeMap<MessageHandle, (Topic, Vec<u8>, usize)>,
}

enum Packet {
    Gossip {
        topic: Topic,
        bytes: Vec<u8>,
    },
    Ask {
        call: CallId,
        protocol: Protocol,
        bytes: Vec<u8>,
        bodies: bool,
    },
    Reply {
        call: CallId,
        answer: Option<Vec<u8>>,
        bodies: bool,
    },
}

/// The network. Time is a number that only [`Net::run`] moves.
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Now,
    /// Bytes of requests and answers so far, and how many requests, by protocol name.
    pub(crate) bytes: BTreeMap<Protocol, u64>,
    pub(crate) asks: u64,
    links: BTreeSet<(usize, usize)>,
    queue: VecDeque<(u64, usize, usize, Packet)>,
    requests: BTreeMap<RequestHandle, (usize, CallId, bool)>,
    next: u64,
}

pub(crate) fn config() -> Config {
    Config {
        params: Params::for_tests(),
        ..Config::default()
    }
}

pub(crate) fn peer(n: usize) -> Peer {
    Peer::new(&[&[0xee], &(n as u64).to_be_bytes()[..]].concat()).unwrap()
}

impl Net {
    pub(crate) fn new(size: usize) -> Self {
        let mut net = Self {
            nodes: Vec::new(),
            now: Now::new(1_000, UnixMillis(EPOCH_START)),
            bytes: BTreeMap::new(),
            asks: 0,
            links: BTreeSet::new(),
            queue: VecDeque::new(),
            requests: BTreeMap::new(),
            next: 0,
        };
        for _ in 0..size {
            net.add_node();
        }
        net
    }

    pub(crate) fn add_node(&mut self) -> usize {
        let n = self.nodes.len();
        let engine = Engine::new(&config(), [n as u8 + 1; 32]);
        self.nodes.push(Node {
            engine,
            peer: peer(n),
            store: Store::default(),
            events: Vec::new(),
            blocked: BTreeSet::new(),
            seen: BTreeSet::new(),
            waiting: BTreeMap::new(),
        });
        self.input(n, Input::Start);
        n
    }

    pub(crate) fn link(&mut self, a: usize, b: usize) {
        if self.links.insert((a.min(b), a.max(b))) {
            let (peer_a, peer_b) = (self.nodes[a].peer.clone(), self.nodes[b].peer.clone());
            self.input(a, Input::PeerUp { peer: peer_b });
            self.input(b, Input::PeerUp { peer: peer_a });
        }
    }

    pub(crate) fn unlink(&mut self, a: usize, b: usize) {
        if self.links.remove(&(a.min(b), a.max(b))) {
            let (peer_a, peer_b) = (self.nodes[a].peer.clone(), self.nodes[b].peer.clone());
            self.input(a, Input::PeerDown { peer: peer_b });
            self.input(b, Input::PeerDown { peer: peer_a });
        }
    }

    pub(crate) fn command(&mut self, n: usize, command: Command) -> Result<(), Refusal> {
        self.next += 1;
        let id = CommandId(self.next);
        self.input(n, Input::Command { id, command });
        let done = self.nodes[n].events.iter().rev().find_map(|event| {
            if let Event::Done { id: done, outcome } = event {
                (*done == id).then_some(*outcome)
            } else {
                None
            }
        });
        done.unwrap()
    }

    /// The node ends and starts again with what is in its store.
    pub(crate) fn restart(&mut self, n: usize) {
        let others: Vec<usize> = (0..self.nodes.len()).filter(|m| self.linked(n, *m)).collect();
        for other in &others {
            self.unlink(n, *other);
        }
        let before = self.nodes[n].engine.digest();
        self.next += 1;
        let seed = *blake3::hash(&self.next.to_be_bytes()).as_bytes();
        self.nodes[n].engine = Engine::restore(&config(), seed, self.nodes[n].store.load());
        assert_eq!(self.nodes[n].engine.digest(), before, "a restart changes nothing");
        self.input(n, Input::Start);
        for other in others {
            self.link(n, other);
        }
    }

    pub(crate) fn linked(&self, a: usize, b: usize) -> bool {
        self.links.contains(&(a.min(b), a.max(b)))
    }

    /// Lets this much time pass, with everything that happens in it.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        loop {
            let packet = self.queue.iter().map(|(at, ..)| *at).min();
            let deadlines = self
                .nodes
                .iter()
                .map(|node| node.engine.next_deadline(self.now).map(|(at, _)| at));
            let timer = deadlines
                .enumerate()
                .filter_map(|(n, at)| at.map(|at| (at, n)))
                .min();
            let at = [packet, timer.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(at) = at.filter(|at| *at <= end) else {
                break;
            };
            self.advance(at);
            if packet.is_some_and(|packet| packet <= at) {
                let position = self.queue.iter().position(|(due, ..)| *due <= at).unwrap();
                let (_, from, to, packet) = self.queue.remove(position).unwrap();
                self.deliver(from, to, packet);
            } else if let Some((_, n)) = timer {
                self.input(n, Input::Tick);
                let again = self.nodes[n]
                    .engine
                    .next_deadline(self.now)
                    .map(|(at, why)| (at > self.now.mono_ms, why));
                assert!(
                    again.is_none_or(|(later, _)| later),
                    "the tick did not settle: {again:?}"
                );
            }
        }
        self.advance(end);
    }

    fn advance(&mut self, mono_ms: u64) {
        let passed = mono_ms.saturating_sub(self.now.mono_ms);
        self.now = Now::new(self.now.mono_ms + passed, self.now.wall.plus_ms(passed));
    }

    pub(crate) fn input(&mut self, n: usize, input: Input) {
        let mut effects = Vec::new();
        self.nodes[n].engine.handle(input, self.now, &mut effects);
        let (durable, rest): (Vec<Effect>, Vec<Effect>) = effects
            .into_iter()
            .partition(|effect| matches!(effect, Effect::Durable(_)));
        for effect in durable.into_iter().chain(rest) {
            self.carry_out(n, effect);
        }
    }

    fn send(&mut self, from: usize, to: usize, packet: Packet) {
        self.queue
            .push_back((self.now.mono_ms + LATENCY_MS, from, to, packet));
    }

    fn neighbours(&self, n: usize) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|m| *m != n && self.linked(n, *m))
            .collect()
    }

    fn node_of(&self, peer: &Peer) -> usize {
        self.nodes.iter().position(|node| node.peer == *peer).unwrap()
    }

    fn carry_out(&mut self, n: usize, effect: Effect) {
        match effect {
            Effect::Durable(row) | Effect::Cache(row) => self.nodes[n].store.write(row),
            Effect::Publish {
                publication,
                topic,
                bytes,
            } => {
                self.nodes[n].seen.insert(*blake3::hash(&bytes).as_bytes());
                let to = self.neighbours(n);
                for m in &to {
                    self.send(
                        n,
                        *m,
                        Packet::Gossip {
                            topic,
                            bytes: bytes.clone(),
                        },
                    );
                }
                self.input(
                    n,
                    Input::Published {
                        publication,
                        neighbours: to.len() as u16,
                    },
                );
            }
            Effect::Verdict { message, verdict } => {
                let (topic, bytes, from) = self.nodes[n].waiting.remove(&message).unwrap();
                if verdict.is_accept() {
                    for m in self.neighbours(n).into_iter().filter(|m| *m != from) {
                        self.send(
                            n,
                            m,
                            Packet::Gossip {
                                topic,
                                bytes: bytes.clone(),
                            },
                        );
                    }
                }
            }
            Effect::Call {
                call,
                peer,
                protocol,
                bytes,
            } => {
                self.asks += 1;
                *self.bytes.entry(protocol).or_default() += bytes.len() as u64;
                let to = self.node_of(&peer);
                self.send(
                    n,
                    to,
                    Packet::Ask {
                        call,
                        protocol,
                        bytes,
                        bodies: false,
                    },
                );
            }
            Effect::FetchBodies { call, peer, bodies } => {
                let to = self.node_of(&peer);
                let bytes = BodyRequest { ids: bodies }.encode();
                self.send(
                    n,
                    to,
                    Packet::Ask {
                        call,
                        protocol: Protocol::Body,
                        bytes,
                        bodies: true,
                    },
                );
            }
            Effect::Answer { request, bytes } => self.answer(n, request, Some(bytes)),
            Effect::Refuse { request } => self.answer(n, request, None),
            Effect::AnswerEntries { request, entries } => {
                let store = &self.nodes[n].store;
                let loaded = entries.into_iter().filter_map(|plan| {
                    let content = store.content.get(&plan.bottle)?;
                    let (header, signature) = (content.header.clone(), content.signature);
                    Some(LoadedEntry {
                        header,
                        signature,
                        catch: plan.catch,
                    })
                });
                let bytes = encode_entries(loaded.collect::<Vec<_>>());
                self.answer(n, request, Some(bytes));
            }
            Effect::AnswerBodies { request, bodies } => {
                let blocks = &self.nodes[n].store.blocks;
                let blocks = bodies
                    .iter()
                    .filter_map(|body| blocks.get(body))
                    .cloned()
                    .map(Bytes)
                    .collect();
                self.answer(n, request, Some(BodyAnswer { blocks }.encode()));
            }
            Effect::DropBottles { bottles } => {
                bottles
                    .iter()
                    .for_each(|bottle| self.nodes[n].store.drop_bottle(bottle));
            }
            Effect::DropBodies { .. } => {}
            Effect::Block { peer, .. } => {
                let other = self.node_of(&peer);
                self.nodes[n].blocked.insert(peer);
                self.unlink(n, other);
            }
            Effect::Notify(event) => self.nodes[n].events.push(event),
        }
    }

    fn answer(&mut self, n: usize, request: RequestHandle, answer: Option<Vec<u8>>) {
        let (to, call, bodies) = self.requests.remove(&request).unwrap();
        if !bodies {
            *self.bytes.entry(Protocol::Sync).or_default() += answer.as_ref().map_or(0, Vec::len) as u64;
        }
        self.send(n, to, Packet::Reply { call, answer, bodies });
    }

    /// Hands a node a gossip message as if this neighbour had sent it.
    pub(crate) fn gossip(&mut self, from: usize, to: usize, topic: Topic, bytes: Vec<u8>) {
        self.next += 1;
        let message = MessageHandle(self.next);
        self.nodes[to]
            .waiting
            .insert(message, (topic, bytes.clone(), from));
        let peer = self.nodes[from].peer.clone();
        self.input(
            to,
            Input::Gossip {
                peer,
                topic,
                message,
                bytes,
            },
        );
    }

    fn deliver(&mut self, from: usize, to: usize, packet: Packet) {
        let linked = self.linked(from, to);
        match packet {
            Packet::Gossip { topic, bytes } => {
                if linked && self.nodes[to].seen.insert(*blake3::hash(&bytes).as_bytes()) {
                    self.gossip(from, to, topic, bytes);
                }
            }
            Packet::Ask {
                call,
                protocol,
                bytes,
                bodies,
            } if linked => {
                self.next += 1;
                let request = RequestHandle(self.next);
                self.requests.insert(request, (from, call, bodies));
                let peer = self.nodes[from].peer.clone();
                self.input(
                    to,
                    Input::Asked {
                        peer,
                        request,
                        protocol,
                        bytes,
                    },
                );
            }
            Packet::Ask { call, bodies, .. } => self.reply(from, call, None, bodies),
            Packet::Reply { call, answer, bodies } => {
                self.reply(to, call, answer.filter(|_| linked), bodies);
            }
        }
    }

    fn reply(&mut self, n: usize, call: CallId, answer: Option<Vec<u8>>, bodies: bool) {
        if !bodies {
            return self.input(n, Input::Answered { call, answer });
        }
        let blocks = answer
            .and_then(|bytes| BodyAnswer::decode(&bytes).ok())
            .map_or(Vec::new(), |answer| answer.blocks);
        let mut came = Vec::new();
        for block in blocks {
            came.push(BodyId::of(block.as_slice()));
            self.nodes[n]
                .store
                .blocks
                .insert(BodyId::of(block.as_slice()), block.0);
        }
        self.input(
            n,
            Input::BodiesFetched {
                call,
                bodies: came,
                broken: false,
            },
        );
    }

    /// Whether all these nodes hold the same bottles with the same claims.
    pub(crate) fn agree(&self, nodes: &[usize]) -> bool {
        let items =
            |n: &usize| -> BTreeSet<_> { self.nodes[*n].engine.sky().items(self.now.wall.epoch()).collect() };
        nodes.windows(2).all(|pair| items(&pair[0]) == items(&pair[1]))
    }

    /// Takes a bottle all the way to an own claim: touch, open, mine, claim. The claim's key.
    pub(crate) fn catch(&mut self, n: usize, bottle: BottleId, finder: u64) -> ClaimKey {
        self.command(n, Command::Touch { bottle }).unwrap();
        self.open(n, bottle, finder).unwrap()
    }

    /// Opens a touched bottle and claims it at once. `None` if it was refused.
    pub(crate) fn open(&mut self, n: usize, bottle: BottleId, finder: u64) -> Option<ClaimKey> {
        self.command(
            n,
            Command::Open {
                bottle,
                claimant: claimant(finder),
            },
        )
        .ok()?;
        let place = self.nodes[n].events.iter().rev().find_map(|event| {
            let Event::MineClaim {
                bottle: wanted,
                place,
                ..
            } = event
            else {
                return None;
            };
            (*wanted == bottle).then_some(*place)
        });
        let signed = claim(bottle, finder, place.unwrap(), self.now.wall.tick());
        let key = ClaimKey::of(signed.value());
        let message = CatchMessage::Claim(signed).encode();
        self.command(n, Command::Claimed { claim: message }).unwrap();
        Some(key)
    }
}
