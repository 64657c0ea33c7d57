//! A world: everything in it, and the loop that lets one thing happen after the other.

use std::collections::BTreeMap;

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::engine::Input;
use meteorite_protocol::ids::Peer;

use super::clock::Clock;
use super::dice::Dice;
use super::letters::Mailbox;
use super::links::Links;
use super::model::Model;
use super::node::SimNode;
use super::plan::Plan;
use super::queue::{Event, Ix, Queue, WireId};
use super::report::{Failure, Figures};
use super::rogues::Rogue;
use super::trace::Trace;
use super::traffic::Open;
use super::users::User;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Users, faults and rogues do what they do.
    Safety,
    /// Everything is mended and comes to rest.
    Settling,
}

/// One world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    /// World time in milliseconds.
    pub(super) now: u64,
    pub(super) phase: Phase,
    pub(super) queue: Queue,
    pub(super) links: Links,
    pub(super) nodes: Vec<SimNode>,
    pub(super) rogues: Vec<Rogue>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) by_peer: BTreeMap<Peer, Ix>,
    pub(super) open: BTreeMap<WireId, Open>,
    pub(super) next_wire: WireId,
    pub(super) model: Model,
    pub(super) trace: Trace,
    pub(super) figures: Figures,
    pub(super) failure: Option<Failure>,
    pub(super) dice: Streams,
    /// How often nodes were looked at in full.
    pub(super) inspected: usize,
}

/// The streams of choices that belong to no part of their own.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) users: Dice,
    pub(super) faults: Dice,
    pub(super) shells: Dice,
    pub(super) post: Dice,
}

impl World {
    /// Nothing has happened yet; the first events are planned.
    pub(super) fn new(plan: Plan, trace: Trace) -> Self {
        let mut dice = Dice::new(plan.seed, "world");
        let links = Links::new(&plan);
        let nodes: Vec<SimNode> = (0..plan.honest).map(|_| honest(&plan, &mut dice)).collect();
        let kinds = plan.rogues.iter().enumerate();
        let rogues: Vec<Rogue> = kinds
            .map(|(nth, kind)| Rogue::new(plan.honest + nth, *kind, plan.seed))
            .collect();
        let mailboxes = (0..plan.mailboxes)
            .map(|nth| Mailbox::new(nth, &mut dice))
            .collect();
        let honest_peers = nodes.iter().map(|node| node.peer.clone());
        let all = honest_peers.chain(rogues.iter().map(|rogue| rogue.peer.clone()));
        let by_peer = all.enumerate().map(|(ix, peer)| (peer, ix)).collect();
        let seed = plan.seed;
        let streams = Streams {
            users: Dice::new(seed, "users"),
            faults: Dice::new(seed, "faults"),
            shells: Dice::new(seed, "shells"),
            post: Dice::new(seed, "post"),
        };
        let mut world = Self {
            plan,
            now: 0,
            phase: Phase::Safety,
            queue: Queue::default(),
            links,
            nodes,
            rogues,
            mailboxes,
            by_peer,
            open: BTreeMap::new(),
            next_wire: 0,
            model: Model::default(),
            trace,
            figures: Figures::default(),
            failure: None,
            dice: streams,
            inspected: 0,
        };
        world.plan_beginning();
        world
    }

    /// Lets everything happen up to this moment, or until something is wrong.
    pub(super) fn run_until(&mut self, until_ms: u64) {
        while self.failure.is_none() && self.queue.next_at().is_some_and(|at| at <= until_ms) {
            let Some((at, event)) = self.queue.pop() else {
                return;
            };
            self.now = at.max(self.now);
            self.happen(event);
            if self.trace.steps() > STEPS_MAX {
                self.fail(None, format!("more than {STEPS_MAX} steps"));
            }
        }
        if self.failure.is_none() {
            self.now = until_ms;
        }
    }

    /// Notes the first thing that is wrong; the run ends there.
    pub(super) fn fail(&mut self, node: Option<Ix>, what: String) {
        if self.failure.is_none() {
            let (seed, at_ms, steps) = (self.plan.seed, self.now, self.trace.steps());
            self.failure = Some(Failure {
                seed,
                at_ms,
                steps,
                node,
                what,
            });
        }
    }

    /// Plans something for so many milliseconds from now.
    pub(super) fn later(&mut self, in_ms: u64, event: Event) {
        self.queue.plan(self.now + in_ms, event);
    }

    /// Plans something for a user whose program runs now.
    pub(super) fn is_current(&self, node: Ix, boot: u32) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|node| node.boot == boot && node.is_up())
    }

    /// The honest node or rogue with this peer id.
    pub(super) fn whose(&self, peer: &Peer) -> Option<Ix> {
        self.by_peer.get(peer).copied()
    }

    /// The peer id of a node.
    pub(super) fn peer_of(&self, ix: Ix) -> Peer {
        match self.nodes.get(ix) {
            Some(node) => node.peer.clone(),
            None => self.rogues[ix - self.nodes.len()].peer.clone(),
        }
    }

    /// Whether this is an honest node.
    pub(super) fn is_honest(&self, ix: Ix) -> bool {
        ix < self.nodes.len()
    }

    fn plan_beginning(&mut self) {
        for node in 0..self.nodes.len() {
            let in_ms = self.dice.users.between(0, 4_000);
            self.later(in_ms, Event::Boot { node });
            let first = in_ms + 3_000 + self.dice.users.pause(self.plan.users.pause_ms);
            self.later(first, Event::User { node });
        }
        for link in 0..self.links.len() {
            self.plan_dial(link, 100);
        }
        for rogue in 0..self.rogues.len() {
            self.later(10_000, Event::Rogue { rogue });
        }
        self.plan_faults();
        if self.plan.users.frenzies {
            self.later(60_000, Event::Frenzy);
        }
        self.later(30_000, Event::Inspection);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Boot { node } => self.boot(node),
            Event::Deadline { node, boot } => self.wake(node, boot),
            Event::Flush { node, boot } => {
                if self.is_current(node, boot) {
                    self.nodes[node].disk.flush();
                }
            }
            Event::Dial { link } => self.dial(link),
            Event::PeerNews {
                node,
                boot,
                connection,
                news,
            } => {
                if self.is_current(node, boot) {
                    self.peer_news(node, connection, news);
                }
            }
            Event::Silence { connection } => self.silence(connection),
            Event::Gossip(parcel) => self.gossip_arrives(parcel),
            Event::Request {
                wire,
                from,
                to,
                protocol,
                bytes,
            } => self.request_arrives(wire, (from, to), protocol, bytes),
            Event::Response { wire, answer } => self.response_arrives(wire, answer),
            Event::GiveUp { wire } => self.response_arrives(wire, None),
            Event::Published {
                node,
                boot,
                publication,
                neighbours,
            } => {
                if self.is_current(node, boot) {
                    self.step(
                        node,
                        Input::Published {
                            publication,
                            neighbours,
                        },
                    );
                }
            }
            Event::User { node } => self.user_acts(node),
            Event::Mined {
                node,
                boot,
                bottle,
                attempt,
            } => self.mined((node, boot), bottle, attempt),
            Event::Frenzy => self.frenzy(),
            Event::Fault(fault) => self.fault(fault),
            Event::Rogue { rogue } => self.rogue_acts(rogue),
            Event::PostDeadline { node, boot } => self.post_wakes(node, boot),
            Event::MailboxesFound { node, boot, point } => self.mailboxes_found(node, boot, point),
            Event::MailAsked {
                node,
                boot,
                mailbox,
                errand,
            } => self.mailbox_asked((node, boot), mailbox, errand),
            Event::MailAnswered {
                node,
                boot,
                mailbox,
                errand,
            } => self.mailbox_answered((node, boot), mailbox, errand),
            Event::Inspection => self.inspection(),
        }
    }
}

fn honest(plan: &Plan, dice: &mut Dice) -> SimNode {
    let key = SigningKey::from_seed(&dice.bytes());
    let most = i64::try_from(plan.faults.skew_ms).unwrap_or(0);
    let skew_ms = i64::try_from(dice.between(0, 2 * plan.faults.skew_ms)).unwrap_or(0) - most;
    SimNode::new(
        Peer::from_ed25519(&key.public()),
        Clock::new(skew_ms),
        User::default(),
    )
}

/// A world that takes more is not coming to rest.
const STEPS_MAX: u64 = 3_000_000;
