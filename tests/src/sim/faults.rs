//! What goes wrong, when, and how it is mended.
//!
//! Each kind of fault that the plan has on comes again and again after a random pause. With the end of the first phase all
//! of it ends: whoever is down starts, whoever sleeps wakes, clocks are set, partitions heal, nothing is lost any more.

use super::lifecycle::Crash;
use super::queue::{Event, Ix};
use super::world::{Phase, World};

/// A fault, or the end of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// A program crashes and is started again.
    Crash,
    /// A lid is closed.
    Sleep,
    /// A lid is opened.
    Wake { node: Ix, slept_ms: u64 },
    /// The network falls apart.
    Partition,
    /// The network is whole again.
    Mend,
    /// A clock jumps.
    Jump,
    /// Everybody sleeps for a day.
    Night,
}

impl World {
    /// Plans the first fault of each kind.
    pub(super) fn plan_faults(&mut self) {
        for fault in [Fault::Crash, Fault::Sleep, Fault::Partition, Fault::Jump] {
            self.plan_again(fault);
        }
        if self.plan.faults.night {
            self.later(self.plan.safety_ms / 2, Event::Fault(Fault::Night));
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Wake { node, slept_ms } => return self.wake_up(node, slept_ms),
            Fault::Mend => return self.links.mend(),
            Fault::Crash | Fault::Sleep | Fault::Partition | Fault::Jump | Fault::Night => {}
        }
        if !self.is_lively() {
            return;
        }
        let node = self.dice.faults.place(self.nodes.len());
        match fault {
            Fault::Crash => {
                let written = self.dice.faults.chance(self.plan.faults.cache_kept);
                let how = if written { Crash::Written } else { Crash::CacheLost };
                let again = self.dice.faults.between(500, 90_000);
                if self.nodes[node].is_up() {
                    self.crash(node, how, again);
                }
            }
            Fault::Sleep => {
                let for_ms = self.dice.faults.between(60_000, 420_000);
                self.fall_asleep(node, for_ms);
            }
            Fault::Partition => self.part(node),
            Fault::Jump => self.jump(node),
            Fault::Night => self.night(),
            Fault::Wake { .. } | Fault::Mend => {}
        }
        self.plan_again(fault);
    }

    /// Ends all faults.
    pub(super) fn heal(&mut self) {
        self.phase = Phase::Settling;
        self.trace.world(self.now, "everything is mended");
        self.links.calm();
        for node in 0..self.nodes.len() {
            let skew = self.dice.faults.between(0, 800);
            self.nodes[node].clock.skew_ms = i64::try_from(skew).unwrap_or(0) - 400;
            if let Some(until) = self.nodes[node].asleep_until {
                self.nodes[node].asleep_until = Some(self.now);
                self.wake_up(node, until.saturating_sub(self.now));
            } else if self.nodes[node].engine.is_none() {
                self.later(0, Event::Boot { node });
            } else {
                self.step(node, meteorite_protocol::engine::Input::Tick);
            }
        }
        for mailbox in &mut self.mailboxes {
            mailbox.away_until = 0;
        }
        for link in 0..self.links.len() {
            self.plan_dial(link, 100);
        }
    }

    fn plan_again(&mut self, fault: Fault) {
        let faults = &self.plan.faults;
        let every = match fault {
            Fault::Crash => faults.crash_ms,
            Fault::Sleep => faults.sleep_ms,
            Fault::Partition => faults.partition_ms,
            Fault::Jump => faults.jump_ms,
            Fault::Wake { .. } | Fault::Mend | Fault::Night => None,
        };
        if let Some(mean_ms) = every {
            let in_ms = self.dice.faults.pause(mean_ms);
            self.later(in_ms, Event::Fault(fault));
        }
    }

    /// Cuts the network in two, cuts one node off, or lets one direction through only.
    fn part(&mut self, one: Ix) {
        let everybody = self.nodes.len() + self.rogues.len();
        let kind = self.dice.faults.below(3);
        let halves: Vec<bool> = match kind {
            1 => (0..everybody).map(|node| node == one).collect(),
            _ => (0..everybody).map(|_| self.dice.faults.chance(500)).collect(),
        };
        let both_ways = kind != 2;
        let mut directions = Vec::new();
        for from in 0..everybody {
            let across = (0..everybody).filter(|to| halves[from] != halves[*to]);
            directions.extend(across.filter(|_| both_ways || halves[from]).map(|to| (from, to)));
        }
        let name = ["in halves", "around one node", "in one direction"][usize::try_from(kind).unwrap_or(0)];
        self.trace
            .world(self.now, &format!("the network is cut {name} ({one})"));
        for link in self.links.cut(directions) {
            self.plan_silence(link);
        }
        let for_ms = self.dice.faults.between(8_000, 180_000);
        self.later(for_ms, Event::Fault(Fault::Mend));
    }

    fn jump(&mut self, node: Ix) {
        let far = match self.dice.faults.below(20) {
            0..=13 => 20_000,
            14..=18 => 12 * 60_000,
            _ => 3 * 24 * 3_600_000,
        };
        let by = i64::try_from(self.dice.faults.between(0, 2 * far)).unwrap_or(0);
        let by = by - i64::try_from(far).unwrap_or(0);
        self.nodes[node].clock.skew_ms += by;
        self.trace
            .world(self.now, &format!("the clock of node {node} jumps by {by} ms"));
        if self.nodes[node].is_up() {
            self.step(node, meteorite_protocol::engine::Input::Tick);
        }
    }

    /// Everybody sleeps for a bit more than a day, so that days, ends and recasts come within reach.
    fn night(&mut self) {
        let until = self.now + NIGHT_MS;
        for node in 0..self.nodes.len() {
            let late = self.dice.faults.between(0, 120_000);
            let for_ms = until - self.now + late;
            self.fall_asleep(node, for_ms);
        }
        self.figures.nights += 1;
        self.plan.safety_ms += NIGHT_MS;
    }
}

/// A day and an hour and a half.
const NIGHT_MS: u64 = 25 * 3_600_000 + 1_800_000;
