//! The hold: six places, one opening per bottle, and what becomes of a claim.

use meteorite_protocol::economy::LocalDay;
use meteorite_protocol::hold::{
    Attempt, CatchRow, CatchState, ClaimFate, HeldClaim, Hold, HoldEffect, HoldEvent, OPENINGS_MAX,
    OpenRefusal, Outcome, OutcomeRefusal, Slip, Standing, TouchRefusal,
};
use meteorite_protocol::ids::{BottleId, ThrowBackId};
use meteorite_protocol::limits::HOLD_PLACES;
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::wire::Place;
use proptest::prelude::*;

use crate::letters_kit::{Clock, DAY, SECOND, Table, at, bottle, claimant};

const TODAY: LocalDay = LocalDay(20_000);

fn sinks_at() -> UnixMillis {
    at(7 * DAY).wall
}

fn attempt(n: u8) -> Attempt {
    Attempt {
        claimant: claimant(n),
        place: Place::Root,
        spent_on: TODAY,
    }
}

/// A hold, its clock, its store and what it said last.
struct Ship {
    hold: Hold,
    clock: Clock,
    store: Table<BottleId, CatchRow>,
    said: Vec<HoldEffect>,
}

impl Ship {
    fn new() -> Self {
        Self {
            hold: Hold::default(),
            clock: Clock::start(),
            store: Table::default(),
            said: vec![],
        }
    }

    /// With bottle 1 claimed just now.
    fn with_catch() -> Self {
        let mut ship = Self::new();
        ship.touch(1).unwrap();
        ship.open(1).unwrap();
        ship.claimed(1);
        ship
    }

    fn run<T>(&mut self, act: impl FnOnce(&mut Hold, Now, &mut Vec<HoldEffect>) -> T) -> T {
        self.said.clear();
        let result = act(&mut self.hold, self.clock.now(), &mut self.said);
        for effect in &self.said {
            match effect {
                HoldEffect::Save(row) => self.store.save(row.bottle, (**row).clone()),
                HoldEffect::Delete(bottle) => assert!(
                    self.store.0.remove(bottle).is_some(),
                    "deleted what was not stored"
                ),
                HoldEffect::Mine { .. }
                | HoldEffect::StopMining(_)
                | HoldEffect::RefundOpen(..)
                | HoldEffect::Publish(..)
                | HoldEffect::Assert(..)
                | HoldEffect::Event(_)
                | HoldEffect::Archive(_) => {}
            }
        }
        result
    }

    fn touch(&mut self, n: u8) -> Result<(), TouchRefusal> {
        self.run(|hold, now, effects| hold.handle_touch(bottle(n), sinks_at(), now, effects))
    }

    fn open(&mut self, n: u8) -> Result<(), OpenRefusal> {
        self.run(|hold, now, effects| hold.handle_open(bottle(n), attempt(n), now, effects))
    }

    fn claimed(&mut self, n: u8) {
        let t = self.clock.now().wall.tick();
        let message = vec![n, 1];
        let claim = HeldClaim {
            claimant: claimant(n),
            place: Place::Root,
            t,
            message,
            standing: Standing::Provisional,
        };
        self.run(|hold, now, effects| hold.handle_claimed(bottle(n), claim, now, effects));
    }

    fn fate(&mut self, n: u8, fate: ClaimFate) {
        self.run(|hold, now, effects| hold.handle_fate(bottle(n), fate, now, effects));
    }

    fn keep(&mut self, n: u8) -> Result<(), OutcomeRefusal> {
        self.run(|hold, _, effects| hold.handle_keep(bottle(n), effects))
    }

    fn throw_back(&mut self, n: u8) -> Result<(), OutcomeRefusal> {
        let id = ThrowBackId([n; 32]);
        self.run(|hold, now, effects| hold.handle_thrown_back(bottle(n), id, vec![n, 2], now, effects))
    }

    fn pass(&mut self, ms: u64) {
        self.clock.pass(ms);
        self.run(|hold, now, effects| hold.handle_tick(now, effects));
    }

    fn crash(&mut self) {
        self.hold = Hold::restore(self.store.rows());
        self.run(|hold, now, effects| hold.handle_start(now, effects));
    }

    fn standing(&self, n: u8) -> Option<Standing> {
        self.hold
            .row(&bottle(n))
            .and_then(CatchRow::claim)
            .map(|claim| claim.standing)
    }

    fn heard(&self, event: HoldEvent) -> bool {
        self.said.contains(&HoldEffect::Event(event))
    }
}

#[test]
fn a_touched_stone_lies_in_one_of_six_places() {
    let mut ship = Ship::new();
    for n in 1..=u8::try_from(HOLD_PLACES).unwrap() {
        ship.touch(n).unwrap();
    }
    assert_eq!(ship.touch(1), Err(TouchRefusal::InHold));
    assert_eq!(ship.touch(9), Err(TouchRefusal::HoldFull));
    ship.run(|hold, _, effects| hold.handle_let_go(bottle(1), effects));
    assert!(ship.heard(HoldEvent::Slipped(bottle(1), Slip::LetGo)));
    assert_eq!(ship.touch(9), Ok(()));
    ship.open(9).unwrap();
    assert_eq!(
        ship.touch(10),
        Err(TouchRefusal::HoldFull),
        "what is being opened still lies there"
    );
    ship.claimed(9);
    assert_eq!(ship.touch(10), Ok(()));
}

#[test]
fn a_claim_is_provisional_until_its_tick_has_passed_by_two_seconds() {
    let mut ship = Ship::with_catch();
    assert!(ship.heard(HoldEvent::Claimed(bottle(1))));
    assert!(ship.said.contains(&HoldEffect::Publish(bottle(1), vec![1, 1])));
    let settles = at(0).wall.tick().end().plus_ms(2 * SECOND);
    let wait = settles.since(at(0).wall);
    ship.pass(wait - 1);
    assert_eq!(ship.standing(1), Some(Standing::Provisional));
    assert_eq!(ship.throw_back(1), Err(OutcomeRefusal::NotBefore(settles)));
    assert_eq!(
        ship.hold.next_deadline(ship.clock.now()),
        Some(ship.clock.now().mono_ms + 1)
    );
    ship.pass(1);
    assert_eq!(ship.standing(1), Some(Standing::Confirmed));
    assert!(ship.heard(HoldEvent::Confirmed(bottle(1))));
}

#[test]
fn a_displaced_finder_keeps_what_was_read_and_may_be_reinstated() {
    for wait in [0, 10 * SECOND] {
        let mut ship = Ship::with_catch();
        ship.pass(wait);
        ship.fate(1, ClaimFate::Kept);
        ship.fate(1, ClaimFate::NotKept);
        assert!(ship.heard(HoldEvent::Displaced(bottle(1))));
        ship.fate(1, ClaimFate::NotKept);
        assert!(ship.said.is_empty(), "told once");
        assert!(ship.hold.row(&bottle(1)).unwrap().may_read());
        ship.pass(20 * SECOND);
        assert_eq!(ship.standing(1), Some(Standing::Displaced));
        assert_eq!(ship.throw_back(1), Err(OutcomeRefusal::Displaced));
        assert_eq!(ship.keep(1), Ok(()));
        ship.fate(1, ClaimFate::Kept);
        assert!(ship.heard(HoldEvent::Reinstated(bottle(1))));
        assert_eq!(ship.standing(1), Some(Standing::Confirmed));
    }
}

#[test]
fn a_catch_is_kept_or_thrown_back_and_not_both_ways() {
    let mut ship = Ship::with_catch();
    assert_eq!(ship.keep(2), Err(OutcomeRefusal::NotClaimed));
    ship.pass(10 * SECOND);
    assert_eq!(ship.keep(1), Ok(()));
    assert_eq!(ship.throw_back(1), Ok(()), "a kept one may be given up");
    assert!(ship.said.contains(&HoldEffect::Publish(bottle(1), vec![1, 2])));
    assert_eq!(ship.throw_back(1), Err(OutcomeRefusal::ThrownBack));
    assert_eq!(ship.keep(1), Err(OutcomeRefusal::ThrownBack));
    let row = ship.hold.row(&bottle(1)).unwrap();
    assert_eq!(row.outcome, Outcome::ThrownBack(ThrowBackId([1; 32])));
    ship.crash();
    assert!(
        ship.said.contains(&HoldEffect::Assert(bottle(1), vec![1, 2])),
        "the throw-back embeds its claim"
    );
}

#[test]
fn a_bottle_is_opened_at_most_once() {
    let mut ship = Ship::with_catch();
    assert_eq!(ship.touch(1), Err(TouchRefusal::Opened));
    assert_eq!(ship.open(1), Err(OpenRefusal::Opened));
    ship.pass(10 * SECOND);
    ship.throw_back(1).unwrap();
    ship.crash();
    assert_eq!(ship.touch(1), Err(TouchRefusal::Opened));
    assert_eq!(ship.open(2), Err(OpenRefusal::NotInHold));
    ship.pass(7 * DAY);
    assert_eq!(
        ship.touch(1),
        Err(TouchRefusal::Opened),
        "followed until its letters are over"
    );
}

#[test]
fn an_opening_that_comes_to_nothing_gives_the_open_back() {
    let refund = HoldEffect::RefundOpen(bottle(1), TODAY);
    type Act = fn(&mut Ship);
    let cases: [(&str, Act, bool); 4] = [
        (
            "cancelled",
            |ship| ship.run(|hold, _, effects| hold.handle_cancel(bottle(1), effects)),
            true,
        ),
        (
            "no vacancy",
            |ship| ship.run(|hold, _, effects| hold.handle_vacancy(bottle(1), None, effects)),
            false,
        ),
        (
            "withdrawn",
            |ship| ship.run(|hold, _, effects| hold.handle_withdrawn(bottle(1), effects)),
            false,
        ),
        ("sunk", |ship| ship.pass(7 * DAY), false),
    ];
    for (name, act, stays) in cases {
        let mut ship = Ship::new();
        ship.touch(1).unwrap();
        ship.open(1).unwrap();
        act(&mut ship);
        assert!(ship.said.contains(&refund), "{name}");
        assert!(ship.said.contains(&HoldEffect::StopMining(bottle(1))), "{name}");
        assert_eq!(ship.hold.row(&bottle(1)).is_some(), stays, "{name}");
        ship.claimed(1);
        assert!(ship.said.is_empty(), "{name}: a claim mined too late is dropped");
        act(&mut ship);
        assert!(!ship.said.contains(&refund), "{name}: only once");
    }
}

#[test]
fn mining_moves_to_another_vacancy() {
    let mut ship = Ship::new();
    ship.touch(1).unwrap();
    ship.open(1).unwrap();
    let mine = |place| HoldEffect::Mine {
        bottle: bottle(1),
        place,
        claimant: claimant(1),
    };
    assert!(ship.said.contains(&mine(Place::Root)));
    ship.run(|hold, _, effects| hold.handle_vacancy(bottle(1), Some(Place::Root), effects));
    assert!(ship.said.is_empty());
    ship.run(|hold, _, effects| hold.handle_vacancy(bottle(1), Some(Place::Recast(1)), effects));
    assert!(ship.said.contains(&mine(Place::Recast(1))));
    ship.claimed(1);
    assert!(ship.said.is_empty(), "that claim was for the root");
    ship.crash();
    assert!(ship.said.contains(&mine(Place::Recast(1))));
}

#[test]
fn few_openings_at_once() {
    let mut ship = Ship::new();
    for n in 1..=u8::try_from(OPENINGS_MAX).unwrap() {
        ship.touch(n).unwrap();
        ship.open(n).unwrap();
        assert_eq!(ship.open(n), Err(OpenRefusal::Opening));
    }
    ship.touch(9).unwrap();
    assert_eq!(ship.open(9), Err(OpenRefusal::Busy));
    ship.claimed(1);
    assert_eq!(ship.open(9), Ok(()));
}

#[test]
fn a_restart_publishes_a_fresh_claim_again_and_asserts_an_old_one() {
    let mut ship = Ship::with_catch();
    ship.crash();
    assert!(ship.said.contains(&HoldEffect::Publish(bottle(1), vec![1, 1])));
    ship.pass(20 * SECOND);
    ship.crash();
    assert_eq!(ship.said, [HoldEffect::Assert(bottle(1), vec![1, 1])]);
}

#[test]
fn a_claimed_bottle_is_archived_when_its_letters_are_over() {
    let mut ship = Ship::with_catch();
    ship.pass(20 * DAY);
    assert!(ship.hold.row(&bottle(1)).is_some());
    ship.pass(DAY);
    assert!(ship.said.contains(&HoldEffect::Archive(bottle(1))));
    assert!(ship.store.0[&bottle(1)].archived);
    ship.crash();
    assert!(ship.hold.row(&bottle(1)).is_none());
}

proptest! {
    /// Whatever happens, with a crash after any step: the store mirrors the machine, no bottle is claimed twice, the hold
    /// never holds more than six, and every open that was spent ends in a claim, a refund or a mining in progress.
    #[test]
    fn bounded_exact_and_crash_proof(steps in prop::collection::vec((0u8..9, 1u8..9, any::<bool>()), 1..80)) {
        let mut ship = Ship::new();
        let (mut spent, mut refunds, mut claims) = (0usize, 0, std::collections::BTreeSet::new());
        for (kind, n, crash) in steps {
            match kind {
                0 | 1 => drop(ship.touch(n)),
                2 => spent += usize::from(ship.open(n).is_ok()),
                3 => ship.claimed(n),
                4 => ship.fate(n, if crash { ClaimFate::Kept } else { ClaimFate::NotKept }),
                5 => ship.run(|hold, _, effects| hold.handle_cancel(bottle(n), effects)),
                6 => ship.run(|hold, _, effects| hold.handle_vacancy(bottle(n), None, effects)),
                7 => drop(ship.throw_back(n)),
                _ => ship.pass(u64::from(n) * u64::from(n) * SECOND),
            }
            refunds += ship.said.iter().filter(|effect| matches!(effect, HoldEffect::RefundOpen(..))).count();
            if ship.heard(HoldEvent::Claimed(bottle(n))) {
                prop_assert!(claims.insert(n), "claimed twice");
            }
            if crash {
                ship.crash();
            }
            prop_assert!(ship.hold.places_taken() <= HOLD_PLACES);
            prop_assert_eq!(ship.hold.rows().cloned().collect::<Vec<_>>(), ship.store.rows());
            let mining = ship.hold.rows().filter(|row| matches!(row.state, CatchState::Opening(_))).count();
            prop_assert_eq!(spent, refunds + claims.len() + mining);
        }
    }
}
