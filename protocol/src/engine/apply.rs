//! The only place where the sky changes, whatever brought the news: gossip, sync, the user, time.

use crate::claims::{ClaimKey, ClaimSet, Merge};
use crate::hold::{CatchState, ClaimFate};
use crate::ids::{BodyId, BottleId, Peer};
use crate::limits::CLAIM_FUTURE_MS;
use crate::mine::SeenClaim;
use crate::sky::{Insert, Stone, Sunk};
use crate::time::Now;
use crate::validate::{Arrival, VerifiedBottle, VerifiedCatch};
use crate::verdict::{IgnoreReason, Verdict};
use crate::wire::CatchMessage;

use super::{BottleRow, ClaimsRow, Content, Effect, End, Engine, EquivocationRow, Event, Row};

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Ours: before anything goes out.
    Durable,
    /// Other people's: in a batch, soon.
    Cache,
}

impl Keep {
    pub(super) fn row(self, row: Row) -> Effect {
        match self {
            Self::Durable => Effect::Durable(row),
            Self::Cache => Effect::Cache(row),
        }
    }
}

impl Engine {
    /// Takes in a verified bottle. `from` is the neighbour that had it first; its body is asked there if it is missing.
    pub(super) fn admit(
        &mut self,
        bottle: VerifiedBottle,
        from: Option<&Peer>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Verdict {
        let author = bottle.header.value().author;
        if self.sky.sunk(&author).is_some() {
            return Verdict::Ignore(IgnoreReason::Sunk);
        }
        if let Some(other) = bottle.equivocates {
            self.sink(&bottle, other, now, effects);
            return Verdict::Accept;
        }
        let stone = stone_of(&bottle, false);
        match self.sky.insert(stone) {
            Insert::Known => Verdict::Ignore(IgnoreReason::Known),
            Insert::Full { evicted } => {
                self.drop_evicted(evicted, effects);
                Verdict::Ignore(IgnoreReason::Full)
            }
            Insert::Added { evicted } => {
                self.drop_evicted(evicted, effects);
                let header = bottle.header.value();
                let body = header.body;
                let has_body = bottle.body.is_some();
                effects.push(Effect::Cache(bottle_row(&bottle, &stone)));
                effects.push(Effect::Notify(Event::Fell {
                    bottle: bottle.id,
                    from: from.cloned(),
                    author: header.author,
                    nonce: header.nonce,
                }));
                if !has_body {
                    self.bodies.want(body, bottle.id, from);
                }
                Verdict::Accept
            }
        }
    }

    /// Merges a verified statement into the claims of its bottle.
    pub(super) fn apply_catch(
        &mut self,
        message: VerifiedCatch,
        (arrival, keep): (Arrival, Keep),
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Verdict {
        let bottle = message.bottle();
        let message = message.into_message();
        let merged = self
            .sky
            .update_claims(&bottle, |claims| merge(claims, &message, arrival, now));
        match merged {
            None => Verdict::Ignore(IgnoreReason::UnknownBottle),
            Some(Err(verdict)) => verdict,
            Some(Ok(Merge::Entered)) => {
                self.claims_changed(bottle, keep, now, effects);
                Verdict::Accept
            }
            Some(Ok(Merge::Known)) => Verdict::Ignore(IgnoreReason::Known),
            Some(Ok(Merge::Withdrawn)) => Verdict::Ignore(IgnoreReason::Sunk),
            Some(Ok(Merge::Lost | Merge::NotOpen | Merge::Invalid)) => {
                Verdict::Ignore(IgnoreReason::NoEffect)
            }
        }
    }

    /// Tells everybody inside who follows this bottle that its claims changed.
    pub(super) fn claims_changed(
        &mut self,
        bottle: BottleId,
        keep: Keep,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(claims) = self.sky.claims(&bottle) else {
            return;
        };
        let messages = claims.messages().into_iter().map(<[u8]>::to_vec).collect();
        effects.push(keep.row(Row::Claims(ClaimsRow { bottle, messages })));
        let (mut mine, mut hold) = (Vec::new(), Vec::new());
        if claims.is_withdrawn() {
            self.mine.handle_withdrawn(bottle, now, &mut mine);
            self.hold.handle_withdrawn(bottle, &mut hold);
            self.bodies.forget_bottle(&bottle);
            effects.push(Effect::DropBodies {
                bottles: vec![bottle],
            });
            effects.push(Effect::Notify(Event::Ended {
                bottle,
                end: End::Withdrawn,
            }));
        } else {
            let (caught, places) = claims.caught();
            effects.push(Effect::Notify(Event::Claimed {
                bottle,
                caught,
                places,
            }));
            if self.mine.contains(&bottle) {
                self.mine
                    .handle_claims(bottle, SeenClaim::all_of(&claims), now, &mut mine);
                self.mine.handle_recast(bottle, claims.recasts(), now, &mut mine);
            }
            self.tell_hold(bottle, &claims, now, &mut hold);
        }
        self.run_mine(mine, now, effects);
        self.run_hold(hold, now, effects);
    }

    /// Tells the hold how its claim of this bottle stands, or where to claim while it is being opened.
    pub(super) fn tell_hold(
        &mut self,
        bottle: BottleId,
        claims: &ClaimSet,
        now: Now,
        hold: &mut Vec<crate::hold::HoldEffect>,
    ) {
        let Some(row) = self.hold.row(&bottle) else { return };
        match &row.state {
            CatchState::InHold => {}
            CatchState::Opening(attempt) => {
                // The place that is being claimed stays good while it has room, so that no work is lost.
                let good = claims.has_vacancy(&attempt.place).then_some(attempt.place);
                self.hold
                    .handle_vacancy(bottle, good.or_else(|| claims.vacancy()), hold);
            }
            CatchState::Claimed(claim) => {
                let kept = claims.keeps(&claim.place, &claim.claimant);
                let fate = if kept { ClaimFate::Kept } else { ClaimFate::NotKept };
                self.hold.handle_fate(bottle, fate, now, hold);
            }
        }
    }

    /// Forgets what is over.
    pub(super) fn expire(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let gone = self.sky.expire(now.wall.epoch());
        self.sync.unwanted.expire(now.mono_ms);
        if gone.is_empty() {
            return;
        }
        for bottle in &gone {
            self.bodies.forget_bottle(bottle);
            self.own_messages.remove(bottle);
            effects.push(Effect::Notify(Event::Ended {
                bottle: *bottle,
                end: End::Expired,
            }));
        }
        effects.push(Effect::DropBottles { bottles: gone });
    }

    /// Two headers by one author: both sink. The header that is new is kept as the other half of the proof.
    fn sink(&mut self, bottle: &VerifiedBottle, other: BottleId, now: Now, effects: &mut Vec<Effect>) {
        let header = bottle.header.value();
        let other_end = self
            .sky
            .stone(&other)
            .map_or(header.expires_at(), |stone| stone.expires_at);
        let sunk = Sunk::new(
            header.author,
            (bottle.id, header.expires_at()),
            (other, other_end),
        );
        if !self.sky.sink(sunk) {
            return;
        }
        let mut row = bottle_row(bottle, &stone_of(bottle, false));
        if let Row::Bottle(row) = &mut row
            && let Some(content) = &mut row.content
        {
            content.body = None;
        }
        effects.push(Effect::Cache(row));
        let proof = EquivocationRow {
            author: sunk.author,
            bottles: sunk.bottles,
            until: sunk.until,
        };
        effects.push(Effect::Cache(Row::Equivocation(proof)));
        effects.push(Effect::DropBodies { bottles: vec![other] });
        effects.push(Effect::Notify(Event::Ended {
            bottle: other,
            end: End::Equivocated,
        }));
        let (mut mine, mut hold) = (Vec::new(), Vec::new());
        for bottle in sunk.bottles {
            self.bodies.forget_bottle(&bottle);
            self.own_messages.remove(&bottle);
            self.mine.handle_equivocation(bottle, now, &mut mine);
            self.hold.handle_withdrawn(bottle, &mut hold);
        }
        self.run_mine(mine, now, effects);
        self.run_hold(hold, now, effects);
    }

    pub(super) fn drop_evicted(&mut self, evicted: Vec<BottleId>, effects: &mut Vec<Effect>) {
        if evicted.is_empty() {
            return;
        }
        for bottle in &evicted {
            self.bodies.forget_bottle(bottle);
            effects.push(Effect::Notify(Event::Ended {
                bottle: *bottle,
                end: End::Evicted,
            }));
        }
        effects.push(Effect::DropBottles { bottles: evicted });
    }
}

/// Puts one message into a set, if the clock allows it.
fn merge(
    claims: &mut ClaimSet,
    message: &CatchMessage,
    arrival: Arrival,
    now: Now,
) -> Result<Merge, Verdict> {
    match message {
        CatchMessage::Recast(recast) => {
            // The author's clock may be a little ahead of ours.
            if !claims.recast_due(recast.value().n, now.wall.plus_ms(CLAIM_FUTURE_MS)) {
                return Err(Verdict::Ignore(IgnoreReason::TooEarly));
            }
        }
        CatchMessage::ThrowBack(back) => {
            // By gossip it must not smuggle in a claim that is too old to come by gossip itself.
            let claim = ClaimKey::of(back.value().claim.value());
            if arrival == Arrival::Gossip && !claims.keeps_exactly(&claim) {
                return Err(Verdict::Ignore(IgnoreReason::NoEffect));
            }
        }
        CatchMessage::Claim(_) | CatchMessage::Withdrawal(_) => {}
    }
    Ok(merge_unchecked(claims, message))
}

/// Puts one message into a set: what was stored before, or what a peer says its own state is.
pub(super) fn merge_unchecked(claims: &mut ClaimSet, message: &CatchMessage) -> Merge {
    let bytes = message.encode();
    match message {
        CatchMessage::Claim(claim) => claims.add_claim(&ClaimKey::of(claim.value()), &bytes),
        CatchMessage::ThrowBack(back) => {
            let claim = &back.value().claim;
            let alone = CatchMessage::Claim(claim.clone()).encode();
            claims.add_throw_back(&ClaimKey::of(claim.value()), &alone, &bytes)
        }
        CatchMessage::Withdrawal(_) => claims.add_withdrawal(&bytes),
        CatchMessage::Recast(recast) => claims.add_recast(recast.value().n, &bytes),
    }
}

/// What the index keeps of a bottle.
pub(super) fn stone_of(bottle: &VerifiedBottle, withheld: bool) -> Stone {
    let header = bottle.header.value();
    Stone {
        bottle: bottle.id,
        author: header.author,
        thrown_at: header.thrown_at,
        expires_at: header.expires_at(),
        bits: u8::try_from(bottle.stamp_bits).unwrap_or(u8::MAX),
        slots: header.slots,
        withheld,
    }
}

/// A bottle with all its bytes, as it is stored.
pub(super) fn bottle_row(bottle: &VerifiedBottle, stone: &Stone) -> Row {
    let signed = bottle.header.signed();
    let content = Content {
        header: signed.payload().to_vec(),
        signature: signed.signature().0,
        body: bottle.body.as_ref().map(|body| body.as_slice().to_vec()),
    };
    let has_body = content.body.is_some();
    row_of(
        stone,
        bottle.header.value().body,
        has_body,
        Some(Box::new(content)),
    )
}

/// A row about a bottle.
pub(super) fn row_of(stone: &Stone, body: BodyId, has_body: bool, content: Option<Box<Content>>) -> Row {
    Row::Bottle(BottleRow {
        bottle: stone.bottle,
        author: stone.author,
        body,
        thrown_at: stone.thrown_at,
        expires_at: stone.expires_at,
        slots: stone.slots,
        bits: stone.bits,
        has_body,
        content,
    })
}
