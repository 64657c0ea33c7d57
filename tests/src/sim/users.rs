//! What people do with their programs: throw, touch, open, keep, throw back, take back, cast again, and try what they must not.
//!
//! Everything that they give to the engine is really signed and stamped. What a user's program remembers beside the
//! engine's rows (secrets, own messages) is stored in the same transaction in the real shell, so here it survives crashes.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::engine::{Command, Refusal};
use meteorite_protocol::hold::{CatchState, Outcome};
use meteorite_protocol::ids::{BottleId, ClaimantKey};
use meteorite_protocol::sky::Standing;
use meteorite_protocol::wire::{CatchMessage, Claim, Place, Signed};

use super::craft::{self, Bottle, Draft, Recipe};
use super::model::{Thrower, Withdrawn};
use super::queue::{Event, Ix};
use super::world::World;

mod mischief;

/// What a user's program remembers.
#[derive(Debug, Default)]
pub(super) struct User {
    /// Own bottles with their secrets.
    pub(super) bottles: BTreeMap<BottleId, Bottle>,
    /// Keys made for claims.
    keys: BTreeMap<ClaimantKey, SigningKey>,
    /// Claims made.
    pub(super) claims: BTreeMap<BottleId, Signed<Claim>>,
    /// Bottles that this user does not want to see.
    pub(super) denied: Vec<BottleId>,
    /// Own bottles that were seen to be offered in sync.
    pub(super) released: BTreeSet<BottleId>,
    mining: BTreeMap<BottleId, Mining>,
    attempts: u32,
}

/// A claim that is being mined.
#[derive(Debug, Clone, Copy)]
struct Mining {
    attempt: u32,
    place: Place,
    claimant: ClaimantKey,
    bits: u32,
}

impl User {
    /// The program ended.
    pub(super) fn stop_mining(&mut self) {
        self.mining.clear();
    }

    pub(super) fn stop_mining_for(&mut self, bottle: &BottleId) {
        self.mining.remove(bottle);
    }

    /// The key behind a claim.
    pub(super) fn key(&self, claimant: &ClaimantKey) -> Option<&SigningKey> {
        self.keys.get(claimant)
    }
}

impl World {
    /// A user does one thing, and will do another later.
    pub(super) fn user_acts(&mut self, ix: Ix) {
        if !self.is_lively() {
            return;
        }
        let in_ms = self.dice.users.pause(self.plan.users.pause_ms);
        self.later(in_ms, Event::User { node: ix });
        if !self.nodes[ix].is_up() {
            return;
        }
        if self.dice.users.chance(self.plan.users.mischief) {
            return self.misbehave(ix);
        }
        if self.figures.nights > 0 && self.dice.users.chance(250) {
            return self.recast_any(ix);
        }
        match self.dice.users.below(100) {
            0..=19 => self.throw(ix),
            20..=47 => self.touch_any(ix),
            48..=69 => self.open_any(ix),
            70..=76 => self.keep_any(ix),
            77..=85 => self.throw_back_any(ix),
            86..=89 => self.withdraw_any(ix),
            90..=93 => self.recast_any(ix),
            94..=95 => self.let_go_any(ix),
            96..=97 => self.cancel_any(ix),
            98 => self.want_body_any(ix),
            _ => self.deny_any(ix),
        }
    }

    /// The same bottle is wanted by everybody at once.
    pub(super) fn frenzy(&mut self) {
        if !self.is_lively() {
            return;
        }
        let in_ms = self.dice.users.pause(120_000);
        self.later(in_ms, Event::Frenzy);
        let newest = self
            .model
            .bottles
            .iter()
            .filter(|(_, bottle)| bottle.honest && bottle.withdrawn == Withdrawn::Not);
        let Some(bottle) = newest
            .max_by_key(|(id, bottle)| (bottle.thrown_ms, **id))
            .map(|(id, _)| *id)
        else {
            return;
        };
        for ix in 0..self.nodes.len().min(FRENZY_MAX) {
            if self.nodes[ix].is_up() && self.dice.users.chance(700) {
                self.touch(ix, bottle);
                self.open(ix, bottle);
            }
        }
    }

    /// The engine wants a claim mined.
    pub(super) fn start_mining(
        &mut self,
        ix: Ix,
        bottle: BottleId,
        (place, claimant, bits): (Place, ClaimantKey, u32),
    ) {
        let in_ms = self.dice.users.between(20, 2_500);
        let user = &mut self.nodes[ix].user;
        user.attempts += 1;
        let attempt = user.attempts;
        user.mining.insert(
            bottle,
            Mining {
                attempt,
                place,
                claimant,
                bits,
            },
        );
        let boot = self.nodes[ix].boot;
        self.later(
            in_ms,
            Event::Mined {
                node: ix,
                boot,
                bottle,
                attempt,
            },
        );
    }

    /// The work of a claim is done. A computer that sleeps goes on with it when it wakes.
    pub(super) fn mined(&mut self, (ix, boot): (Ix, u32), bottle: BottleId, attempt: u32) {
        if self.is_current(ix, boot) {
            self.user_mined(ix, bottle, attempt);
        } else if let Some(until) = self.nodes[ix].asleep_until {
            let again = Event::Mined {
                node: ix,
                boot,
                bottle,
                attempt,
            };
            self.later(until.saturating_sub(self.now) + 1, again);
        }
    }

    /// A claim was mined: sign it and hand it in, with the time of now.
    fn user_mined(&mut self, ix: Ix, bottle: BottleId, attempt: u32) {
        let user = &self.nodes[ix].user;
        let Some(mining) = user
            .mining
            .get(&bottle)
            .copied()
            .filter(|mining| mining.attempt == attempt)
        else {
            return;
        };
        let Some(key) = user.keys.get(&mining.claimant) else {
            return self.fail(Some(ix), "asks to mine for a key that nobody made".to_owned());
        };
        let t = self.nodes[ix].clock.now(self.now).wall.tick();
        let claim = craft::claim(bottle, mining.place, key, t, mining.bits);
        // It may be on its way before the command returns, so it exists from here on.
        self.model.claimed(claim.value(), ix);
        let bytes = CatchMessage::Claim(claim.clone()).encode();
        match self.command(ix, Command::Claimed { claim: bytes }) {
            Some(Ok(())) => {
                self.model.claimed_by_honest(claim.value());
                self.check_not_expired(ix, &bottle, "claimed");
                let user = &mut self.nodes[ix].user;
                user.mining.remove(&bottle);
                user.claims.insert(bottle, claim);
                self.figures.claims += 1;
            }
            Some(Err(refusal)) => {
                self.figures.refused += 1;
                self.trace
                    .world(self.now, &format!("node {ix}: the claim is refused: {refusal:?}"));
                self.nodes[ix].user.mining.remove(&bottle);
                self.command(ix, Command::Cancel { bottle });
                self.command(ix, Command::LetGo { bottle });
            }
            None => {}
        }
    }

    fn throw(&mut self, ix: Ix) {
        let now = self.nodes[ix].clock.now(self.now);
        let short = self.dice.users.chance(self.plan.users.short_lived);
        let ttl = if short {
            self.dice.users.between(1, 5)
        } else {
            self.dice.users.between(200, 1_008)
        };
        let slots = self.dice.users.between(1, self.plan.users.slots_max);
        let recipe = Recipe {
            slots: u8::try_from(slots).unwrap_or(1),
            ttl: u32::try_from(ttl).unwrap_or(1),
            thrown_at: now.wall.epoch(),
        };
        let draft = Draft::new(&recipe, &mut self.dice.users);
        let Some(bits) = self.nodes[ix]
            .engine
            .as_ref()
            .map(|engine| engine.stamp_bits(draft.author(), now))
        else {
            return;
        };
        let bottle = draft.finish(bits);
        // What the engine does in the same step is compared with what exists.
        self.model.thrown(&bottle, Thrower::Honest(ix), self.now);
        match self.command(
            ix,
            Command::Throw {
                sky_message: bottle.message.encode(),
            },
        ) {
            Some(Ok(())) => {
                self.figures.thrown += 1;
                self.watch_post(ix, &bottle);
                self.nodes[ix].user.bottles.insert(bottle.id, bottle);
            }
            Some(Err(refusal)) => {
                self.model.bottles.remove(&bottle.id);
                if !matches!(refusal, Refusal::Spent(_) | Refusal::Full) {
                    self.fail(Some(ix), format!("a good throw is refused: {refusal:?}"));
                }
            }
            None => drop(self.model.bottles.remove(&bottle.id)),
        }
    }

    fn touch_any(&mut self, ix: Ix) {
        let Some(engine) = self.nodes[ix].engine.as_ref() else {
            return;
        };
        let drifting = engine.sky().stones().filter(|stone| {
            engine.sky().standing(&stone.bottle) == Standing::Drifting
                && !engine.mine().contains(&stone.bottle)
        });
        let drifting: Vec<BottleId> = drifting.map(|stone| stone.bottle).collect();
        // Few enough, so that several users meet at the same ones.
        let popular = drifting.len().min(8);
        if let Some(bottle) = self.dice.users.pick(&drifting[..popular]).copied() {
            self.touch(ix, bottle);
        }
    }

    fn touch(&mut self, ix: Ix, bottle: BottleId) {
        let own = self.nodes[ix].user.bottles.contains_key(&bottle);
        if self.command(ix, Command::Touch { bottle }) == Some(Ok(())) && own {
            self.fail(Some(ix), format!("touches its own bottle {bottle:?}"));
        }
    }

    fn open_any(&mut self, ix: Ix) {
        let in_hold = self.catches(ix, |state, _| matches!(state, CatchState::InHold));
        if let Some(bottle) = self.dice.users.pick(&in_hold).copied() {
            self.open(ix, bottle);
        }
    }

    fn open(&mut self, ix: Ix, bottle: BottleId) {
        let key = SigningKey::from_seed(&self.dice.users.bytes());
        let claimant = ClaimantKey(key.public());
        self.nodes[ix].user.keys.insert(claimant, key);
        if self.command(ix, Command::Open { bottle, claimant }) == Some(Ok(())) {
            self.figures.opened += 1;
            self.check_not_expired(ix, &bottle, "opened");
            if self.nodes[ix].user.bottles.contains_key(&bottle) {
                self.fail(Some(ix), format!("opens its own bottle {bottle:?}"));
            }
        }
    }

    fn keep_any(&mut self, ix: Ix) {
        let claimed = self.catches(ix, |state, _| matches!(state, CatchState::Claimed(_)));
        if let Some(bottle) = self.dice.users.pick(&claimed).copied() {
            self.command(ix, Command::Keep { bottle });
        }
    }

    fn throw_back_any(&mut self, ix: Ix) {
        let open = |outcome: &Outcome| matches!(outcome, Outcome::Undecided | Outcome::Kept);
        let claimed = self.catches(ix, |state, outcome| {
            matches!(state, CatchState::Claimed(_)) && open(outcome)
        });
        if let Some(bottle) = self.dice.users.pick(&claimed).copied() {
            let thrown = self.throw_back(ix, bottle);
            self.figures.thrown_back += u64::from(thrown);
        }
    }

    /// Signs a throw-back of this bottle and hands it in.
    fn throw_back(&mut self, ix: Ix, bottle: BottleId) -> bool {
        let user = &self.nodes[ix].user;
        let Some(claim) = user.claims.get(&bottle).cloned() else {
            return false;
        };
        let Some(key) = user.keys.get(&claim.value().claimant) else {
            return false;
        };
        let Some(depth) = self.depth_of(ix, &claim.value().place, &bottle) else {
            return false;
        };
        let message = CatchMessage::ThrowBack(craft::throw_back(claim, depth, key));
        self.command(
            ix,
            Command::ThrowBack {
                throw_back: message.encode(),
            },
        ) == Some(Ok(()))
    }

    /// How many throw-backs lie between the root and this place, and one more.
    fn depth_of(&self, ix: Ix, place: &Place, bottle: &BottleId) -> Option<u8> {
        let claims = self.nodes[ix].engine.as_ref()?.claims(bottle)?;
        let (mut place, mut depth) = (*place, 1);
        while let Place::After(opened) = place {
            let before = claims.claims().find(|claim| {
                let key = &claim.key;
                meteorite_protocol::claims::throw_back_id(bottle, key) == opened
            });
            place = before?.key.place;
            depth += 1;
        }
        (depth <= meteorite_protocol::limits::THROW_BACK_DEPTH_MAX).then_some(depth)
    }

    fn withdraw_any(&mut self, ix: Ix) {
        let own: Vec<BottleId> = self.nodes[ix].user.bottles.keys().copied().collect();
        let Some(bottle) = self.dice.users.pick(&own).copied() else {
            return;
        };
        let user = &self.nodes[ix].user;
        let message = CatchMessage::Withdrawal(craft::withdrawal(bottle, &user.bottles[&bottle].author));
        // What the engine shows in the same step is compared with what exists.
        let before = self
            .model
            .bottle(&bottle)
            .map_or(Withdrawn::Not, |bottle| bottle.withdrawn);
        self.model.set_withdrawn(&bottle, Withdrawn::Really);
        match self.command(
            ix,
            Command::Withdraw {
                withdrawal: message.encode(),
            },
        ) {
            Some(Ok(())) => self.figures.withdrawn += 1,
            Some(Err(_)) | None => self.model.set_withdrawn(&bottle, before),
        }
    }

    fn recast_any(&mut self, ix: Ix) {
        let now = self.nodes[ix].clock.now(self.now);
        let Some(engine) = self.nodes[ix].engine.as_ref() else {
            return;
        };
        let own = self.nodes[ix].user.bottles.keys();
        let due: Vec<(BottleId, u8)> = own
            .filter_map(|bottle| engine.may_recast(bottle, now).ok().map(|n| (*bottle, n)))
            .collect();
        let Some((bottle, n)) = self.dice.users.pick(&due).copied() else {
            return;
        };
        let author = &self.nodes[ix].user.bottles[&bottle].author;
        let message = CatchMessage::Recast(craft::recast(bottle, n, author));
        // What the engine shows in the same step is compared with what exists.
        let before = self.set_recasts(&bottle, n);
        if self.command(
            ix,
            Command::Recast {
                recast: message.encode(),
            },
        ) == Some(Ok(()))
        {
            self.figures.recasts += 1;
        } else {
            self.set_recasts(&bottle, before);
        }
    }

    fn let_go_any(&mut self, ix: Ix) {
        let in_hold = self.catches(ix, |state, _| matches!(state, CatchState::InHold));
        if let Some(bottle) = self.dice.users.pick(&in_hold).copied() {
            self.command(ix, Command::LetGo { bottle });
        }
    }

    fn cancel_any(&mut self, ix: Ix) {
        let opening = self.catches(ix, |state, _| matches!(state, CatchState::Opening(_)));
        if let Some(bottle) = self.dice.users.pick(&opening).copied() {
            self.command(ix, Command::Cancel { bottle });
        }
    }

    fn want_body_any(&mut self, ix: Ix) {
        let claimed = self.catches(ix, |state, _| matches!(state, CatchState::Claimed(_)));
        let Some(bottle) = self.dice.users.pick(&claimed).copied() else {
            return;
        };
        if let Some(body) = self.nodes[ix].disk.bottle(&bottle).map(|row| row.body) {
            self.command(ix, Command::WantBody { bottle, body });
        }
    }

    /// Seldom, never a bottle that this user threw or claimed, and none that another denies: whoever denies a bottle does not
    /// pass on its claims, and two of them may cut a third one off.
    fn deny_any(&mut self, ix: Ix) {
        let Some(engine) = self.nodes[ix].engine.as_ref() else {
            return;
        };
        let strange = engine.sky().stones().map(|stone| stone.bottle);
        let strange: Vec<BottleId> = strange
            .filter(|bottle| !engine.mine().contains(bottle) && engine.hold().row(bottle).is_none())
            .collect();
        let denied = |bottle: &BottleId| self.nodes.iter().any(|node| node.user.denied.contains(bottle));
        let strange: Vec<BottleId> = strange.into_iter().filter(|bottle| !denied(bottle)).collect();
        if let Some(bottle) = self.dice.users.pick(&strange).copied() {
            self.nodes[ix].user.denied.push(bottle);
            self.command(ix, Command::Deny { bottle });
        }
    }

    /// The bottles of the hold in such a state.
    fn catches(&self, ix: Ix, wanted: impl Fn(&CatchState, &Outcome) -> bool) -> Vec<BottleId> {
        let Some(engine) = self.nodes[ix].engine.as_ref() else {
            return Vec::new();
        };
        let rows = engine
            .hold()
            .rows()
            .filter(|row| wanted(&row.state, &row.outcome));
        rows.map(|row| row.bottle).collect()
    }

    fn set_recasts(&mut self, bottle: &BottleId, n: u8) -> u8 {
        self.model
            .bottle_mut(bottle)
            .map_or(0, |bottle| std::mem::replace(&mut bottle.recasts, n))
    }
}

/// So many take part in a frenzy.
const FRENZY_MAX: usize = 12;
