//! What own bottles and the hold want done, after a command, a message or a tick.

use crate::claims::Merge;
use crate::economy::{EconomyEffect, Spending};
use crate::hold::HoldEffect;
use crate::ids::BottleId;
use crate::mine::{MineEffect, Release};
use crate::time::Now;
use crate::topic::Topic;
use crate::wire::CatchMessage;

use super::apply::{Keep, merge_unchecked};
use super::{Effect, Engine, Event, PUBLICATIONS_MAX, PublicationId, Row};

impl Engine {
    pub(super) fn handle_published(
        &mut self,
        publication: PublicationId,
        neighbours: u16,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(bottle) = self.publications.remove(&publication) else {
            return;
        };
        let mut mine = Vec::new();
        self.mine.handle_published(bottle, neighbours, now, &mut mine);
        self.run_mine(mine, now, effects);
    }

    /// Carries out what own bottles want.
    pub(super) fn run_mine(&mut self, wishes: Vec<MineEffect>, _now: Now, effects: &mut Vec<Effect>) {
        for wish in wishes {
            match wish {
                MineEffect::Save(row) => effects.push(Effect::Durable(Row::Mine(row))),
                MineEffect::Publish(bottle) => self.publish_bottle(bottle, effects),
                MineEffect::Release(bottle, Release::Handed | Release::Proven | Release::WindowClosed) => {
                    self.sky.set_withheld(&bottle, false);
                    self.own_messages.remove(&bottle);
                }
                MineEffect::Release(_, Release::Withheld) => {}
                MineEffect::Truth(bottle, truth) => {
                    effects.push(Effect::Notify(Event::Truth { bottle, truth }));
                }
                MineEffect::Notice(bottle, notice) => {
                    effects.push(Effect::Notify(Event::Notice { bottle, notice }));
                }
                MineEffect::Archive(bottle) => {
                    self.own_messages.remove(&bottle);
                    effects.push(Effect::Notify(Event::Archived { bottle }));
                }
            }
        }
    }

    /// Carries out what the hold wants.
    pub(super) fn run_hold(&mut self, wishes: Vec<HoldEffect>, now: Now, effects: &mut Vec<Effect>) {
        for wish in wishes {
            match wish {
                HoldEffect::Save(row) => effects.push(Effect::Durable(Row::Hold(row))),
                HoldEffect::Delete(bottle) => effects.push(Effect::Durable(Row::HoldGone(bottle))),
                HoldEffect::Mine {
                    bottle,
                    place,
                    claimant,
                } => {
                    let bits = self.claim_bits(now);
                    effects.push(Effect::Notify(Event::MineClaim {
                        bottle,
                        place,
                        claimant,
                        bits,
                    }));
                }
                HoldEffect::StopMining(bottle) => effects.push(Effect::Notify(Event::StopMining { bottle })),
                HoldEffect::RefundOpen(_, day) => {
                    let mut economy = Vec::new();
                    self.economy.handle_refund(Spending::Open, day, &mut economy);
                    save_economy(economy, effects);
                }
                HoldEffect::Publish(_, message) => {
                    let publication = self.next_publication();
                    effects.push(Effect::Publish {
                        publication,
                        topic: Topic::Catch,
                        bytes: message,
                    });
                }
                HoldEffect::Assert(bottle, message) => self.assert_own(bottle, &message, now, effects),
                HoldEffect::Event(event) => effects.push(Effect::Notify(Event::Hold(event))),
                HoldEffect::Archive(bottle) => effects.push(Effect::Notify(Event::Archived { bottle })),
            }
        }
    }

    /// Puts an own claim or throw-back into the claim set, where a crash may have lost it, and looks how it stands.
    fn assert_own(&mut self, bottle: BottleId, bytes: &[u8], now: Now, effects: &mut Vec<Effect>) {
        let Ok(message) = CatchMessage::decode(bytes) else {
            return;
        };
        match self
            .sky
            .update_claims(&bottle, |claims| merge_unchecked(claims, &message))
        {
            Some(Merge::Entered) => self.claims_changed(bottle, Keep::Durable, now, effects),
            Some(Merge::Known | Merge::Lost | Merge::NotOpen | Merge::Invalid) => {
                let mut hold = Vec::new();
                if let Some(claims) = self.sky.claims(&bottle) {
                    self.tell_hold(bottle, &claims, now, &mut hold);
                }
                self.run_hold(hold, now, effects);
            }
            Some(Merge::Withdrawn) | None => {}
        }
    }

    fn publish_bottle(&mut self, bottle: BottleId, effects: &mut Vec<Effect>) {
        let Some(author) = self.sky.stone(&bottle).map(|stone| stone.author) else {
            return;
        };
        let Some(bytes) = self.own_messages.get(&bottle).cloned() else {
            return;
        };
        let publication = self.next_publication();
        if self.publications.len() >= PUBLICATIONS_MAX {
            self.publications.pop_first();
        }
        self.publications.insert(publication, bottle);
        effects.push(Effect::Publish {
            publication,
            topic: Topic::of_author(&author),
            bytes,
        });
    }

    pub(super) const fn next_publication(&mut self) -> PublicationId {
        self.next_publication = self.next_publication.wrapping_add(1);
        PublicationId(self.next_publication)
    }
}

/// Writes what the economy wants written.
pub(super) fn save_economy(wishes: Vec<EconomyEffect>, effects: &mut Vec<Effect>) {
    effects.extend(
        wishes
            .into_iter()
            .map(|EconomyEffect::Save(row)| Effect::Durable(Row::Economy(row))),
    );
}
