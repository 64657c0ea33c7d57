//! What the user does. What follows from it is in `wishes`.

use crate::claims::{ClaimKey, throw_back_id};
use crate::economy::Spending;
use crate::hold::{Attempt, CatchState, HeldClaim, HoldEffect, Standing};
use crate::ids::{BottleId, Peer};
use crate::mine::{OwnBottle, SeenClaim};
use crate::sky;
use crate::time::Now;
use crate::topic::Topic;
use crate::validate::{self, Arrival, Gate, VerifiedCatch};
use crate::verdict::{IgnoreReason, RejectReason, Verdict};
use crate::wire::SkyMessage;

use super::apply::{Keep, bottle_row, stone_of};
use super::known::View;
use super::wishes::save_economy;
use super::{Command, Effect, End, Engine, Event, Refusal};

impl Engine {
    pub(super) fn handle_command(
        &mut self,
        command: Command,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let mut hold = Vec::new();
        let outcome = match command {
            Command::Locale { offset, quiet } => {
                self.offset = offset;
                self.mine.handle_quiet_hours(quiet);
                Ok(())
            }
            Command::Throw { sky_message } => self.throw(&sky_message, now, effects),
            Command::Recognise { own, from } => self.recognise(own, &from, now, effects),
            Command::Touch { bottle } => self.touch(bottle, now, &mut hold),
            Command::LetGo { bottle } => {
                self.hold.handle_let_go(bottle, &mut hold);
                Ok(())
            }
            Command::Open { bottle, claimant } => {
                let attempt = |place, spent_on| Attempt {
                    claimant,
                    place,
                    spent_on,
                };
                self.open(bottle, attempt, now, (&mut hold, effects))
            }
            Command::Cancel { bottle } => {
                self.hold.handle_cancel(bottle, &mut hold);
                Ok(())
            }
            Command::Claimed { claim } => self.claimed(&claim, now, &mut hold),
            Command::Keep { bottle } => self.hold.handle_keep(bottle, &mut hold).map_err(Refusal::Outcome),
            Command::ThrowBack { throw_back } => self.throw_back(&throw_back, now, &mut hold),
            Command::Withdraw { withdrawal } => self.withdraw(&withdrawal, now, effects),
            Command::Recast { recast } => self.recast(&recast, now, effects),
            Command::AnswerCame { bottle, from, kind } => {
                let mut mine = Vec::new();
                self.mine.handle_answer(bottle, from, kind, now, &mut mine);
                self.run_mine(mine, now, effects);
                Ok(())
            }
            Command::Answering { stranger } => {
                let mut economy = Vec::new();
                self.economy
                    .handle_answered(stranger, now, self.offset, &mut economy);
                save_economy(economy, effects);
                Ok(())
            }
            Command::WantBody { bottle, body } => {
                self.bodies.want_now(body, bottle);
                Ok(())
            }
            Command::Deny { bottle } => self.deny(bottle, effects),
        };
        self.run_hold(hold, now, effects);
        outcome
    }

    fn throw(&mut self, bytes: &[u8], now: Now, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let message = SkyMessage::decode(bytes).map_err(|error| Refusal::Invalid(error.into()))?;
        let topic = Topic::of_author(&message.header.value().author);
        let view = View(&self.sky);
        let bottle = validate::sky(bytes, topic, &self.own_gate(&view, now)).map_err(refused)?;
        if bottle.equivocates.is_some() {
            return Err(Refusal::Invalid(Verdict::Reject(RejectReason::Inconsistent)));
        }
        let spent = self.economy.allowance(Spending::Throw, now, self.offset);
        if spent.left() == 0 {
            return Err(Refusal::Spent(crate::economy::Spent(spent)));
        }
        let header = bottle.header.value();
        let own = OwnBottle {
            id: bottle.id,
            nonce: header.nonce,
            author: header.author,
            reply_to: header.reply_to,
            slots: header.slots,
            thrown_at: header.thrown_at,
            expires_at: header.expires_at().start(),
        };
        let mut mine = Vec::new();
        self.mine
            .handle_thrown(own, now, &mut mine)
            .or(Err(Refusal::Full))?;
        let stone = stone_of(&bottle, true);
        if let sky::Insert::Added { evicted } | sky::Insert::Full { evicted } = self.sky.insert(stone) {
            self.drop_evicted(evicted, effects);
        }
        self.own_messages.insert(bottle.id, bytes.to_vec());
        effects.push(Effect::Durable(bottle_row(&bottle, &stone)));
        let mut economy = Vec::new();
        // There is one left, as was asked above.
        self.economy
            .handle_spend(Spending::Throw, now, self.offset, &mut economy)
            .map_err(Refusal::Spent)?;
        save_economy(economy, effects);
        effects.push(Effect::Notify(Event::Fell {
            bottle: bottle.id,
            from: None,
            author: header.author,
            nonce: header.nonce,
        }));
        self.run_mine(mine, now, effects);
        Ok(())
    }

    fn recognise(
        &mut self,
        own: OwnBottle,
        from: &Peer,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let bottle = own.id;
        if self.sky.standing(&bottle) != sky::Standing::Drifting {
            return Err(Refusal::UnknownBottle);
        }
        let mut mine = Vec::new();
        self.mine
            .handle_recognised(own, from, now, &mut mine)
            .or(Err(Refusal::Full))?;
        if let Some(claims) = self.sky.claims(&bottle) {
            self.mine
                .handle_claims(bottle, SeenClaim::all_of(&claims), now, &mut mine);
            self.mine.handle_recast(bottle, claims.recasts(), now, &mut mine);
        }
        self.run_mine(mine, now, effects);
        Ok(())
    }

    fn touch(&mut self, bottle: BottleId, now: Now, hold: &mut Vec<HoldEffect>) -> Result<(), Refusal> {
        if self.sky.standing(&bottle) != sky::Standing::Drifting {
            return Err(Refusal::UnknownBottle);
        }
        if self.mine.contains(&bottle) {
            return Err(Refusal::OwnBottle);
        }
        let stone = self.sky.stone(&bottle).ok_or(Refusal::UnknownBottle)?;
        self.vacancy(&bottle).ok_or(Refusal::NoVacancy)?;
        self.hold
            .handle_touch(bottle, stone.expires_at.start(), now, hold)
            .map_err(Refusal::Touch)
    }

    fn open(
        &mut self,
        bottle: BottleId,
        attempt: impl FnOnce(crate::wire::Place, crate::economy::LocalDay) -> Attempt,
        now: Now,
        (hold, effects): (&mut Vec<HoldEffect>, &mut Vec<Effect>),
    ) -> Result<(), Refusal> {
        self.hold.check_open(&bottle, now).map_err(Refusal::Open)?;
        let place = self.vacancy(&bottle).ok_or(Refusal::NoVacancy)?;
        let mut economy = Vec::new();
        self.economy
            .handle_spend(Spending::Open, now, self.offset, &mut economy)
            .map_err(Refusal::Spent)?;
        save_economy(economy, effects);
        let attempt = attempt(place, self.economy.day(now, self.offset));
        self.hold
            .handle_open(bottle, attempt, now, hold)
            .map_err(Refusal::Open)
    }

    fn claimed(&mut self, bytes: &[u8], now: Now, hold: &mut Vec<HoldEffect>) -> Result<(), Refusal> {
        let VerifiedCatch::Claim { claim, .. } = self.own_catch(bytes, now)? else {
            return Err(wrong_kind());
        };
        let value = claim.value();
        let row = self.hold.row(&value.bottle).map(|row| &row.state);
        let asked = match row {
            Some(CatchState::Opening(attempt)) => {
                attempt.claimant == value.claimant && attempt.place == value.place
            }
            Some(CatchState::InHold | CatchState::Claimed(_)) | None => false,
        };
        if !asked {
            return Err(Refusal::NoVacancy);
        }
        let held = HeldClaim {
            claimant: value.claimant,
            place: value.place,
            t: value.t,
            message: bytes.to_vec(),
            standing: Standing::Provisional,
        };
        self.hold.handle_claimed(value.bottle, held, now, hold);
        Ok(())
    }

    fn throw_back(&mut self, bytes: &[u8], now: Now, hold: &mut Vec<HoldEffect>) -> Result<(), Refusal> {
        let VerifiedCatch::ThrowBack { throw_back, .. } = self.own_catch(bytes, now)? else {
            return Err(wrong_kind());
        };
        let claim = throw_back.value().claim.value();
        let opened = throw_back_id(&claim.bottle, &ClaimKey::of(claim));
        self.hold
            .handle_thrown_back(claim.bottle, opened, bytes.to_vec(), now, hold)
            .map_err(Refusal::Outcome)
    }

    fn withdraw(&mut self, bytes: &[u8], now: Now, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let message = self.own_catch(bytes, now)?;
        let VerifiedCatch::Withdrawal(_) = &message else {
            return Err(wrong_kind());
        };
        self.mine
            .check_withdraw(&message.bottle(), now)
            .map_err(Refusal::Withdraw)?;
        self.publish_own(message, now, effects)
    }

    fn recast(&mut self, bytes: &[u8], now: Now, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let message = self.own_catch(bytes, now)?;
        let VerifiedCatch::Recast(recast) = &message else {
            return Err(wrong_kind());
        };
        let n = self
            .mine
            .check_recast(&message.bottle(), now)
            .map_err(Refusal::Recast)?;
        if recast.value().n != n {
            return Err(Refusal::Invalid(Verdict::Reject(RejectReason::Inconsistent)));
        }
        self.publish_own(message, now, effects)
    }

    fn deny(&mut self, bottle: BottleId, effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        let was_here = self.sky.standing(&bottle) != sky::Standing::Unknown;
        if !self.sky.deny(bottle) {
            return if was_here { Ok(()) } else { Err(Refusal::Full) };
        }
        self.bodies.forget_bottle(&bottle);
        if was_here {
            effects.push(Effect::DropBottles {
                bottles: vec![bottle],
            });
            effects.push(Effect::Notify(Event::Ended {
                bottle,
                end: End::Denied,
            }));
        }
        Ok(())
    }

    /// Applies an own statement, keeps it and lets it out.
    fn publish_own(
        &mut self,
        message: VerifiedCatch,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let bytes = message.clone().into_message().encode();
        match self.apply_catch(message, (Arrival::Gossip, Keep::Durable), now, effects) {
            Verdict::Accept => {}
            verdict @ (Verdict::Ignore(_) | Verdict::Reject(_)) => return Err(refused(verdict)),
        }
        let publication = self.next_publication();
        effects.push(Effect::Publish {
            publication,
            topic: Topic::Catch,
            bytes,
        });
        Ok(())
    }

    /// An own catch message must pass the checks that everybody makes, save for the rising admission level.
    fn own_catch(&self, bytes: &[u8], now: Now) -> Result<VerifiedCatch, Refusal> {
        let view = View(&self.sky);
        validate::catch(bytes, &self.own_gate(&view, now)).map_err(refused)
    }

    fn own_gate<'a>(&'a self, view: &'a View<'a>, now: Now) -> Gate<'a> {
        Gate {
            params: &self.params,
            now,
            arrival: Arrival::Gossip,
            admission_bits: 0,
            known: view,
        }
    }
}

/// Why an own message was not let in.
const fn refused(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Ignore(IgnoreReason::Known) => Refusal::Repeated,
        Verdict::Ignore(IgnoreReason::UnknownBottle | IgnoreReason::Sunk | IgnoreReason::Expired) => {
            Refusal::UnknownBottle
        }
        Verdict::Accept | Verdict::Ignore(_) | Verdict::Reject(_) => Refusal::Invalid(verdict),
    }
}

const fn wrong_kind() -> Refusal {
    Refusal::Invalid(Verdict::Reject(RejectReason::WrongTopic))
}
