//! Peers that do not run the engine: each follows one small strategy, and none of them may do lasting harm.
//!
//! A rogue sits in the network like anybody else, forwards what it hears (without looking), and on top of that does what
//! its strategy says. Bottles and claims that it really signs are noted in the model, because they really exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::engine::Protocol;
use meteorite_protocol::ids::Peer;
use meteorite_protocol::time::Now;
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::{BodyAnswer, Claim, SkyMessage, SyncAnswer, Wire as _};

use super::clock::true_wall;
use super::craft::Bottle;
use super::dice::Dice;
use super::model::Thrower;
use super::node::{GossipId, Waiting};
use super::queue::{Connection, Event, Ix, Parcel};
use super::traffic::Purpose;
use super::world::World;

mod claims;
mod floods;
mod gossip;
mod sync;

/// What kinds there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RogueKind {
    /// Changes what others signed.
    Forger,
    /// Sends more bytes than allowed.
    Oversizer,
    /// Sends what is no encoding, or not the canonical one.
    Babbler,
    /// Sends old messages again.
    Replayer,
    /// Puts another body under a header.
    Swapper,
    /// Sends bottles of other times.
    Latecomer,
    /// Signs two bottles with one key and shows one half of the network each.
    Equivocator,
    /// Claims a bottle many times, with a fresh key each time.
    ClaimFlooder,
    /// Claims with ticks of the past, live and through sync.
    Backdater,
    /// Offers items without end, or says that all is equal, or nothing that can be understood.
    Liar,
    /// Answers fetches with what was not asked for, or is false.
    Trickster,
    /// Asks more often than anybody needs.
    Nagger,
    /// Sends invalid headers as fast as it can.
    InvalidFlooder,
    /// Sends valid headers with the least stamp, more than a shard takes.
    ValidFlooder,
    /// Forwards nothing and answers nothing.
    Mute,
}

impl RogueKind {
    /// All kinds.
    pub(super) const ALL: [Self; 15] = [
        Self::Forger,
        Self::Oversizer,
        Self::Babbler,
        Self::Replayer,
        Self::Swapper,
        Self::Latecomer,
        Self::Equivocator,
        Self::ClaimFlooder,
        Self::Backdater,
        Self::Liar,
        Self::Trickster,
        Self::Nagger,
        Self::InvalidFlooder,
        Self::ValidFlooder,
        Self::Mute,
    ];

    fn strategy(self) -> Box<dyn Strategy> {
        match self {
            Self::Forger => Box::new(gossip::Forger),
            Self::Oversizer => Box::new(gossip::Oversizer),
            Self::Babbler => Box::new(gossip::Babbler),
            Self::Replayer => Box::new(gossip::Replayer),
            Self::Swapper => Box::new(gossip::Swapper),
            Self::Latecomer => Box::new(gossip::Latecomer),
            Self::Equivocator => Box::new(gossip::Equivocator),
            Self::ClaimFlooder => Box::new(claims::ClaimFlooder),
            Self::Backdater => Box::new(claims::Backdater::default()),
            Self::Liar => Box::new(sync::Liar),
            Self::Trickster => Box::new(sync::Trickster),
            Self::Nagger => Box::new(sync::Nagger),
            Self::InvalidFlooder => Box::new(floods::InvalidFlooder::default()),
            Self::ValidFlooder => Box::new(floods::ValidFlooder::default()),
            Self::Mute => Box::new(Mute),
        }
    }
}

/// How a rogue behaves.
pub(super) trait Strategy: Debug {
    /// Milliseconds between two acts.
    fn pause_ms(&self) -> u64;

    /// One act.
    fn act(&mut self, hands: &mut Hands<'_>);

    /// What it answers a request with. By default it is busy and has nothing.
    fn answer(&mut self, protocol: Protocol, _request: &[u8], _hands: &mut Hands<'_>) -> Reply {
        match protocol {
            Protocol::Sync => Reply::Answer(SyncAnswer::Busy.encode()),
            Protocol::Body => Reply::Answer(BodyAnswer { blocks: Vec::new() }.encode()),
            Protocol::Mail => Reply::Close,
        }
    }

    /// Whether it passes on what it hears.
    fn forwards(&self) -> bool {
        true
    }
}

/// What becomes of a request to a rogue.
#[derive(Debug)]
pub(super) enum Reply {
    /// These bytes.
    Answer(Vec<u8>),
    /// The stream is closed.
    Close,
    /// Nothing ever comes.
    Silence,
}

/// What a strategy sees and may do.
#[derive(Debug)]
pub(super) struct Hands<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) now: Now,
    pub(super) neighbours: Vec<Ix>,
    pub(super) memory: &'a Memory,
    deeds: Vec<Deed>,
}

/// What a rogue does.
#[derive(Debug)]
enum Deed {
    Gossip {
        to: Option<Ix>,
        topic: Topic,
        bytes: Vec<u8>,
    },
    Ask {
        to: Ix,
        protocol: Protocol,
        bytes: Vec<u8>,
    },
    Threw(Box<Bottle>),
    Claimed(Box<Claim>),
}

impl Hands<'_> {
    /// Sends a message to all neighbours.
    pub(super) fn tell_all(&mut self, topic: Topic, bytes: Vec<u8>) {
        self.deeds.push(Deed::Gossip {
            to: None,
            topic,
            bytes,
        });
    }

    /// Sends a message to one neighbour.
    pub(super) fn tell(&mut self, to: Ix, topic: Topic, bytes: Vec<u8>) {
        self.deeds.push(Deed::Gossip {
            to: Some(to),
            topic,
            bytes,
        });
    }

    /// Asks a neighbour.
    pub(super) fn ask(&mut self, to: Ix, protocol: Protocol, bytes: Vec<u8>) {
        self.deeds.push(Deed::Ask { to, protocol, bytes });
    }

    /// Notes a bottle that now exists. Before it is sent.
    pub(super) fn threw(&mut self, bottle: &Bottle) {
        self.deeds.push(Deed::Threw(Box::new(bottle.copy())));
    }

    /// Notes a claim that now exists. Before it is sent.
    pub(super) fn claimed(&mut self, claim: &Claim) {
        self.deeds.push(Deed::Claimed(Box::new(claim.clone())));
    }

    /// A bottle that was heard of.
    pub(super) fn any_bottle(&mut self) -> Option<SkyMessage> {
        let (_, bytes) = self.dice.pick(&self.memory.sky)?;
        SkyMessage::decode(bytes).ok()
    }
}

/// What a rogue remembers of what it heard.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) sky: Vec<(Topic, Rc<[u8]>)>,
    pub(super) catches: Vec<Rc<[u8]>>,
}

/// A rogue.
#[derive(Debug)]
pub(super) struct Rogue {
    pub(super) peer: Peer,
    pub(super) kind: RogueKind,
    ix: Ix,
    strategy: Box<dyn Strategy>,
    memory: Memory,
    seen: BTreeMap<GossipId, u64>,
    dice: Dice,
    /// Since when each connection carries a flood that must end it, and until when it did.
    pub(super) flooding: BTreeMap<Connection, (u64, u64)>,
}

impl Rogue {
    pub(super) fn new(ix: Ix, kind: RogueKind, seed: u64) -> Self {
        let mut dice = Dice::new(seed, &format!("rogue {ix}"));
        let key = SigningKey::from_seed(&dice.bytes());
        Self {
            peer: Peer::from_ed25519(&key.public()),
            kind,
            ix,
            strategy: kind.strategy(),
            memory: Memory::default(),
            seen: BTreeMap::new(),
            dice,
            flooding: BTreeMap::new(),
        }
    }
}

impl World {
    /// Rogues that may say they have what they have not.
    pub(super) fn liars(&self) -> BTreeSet<Ix> {
        let liars = self.rogues.iter().filter(|rogue| rogue.kind == RogueKind::Liar);
        liars.map(|rogue| rogue.ix).collect()
    }

    /// A rogue does something, and will again.
    pub(super) fn rogue_acts(&mut self, nth: usize) {
        if !self.is_lively() {
            return;
        }
        let pause_ms = self.rogues[nth].strategy.pause_ms();
        self.later(pause_ms, Event::Rogue { rogue: nth });
        self.with_rogue(nth, |strategy, hands| strategy.act(hands));
    }

    /// A gossip message reaches a rogue.
    pub(super) fn rogue_hears(&mut self, parcel: &Parcel, id: GossipId) {
        let nth = parcel.to - self.nodes.len();
        let rogue = &mut self.rogues[nth];
        if rogue.seen.insert(id, self.now).is_some() {
            return;
        }
        match parcel.topic {
            Topic::Sky(_) => {
                remember(&mut rogue.memory.sky, (parcel.topic, Rc::clone(&parcel.bytes)));
                let bottle = SkyMessage::decode(&parcel.bytes)
                    .ok()
                    .map(|message| message.header.bottle());
                if let Some(bottle) = bottle {
                    self.model.shown_to_rogue(parcel.to, &bottle);
                }
            }
            Topic::Catch => remember(&mut rogue.memory.catches, Rc::clone(&parcel.bytes)),
        }
        if self.rogues[nth].strategy.forwards() {
            self.spread(parcel.to, Some(parcel.from), parcel.topic, &parcel.bytes);
        }
    }

    /// A request reaches a rogue.
    pub(super) fn rogue_answers(
        &mut self,
        wire: super::queue::WireId,
        rogue: Ix,
        (protocol, bytes): (Protocol, &[u8]),
    ) {
        let reply = if self.is_lively() {
            self.with_rogue(rogue - self.nodes.len(), |strategy, hands| {
                strategy.answer(protocol, bytes, hands)
            })
        } else {
            Reply::Close
        };
        match reply {
            Reply::Answer(bytes) => self.respond(wire, Some(bytes)),
            Reply::Close => self.respond(wire, None),
            Reply::Silence => {}
        }
    }

    /// Who floods with invalid messages must be cut off within thirty seconds by each neighbour that finds them invalid. (A
    /// neighbour whose clock is wrong ignores them unread.)
    pub(super) fn watch_flooder(&mut self, ix: Ix, waiting: &Waiting) {
        let Some(nth) = waiting.from.checked_sub(self.nodes.len()) else {
            return;
        };
        if self.rogues[nth].kind != RogueKind::InvalidFlooder {
            return;
        }
        let now = self.now;
        let (since, last) = self.rogues[nth]
            .flooding
            .entry(waiting.connection)
            .or_insert((now, now));
        if now - *last > FLOOD_PAUSE_MS {
            *since = now;
        }
        *last = now;
        if now - *since > FLOODER_MS_MAX {
            self.fail(
                Some(ix),
                format!("still listens to the flooder {} after 30 s", waiting.from),
            );
        }
    }

    fn with_rogue<R>(&mut self, nth: usize, work: impl FnOnce(&mut dyn Strategy, &mut Hands<'_>) -> R) -> R {
        let ix = self.rogues[nth].ix;
        let neighbours = self
            .links
            .neighbours(ix)
            .into_iter()
            .map(|(_, other)| other)
            .collect();
        let rogue = &mut self.rogues[nth];
        let mut hands = Hands {
            dice: &mut rogue.dice,
            now: Now::new(self.now, true_wall(self.now)),
            neighbours,
            memory: &rogue.memory,
            deeds: Vec::new(),
        };
        let result = work(rogue.strategy.as_mut(), &mut hands);
        for deed in hands.deeds {
            self.deed(ix, deed);
        }
        result
    }

    fn deed(&mut self, ix: Ix, deed: Deed) {
        match deed {
            Deed::Gossip { to, topic, bytes } => {
                self.figures.rogue_messages += 1;
                let bytes: Rc<[u8]> = bytes.into();
                let link = to.and_then(|to| self.links.between(ix, to).map(|link| (link, to)));
                match (to, link) {
                    (None, _) => drop(self.spread(ix, None, topic, &bytes)),
                    (Some(_), Some((link, to))) => self.send_gossip((link, ix, to), topic, &bytes),
                    (Some(_), None) => {}
                }
            }
            Deed::Ask { to, protocol, bytes } => self.ask(ix, to, (protocol, bytes), Purpose::Nothing),
            Deed::Threw(bottle) => {
                self.model.thrown(&bottle, Thrower::Rogue(ix), self.now);
                self.model.shown_to_rogue(ix, &bottle.id);
            }
            Deed::Claimed(claim) => self.model.claimed(&claim, ix),
        }
    }
}

/// Forwards nothing and answers nothing.
#[derive(Debug)]
struct Mute;

impl Strategy for Mute {
    fn pause_ms(&self) -> u64 {
        600_000
    }

    fn act(&mut self, _hands: &mut Hands<'_>) {}

    fn answer(&mut self, _: Protocol, _: &[u8], _: &mut Hands<'_>) -> Reply {
        Reply::Silence
    }

    fn forwards(&self) -> bool {
        false
    }
}

fn remember<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= MEMORY_MAX {
        list.remove(0);
    }
    list.push(item);
}

/// Messages of each kind that a rogue remembers.
const MEMORY_MAX: usize = 32;
/// After a longer pause a flood begins anew.
const FLOOD_PAUSE_MS: u64 = 3_000;
/// So long a flooder may be listened to.
const FLOODER_MS_MAX: u64 = 30_000;
