//! One step of one engine: give it an input, check its effects, store what is durable, carry out the rest.
//!
//! The order is that of the real shell, which is part of what is tested: all durable rows of a step commit before any other
//! effect of it is carried out, and if they do not commit, nothing else happens.

use std::rc::Rc;

use meteorite_protocol::engine::{Command, CommandId, Effect, Event as Told, Input, Refusal, encode_entries};
use meteorite_protocol::limits::SYNC_ANSWER_BYTES_MAX;

use super::checks::contract::Expected;
use super::disk::Write;
use super::lifecycle::Crash;
use super::queue::{Event, Ix};
use super::trace;
use super::traffic::Purpose;
use super::world::World;

impl World {
    /// Lets an engine take an input. False if the node does not run any more afterwards.
    pub(super) fn step(&mut self, ix: Ix, input: Input) -> bool {
        self.told(ix, input).is_some()
    }

    /// Gives the engine a command and returns what became of it; `None` if the node crashed over it.
    pub(super) fn command(&mut self, ix: Ix, command: Command) -> Option<Result<(), Refusal>> {
        let id = CommandId(self.trace.steps());
        let told = self.told(ix, Input::Command { id, command })?;
        told.into_iter().find_map(|event| {
            let Told::Done { id: done, outcome } = event else {
                return None;
            };
            (done == id).then_some(outcome)
        })
    }

    fn told(&mut self, ix: Ix, input: Input) -> Option<Vec<Told>> {
        if self.failure.is_some() {
            return None;
        }
        let now = self.nodes[ix].clock.now(self.now);
        let (kind, expected) = (trace::kind(&input), Expected::of(&input));
        let mut effects = Vec::new();
        self.nodes[ix].engine.as_mut()?.handle(input, now, &mut effects);
        self.trace.step(self.now, ix, kind, &effects);
        if let Err(what) = expected.check(&effects) {
            self.fail(Some(ix), what);
            return None;
        }
        if !self.commit(ix, &effects) {
            return None;
        }
        let mut told = Vec::new();
        for effect in effects {
            self.perform(ix, effect, &mut told);
        }
        let boot = self.nodes[ix].boot;
        for event in &told {
            // Answering what was told is a step of its own, over which the program may end.
            if self.nodes[ix].boot == boot {
                self.hear(ix, event);
            }
        }
        self.check_step(ix, &told);
        self.plan_wake(ix);
        Some(told)
    }

    /// Stores the durable rows. False if that failed, after which the node is down.
    fn commit(&mut self, ix: Ix, effects: &[Effect]) -> bool {
        let durable = effects.iter().filter_map(|effect| {
            let Effect::Durable(row) = effect else { return None };
            Some(Write::Row(Rc::new(row.clone())))
        });
        let writes: Vec<Write> = durable.collect();
        if writes.is_empty() {
            return true;
        }
        if self.is_lively() && self.dice.shells.chance(self.plan.faults.commit_fails) {
            let again = self.dice.shells.between(500, 5_000);
            self.crash(ix, Crash::NotCommitted, again);
            return false;
        }
        self.nodes[ix].disk.commit(&writes);
        true
    }

    /// Carries out one effect that is not durable.
    fn perform(&mut self, ix: Ix, effect: Effect, told: &mut Vec<Told>) {
        match effect {
            Effect::Durable(_) => {}
            Effect::Cache(row) => self.write_behind(ix, Write::Row(Rc::new(row))),
            Effect::Publish {
                publication,
                topic,
                bytes,
            } => {
                self.check_publication(ix, topic, &bytes);
                let bytes: Rc<[u8]> = bytes.into();
                let known = self.nodes[ix].sees(*blake3::hash(&bytes).as_bytes(), self.now);
                let audience = if known {
                    0
                } else {
                    self.spread(ix, None, topic, &bytes)
                };
                let neighbours = u16::try_from(audience).unwrap_or(u16::MAX);
                self.note_handed(ix, topic, (&bytes, neighbours));
                let (in_ms, boot) = (self.dice.shells.between(0, 3), self.nodes[ix].boot);
                self.later(
                    in_ms,
                    Event::Published {
                        node: ix,
                        boot,
                        publication,
                        neighbours,
                    },
                );
            }
            Effect::Verdict { message, verdict } => self.judged(ix, message, verdict),
            Effect::Call {
                call,
                peer,
                protocol,
                bytes,
            } => match self.whose(&peer) {
                Some(to) => self.ask(ix, to, (protocol, bytes), Purpose::Engine(call)),
                None => self.fail(Some(ix), format!("calls {peer:?}, who does not exist")),
            },
            Effect::Answer { request, bytes } => self.respond(request.0, Some(bytes)),
            Effect::AnswerEntries { request, entries } => {
                self.check_entries(ix, &entries);
                let bytes = encode_entries(self.nodes[ix].disk.load(entries));
                if bytes.len() > SYNC_ANSWER_BYTES_MAX {
                    return self.fail(Some(ix), "a sync answer is too long".to_owned());
                }
                self.respond(request.0, Some(bytes));
            }
            Effect::AnswerBodies { request, bodies } => self.answer_bodies(ix, request, &bodies),
            Effect::Refuse { request } => self.respond(request.0, None),
            Effect::FetchBodies { call, peer, bodies } => match self.whose(&peer) {
                Some(to) => self.fetch_bodies(ix, to, call, bodies),
                None => self.fail(Some(ix), format!("fetches from {peer:?}, who does not exist")),
            },
            Effect::DropBottles { bottles } => self.write_behind(ix, Write::DropBottles(bottles)),
            Effect::DropBodies { bottles } => self.write_behind(ix, Write::DropBodies(bottles)),
            Effect::Block { peer, secs } => self.blocked(ix, &peer, secs),
            Effect::Notify(event) => told.push(event),
        }
    }

    pub(super) fn write_behind(&mut self, ix: Ix, write: Write) {
        let boot = self.nodes[ix].boot;
        if self.nodes[ix].disk.write_behind(write) {
            let in_ms = self.dice.shells.between(20, FLUSH_MS);
            self.later(in_ms, Event::Flush { node: ix, boot });
        }
    }

    /// An engine cuts a peer off.
    fn blocked(&mut self, ix: Ix, peer: &meteorite_protocol::ids::Peer, secs: u64) {
        let Some(whom) = self.whose(peer) else { return };
        if self.is_honest(whom) {
            return self.fail(Some(ix), format!("cuts honest node {whom} off for {secs} s"));
        }
        self.figures.cut_off += 1;
        self.links.refuse(ix, whom, self.now + secs * 1_000);
        if let Some(link) = self.links.between(ix, whom) {
            self.hang_up(link);
        }
    }

    /// What the engine tells goes to the user and into the lists of what exists.
    fn hear(&mut self, ix: Ix, event: &Told) {
        match event {
            Told::Fell { bottle, .. } => self.model.has(ix, bottle, self.now),
            Told::MineClaim {
                bottle,
                place,
                claimant,
                bits,
            } => {
                self.start_mining(ix, *bottle, (*place, *claimant, *bits));
            }
            Told::StopMining { bottle } => self.nodes[ix].user.stop_mining_for(bottle),
            Told::Claimed { bottle, .. } => self.letter_expected(ix, bottle),
            Told::Hold(event) => self.hold_event(ix, event),
            Told::Synced { complete, .. } => {
                self.figures.syncs.0 += 1;
                self.figures.syncs.1 += u64::from(*complete);
            }
            Told::AdmissionRose { .. } => self.figures.admission_rises += 1,
            Told::BodyCame { .. }
            | Told::Done { .. }
            | Told::Ended { .. }
            | Told::Truth { .. }
            | Told::Notice { .. }
            | Told::Archived { .. }
            | Told::Blocked { .. } => {}
        }
    }
}

/// Cache rows reach the disk within this time.
const FLUSH_MS: u64 = 200;
