//! Programs that start, crash, sleep and wake, and connections that come and go with them.

use meteorite_protocol::economy::UtcOffset;
use meteorite_protocol::engine::{Command, CommandId, Engine, Input};

use super::links::LinkIx;
use super::queue::{Connection, Event, Ix, News};
use super::world::{Phase, World};

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// Between two batches: everything was written.
    Written,
    /// What waited to be written behind is lost.
    CacheLost,
    /// A durable step did not commit: the engine is ahead of its rows and is thrown away.
    NotCommitted,
}

impl World {
    /// A program starts: the engine is made from the disk.
    pub(super) fn boot(&mut self, ix: Ix) {
        let seed = self.engine_seed(ix);
        let node = &mut self.nodes[ix];
        if node.engine.is_some() {
            return;
        }
        node.clock.restart(self.now);
        let engine = node.restored(self.plan.sky_max, seed);
        node.engine = Some(engine);
        self.links.forgive(ix);
        self.trace.world(self.now, &format!("node {ix} starts"));
        self.step(ix, Input::Start);
        self.say_again(ix);
        self.start_post(ix);
        for link in self.links.of(ix).to_vec() {
            if self.links.get(link).up {
                self.hang_up(link);
            }
            self.plan_dial(link, 500);
        }
    }

    /// What the engine does not store is said after each start.
    fn say_again(&mut self, ix: Ix) {
        let command = Command::Locale {
            offset: UtcOffset::from_minutes(60),
            quiet: None,
        };
        self.step(
            ix,
            Input::Command {
                id: CommandId(0),
                command,
            },
        );
        for bottle in self.nodes[ix].user.denied.clone() {
            self.step(
                ix,
                Input::Command {
                    id: CommandId(0),
                    command: Command::Deny { bottle },
                },
            );
        }
    }

    /// A program ends without a word. It starts again later, or at once if that is said.
    pub(super) fn crash(&mut self, ix: Ix, how: Crash, again_in_ms: u64) {
        let Some(engine) = self.nodes[ix].engine.take() else {
            return;
        };
        self.trace.world(self.now, &format!("node {ix} crashes: {how:?}"));
        self.figures.crashes += 1;
        let disk = &mut self.nodes[ix].disk;
        match how {
            Crash::Written => disk.flush(),
            Crash::CacheLost | Crash::NotCommitted => disk.lose_waiting(),
        }
        if how != Crash::NotCommitted {
            self.check_restart(ix, &engine, how);
        }
        self.nodes[ix].forget();
        self.open.retain(|_, open| open.from != ix);
        for (link, _) in self.links.neighbours(ix) {
            if self.dice.faults.chance(600) {
                self.hang_up(link);
            } else {
                self.plan_silence(link);
            }
        }
        self.later(again_in_ms, Event::Boot { node: ix });
    }

    /// A computer falls asleep. Nothing reaches it until it wakes.
    pub(super) fn fall_asleep(&mut self, ix: Ix, for_ms: u64) {
        if !self.nodes[ix].is_up() {
            return;
        }
        self.trace
            .world(self.now, &format!("node {ix} sleeps for {} s", for_ms / 1_000));
        self.nodes[ix].asleep_until = Some(self.now + for_ms);
        for (link, _) in self.links.neighbours(ix) {
            self.plan_silence(link);
        }
        self.later(
            for_ms,
            Event::Fault(super::faults::Fault::Wake {
                node: ix,
                slept_ms: for_ms,
            }),
        );
    }

    /// A computer wakes. All its connections are dead.
    pub(super) fn wake_up(&mut self, ix: Ix, slept_ms: u64) {
        if self.nodes[ix].asleep_until.is_none_or(|until| until > self.now) {
            return;
        }
        let clock_stood = self.dice.faults.chance(500);
        let node = &mut self.nodes[ix];
        node.asleep_until = None;
        node.wake_ms = None;
        if clock_stood {
            node.clock.slept(slept_ms);
        }
        node.disk.flush();
        self.trace.world(self.now, &format!("node {ix} wakes"));
        let links = self.links.of(ix).to_vec();
        for link in links
            .iter()
            .copied()
            .filter(|link| self.links.get(*link).up)
            .collect::<Vec<_>>()
        {
            self.hang_up(link);
        }
        let dead: Vec<Connection> = self.nodes[ix]
            .connected
            .iter()
            .map(|(link, nth)| (*link, *nth))
            .collect();
        for connection in dead {
            self.peer_news(ix, connection, News::Down);
        }
        self.step(ix, Input::Tick);
        self.post_runs(ix);
        for link in links {
            self.plan_dial(link, 500);
        }
    }

    /// The engine's deadline has come.
    pub(super) fn wake(&mut self, ix: Ix, boot: u32) {
        if !self.is_current(ix, boot) || self.nodes[ix].wake_ms != Some(self.now) {
            return;
        }
        self.nodes[ix].wake_ms = None;
        let now = self.nodes[ix].clock.now(self.now);
        let due = self.nodes[ix]
            .engine
            .as_ref()
            .and_then(|engine| engine.next_deadline(now));
        match due {
            Some((at, why)) if at <= now.mono_ms => {
                let spins = &mut self.nodes[ix].spins;
                *spins = if spins.0 == self.now {
                    (self.now, spins.1 + 1)
                } else {
                    (self.now, 1)
                };
                if spins.1 > SPINS_MAX {
                    return self.fail(
                        Some(ix),
                        format!("the timer \"{why}\" is due again at once, {SPINS_MAX} times"),
                    );
                }
                self.step(ix, Input::Tick);
            }
            Some(_) | None => self.plan_wake(ix),
        }
    }

    /// Plans the engine's next deadline.
    pub(super) fn plan_wake(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        let now = node.clock.now(self.now);
        let Some((mono_ms, _)) = node.engine.as_ref().and_then(|engine| engine.next_deadline(now)) else {
            return;
        };
        let at = node.clock.world_at(mono_ms).max(self.now);
        if node.wake_ms.is_none_or(|planned| at < planned) {
            node.wake_ms = Some(at);
            let boot = node.boot;
            self.queue.plan(at, Event::Deadline { node: ix, boot });
        }
    }

    /// Both ends of a link will try to connect soon.
    pub(super) fn plan_dial(&mut self, link: LinkIx, at_least_ms: u64) {
        let known = self.links.get_mut(link);
        if known.up || std::mem::replace(&mut known.dialling, true) {
            return;
        }
        let in_ms = at_least_ms + self.dice.shells.between(0, 6_000);
        self.later(in_ms, Event::Dial { link });
    }

    pub(super) fn dial(&mut self, link: LinkIx) {
        self.links.get_mut(link).dialling = false;
        let ends = self.links.get(link).ends;
        if self.links.get(link).up {
            return;
        }
        let answering = ends
            .iter()
            .all(|end| self.nodes.get(*end).is_none_or(super::node::SimNode::is_up));
        if !answering || !self.links.can_connect(link, self.now) {
            let refused = self
                .links
                .refused_until(ends[0], ends[1])
                .saturating_sub(self.now);
            return self.plan_dial(link, refused.max(4_000));
        }
        let known = self.links.get_mut(link);
        known.up = true;
        known.generation += 1;
        let generation = known.generation;
        let late = self.dice.shells.place(2);
        for (nth, node) in ends.into_iter().enumerate() {
            let in_ms = if nth == late {
                self.dice.shells.between(0, NEWS_MS)
            } else {
                0
            };
            self.plan_news(node, (link, generation), (in_ms, News::Up));
        }
    }

    /// A connection ends: both ends hear of it, and whoever waited for an answer over it.
    pub(super) fn hang_up(&mut self, link: LinkIx) {
        let known = self.links.get_mut(link);
        if !std::mem::replace(&mut known.up, false) {
            return;
        }
        let (generation, ends) = (known.generation, known.ends);
        for node in ends {
            self.plan_news(node, (link, generation), (NEWS_MS, News::Down));
        }
        let lost = self
            .open
            .iter()
            .filter(|(_, open)| open.link == Some(link))
            .map(|(wire, _)| *wire);
        for wire in lost.collect::<Vec<_>>() {
            self.later(0, Event::Response { wire, answer: None });
        }
        self.plan_dial(link, 2_000);
    }

    /// A connection was silent for too long: it ends, unless it has recovered.
    pub(super) fn silence(&mut self, (link, generation): Connection) {
        let known = self.links.get(link);
        let [a, b] = known.ends;
        if !known.up || known.generation != generation {
            return;
        }
        let deaf = [a, b]
            .iter()
            .any(|end| self.nodes.get(*end).is_some_and(|node| !node.is_up()));
        if deaf || self.links.is_cut(a, b) || self.links.is_cut(b, a) {
            self.hang_up(link);
        }
    }

    /// A node learns that a connection began or ended.
    pub(super) fn peer_news(&mut self, ix: Ix, (link, generation): Connection, news: News) {
        let peer = self.peer_of(self.links.get(link).other(ix));
        let connected = &mut self.nodes[ix].connected;
        match news {
            News::Up => {
                connected.insert(link, generation);
                self.step(ix, Input::PeerUp { peer });
            }
            News::Down => {
                if connected.get(&link) == Some(&generation) {
                    connected.remove(&link);
                    self.step(ix, Input::PeerDown { peer });
                }
            }
        }
    }

    /// A connection that is dead without a word is noticed after a while.
    pub(super) fn plan_silence(&mut self, link: LinkIx) {
        let connection = (link, self.links.get(link).generation);
        self.later(SILENCE_MS, Event::Silence { connection });
    }

    fn plan_news(&mut self, node: Ix, connection: Connection, (in_ms, news): (u64, News)) {
        if let Some(boot) = self.nodes.get(node).map(|node| node.boot) {
            self.later(
                in_ms,
                Event::PeerNews {
                    node,
                    boot,
                    connection,
                    news,
                },
            );
        }
    }

    /// Secret and random for the engine, and the same in every run of this seed.
    fn engine_seed(&self, ix: Ix) -> [u8; 32] {
        let label = format!("engine {ix} {}", self.nodes[ix].boot);
        super::dice::Dice::new(self.plan.seed, &label).bytes()
    }

    /// Restarting from the disk gives the same engine, save for what the cache lost.
    pub(super) fn check_restart(&mut self, ix: Ix, before: &Engine, how: Crash) {
        let after = self.nodes[ix].restored(self.plan.sky_max, self.engine_seed(ix));
        self.figures.restarts_compared += 1;
        let same_own = before.mine().rows().eq(after.mine().rows())
            && before.hold().rows().eq(after.hold().rows())
            && before.economy().row() == after.economy().row();
        if !same_own {
            self.fail(
                Some(ix),
                "a restart changes own bottles, the hold or the economy".to_owned(),
            );
        } else if how == Crash::Written && self.plan.has_room() && before.digest() != after.digest() {
            let what = super::checks::difference(before, &after);
            self.fail(Some(ix), format!("a restart changes the digest: {what}"));
        }
    }

    /// Whether the world is still in its first phase.
    pub(super) fn is_lively(&self) -> bool {
        self.phase == Phase::Safety
    }
}

/// Idle time after which a QUIC connection ends.
const SILENCE_MS: u64 = 30_000;
/// One end learns of a connection up to so much later than the other.
const NEWS_MS: u64 = 20;
/// An engine that is woken more often in one millisecond is not waiting for anything.
const SPINS_MAX: u32 = 20;
