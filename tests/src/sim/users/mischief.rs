//! What a user, or a broken program of one, tries although it must be refused.
//!
//! A refusal must also leave no trace: nothing is stored and nothing is sent.

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::engine::Command;
use meteorite_protocol::hold::CatchState;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{CatchMessage, Place};

use super::super::craft::{self, Draft, Recipe};
use super::super::queue::Ix;
use super::super::world::World;

impl World {
    /// One thing that must not work.
    pub(super) fn misbehave(&mut self, ix: Ix) {
        let tried = match self.dice.users.below(8) {
            0 => self.touch_own(ix),
            1 => self.throw_again(ix),
            2 => self.throw_old(ix),
            3 => self.throw_second(ix),
            4 => self.withdraw_anothers(ix),
            5 => self.claim_unasked(ix),
            6 => self.throw_back_twice(ix),
            _ => self.recast_early(ix),
        };
        let Some((what, command)) = tried else { return };
        let before = self.own_rows(ix);
        match self.command(ix, command) {
            Some(Ok(())) => self.fail(Some(ix), format!("lets a user {what}")),
            Some(Err(_)) if before != self.own_rows(ix) => {
                self.fail(
                    Some(ix),
                    format!("refuses to {what} and remembers it all the same"),
                );
            }
            Some(Err(_)) => self.figures.refused += 1,
            None => {}
        }
    }

    fn touch_own(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let bottle = self.any_own(ix)?;
        Some(("touch an own bottle", Command::Touch { bottle }))
    }

    fn throw_again(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let bottle = self.any_own(ix)?;
        let known = self.nodes[ix].engine.as_ref()?.sky().stone(&bottle).is_some();
        let sky_message = self.nodes[ix].user.bottles[&bottle].message.encode();
        known.then_some(("throw a bottle twice", Command::Throw { sky_message }))
    }

    fn throw_old(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let epoch = self.nodes[ix].clock.now(self.now).wall.epoch();
        let thrown_at = if self.dice.users.chance(500) {
            epoch.minus(5)
        } else {
            epoch.plus(5)
        };
        let draft = Draft::new(
            &Recipe {
                slots: 1,
                ttl: 300,
                thrown_at,
            },
            &mut self.dice.users,
        );
        let sky_message = draft
            .finish(Params::for_tests().stamp_bits_floor())
            .message
            .encode();
        Some(("throw a bottle of another time", Command::Throw { sky_message }))
    }

    fn throw_second(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let bottle = self.any_own(ix)?;
        self.nodes[ix].engine.as_ref()?.sky().stone(&bottle)?;
        let first = &self.nodes[ix].user.bottles[&bottle];
        let second = first.second(Params::for_tests().stamp_bits_floor(), &mut self.dice.users);
        Some((
            "sign two bottles with one key",
            Command::Throw {
                sky_message: second.message.encode(),
            },
        ))
    }

    fn withdraw_anothers(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let strange = self.any_strange(ix)?;
        let key = SigningKey::from_seed(&self.dice.users.bytes());
        let withdrawal = CatchMessage::Withdrawal(craft::withdrawal(strange, &key)).encode();
        Some(("withdraw another's bottle", Command::Withdraw { withdrawal }))
    }

    fn claim_unasked(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let strange = self.any_strange(ix)?;
        let key = SigningKey::from_seed(&self.dice.users.bytes());
        let t = self.nodes[ix].clock.now(self.now).wall.tick();
        let claim = craft::claim(
            strange,
            Place::Root,
            &key,
            t,
            Params::for_tests().claim_bits_floor(),
        );
        Some((
            "claim without opening",
            Command::Claimed {
                claim: CatchMessage::Claim(claim).encode(),
            },
        ))
    }

    fn throw_back_twice(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let thrown = |outcome: &_| matches!(outcome, meteorite_protocol::hold::Outcome::ThrownBack(_));
        let claimed = self.catches(ix, |state, outcome| {
            matches!(state, CatchState::Claimed(_)) && thrown(outcome)
        });
        let bottle = self.dice.users.pick(&claimed).copied()?;
        let user = &self.nodes[ix].user;
        let claim = user.claims.get(&bottle)?.clone();
        let key = user.key(&claim.value().claimant)?;
        let depth = if matches!(claim.value().place, Place::After(_)) {
            2
        } else {
            1
        };
        let throw_back = CatchMessage::ThrowBack(craft::throw_back(claim, depth, key)).encode();
        Some(("throw a bottle back twice", Command::ThrowBack { throw_back }))
    }

    fn recast_early(&mut self, ix: Ix) -> Option<(&'static str, Command)> {
        let bottle = self.any_own(ix)?;
        let now = self.nodes[ix].clock.now(self.now);
        let refused = self.nodes[ix].engine.as_ref()?.may_recast(&bottle, now).is_err();
        let recast = CatchMessage::Recast(craft::recast(
            bottle,
            1,
            &self.nodes[ix].user.bottles[&bottle].author,
        ));
        refused.then(|| {
            (
                "recast too early",
                Command::Recast {
                    recast: recast.encode(),
                },
            )
        })
    }

    fn any_own(&mut self, ix: Ix) -> Option<BottleId> {
        let own: Vec<BottleId> = self.nodes[ix].user.bottles.keys().copied().collect();
        self.dice.users.pick(&own).copied()
    }

    fn any_strange(&mut self, ix: Ix) -> Option<BottleId> {
        let engine = self.nodes[ix].engine.as_ref()?;
        let stones = engine.sky().stones().map(|stone| stone.bottle);
        let strange: Vec<BottleId> = stones
            .filter(|bottle| engine.hold().row(bottle).is_none())
            .collect();
        self.dice.users.pick(&strange).copied()
    }

    /// Everything of the user's that the engine remembers.
    fn own_rows(&self, ix: Ix) -> Option<String> {
        let engine = self.nodes[ix].engine.as_ref()?;
        let mine: Vec<_> = engine.mine().rows().collect();
        let hold: Vec<_> = engine.hold().rows().collect();
        Some(format!("{mine:?} {hold:?} {:?}", engine.economy().row()))
    }
}
