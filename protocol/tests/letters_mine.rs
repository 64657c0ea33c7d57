//! Own bottles: what is said about them is proven, and everything survives a crash.

use meteorite_protocol::economy::UtcOffset;
use meteorite_protocol::ids::{AuthorKey, BottleId, Nonce};
use meteorite_protocol::limits::RECASTS_MAX;
use meteorite_protocol::mine::{
    AnswerKind, DeliveryTruth, End, Mine, MineEffect, Notice, OWN_BOTTLES_MAX, OwnBottle, OwnBottleRow,
    QuietHours, RecastRefusal, Release, SeenClaim, Stage, TooManyBottles, WithdrawRefusal,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::wire::Place;
use proptest::prelude::*;

use crate::letters_kit::{
    Clock, DAY, HOUR, MINUTE, SECOND, Table, at, bottle, claimant, jitter, peer, reply_key,
};
use crate::samples;

const WEEK: u64 = 7 * DAY;

fn own(n: u8) -> OwnBottle {
    let thrown_at = samples::now().wall.epoch();
    OwnBottle {
        id: bottle(n),
        nonce: Nonce([n; 16]),
        author: AuthorKey([n; 32]),
        reply_to: reply_key(n),
        slots: 2,
        thrown_at,
        expires_at: thrown_at.start().plus_ms(WEEK),
    }
}

fn claim(n: u8, place: Place, passed_ms: u64) -> SeenClaim {
    SeenClaim {
        place,
        claimant: claimant(n),
        t: at(passed_ms).wall.tick(),
        thrown_back: false,
    }
}

/// A machine, its clock, its store and what it said last.
struct Sea {
    mine: Mine,
    clock: Clock,
    store: Table<BottleId, OwnBottleRow>,
    said: Vec<MineEffect>,
}

impl Sea {
    fn with_bottle() -> Self {
        let mine = Mine::restore([], jitter());
        let mut sea = Self {
            mine,
            clock: Clock::start(),
            store: Table::default(),
            said: vec![],
        };
        sea.run(|mine, now, effects| mine.handle_thrown(own(1), now, effects).unwrap());
        sea
    }

    fn run(&mut self, act: impl FnOnce(&mut Mine, Now, &mut Vec<MineEffect>)) {
        self.said.clear();
        act(&mut self.mine, self.clock.now(), &mut self.said);
        for effect in &self.said {
            if let MineEffect::Save(row) = effect {
                self.store.save(row.bottle.id, (**row).clone());
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        self.clock.pass(ms);
        self.run(|mine, now, effects| mine.handle_tick(now, effects));
    }

    fn crash(&mut self) {
        self.mine = Mine::restore(self.store.rows(), jitter());
        self.run(|mine, now, effects| mine.handle_start(now, effects));
    }

    fn claims(&mut self, claims: Vec<SeenClaim>) {
        self.run(|mine, now, effects| mine.handle_claims(bottle(1), claims, now, effects));
    }

    fn answer(&mut self, from: u8, kind: AnswerKind) {
        self.run(|mine, now, effects| mine.handle_answer(bottle(1), claimant(from), kind, now, effects));
    }

    fn truth(&self) -> DeliveryTruth {
        self.mine.truth(&bottle(1), self.clock.now()).unwrap()
    }

    fn published(&self) -> bool {
        self.said.contains(&MineEffect::Publish(bottle(1)))
    }

    fn notices(&self) -> Vec<Notice> {
        let notice = |effect: &MineEffect| {
            if let MineEffect::Notice(_, notice) = effect {
                Some(*notice)
            } else {
                None
            }
        };
        self.said.iter().filter_map(notice).collect()
    }

    /// Lets deadlines run for so long; how often it was published.
    fn publications(&mut self, for_ms: u64) -> usize {
        let end = self.clock.now().mono_ms + for_ms;
        let mut count = 0;
        while let Some(deadline) = self.mine.next_deadline(self.clock.now()).filter(|at| *at <= end) {
            let wait = deadline.saturating_sub(self.clock.now().mono_ms).max(1);
            self.pass(wait);
            count += usize::from(self.published());
        }
        count
    }
}

#[test]
fn only_what_is_proven_is_said() {
    let mut sea = Sea::with_bottle();
    assert!(sea.published());
    let mut stages = vec![sea.truth().stage()];
    sea.run(|mine, now, effects| mine.handle_published(bottle(1), 0, now, effects));
    stages.push(sea.truth().stage());
    sea.run(|mine, now, effects| mine.handle_published(bottle(1), 4, now, effects));
    sea.run(|mine, now, effects| mine.handle_published(bottle(1), 3, now, effects));
    stages.push(sea.truth().stage());
    assert_eq!(sea.truth().handed, 4, "the same neighbours may be reached twice");
    for from in [1, 2, 1] {
        sea.run(|mine, now, effects| mine.handle_offered_back(bottle(1), &peer(from), now, effects));
    }
    stages.push(sea.truth().stage());
    assert_eq!(sea.truth().held, 2);
    sea.claims(vec![claim(1, Place::Root, 0)]);
    stages.push(sea.truth().stage());
    assert_eq!(
        (
            sea.truth().caught,
            sea.truth().caught_provisional,
            sea.truth().places
        ),
        (0, 1, 2)
    );
    sea.pass(4 * SECOND);
    assert_eq!((sea.truth().caught, sea.truth().caught_provisional), (1, 0));
    sea.answer(1, AnswerKind::Light);
    stages.push(sea.truth().stage());
    sea.pass(WEEK);
    stages.push(sea.truth().stage());
    use Stage::{Answered, Caught, Handed, Held, Queued};
    assert_eq!(stages, [Queued, Queued, Handed, Held, Caught, Answered, Answered]);
}

#[test]
fn publishing_repeats_until_a_neighbour_takes_it() {
    let mut alone = Sea::with_bottle();
    let tries = alone.publications(5 * MINUTE);
    assert!((6..=12).contains(&tries), "{tries} tries without a neighbour");
    alone.run(|mine, now, effects| mine.handle_offered_back(bottle(1), &peer(1), now, effects));
    assert!(
        alone
            .said
            .contains(&MineEffect::Release(bottle(1), Release::Proven))
    );
    assert_eq!(alone.publications(DAY), 0);

    let mut handed = Sea::with_bottle();
    handed.run(|mine, now, effects| mine.handle_published(bottle(1), 0, now, effects));
    assert!(handed.mine.is_withheld(&bottle(1)), "nobody took it");
    handed.run(|mine, now, effects| mine.handle_published(bottle(1), 3, now, effects));
    assert!(
        handed
            .said
            .contains(&MineEffect::Release(bottle(1), Release::Handed)),
        "from here on it is offered like everything that was forwarded"
    );
    assert_eq!(handed.publications(DAY), 0);
    handed.crash();
    assert!(!handed.mine.is_withheld(&bottle(1)));
}

#[test]
fn a_neighbour_hurries_what_nobody_was_handed() {
    let mut sea = Sea::with_bottle();
    sea.publications(3 * MINUTE);
    sea.run(|mine, now, effects| mine.handle_neighbour(now, effects));
    assert_eq!(sea.publications(2 * SECOND), 1);
}

#[test]
fn a_bottle_that_gossip_no_longer_takes_is_released_to_sync() {
    let mut sea = Sea::with_bottle();
    assert!(sea.mine.is_withheld(&bottle(1)));
    sea.pass(19 * MINUTE);
    assert!(sea.mine.is_withheld(&bottle(1)), "the next epoch still takes it");
    sea.pass(MINUTE);
    assert!(
        sea.said
            .contains(&MineEffect::Release(bottle(1), Release::WindowClosed))
    );
    assert_eq!(sea.publications(DAY), 0);
    assert_eq!(sea.truth().stage(), Stage::Queued, "released is not handed");
    sea.crash();
    assert!(
        sea.said
            .contains(&MineEffect::Release(bottle(1), Release::WindowClosed)),
        "the shell is told again"
    );
}

#[test]
fn a_bottle_can_be_withdrawn_before_the_first_catch_only() {
    let mut sea = Sea::with_bottle();
    let check = |sea: &Sea| sea.mine.check_withdraw(&bottle(1), sea.clock.now());
    assert_eq!(check(&sea), Ok(()));
    assert_eq!(
        sea.mine.check_withdraw(&bottle(9), sea.clock.now()),
        Err(WithdrawRefusal::Unknown)
    );
    sea.claims(vec![claim(1, Place::Root, 0)]);
    assert_eq!(check(&sea), Err(WithdrawRefusal::Caught(1)));
    sea.claims(vec![]);
    sea.run(|mine, now, effects| mine.handle_withdrawn(bottle(1), now, effects));
    assert_eq!(check(&sea), Err(WithdrawRefusal::Ended(End::Withdrawn)));
    assert_eq!(
        (sea.truth().stage(), sea.publications(HOUR)),
        (Stage::Withdrawn, 0)
    );
}

#[test]
fn a_recast_is_due_a_day_after_the_last_place_was_taken_and_nobody_answered() {
    let mut sea = Sea::with_bottle();
    let check = |sea: &Sea| sea.mine.check_recast(&bottle(1), sea.clock.now());
    let mut claims = vec![claim(1, Place::Root, 0)];
    sea.claims(claims.clone());
    assert_eq!(check(&sea), Err(RecastRefusal::Open { caught: 1, places: 2 }));
    for n in 1..=RECASTS_MAX {
        let last = sea.clock.passed_ms;
        let place = if n == 1 { Place::Root } else { Place::Recast(n - 1) };
        claims.extend([claim(10 * n, place, last), claim(10 * n + 1, place, last)]);
        claims.truncate(usize::from(n) * 2);
        sea.claims(claims.clone());
        let due = at(last).wall.tick().start().plus_ms(DAY);
        assert_eq!(check(&sea), Err(RecastRefusal::NotBefore(due)));
        sea.pass(DAY);
        assert_eq!(check(&sea), Ok(n));
        sea.run(|mine, now, effects| mine.handle_recast(bottle(1), n, now, effects));
        assert_eq!(sea.truth().places, 2 * (u16::from(n) + 1));
    }
    assert_eq!(check(&sea), Err(RecastRefusal::Spent));

    let mut answered = Sea::with_bottle();
    answered.claims(vec![claim(1, Place::Root, 0), claim(2, Place::Root, 0)]);
    answered.answer(1, AnswerKind::Light);
    answered.pass(DAY);
    assert_eq!(check(&answered), Err(RecastRefusal::Answered));
    answered.pass(WEEK);
    assert_eq!(check(&answered), Err(RecastRefusal::Ended(End::Expired)));
}

#[test]
fn one_notice_per_bottle_and_hour_gathers_what_happened() {
    let mut sea = Sea::with_bottle();
    sea.claims(vec![claim(1, Place::Root, 0)]);
    assert!(sea.notices().is_empty(), "a provisional catch is no news");
    sea.pass(4 * SECOND);
    assert_eq!(
        sea.notices(),
        [Notice {
            caught: 1,
            ..Notice::default()
        }]
    );
    let back = SeenClaim {
        thrown_back: true,
        ..claim(1, Place::Root, 0)
    };
    sea.claims(vec![back, claim(2, Place::Root, 4 * SECOND)]);
    sea.pass(MINUTE);
    sea.answer(2, AnswerKind::Light);
    sea.answer(2, AnswerKind::Light);
    sea.answer(2, AnswerKind::Letter);
    assert!(sea.notices().is_empty());
    sea.crash();
    sea.pass(HOUR);
    assert_eq!(
        sea.notices(),
        [Notice {
            caught: 1,
            thrown_back: 1,
            lights: 1,
            letters: 1
        }]
    );
    sea.pass(DAY);
    assert!(sea.notices().is_empty());
}

#[test]
fn notices_wait_for_the_end_of_the_quiet_hours() {
    // The samples are thrown one second after an epoch begins; the quiet hours are put around that minute.
    let minute = UtcOffset::UTC.minute_of_day(samples::now().wall);
    let around = |from: u16, to: u16| {
        let quiet = QuietHours {
            from_minute: from % 1440,
            to_minute: to % 1440,
            offset: UtcOffset::UTC,
        };
        let mut sea = Sea::with_bottle();
        sea.mine.handle_quiet_hours(Some(quiet));
        sea.answer(1, AnswerKind::Light);
        let at_once = !sea.notices().is_empty();
        sea.pass(30 * MINUTE);
        (at_once, !sea.notices().is_empty())
    };
    assert_eq!(around(minute + 1430, minute + 20), (false, true));
    assert_eq!(around(minute + 1430, minute + 60), (false, false));
    assert_eq!(
        around(minute, minute),
        (true, false),
        "equal ends mean never quiet"
    );
    assert_eq!(around(minute + 10, minute + 60), (true, false));
}

#[test]
fn a_bottle_is_archived_when_its_letters_are_over() {
    let mut sea = Sea::with_bottle();
    sea.pass(WEEK);
    assert_eq!(sea.truth().stage(), Stage::Sunk);
    sea.answer(3, AnswerKind::Letter);
    assert_eq!(
        sea.truth().stage(),
        Stage::Answered,
        "a letter may come after the end"
    );
    sea.pass(14 * DAY);
    assert!(sea.said.contains(&MineEffect::Archive(bottle(1))));
    assert!(!sea.mine.contains(&bottle(1)));
    sea.crash();
    assert!(!sea.mine.contains(&bottle(1)));
    assert_eq!(sea.mine.next_deadline(sea.clock.now()), None);
}

#[test]
fn no_more_bottles_than_the_limit() {
    let mut mine = Mine::restore([], jitter());
    for n in 0..OWN_BOTTLES_MAX {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let own = OwnBottle {
            id: BottleId(id),
            ..own(1)
        };
        mine.handle_thrown(own, at(0), &mut Vec::new()).unwrap();
    }
    assert_eq!(
        mine.handle_thrown(own(200), at(0), &mut Vec::new()),
        Err(TooManyBottles)
    );
}

#[derive(Clone, Debug)]
enum Step {
    Published(u16),
    OfferedBack(u8),
    Claims(Vec<(u8, u8, bool)>),
    Answer(u8, bool),
    Recast(u8),
    Withdrawn,
    Neighbour,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u16..6).prop_map(Step::Published),
        (0u8..4).prop_map(Step::OfferedBack),
        prop::collection::vec((0u8..6, 0u8..3, any::<bool>()), 0..6).prop_map(Step::Claims),
        (0u8..4, any::<bool>()).prop_map(|(from, light)| Step::Answer(from, light)),
        (0u8..5).prop_map(Step::Recast),
        Just(Step::Withdrawn),
        Just(Step::Neighbour),
        prop_oneof![0u64..20, 0u64..(2 * MINUTE), 0u64..(10 * DAY)].prop_map(Step::Pass),
    ]
}

fn apply(sea: &mut Sea, step: &Step) {
    let id = bottle(1);
    let passed = sea.clock.passed_ms;
    match step.clone() {
        Step::Published(n) => sea.run(|mine, now, effects| mine.handle_published(id, n, now, effects)),
        Step::OfferedBack(n) => {
            sea.run(|mine, now, effects| mine.handle_offered_back(id, &peer(n), now, effects))
        }
        Step::Claims(claims) => sea.claims(
            claims
                .into_iter()
                .map(|(n, cast, thrown_back)| {
                    let place = if cast == 0 {
                        Place::Root
                    } else {
                        Place::Recast(cast)
                    };
                    SeenClaim {
                        thrown_back,
                        ..claim(n, place, passed)
                    }
                })
                .collect(),
        ),
        Step::Answer(from, light) => sea.answer(
            from,
            if light {
                AnswerKind::Light
            } else {
                AnswerKind::Letter
            },
        ),
        Step::Recast(n) => sea.run(|mine, now, effects| mine.handle_recast(id, n, now, effects)),
        Step::Withdrawn => sea.run(|mine, now, effects| mine.handle_withdrawn(id, now, effects)),
        Step::Neighbour => sea.run(|mine, now, effects| mine.handle_neighbour(now, effects)),
        Step::Pass(ms) => sea.pass(ms),
    }
}

proptest! {
    /// With a crash after any step, and each step repeated, the stored rows and what is said are the same.
    #[test]
    fn crashes_and_repeats_change_nothing(steps in prop::collection::vec((step(), any::<bool>(), any::<bool>()), 1..40)) {
        let (mut plain, mut rough) = (Sea::with_bottle(), Sea::with_bottle());
        for (step, crash, repeat) in steps {
            apply(&mut plain, &step);
            apply(&mut rough, &step);
            let passes = matches!(step, Step::Pass(_));
            if repeat && !passes {
                apply(&mut rough, &step);
            }
            if crash {
                rough.crash();
            }
            prop_assert_eq!(&plain.store, &rough.store);
            let live: Vec<_> = rough.mine.rows().cloned().collect();
            let stored: Vec<_> = rough.store.rows().into_iter().filter(|row| !row.archived).collect();
            prop_assert_eq!(live, stored);
            let now = plain.clock.now();
            prop_assert_eq!(plain.mine.truth(&bottle(1), now), rough.mine.truth(&bottle(1), now));
        }
    }
}
