//! What must hold at every moment, whatever goes wrong.
//!
//! Cheap checks run after each step, on what the step touched; everything of every node is looked at now and then.

use std::collections::BTreeMap;

use meteorite_protocol::engine::{Engine, EntryPlan, Event as Told};
use meteorite_protocol::hold::CatchState;
use meteorite_protocol::hold::OPENINGS_MAX;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::limits::{HOLD_PLACES, PEERS_MAX};
use meteorite_protocol::mine::{DeliveryTruth, End, OWN_BOTTLES_MAX, Release};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::{CatchMessage, Place, SkyMessage};

use super::lifecycle::Crash;
use super::model::Withdrawn;
use super::queue::{Event, Ix};
use super::world::World;

pub(super) mod contract;

impl World {
    /// After each step of a node.
    pub(super) fn check_step(&mut self, ix: Ix, told: &[Told]) {
        for event in told {
            if let Told::Claimed { bottle, .. } = event {
                self.check_claims(ix, bottle);
            }
            if let Told::Truth { bottle, truth } = event {
                self.check_truth(ix, bottle, truth);
            }
        }
        self.check_releases(ix);
        self.check_limits(ix);
    }

    /// Nothing of one's own goes out before it is on the disk.
    pub(super) fn check_publication(&mut self, ix: Ix, topic: Topic, bytes: &[u8]) {
        let disk = &self.nodes[ix].disk;
        let stored = match topic {
            Topic::Sky(_) => SkyMessage::decode(bytes).is_ok_and(|message| {
                let bottle = message.header.bottle();
                disk.has_committed_bottle(&bottle) && disk.committed_mine(&bottle).is_some()
            }),
            Topic::Catch => CatchMessage::decode(bytes).is_ok_and(|message| {
                let bottle = message.bottle();
                match message {
                    CatchMessage::Claim(_) | CatchMessage::ThrowBack(_) => {
                        let claim = disk.committed_hold(&bottle).and_then(|row| row.claim());
                        claim.is_some_and(|claim| claim.message == bytes)
                    }
                    CatchMessage::Withdrawal(_) | CatchMessage::Recast(_) => disk
                        .committed_claims(&bottle)
                        .iter()
                        .any(|message| message == bytes),
                }
            }),
        };
        if !stored {
            self.fail(Some(ix), format!("publishes on {topic} what is not on its disk"));
        }
    }

    /// Notes to how many neighbours a bottle was really handed.
    pub(super) fn note_handed(&mut self, ix: Ix, topic: Topic, (bytes, neighbours): (&[u8], u16)) {
        let Topic::Sky(_) = topic else { return };
        let Ok(message) = SkyMessage::decode(bytes) else {
            return;
        };
        match self.model.bottle_mut(&message.header.bottle()) {
            Some(bottle) if bottle.thrower == ix => bottle.handed = bottle.handed.max(neighbours),
            Some(_) | None => self.fail(Some(ix), "publishes another's bottle as its own".to_owned()),
        }
    }

    /// An own bottle is not handed out in sync before somebody else has it.
    pub(super) fn check_entries(&mut self, ix: Ix, entries: &[EntryPlan]) {
        let Some(engine) = &self.nodes[ix].engine else {
            return;
        };
        let withheld = entries
            .iter()
            .find(|entry| engine.mine().is_withheld(&entry.bottle));
        if let Some(entry) = withheld {
            let bottle = entry.bottle;
            self.fail(Some(ix), format!("hands out its own withheld bottle {bottle:?}"));
        }
    }

    /// Nobody opens or claims what is over by the clock on their own wall.
    pub(super) fn check_not_expired(&mut self, ix: Ix, bottle: &BottleId, what: &str) {
        let epoch = self.nodes[ix].clock.now(self.now).wall.epoch();
        if self
            .model
            .bottle(bottle)
            .is_none_or(|bottle| bottle.expires_at <= epoch)
        {
            self.fail(Some(ix), format!("{what} a bottle that is over: {bottle:?}"));
        }
    }

    /// Looks at everything of a few nodes in turn, and again later.
    pub(super) fn inspection(&mut self) {
        let in_ms = if self.is_lively() {
            INSPECTION_MS
        } else {
            10 * INSPECTION_MS
        };
        self.later(in_ms, Event::Inspection);
        self.inspected += 1;
        let nodes = self.nodes.len();
        for nth in 0..INSPECTED_AT_ONCE.min(nodes) {
            self.inspect((self.inspected * INSPECTED_AT_ONCE + nth) % nodes);
        }
    }

    /// Looks at everything of a node, if it runs.
    pub(super) fn inspect(&mut self, ix: Ix) {
        if !self.nodes[ix].is_up() {
            return;
        }
        let Some(engine) = self.nodes[ix].engine.take() else {
            return;
        };
        self.check_restart(ix, &engine, Crash::Written);
        let claimed = engine
            .sky()
            .stones()
            .filter(|stone| engine.sky().claims_if_any(&stone.bottle).is_some());
        let claimed: Vec<BottleId> = claimed.map(|stone| stone.bottle).collect();
        let now = self.nodes[ix].clock.now(self.now);
        let own = engine.mine().rows().map(|row| row.bottle.id);
        let own: Vec<_> = own
            .filter_map(|bottle| Some((bottle, engine.truth(&bottle, now)?)))
            .collect();
        let full = engine.sky().len() > self.plan.sky_max;
        let blamed = self.honest_blame(&engine, now.mono_ms);
        let kept_account = self.kept_account(ix, &engine);
        self.nodes[ix].engine = Some(engine);
        claimed.iter().for_each(|bottle| self.check_claims(ix, bottle));
        own.iter()
            .for_each(|(bottle, truth)| self.check_truth(ix, bottle, truth));
        if full {
            self.fail(Some(ix), "holds more bottles than fit".to_owned());
        }
        if let Some((other, points)) = blamed {
            self.fail(
                Some(ix),
                format!("holds {points} points against honest node {other}"),
            );
        }
        if let Some(other) = kept_account {
            self.fail(
                Some(ix),
                format!("keeps an account of {other}, who is not connected"),
            );
        }
    }

    /// At most as many claims at each place as it has room for, and each of them was really made.
    fn check_claims(&mut self, ix: Ix, bottle: &BottleId) {
        let Some(claims) = self.nodes[ix]
            .engine
            .as_ref()
            .and_then(|engine| engine.claims(bottle))
        else {
            return;
        };
        let Some(exists) = self.model.bottle(bottle) else {
            return self.fail(
                Some(ix),
                format!("knows claims of {bottle:?}, which nobody threw"),
            );
        };
        let mut taken: BTreeMap<Place, usize> = BTreeMap::new();
        for claim in claims.claims() {
            *taken.entry(claim.key.place).or_default() += 1;
            if !exists.claims.contains_key(&(claim.key.place, claim.key.claimant)) {
                return self.fail(Some(ix), format!("keeps a claim of {bottle:?} that nobody made"));
            }
        }
        let slots = usize::from(exists.slots);
        let room = |place: &Place| {
            if matches!(place, Place::After(_)) {
                1
            } else {
                slots
            }
        };
        if let Some((place, count)) = taken.iter().find(|(place, count)| **count > room(place)) {
            self.fail(
                Some(ix),
                format!("keeps {count} claims at {place:?} of {bottle:?}"),
            );
        }
    }

    /// What is shown of an own bottle is never more than what is so.
    fn check_truth(&mut self, ix: Ix, bottle: &BottleId, shown: &DeliveryTruth) {
        let Some(exists) = self.model.bottle(bottle) else {
            return self.fail(Some(ix), format!("shows {bottle:?}, which nobody threw"));
        };
        let claims = usize::from(shown.caught)
            + usize::from(shown.caught_provisional)
            + usize::from(shown.thrown_back);
        let read = self
            .model
            .letters
            .values()
            .filter(|letter| letter.bottle == *bottle && letter.read)
            .count();
        let holders = exists.holders(&self.liars());
        let wrong = if shown.handed > exists.handed {
            format!("handed to {} and not {}", exists.handed, shown.handed)
        } else if usize::from(shown.held) > holders {
            format!("held by {holders} and not {}", shown.held)
        } else if claims > exists.claims.len() {
            format!("claimed {} times and not {claims}", exists.claims.len())
        } else if usize::from(shown.lights) + usize::from(shown.letters) > read {
            format!(
                "answered {read} times and not {} and {}",
                shown.lights, shown.letters
            )
        } else if shown.recasts > exists.recasts {
            format!("cast {} times again and not {}", exists.recasts, shown.recasts)
        } else if shown.end == Some(End::Withdrawn) && exists.withdrawn == Withdrawn::Not {
            "not withdrawn".to_owned()
        } else if shown.end == Some(End::Equivocated) && !exists.equivocated {
            "not one of two".to_owned()
        } else {
            return;
        };
        self.fail(
            Some(ix),
            format!("shows more than is so of {bottle:?}: it is {wrong}"),
        );
    }

    /// An own bottle is offered in sync only when somebody else has it, or gossip no longer takes it.
    fn check_releases(&mut self, ix: Ix) {
        let now = self.nodes[ix].clock.now(self.now);
        let node = &self.nodes[ix];
        let Some(engine) = &node.engine else { return };
        let released = engine
            .mine()
            .rows()
            .filter(|row| row.release != Release::Withheld);
        let fresh: Vec<_> = released
            .filter(|row| !node.user.released.contains(&row.bottle.id))
            .map(|row| (row.bottle.id, row.release, row.bottle.thrown_at, row.handed))
            .collect();
        for (bottle, release, thrown_at, handed) in fresh {
            self.nodes[ix].user.released.insert(bottle);
            let elsewhere = self.model.bottle(&bottle).is_some_and(|exists| {
                exists.is_elsewhere() || exists.claims.values().any(|claim| claim.claimer != ix)
            });
            let right = match release {
                Release::Withheld => true,
                Release::Handed => handed > 0,
                Release::Proven => elsewhere,
                Release::WindowClosed => now.wall >= thrown_at.plus(2).start(),
            };
            if !right {
                self.fail(
                    Some(ix),
                    format!("offers its own bottle {bottle:?} ({release:?}), which nobody else has"),
                );
            }
        }
    }

    fn check_limits(&mut self, ix: Ix) {
        let Some(engine) = &self.nodes[ix].engine else {
            return;
        };
        let opening = engine
            .hold()
            .rows()
            .filter(|row| matches!(row.state, CatchState::Opening(_)))
            .count();
        let counts = [
            ("neighbours", engine.neighbours().len(), PEERS_MAX),
            ("own bottles", engine.mine().rows().count(), OWN_BOTTLES_MAX),
            ("stones in the hold", engine.hold().places_taken(), HOLD_PLACES),
            ("openings", opening, OPENINGS_MAX),
        ];
        if let Some((what, count, max)) = counts.into_iter().find(|(_, count, max)| count > max) {
            self.fail(Some(ix), format!("{count} {what}, {max} are allowed"));
        }
    }

    /// How much this honest node holds against another.
    fn honest_blame(&self, engine: &Engine, mono_ms: u64) -> Option<(Ix, u32)> {
        let blame = self
            .nodes
            .iter()
            .map(|node| engine.reputation().blame_of(&node.peer, mono_ms));
        blame.enumerate().find(|(_, blame)| *blame > 0)
    }

    /// A peer of whom an account is kept although it left.
    fn kept_account(&self, ix: Ix, engine: &Engine) -> Option<Ix> {
        let connected: Vec<Ix> = self.nodes[ix]
            .connected
            .keys()
            .map(|link| self.links.get(*link).other(ix))
            .collect();
        let strangers = self
            .by_peer
            .iter()
            .filter(|(_, other)| !connected.contains(other));
        let mut kept = strangers.filter(|(peer, _)| engine.reputation().knows(peer));
        kept.next().map(|(_, other)| *other)
    }
}

/// In what two engines differ, in words.
pub(super) fn difference(before: &Engine, after: &Engine) -> String {
    let mut found = Vec::new();
    for (engine, other, name) in [(before, after, "lost"), (after, before, "gained")] {
        let missing = engine
            .sky()
            .stones()
            .filter(|stone| other.sky().stone(&stone.bottle).is_none());
        found.extend(missing.map(|stone| format!("{name} {:?}", stone.bottle)));
    }
    for stone in before.sky().stones() {
        let same_claims = before.claims(&stone.bottle).map(|claims| claims.digest())
            == after.claims(&stone.bottle).map(|claims| claims.digest());
        if !same_claims {
            found.push(format!("other claims of {:?}", stone.bottle));
        }
        if after
            .sky()
            .stone(&stone.bottle)
            .is_some_and(|other| other != stone)
        {
            found.push(format!("another stone {stone:?}"));
        }
    }
    if found.is_empty() {
        found.push("authors that sank".to_owned());
    }
    found.join(", ")
}

/// Between two looks.
const INSPECTION_MS: u64 = 20_000;
/// Nodes looked at each time.
const INSPECTED_AT_ONCE: usize = 2;
