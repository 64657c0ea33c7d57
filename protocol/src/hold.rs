//! The hold: stones that the player touched, the claims made for them, and what became of those.
//!
//! A touched stone lies in one of six places, sealed; that is no claim, and nobody learns of it. Opening makes the
//! claim. Which state a catch is in and what the network says of it:
//!
//! ```text
//! touch ──▶ InHold ──open──▶ Opening ──mined──▶ Claimed{Provisional ⇄ Displaced, then Confirmed ⇄ Displaced}
//!             │                 │                  └─ Undecided ──▶ Kept | ThrownBack
//!             └─ let go, sank   └─ cancel, place gone, sank
//! ```
//!
//! - A claim is *provisional* until its two-second tick has passed by two seconds; until then an earlier one is likely.
//! - *Displaced* means that the set keeps other claims: another ship reached it first. What was read is kept. A displaced
//!   claim may still be answered from, because a letter needs a valid claim, not a kept one.
//! - A bottle is opened at most once: its row stays until its letters are over, and touching it again is refused.
//!
//! Every change is one row in one step, so a crash between any two steps leaves a state from which `handle_start` goes
//! on: an opening is mined again, a claim is put back into the claim set (which is a cache and may have been lost).
//!
//! Called by `engine`, which knows the sky, the claim set and the economy. It refuses to decide whose bottle it is, to
//! count the daily opens and to hold secrets: the claimant's key is named by its public half.

mod effect;
mod row;

pub use effect::{ClaimFate, HoldEffect, HoldEvent, OpenRefusal, OutcomeRefusal, Slip, TouchRefusal};
pub use row::{Attempt, CatchRow, CatchState, HeldClaim, Outcome, Standing};

use std::collections::BTreeMap;

use crate::ids::{BottleId, ThrowBackId};
use crate::limits::{CLAIM_PAST_MS, HOLD_PLACES};
use crate::schedule::mono_at;
use crate::time::{Now, UnixMillis};
use crate::wire::Place;

/// Claimed bottles followed at once; opening is refused beyond. Eight opens a day, 30 days of drifting and 14 of letters
/// are 352, so nobody who keeps to the daily allowance meets it.
pub const CATCHES_MAX: usize = 400;
/// Claims mined at once; a further opening is refused until one is done. Mining is a ritual of seconds, not a queue.
pub const OPENINGS_MAX: usize = 2;

/// All catches that may still change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    catches: BTreeMap<BottleId, CatchRow>,
}

impl Hold {
    /// Continues from stored rows; archived ones are skipped. Call `handle_start` next.
    pub fn restore(rows: impl IntoIterator<Item = CatchRow>) -> Self {
        let live = rows
            .into_iter()
            .filter(|row| !row.archived)
            .take(CATCHES_MAX + HOLD_PLACES);
        Self {
            catches: live.map(|row| (row.bottle, row)).collect(),
        }
    }

    /// Goes on after a start: mines what was being opened, asserts own claims, publishes those that gossip still takes.
    pub fn handle_start(&mut self, now: Now, effects: &mut Vec<HoldEffect>) {
        for row in self.catches.values() {
            match &row.state {
                CatchState::InHold => {}
                CatchState::Opening(attempt) => effects.push(attempt.mine(row.bottle)),
                CatchState::Claimed(claim) => {
                    effects.push(HoldEffect::Assert(row.bottle, claim.message.clone()));
                    if now.wall.since(claim.t.start()) < CLAIM_PAST_MS {
                        effects.push(HoldEffect::Publish(row.bottle, claim.message.clone()));
                    }
                }
            }
        }
        self.handle_tick(now, effects);
    }

    /// Takes a stone into the hold. The caller has checked that it drifts, is not our own and has a vacancy.
    pub fn handle_touch(
        &mut self,
        bottle: BottleId,
        expires_at: UnixMillis,
        now: Now,
        effects: &mut Vec<HoldEffect>,
    ) -> Result<(), TouchRefusal> {
        match self.catches.get(&bottle).map(|row| &row.state) {
            Some(CatchState::InHold | CatchState::Opening(_)) => return Err(TouchRefusal::InHold),
            Some(CatchState::Claimed(_)) => return Err(TouchRefusal::Opened),
            None => {}
        }
        if now.wall >= expires_at {
            return Err(TouchRefusal::Sunk);
        }
        if self.places_taken() >= HOLD_PLACES {
            return Err(TouchRefusal::HoldFull);
        }
        self.save(CatchRow::touched(bottle, expires_at, now.wall), effects);
        Ok(())
    }

    /// Lets an unopened stone go.
    pub fn handle_let_go(&mut self, bottle: BottleId, effects: &mut Vec<HoldEffect>) {
        self.slip(bottle, Slip::LetGo, effects);
    }

    /// Begins to open a stone. The caller stores the claimant's secret and spends one of the day's opens in the same step.
    pub fn handle_open(
        &mut self,
        bottle: BottleId,
        attempt: Attempt,
        now: Now,
        effects: &mut Vec<HoldEffect>,
    ) -> Result<(), OpenRefusal> {
        self.check_open(&bottle, now)?;
        let Some(row) = self.catches.get(&bottle) else {
            return Err(OpenRefusal::NotInHold);
        };
        let mut row = row.clone();
        row.state = CatchState::Opening(attempt);
        self.save(row, effects);
        effects.push(attempt.mine(bottle));
        Ok(())
    }

    /// Whether `handle_open` would be refused.
    pub fn check_open(&self, bottle: &BottleId, now: Now) -> Result<(), OpenRefusal> {
        let row = self.catches.get(bottle).ok_or(OpenRefusal::NotInHold)?;
        match &row.state {
            CatchState::Opening(_) => return Err(OpenRefusal::Opening),
            CatchState::Claimed(_) => return Err(OpenRefusal::Opened),
            CatchState::InHold => {}
        }
        if now.wall >= row.expires_at {
            return Err(OpenRefusal::Sunk);
        }
        let opening = self.count(|state| matches!(state, CatchState::Opening(_)));
        if opening >= OPENINGS_MAX {
            return Err(OpenRefusal::Busy);
        }
        if self.count(|state| matches!(state, CatchState::Claimed(_))) + opening >= CATCHES_MAX {
            return Err(OpenRefusal::Full);
        }
        Ok(())
    }

    /// The player stopped the opening: the stone is in the hold again, unclaimed.
    pub fn handle_cancel(&mut self, bottle: BottleId, effects: &mut Vec<HoldEffect>) {
        let Some(row) = self.catches.get(&bottle) else {
            return;
        };
        let CatchState::Opening(attempt) = row.state else {
            return;
        };
        self.save(
            CatchRow {
                state: CatchState::InHold,
                ..row.clone()
            },
            effects,
        );
        effects.push(HoldEffect::StopMining(bottle));
        effects.push(HoldEffect::RefundOpen(bottle, attempt.spent_on));
    }

    /// The claim set changed while mining: the vacancy to claim now. Mining goes on, for another place if need be; without
    /// a vacancy the stone is gone.
    pub fn handle_vacancy(
        &mut self,
        bottle: BottleId,
        vacancy: Option<Place>,
        effects: &mut Vec<HoldEffect>,
    ) {
        let Some(row) = self.catches.get(&bottle) else {
            return;
        };
        let CatchState::Opening(before) = row.state else {
            return;
        };
        let Some(place) = vacancy else {
            return self.slip(bottle, Slip::AllCaught, effects);
        };
        if place != before.place {
            let attempt = Attempt { place, ..before };
            self.save(
                CatchRow {
                    state: CatchState::Opening(attempt),
                    ..row.clone()
                },
                effects,
            );
            effects.push(attempt.mine(bottle));
        }
    }

    /// The claim was mined and signed: it is saved, then published. One made for another place or key is dropped.
    pub fn handle_claimed(
        &mut self,
        bottle: BottleId,
        claim: HeldClaim,
        now: Now,
        effects: &mut Vec<HoldEffect>,
    ) {
        let Some(row) = self.catches.get(&bottle) else {
            return;
        };
        let CatchState::Opening(attempt) = row.state else {
            return;
        };
        if claim.claimant != attempt.claimant || claim.place != attempt.place {
            return;
        }
        let mut row = row.clone();
        let message = claim.message.clone();
        row.claimed_at = Some(now.wall);
        row.state = CatchState::Claimed(HeldClaim {
            standing: Standing::Provisional,
            ..claim
        });
        self.save(row, effects);
        effects.push(HoldEffect::Assert(bottle, message.clone()));
        effects.push(HoldEffect::Publish(bottle, message));
        effects.push(HoldEffect::Event(HoldEvent::Claimed(bottle)));
        self.handle_tick(now, effects);
    }

    /// The claim set of the bottle changed: whether it keeps our claim.
    pub fn handle_fate(
        &mut self,
        bottle: BottleId,
        fate: ClaimFate,
        now: Now,
        effects: &mut Vec<HoldEffect>,
    ) {
        let Some(row) = self.catches.get(&bottle) else {
            return;
        };
        let CatchState::Claimed(claim) = &row.state else {
            return;
        };
        let settled = if claim.settles_at() <= now.wall {
            Standing::Confirmed
        } else {
            Standing::Provisional
        };
        let (standing, event) = match (claim.standing, fate) {
            (Standing::Displaced, ClaimFate::NotKept) => return,
            (Standing::Displaced, ClaimFate::Kept) => (settled, HoldEvent::Reinstated(bottle)),
            (Standing::Provisional | Standing::Confirmed, ClaimFate::NotKept) => {
                (Standing::Displaced, HoldEvent::Displaced(bottle))
            }
            (Standing::Provisional | Standing::Confirmed, ClaimFate::Kept) => {
                return self.handle_tick(now, effects);
            }
        };
        let mut row = row.clone();
        row.set_standing(standing);
        self.save(row, effects);
        effects.push(HoldEffect::Event(event));
    }

    /// Puts the catch into the collection. Also right for a displaced one: what was read is kept.
    pub fn handle_keep(
        &mut self,
        bottle: BottleId,
        effects: &mut Vec<HoldEffect>,
    ) -> Result<(), OutcomeRefusal> {
        let row = self.catches.get(&bottle).ok_or(OutcomeRefusal::NotClaimed)?;
        let CatchState::Claimed(_) = row.state else {
            return Err(OutcomeRefusal::NotClaimed);
        };
        match row.outcome {
            Outcome::Kept => return Ok(()),
            Outcome::ThrownBack(_) => return Err(OutcomeRefusal::ThrownBack),
            Outcome::Undecided => {}
        }
        let row = CatchRow {
            outcome: Outcome::Kept,
            ..row.clone()
        };
        self.save(row, effects);
        Ok(())
    }

    /// May the catch be thrown back? Only a settled claim that counts; a kept one may still be given up.
    pub fn check_throw_back(&self, bottle: &BottleId, now: Now) -> Result<(), OutcomeRefusal> {
        let row = self.catches.get(bottle).ok_or(OutcomeRefusal::NotClaimed)?;
        let CatchState::Claimed(claim) = &row.state else {
            return Err(OutcomeRefusal::NotClaimed);
        };
        if let Outcome::ThrownBack(_) = row.outcome {
            return Err(OutcomeRefusal::ThrownBack);
        }
        if now.wall >= row.expires_at {
            return Err(OutcomeRefusal::Sunk);
        }
        match claim.standing {
            Standing::Displaced => Err(OutcomeRefusal::Displaced),
            Standing::Confirmed => Ok(()),
            Standing::Provisional if claim.settles_at() <= now.wall => Ok(()),
            Standing::Provisional => Err(OutcomeRefusal::NotBefore(claim.settles_at())),
        }
    }

    /// The throw-back was signed (`check_throw_back` allowed it): it is saved, then published.
    pub fn handle_thrown_back(
        &mut self,
        bottle: BottleId,
        opened: ThrowBackId,
        message: Vec<u8>,
        now: Now,
        effects: &mut Vec<HoldEffect>,
    ) -> Result<(), OutcomeRefusal> {
        self.check_throw_back(&bottle, now)?;
        let Some(row) = self.catches.get(&bottle) else {
            return Err(OutcomeRefusal::NotClaimed);
        };
        let mut row = row.clone();
        row.outcome = Outcome::ThrownBack(opened);
        if let CatchState::Claimed(claim) = &mut row.state {
            claim.message.clone_from(&message);
        }
        self.save(row, effects);
        effects.push(HoldEffect::Assert(bottle, message.clone()));
        effects.push(HoldEffect::Publish(bottle, message));
        Ok(())
    }

    /// The bottle was withdrawn or proved to be false: an unopened stone slips away, a claimed one stays as it is.
    pub fn handle_withdrawn(&mut self, bottle: BottleId, effects: &mut Vec<HoldEffect>) {
        self.slip(bottle, Slip::Withdrawn, effects);
    }

    /// Confirms what has settled, drops what sank, archives what is over.
    pub fn handle_tick(&mut self, now: Now, effects: &mut Vec<HoldEffect>) {
        let due: Vec<CatchRow> = self
            .catches
            .values()
            .filter(|row| row.due_at().is_some_and(|at| at <= now.wall))
            .cloned()
            .collect();
        for mut row in due {
            let bottle = row.bottle;
            if row.claim().is_none() {
                self.slip(bottle, Slip::Sunk, effects);
                continue;
            }
            if row.settles(now.wall) {
                row.set_standing(Standing::Confirmed);
                self.save(row.clone(), effects);
                effects.push(HoldEffect::Event(HoldEvent::Confirmed(bottle)));
            }
            if row.archive_at().is_some_and(|at| at <= now.wall) {
                row.archived = true;
                self.save(row, effects);
                self.catches.remove(&bottle);
                effects.push(HoldEffect::Archive(bottle));
            }
        }
    }

    /// The mono instant at which `handle_tick` is next useful.
    pub fn next_deadline(&self, now: Now) -> Option<u64> {
        self.catches
            .values()
            .filter_map(CatchRow::due_at)
            .min()
            .map(|at| mono_at(at, now))
    }

    /// One catch.
    pub fn row(&self, bottle: &BottleId) -> Option<&CatchRow> {
        self.catches.get(bottle)
    }

    /// All catches followed, by bottle.
    pub fn rows(&self) -> impl Iterator<Item = &CatchRow> {
        self.catches.values()
    }

    /// Places of the hold that are taken: stones unopened or being opened.
    pub fn places_taken(&self) -> usize {
        self.count(|state| !matches!(state, CatchState::Claimed(_)))
    }

    /// Drops an unclaimed stone.
    fn slip(&mut self, bottle: BottleId, slip: Slip, effects: &mut Vec<HoldEffect>) {
        let attempt = match self.catches.get(&bottle).map(|row| &row.state) {
            Some(CatchState::InHold) => None,
            Some(CatchState::Opening(attempt)) => Some(*attempt),
            Some(CatchState::Claimed(_)) | None => return,
        };
        self.catches.remove(&bottle);
        effects.push(HoldEffect::Delete(bottle));
        if let Some(attempt) = attempt {
            effects.push(HoldEffect::StopMining(bottle));
            effects.push(HoldEffect::RefundOpen(bottle, attempt.spent_on));
        }
        effects.push(HoldEffect::Event(HoldEvent::Slipped(bottle, slip)));
    }

    fn save(&mut self, row: CatchRow, effects: &mut Vec<HoldEffect>) {
        effects.push(HoldEffect::Save(Box::new(row.clone())));
        self.catches.insert(row.bottle, row);
    }

    fn count(&self, wanted: impl Fn(&CatchState) -> bool) -> usize {
        self.catches.values().filter(|row| wanted(&row.state)).count()
    }
}
