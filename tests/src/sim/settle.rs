//! The run as a whole: safety while everything goes wrong, then mending, rest, and what must have come true by then.
//!
//! After the mending the world runs until nothing is left to complain about, or its time is up. The last complaint is then
//! the failure.

use std::collections::BTreeSet;
use std::fmt;

use meteorite_protocol::claims::ClaimSet;
use meteorite_protocol::engine::Command;
use meteorite_protocol::hold::{CatchState, Standing as ClaimStanding};
use meteorite_protocol::ids::{BottleId, ClaimantKey};
use meteorite_protocol::mine::Release;
use meteorite_protocol::sky::Standing;
use meteorite_protocol::time::Tick;
use meteorite_protocol::wire::Place;

use super::clock::true_wall;
use super::model::Existing;
use super::queue::Ix;
use super::world::World;

/// How a node sees a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum View {
    Unknown,
    Drifting([u8; 32]),
    Withdrawn,
    Sunk,
    Denied,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Drifting([first, second, ..]) => write!(f, "{first:02x}{second:02x}"),
            Self::Withdrawn => f.write_str("withdrawn"),
            Self::Sunk => f.write_str("sunk"),
            Self::Denied => f.write_str("denied"),
        }
    }
}

impl World {
    /// The whole run.
    pub(super) fn live(&mut self) {
        // A night makes the first phase longer while it runs.
        while self.failure.is_none() && self.now < self.plan.safety_ms {
            self.run_until(self.plan.safety_ms.min(self.now + 10_000));
        }
        if self.failure.is_some() {
            return;
        }
        self.heal();
        let mended_ms = self.now;
        let mut complaint = Some(String::new());
        while self.failure.is_none() && complaint.is_some() && self.now < mended_ms + self.plan.settle_ms() {
            self.run_until(self.now + ROUND_MS);
            self.ask_for_bodies();
            complaint = self.complaint();
        }
        self.figures.settled_in_ms = self.now - mended_ms;
        if let Some(what) = complaint {
            self.fail(None, format!("no rest: {what}"));
        }
        (0..self.nodes.len()).for_each(|ix| self.inspect(ix));
        self.note_bodies();
        self.note_deliveries();
    }

    /// What is not yet as it must be in the end.
    fn complaint(&self) -> Option<String> {
        if let Some(down) = (0..self.nodes.len()).find(|ix| !self.nodes[*ix].is_up()) {
            return Some(format!("node {down} is down"));
        }
        // Where bottles must be forgotten for want of room, nobody need agree on them.
        let live = if self.plan.has_room() {
            self.live_bottles()
        } else {
            Vec::new()
        };
        live.iter()
            .find_map(|(bottle, exists)| self.disagreement(bottle, exists))
            .or_else(|| {
                live.iter()
                    .find_map(|(bottle, exists)| self.wrong_claims(bottle, exists))
            })
            .or_else(|| (0..self.nodes.len()).find_map(|ix| self.unfinished_catch(ix)))
            .or_else(|| (0..self.nodes.len()).find_map(|ix| self.unread_catch(ix)))
            .or_else(|| self.unread_letter())
    }

    /// The bottles that are not from the future by any clock, nor any claim or recast of them (a clock that leapt days ahead signs and
    /// takes those, and nobody else takes them before their time), and that no clock says are over, or soon will be.
    fn live_bottles(&self) -> Vec<(BottleId, &Existing)> {
        let now = true_wall(self.now).epoch();
        let lives = |exists: &Existing| exists.thrown_at <= now && exists.expires_at > now.plus(2);
        let live = self.model.bottles.iter();
        let live = live.filter(|(bottle, exists)| lives(exists) && !self.is_early(bottle, exists));
        live.map(|(bottle, exists)| (*bottle, exists)).collect()
    }

    /// Whether something about it was signed, or is kept, whose time has not come.
    fn is_early(&self, bottle: &BottleId, exists: &Existing) -> bool {
        let now = true_wall(self.now);
        let early = |t: Tick| t > now.tick();
        let engines = self.nodes.iter().filter_map(|node| node.engine.as_ref());
        let mut kept = engines.filter_map(|engine| engine.claims(bottle));
        exists.claims.values().any(|claim| claim.honest && early(claim.t))
            || kept.any(|claims| {
                let recasts = claims.recasts();
                claims.claims().any(|claim| early(claim.key.t))
                    || (recasts > 0 && !claims.recast_due(recasts, now))
            })
    }

    /// How far behind the true time the claims lie that a node keeps, in ticks.
    fn kept_ticks(&self, ix: Ix, bottle: &BottleId) -> String {
        let now = true_wall(self.now).tick();
        let claims = self.nodes[ix]
            .engine
            .as_ref()
            .and_then(|engine| engine.claims(bottle));
        let ticks = claims.iter().flat_map(|claims| claims.claims());
        let ticks: Vec<i64> = ticks
            .map(|claim| now.0.cast_signed() - claim.key.t.0.cast_signed())
            .collect();
        format!("{ticks:?}")
    }

    /// All honest nodes see a bottle alike, and know it if an honest node threw it.
    fn disagreement(&self, bottle: &BottleId, exists: &Existing) -> Option<String> {
        let views = (0..self.nodes.len()).map(|ix| self.view(ix, bottle, exists));
        let views: BTreeSet<View> = views.filter(|view| *view != View::Denied).collect();
        let over = self.is_over_for_its_thrower(bottle, exists);
        if over == Some(Release::Withheld) {
            return None;
        }
        if exists.honest && views.contains(&View::Unknown) && over.is_none() {
            let without = (0..self.nodes.len()).find(|ix| self.view(*ix, bottle, exists) == View::Unknown);
            return Some(format!(
                "{bottle:?} of node {} has not reached node {without:?}",
                exists.thrower
            ));
        }
        (views.len() > 1).then(|| {
            let nodes = 0..self.nodes.len();
            let each: Vec<String> = nodes
                .map(|ix| {
                    format!(
                        "{ix}:{}{}",
                        self.view(ix, bottle, exists),
                        self.kept_ticks(ix, bottle)
                    )
                })
                .collect();
            format!(
                "{bottle:?} of node {} is seen as {}",
                exists.thrower,
                each.join(" ")
            )
        })
    }

    /// A bottle that its thrower took back, or that sank for a thrower whose clock leapt days ahead, need not reach anybody;
    /// and if it was still withheld, nobody else need know.
    fn is_over_for_its_thrower(&self, bottle: &BottleId, exists: &Existing) -> Option<Release> {
        let engine = self.nodes.get(exists.thrower)?.engine.as_ref()?;
        let row = engine.mine().row(bottle)?;
        row.end.is_some().then_some(row.release)
    }

    fn view(&self, ix: Ix, bottle: &BottleId, exists: &Existing) -> View {
        let Some(engine) = &self.nodes[ix].engine else {
            return View::Unknown;
        };
        let standing = engine.sky().standing(bottle);
        if standing != Standing::Denied && engine.sky().sunk(&exists.author).is_some() {
            return View::Sunk;
        }
        match standing {
            Standing::Denied => View::Denied,
            Standing::Unknown => View::Unknown,
            Standing::Withdrawn => View::Withdrawn,
            Standing::Sunk => View::Sunk,
            Standing::Drifting => View::Drifting(
                engine
                    .claims(bottle)
                    .map(|claims| claims.digest())
                    .unwrap_or_default(),
            ),
        }
    }

    /// The kept claims are the smallest of all that honest nodes made. Computed here from scratch.
    fn wrong_claims(&self, bottle: &BottleId, exists: &Existing) -> Option<String> {
        let knowing = self.nodes.iter().filter_map(|node| node.engine.as_ref());
        let mut knowing = knowing.filter(|engine| engine.sky().standing(bottle) == Standing::Drifting);
        let kept = knowing.next()?.claims(bottle)?;
        let mut places: BTreeSet<Place> = exists.claims.keys().map(|(place, _)| *place).collect();
        places.retain(|place| kept.is_open(place));
        places.into_iter().find_map(|place| {
            let room = if matches!(place, Place::After(_)) {
                1
            } else {
                usize::from(exists.slots)
            };
            let right = smallest(bottle, place, &kept, exists);
            let right: Vec<ClaimantKey> = right.into_iter().take(room).collect();
            let here = kept.claims().filter(|claim| claim.key.place == place);
            let here: Vec<ClaimantKey> = here.map(|claim| claim.key.claimant).collect();
            (here != right).then(|| format!("{bottle:?} keeps {here:?} at {place:?} and not {right:?}"))
        })
    }

    /// Every claim of an honest node is confirmed or displaced, as the claim set has it.
    fn unfinished_catch(&self, ix: Ix) -> Option<String> {
        let engine = self.nodes[ix].engine.as_ref()?;
        engine.hold().rows().find_map(|row| {
            let claim = match &row.state {
                CatchState::InHold => return None,
                CatchState::Opening(_) => {
                    return Some(format!("node {ix} is still opening {:?}", row.bottle));
                }
                CatchState::Claimed(claim) => claim,
            };
            let kept = (engine.sky().standing(&row.bottle) == Standing::Drifting)
                .then(|| engine.claims(&row.bottle))
                .flatten()
                .map(|claims| claims.keeps(&claim.place, &claim.claimant));
            let right = match claim.standing {
                ClaimStanding::Provisional => false,
                ClaimStanding::Confirmed => kept != Some(false),
                ClaimStanding::Displaced => kept != Some(true),
            };
            (!right).then(|| {
                format!(
                    "node {ix} holds {:?} as {:?}, kept {kept:?}",
                    row.bottle, claim.standing
                )
            })
        })
    }

    /// Who claimed a bottle that still drifts can read it, if anybody has its body.
    fn unread_catch(&self, ix: Ix) -> Option<String> {
        let node = &self.nodes[ix];
        let engine = node.engine.as_ref()?;
        let claimed = engine.hold().rows().filter(|row| row.claim().is_some());
        claimed.map(|row| row.bottle).find_map(|bottle| {
            let drifts = engine.sky().standing(&bottle) == Standing::Drifting;
            (drifts && self.is_body_missing(ix, &bottle))
                .then(|| format!("node {ix} claimed {bottle:?} and has no body"))
        })
    }

    /// Whether a body is not here, and is somewhere.
    fn is_body_missing(&self, ix: Ix, bottle: &BottleId) -> bool {
        let Some(body) = self.nodes[ix].disk.bottle(bottle).map(|row| row.body) else {
            return false;
        };
        let has = |node: &super::node::SimNode| node.disk.block(&body).is_some();
        !has(&self.nodes[ix]) && self.nodes.iter().any(has)
    }

    /// Finders whose bottle has no body ask for it again.
    fn ask_for_bodies(&mut self) {
        for ix in 0..self.nodes.len() {
            let Some(engine) = self.nodes[ix].engine.as_ref() else {
                continue;
            };
            let claimed = engine
                .hold()
                .rows()
                .filter(|row| row.claim().is_some())
                .map(|row| row.bottle);
            let missing: Vec<BottleId> = claimed
                .filter(|bottle| self.is_body_missing(ix, bottle))
                .collect();
            for bottle in missing {
                if let Some(body) = self.nodes[ix].disk.bottle(&bottle).map(|row| row.body) {
                    self.command(ix, Command::WantBody { bottle, body });
                }
            }
        }
    }

    /// Bodies that are given up until somebody opens their bottle.
    fn note_bodies(&mut self) {
        for ix in 0..self.nodes.len() {
            let Some(engine) = self.nodes[ix].engine.as_ref() else {
                continue;
            };
            let drifting = engine.sky().stones().map(|stone| stone.bottle);
            let drifting: Vec<BottleId> = drifting
                .filter(|bottle| engine.sky().standing(bottle) == Standing::Drifting)
                .collect();
            let missing = drifting
                .iter()
                .filter(|bottle| self.is_body_missing(ix, bottle))
                .count();
            self.figures.bodies_shown += drifting.len() as u64;
            self.figures.bodies_missing += missing as u64;
        }
    }

    /// Every letter lies in two mailboxes or more, and was read if its addressee still can.
    fn unread_letter(&self) -> Option<String> {
        let exists = |bottle| self.model.bottle(bottle).filter(|exists| exists.honest);
        let early = |bottle| exists(bottle).is_some_and(|exists| self.is_early(bottle, exists));
        let mut unread = self.model.letters.iter().filter(|(_, letter)| !letter.read);
        let late: BTreeSet<Ix> = unread
            .clone()
            .filter(|(_, letter)| early(&letter.bottle))
            .map(|(_, letter)| letter.writer)
            .collect();
        let unread = unread.find(|(_, letter)| exists(&letter.bottle).is_some() && !early(&letter.bottle));
        if let Some((id, letter)) = unread {
            let kept = &letter.kept_by;
            return Some(format!(
                "{id:?} of node {} about {:?} is unread, kept by {kept:?}",
                letter.writer, letter.bottle
            ));
        }
        // Who writes about a bottle of the future waits until it is taken.
        let mut writers = (0..self.nodes.len()).filter(|ix| !late.contains(ix));
        let waiting = writers.find(|ix| {
            let now = self.nodes[*ix].clock.now(self.now);
            let letters = self.nodes[*ix].letters.as_ref();
            letters.is_some_and(|letters| letters.post.unsettled(now) > 0)
        });
        waiting.map(|ix| format!("the outbox of node {ix} is not empty"))
    }

    fn note_deliveries(&mut self) {
        let honest = self.model.bottles.values().filter(|exists| exists.honest);
        let times = honest.flat_map(|exists| {
            let others = exists.had.iter().filter(|(node, _)| **node != exists.thrower);
            others.map(|(_, at_ms)| at_ms - exists.thrown_ms)
        });
        self.figures.delivery_ms = times.collect();
        self.figures.delivery_ms.sort_unstable();
    }
}

/// All claims that honest nodes made at a place and those that are kept there, in the order of the rule.
fn smallest(bottle: &BottleId, place: Place, kept: &ClaimSet, exists: &Existing) -> Vec<ClaimantKey> {
    let honest = exists
        .claims
        .iter()
        .filter(|((at, _), claim)| *at == place && claim.honest);
    let honest = honest.map(|((_, claimant), claim)| (claim.t, ticket(bottle, &place, claimant), *claimant));
    let here = kept
        .claims()
        .filter(|claim| claim.key.place == place)
        .map(|claim| claim.key);
    let here = here.map(|key| (key.t, ticket(bottle, &place, &key.claimant), key.claimant));
    let all: BTreeSet<(Tick, [u8; 32], ClaimantKey)> = honest.chain(here).collect();
    all.into_iter().map(|(_, _, claimant)| claimant).collect()
}

/// BLAKE3("ticket" ‖ bottle ‖ place ‖ claimant).
fn ticket(bottle: &BottleId, place: &Place, claimant: &ClaimantKey) -> [u8; 32] {
    let input = [
        b"ticket".as_slice(),
        bottle.as_bytes(),
        &place.to_bytes(),
        claimant.as_bytes(),
    ]
    .concat();
    *blake3::hash(&input).as_bytes()
}

/// Between two looks at whether the world has come to rest.
const ROUND_MS: u64 = 60_000;
