//! The engine: all state machines of a node behind one door.
//!
//! A shell (node, bootstrap server, simulator) feeds [`Input`]s and carries out [`Effect`]s. The engine is pure: it reads
//! no clock, draws no random numbers beyond the seed it was given, does no I/O and holds no secret; what the user does
//! arrives mined, sealed and signed as a [`Command`].
//!
//! # How a shell drives it
//!
//! ```text
//! let mut engine = Engine::restore(config, seed, rows);      // no rows on first start
//! loop {
//!     let input = next input, or Input::Tick when engine.next_deadline(now) has come; Input::Start first of all
//!     engine.handle(input, now, &mut effects);
//!     commit all Effect::Durable of this call in one transaction   // if that fails: drop the engine and restore again
//!     carry out the other effects in their order
//! }
//! ```
//!
//! - Every [`Input::Gossip`] gets exactly one [`Effect::Verdict`], every [`Input::Asked`] exactly one of `Answer`,
//!   `AnswerEntries`, `AnswerBodies`, `Refuse`, in the same call.
//! - [`Effect::Call`], `FetchBodies` and `Publish` want their outcome reported, once, in any order, even after the peer left.
//! - `Cache` rows may be written late or be lost in a crash: sync brings them back. What must not be lost is `Durable`, and
//!   whatever leaves the node because of it stands behind it in the same call.
//! - Restart is [`Engine::restore`]: the same rows give an engine with the same [`Engine::digest`].
//!
//! # What is where
//!
//! `gossip` validates what comes live, `sync` leads and answers reconciliations, `apply` is the only place where the sky
//! changes, `own` carries out the user's commands, `wishes` what own bottles and the hold want, `bodies` fetches what is missing.
//!
//! Letters are not here. Outbox, collector and threads ([`crate::post`], [`crate::thread`]) work on what was opened with
//! keys that this crate never sees, and share no step with the sky: the node composes them beside the engine, and tells it
//! what came of them ([`Command::AnswerCame`], [`Command::Answering`]). A mailbox decides over its store
//! ([`crate::mailbox`]), so a shell that keeps letters answers [`Protocol::Mail`] itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::admission::Admission;
use crate::claims::ClaimSet;
use crate::clock_watch::{ClockDoubt, ClockWatch};
use crate::economy::{Allowance, Economy, Spending, UtcOffset};
use crate::hold::Hold;
use crate::ids::{AuthorKey, BottleId, Peer};
use crate::mine::{DeliveryTruth, Mine, RecastRefusal};
use crate::reputation::{Fault, Reputation};
use crate::sky::Sky;
use crate::time::Now;
use crate::topic::Topic;
use crate::validate::Params;
use crate::wire::Place;

mod apply;
mod bodies;
mod calls;
mod command;
mod dice;
mod effect;
mod entries;
mod event;
mod gossip;
mod input;
mod known;
mod own;
mod requests;
mod restore;
mod row;
mod sync;
mod wishes;

use bodies::Bodies;
use calls::{Asked, Calls};
pub use command::{Command, Refusal};
use dice::Dice;
pub use effect::{Effect, EntryPlan};
pub use entries::{LoadedEntry, encode_entries};
pub use event::{End, Event};
pub use input::{CallId, CommandId, Input, MessageHandle, Protocol, PublicationId, RequestHandle};
pub use row::{BottleRow, ClaimsRow, Content, EquivocationRow, Row};
use sync::Sync;

/// What an engine needs to know about its node.
#[derive(Debug, Clone)]
pub struct Config {
    /// The numbers of the network.
    pub params: Params,
    /// Bottles in the index at most; [`crate::limits::SKY_BOTTLES_MAX`] unless memory is short.
    pub sky_bottles_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            params: Params::mainnet(),
            sky_bottles_max: crate::limits::SKY_BOTTLES_MAX,
        }
    }
}

/// All state machines of a node.
#[derive(Debug)]
pub struct Engine {
    params: Params,
    sky: Sky,
    admission: Admission,
    reputation: Reputation,
    mine: Mine,
    hold: Hold,
    economy: Economy,
    offset: UtcOffset,
    /// At most `PEERS_MAX`; peers beyond get no sync from us.
    neighbours: BTreeSet<Peer>,
    sync: Sync,
    calls: Calls,
    bodies: Bodies,
    /// Sky messages of own bottles that may have to be published again; at most one for each that `mine` follows.
    own_messages: BTreeMap<BottleId, Vec<u8>>,
    /// Publications of own bottles whose outcome is awaited; the oldest is forgotten beyond `PUBLICATIONS_MAX`.
    publications: BTreeMap<PublicationId, BottleId>,
    next_publication: u64,
    dice: Dice,
    clock_watch: ClockWatch,
}

impl Engine {
    /// An engine without any memory. `seed` must be secret and random: choices that peers should not foresee hang on it.
    #[must_use]
    pub fn new(config: &Config, seed: [u8; 32]) -> Self {
        Self::restore(config, seed, [])
    }

    /// Takes one input. Effects are appended.
    pub fn handle(&mut self, input: Input, now: Now, effects: &mut Vec<Effect>) {
        match input {
            Input::Start => self.handle_start(now, effects),
            Input::PeerUp { peer } => self.handle_peer_up(&peer, now, effects),
            Input::PeerDown { peer } => self.handle_peer_down(&peer),
            Input::Gossip {
                peer,
                topic,
                message,
                bytes,
            } => {
                let verdict = self.handle_gossip(&peer, topic, &bytes, now, effects);
                effects.push(Effect::Verdict { message, verdict });
                if verdict.is_reject() {
                    self.blame(&peer, Fault::Rejected, now, effects);
                }
            }
            Input::Asked {
                peer,
                request,
                protocol,
                bytes,
            } => {
                let fault = self.handle_asked(&peer, request, (protocol, &bytes), now, effects);
                if let Some(fault) = fault {
                    self.blame(&peer, fault, now, effects);
                }
            }
            Input::Answered { call, answer } => self.handle_answered(call, answer.as_deref(), now, effects),
            Input::Published {
                publication,
                neighbours,
            } => {
                self.handle_published(publication, neighbours, now, effects);
            }
            Input::BodiesFetched { call, bodies, broken } => {
                self.handle_bodies(call, &bodies, broken, now, effects);
            }
            Input::Command { id, command } => {
                let outcome = self.handle_command(command, now, effects);
                effects.push(Effect::Notify(Event::Done { id, outcome }));
            }
            Input::Tick => self.handle_tick(now, effects),
        }
        self.pump_sync(now, effects);
        self.pump_bodies(now, effects);
    }

    /// When [`Input::Tick`] is next useful, on the monotonic clock, and why. It may lie in the past: then now.
    #[must_use]
    pub fn next_deadline(&self, now: Now) -> Option<(u64, &'static str)> {
        let expiry = self
            .sky
            .next_expiry()
            .map(|epoch| crate::schedule::mono_at(epoch.start(), now));
        let deadlines = [
            (self.sync.next_deadline(!self.neighbours.is_empty()), "sync"),
            (self.calls.next_deadline(), "calls"),
            (self.bodies.next_deadline(now.mono_ms), "bodies"),
            (expiry, "expiry"),
            (self.mine.next_deadline(now), "own bottles"),
            (self.hold.next_deadline(now), "hold"),
        ];
        let due = deadlines
            .into_iter()
            .filter_map(|(at, why)| at.map(|at| (at, why)));
        due.min_by_key(|(at, _)| *at)
    }

    /// A digest of all that must survive a restart.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.sky.digest());
        // `Debug` of plain rows is as good as an encoding here: two engines of the same build are compared.
        for row in self.mine.rows() {
            hasher.update(format!("{row:?}").as_bytes());
        }
        for row in self.hold.rows() {
            hasher.update(format!("{row:?}").as_bytes());
        }
        hasher.update(format!("{:?}", self.economy.row()).as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// The sky, to look at.
    #[must_use]
    pub const fn sky(&self) -> &Sky {
        &self.sky
    }

    /// The claims of a bottle. `None` if it is not in the sky.
    #[must_use]
    pub fn claims(&self, bottle: &BottleId) -> Option<ClaimSet> {
        self.sky.claims(bottle)
    }

    /// Where a finder should claim this bottle. `None` if it is unknown, over, or all places are taken.
    #[must_use]
    pub fn vacancy(&self, bottle: &BottleId) -> Option<Place> {
        self.sky.claims(bottle).and_then(|claims| claims.vacancy())
    }

    /// The bits that an author should mine for the stamp of a bottle thrown now.
    #[must_use]
    pub fn stamp_bits(&self, author: &AuthorKey, now: Now) -> u32 {
        self.admission.mining_bits(Topic::of_author(author), now.mono_ms)
    }

    /// The bits that a finder should mine for a claim made now.
    #[must_use]
    pub fn claim_bits(&self, now: Now) -> u32 {
        self.admission.mining_bits(Topic::Catch, now.mono_ms)
    }

    /// What is proven of an own bottle.
    #[must_use]
    pub fn truth(&self, bottle: &BottleId, now: Now) -> Option<DeliveryTruth> {
        self.mine.truth(bottle, now)
    }

    /// Whether an own bottle may be recast now, and with which number.
    ///
    /// # Errors
    /// Why not.
    pub fn may_recast(&self, bottle: &BottleId, now: Now) -> Result<u8, RecastRefusal> {
        self.mine.check_recast(bottle, now)
    }

    /// The own bottles that are followed.
    #[must_use]
    pub const fn mine(&self) -> &Mine {
        &self.mine
    }

    /// The stones and catches that are followed.
    #[must_use]
    pub const fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The allowances of the day.
    #[must_use]
    pub const fn economy(&self) -> &Economy {
        &self.economy
    }

    /// Whether this computer's clock is in doubt.
    #[must_use]
    pub fn clock_doubt(&self, now: Now) -> Option<ClockDoubt> {
        self.clock_watch.doubt(self.neighbours.len(), now.mono_ms)
    }

    /// What is left of a daily allowance.
    #[must_use]
    pub fn allowance(&self, spending: Spending, now: Now) -> Allowance {
        self.economy.allowance(spending, now, self.offset)
    }

    /// The connected neighbours.
    pub fn neighbours(&self) -> impl ExactSizeIterator<Item = &Peer> {
        self.neighbours.iter()
    }

    /// The admission levels.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What each peer has earned and spent.
    #[must_use]
    pub const fn reputation(&self) -> &Reputation {
        &self.reputation
    }

    fn handle_start(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.sync.schedule(now.mono_ms, &mut self.dice);
        let (mut mine, mut hold) = (Vec::new(), Vec::new());
        self.mine.handle_start(now, &mut mine);
        self.hold.handle_start(now, &mut hold);
        self.run_mine(mine, now, effects);
        self.run_hold(hold, now, effects);
        self.expire(now, effects);
    }

    fn handle_peer_up(&mut self, peer: &Peer, now: Now, effects: &mut Vec<Effect>) {
        if let Some(sentence) = self.reputation.peer_up(peer, now.mono_ms) {
            effects.push(Effect::Block {
                peer: peer.clone(),
                secs: sentence.block_secs,
            });
            return;
        }
        if self.neighbours.len() >= crate::limits::PEERS_MAX || !self.neighbours.insert(peer.clone()) {
            return;
        }
        self.sync.meet(peer, now.mono_ms);
        let mut mine = Vec::new();
        self.mine.handle_neighbour(now, &mut mine);
        self.run_mine(mine, now, effects);
    }

    fn handle_peer_down(&mut self, peer: &Peer) {
        self.reputation.peer_down(peer);
        self.clock_watch.handle_peer_down(peer);
        self.neighbours.remove(peer);
        self.sync.forget_peer(peer);
        self.bodies.forget_peer(peer);
        self.calls.forget_peer(peer);
    }

    fn handle_tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        for call in self.calls.overdue(now.mono_ms) {
            self.handle_answered(call, None, now, effects);
        }
        self.expire(now, effects);
        let (mut mine, mut hold) = (Vec::new(), Vec::new());
        self.mine.handle_tick(now, &mut mine);
        self.hold.handle_tick(now, &mut hold);
        self.run_mine(mine, now, effects);
        self.run_hold(hold, now, effects);
    }

    fn handle_answered(&mut self, call: CallId, answer: Option<&[u8]>, now: Now, effects: &mut Vec<Effect>) {
        let Some(call) = self.calls.end(call) else { return };
        self.reputation
            .spend_bytes(&call.peer, answer.map_or(0, <[u8]>::len), now.mono_ms);
        match call.asked {
            Asked::Sync(asked) => self.sync_answered((&call.peer, asked), answer, now, effects),
            Asked::Bodies(bodies) => self.bodies_failed(&call.peer, &bodies, now),
        }
    }

    /// Blames a peer, and cuts it off if that was too much.
    fn blame(&mut self, peer: &Peer, fault: Fault, now: Now, effects: &mut Vec<Effect>) {
        if let Some(sentence) = self.reputation.blame(peer, fault, now.mono_ms) {
            self.handle_peer_down(peer);
            effects.push(Effect::Block {
                peer: peer.clone(),
                secs: sentence.block_secs,
            });
            effects.push(Effect::Notify(Event::Blocked {
                peer: peer.clone(),
                secs: sentence.block_secs,
            }));
        }
    }
}

/// Publications whose outcome is awaited. The shell reports at once, so more than one is rare already.
const PUBLICATIONS_MAX: usize = 64;
