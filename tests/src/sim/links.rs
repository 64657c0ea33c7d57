//! Connections between nodes: who is linked to whom, how long things take, what is lost, who is cut off.
//!
//! A link stands for one QUIC connection. It delivers in order unless the plan lets messages overtake each other, loses
//! single messages (gossip queues overflow, request streams break), and dies after thirty seconds in which one direction
//! was cut. Both ends dial again after a few seconds, unless one has blocked the other.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::Dice;
use super::plan::{NetPlan, Plan};
use super::queue::Ix;

/// The number of a link.
pub(super) type LinkIx = usize;

/// One possible connection.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) ends: [Ix; 2],
    latency_ms: u64,
    /// Whether the connection stands.
    pub(super) up: bool,
    /// Counts connections, so that what was sent over an earlier one is known to be lost.
    pub(super) generation: u32,
    /// A dial is planned.
    pub(super) dialling: bool,
    /// When the last message of each direction arrives.
    last_ms: [u64; 2],
}

impl Link {
    /// The other end.
    pub(super) const fn other(&self, end: Ix) -> Ix {
        if self.ends[0] == end {
            self.ends[1]
        } else {
            self.ends[0]
        }
    }
}

/// All connections.
#[derive(Debug)]
pub(super) struct Links {
    all: Vec<Link>,
    of: Vec<Vec<LinkIx>>,
    /// Directions that nothing passes.
    cut: BTreeSet<(Ix, Ix)>,
    /// Until when the first refuses the second.
    refused: BTreeMap<(Ix, Ix), u64>,
    plan: NetPlan,
    dice: Dice,
}

impl Links {
    /// A ring through all honest nodes, and chords between everybody until each has the wanted degree.
    pub(super) fn new(plan: &Plan) -> Self {
        let everybody = plan.honest + plan.rogues.len();
        let mut links = Self {
            all: Vec::new(),
            of: vec![Vec::new(); everybody],
            cut: BTreeSet::new(),
            refused: BTreeMap::new(),
            plan: plan.net.clone(),
            dice: Dice::new(plan.seed, "links"),
        };
        for node in 0..plan.honest {
            links.join(node, (node + 1) % plan.honest);
        }
        for node in 0..everybody {
            let mut tries = 0;
            while links.of[node].len() < plan.net.degree && tries < 20 {
                let other = links.dice.place(everybody);
                if links.of[other].len() < DEGREE_MAX {
                    links.join(node, other);
                }
                tries += 1;
            }
        }
        links
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, link: LinkIx) -> &Link {
        &self.all[link]
    }

    pub(super) fn get_mut(&mut self, link: LinkIx) -> &mut Link {
        &mut self.all[link]
    }

    /// The links of a node.
    pub(super) fn of(&self, node: Ix) -> &[LinkIx] {
        self.of.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// The standing connections of a node and who is at their other ends.
    pub(super) fn neighbours(&self, node: Ix) -> Vec<(LinkIx, Ix)> {
        let standing = self.of(node).iter().filter(|link| self.all[**link].up);
        standing
            .map(|link| (*link, self.all[*link].other(node)))
            .collect()
    }

    /// The link between two nodes.
    pub(super) fn between(&self, one: Ix, other: Ix) -> Option<LinkIx> {
        self.of(one)
            .iter()
            .copied()
            .find(|link| self.all[*link].other(one) == other)
    }

    /// When something sent now arrives. `None` if it never does.
    pub(super) fn transit(&mut self, link: LinkIx, from: Ix, bytes: usize, now_ms: u64) -> Option<u64> {
        let to = self.all[link].other(from);
        if !self.all[link].up || self.is_cut(from, to) || self.dice.chance(self.plan.loss) {
            return None;
        }
        let jitter = self.dice.between(0, self.plan.jitter_ms);
        let wire_ms = bytes as u64 / BYTES_PER_MS;
        let ready = now_ms + self.all[link].latency_ms + jitter + wire_ms;
        if self.plan.reorder {
            return Some(ready);
        }
        let direction = usize::from(self.all[link].ends[0] != from);
        let last = &mut self.all[link].last_ms[direction];
        *last = ready.max(*last);
        Some(*last)
    }

    /// Whether a message of gossip comes a second time, and how much later.
    pub(super) fn doubles(&mut self) -> Option<u64> {
        let again = self.dice.chance(self.plan.duplicate);
        again.then(|| self.dice.between(1, 4_000))
    }

    /// Whether nothing passes in this direction.
    pub(super) fn is_cut(&self, from: Ix, to: Ix) -> bool {
        self.cut.contains(&(from, to))
    }

    /// Whether a connection can be made.
    pub(super) fn can_connect(&self, link: LinkIx, now_ms: u64) -> bool {
        let [a, b] = self.all[link].ends;
        !self.is_cut(a, b) && !self.is_cut(b, a) && self.refused_until(a, b) <= now_ms
    }

    /// Until when one of the two refuses the other; 0 if neither does.
    pub(super) fn refused_until(&self, a: Ix, b: Ix) -> u64 {
        let until = |pair| self.refused.get(&pair).copied().unwrap_or(0);
        until((a, b)).max(until((b, a)))
    }

    /// The first refuses the second until then.
    pub(super) fn refuse(&mut self, who: Ix, whom: Ix, until_ms: u64) {
        self.refused.insert((who, whom), until_ms);
    }

    /// A node that starts anew has forgotten whom it refused.
    pub(super) fn forgive(&mut self, who: Ix) {
        self.refused.retain(|(refuser, _), _| *refuser != who);
    }

    /// Nothing passes in these directions any more. Returns the standing links that are touched.
    pub(super) fn cut(&mut self, directions: impl IntoIterator<Item = (Ix, Ix)>) -> Vec<LinkIx> {
        let mut touched = BTreeSet::new();
        for (from, to) in directions {
            if let Some(link) = self.between(from, to) {
                self.cut.insert((from, to));
                touched.insert(link);
            }
        }
        touched.into_iter().filter(|link| self.all[*link].up).collect()
    }

    /// Everything passes again.
    pub(super) fn mend(&mut self) {
        self.cut.clear();
    }

    /// No loss, no doubles, in order.
    pub(super) fn calm(&mut self) {
        self.mend();
        self.plan.loss = 0;
        self.plan.duplicate = 0;
        self.plan.reorder = false;
    }

    fn join(&mut self, one: Ix, other: Ix) {
        if one == other || self.between(one, other).is_some() {
            return;
        }
        let (low, high) = self.plan.latency_ms;
        let latency_ms = self.dice.between(low, high);
        let link = Link {
            ends: [one, other],
            latency_ms,
            up: false,
            generation: 0,
            dialling: false,
            last_ms: [0; 2],
        };
        self.all.push(link);
        self.of[one].push(self.all.len() - 1);
        self.of[other].push(self.all.len() - 1);
    }
}

/// No node has more links, so that a gossip mesh holds them all.
const DEGREE_MAX: usize = 12;
/// Eight megabits a second.
const BYTES_PER_MS: u64 = 1_000;
