//! The daily allowance.

use meteorite_protocol::economy::{
    Allowance, Economy, EconomyEffect, EconomyRow, LocalDay, Spending, Spent, Stranger, UtcOffset,
};
use meteorite_protocol::time::{Now, UnixMillis};
use proptest::prelude::*;

use crate::letters_kit::{DAY, HOUR, MINUTE};

const UTC: UtcOffset = UtcOffset::UTC;

fn wall(ms: u64) -> Now {
    Now::new(0, UnixMillis(ms))
}

/// Day 100 at this hour.
fn hour(hour: u64) -> Now {
    wall(100 * DAY + hour * HOUR)
}

fn spend(economy: &mut Economy, spending: Spending, now: Now) -> Result<Allowance, Spent> {
    economy.handle_spend(spending, now, UTC, &mut Vec::new())
}

#[test]
fn three_throws_a_day_and_the_refusal_says_when_the_next_is_due() {
    let mut economy = Economy::restore(None);
    for left in [2, 1, 0] {
        assert_eq!(
            spend(&mut economy, Spending::Throw, hour(9)).unwrap().left(),
            left
        );
    }
    let Err(Spent(allowance)) = spend(&mut economy, Spending::Throw, hour(10)) else {
        panic!("a fourth throw")
    };
    assert_eq!((allowance.used, allowance.allowed, allowance.earnable), (3, 3, 3));
    assert_eq!(allowance.renews_at, UnixMillis(101 * DAY));
    assert_eq!(spend(&mut economy, Spending::Throw, hour(24)).unwrap().left(), 2);
}

#[test]
fn each_stranger_answered_adds_one_throw_up_to_six() {
    let mut economy = Economy::restore(None);
    let mut allowed = vec![];
    for stranger in [1, 1, 2, 3, 4, 5] {
        economy.handle_answered(Stranger([stranger; 32]), hour(8), UTC, &mut Vec::new());
        allowed.push(economy.allowance(Spending::Throw, hour(8), UTC).allowed);
    }
    assert_eq!(allowed, [4, 4, 5, 6, 6, 6]);
    assert_eq!(economy.allowance(Spending::Throw, hour(25), UTC).allowed, 3);
}

#[test]
fn eight_opens_a_day_and_a_refund_gives_one_back_on_the_same_day_only() {
    let mut economy = Economy::restore(None);
    for _ in 0..8 {
        spend(&mut economy, Spending::Open, hour(1)).unwrap();
    }
    assert!(spend(&mut economy, Spending::Open, hour(2)).is_err());
    economy.handle_refund(Spending::Open, LocalDay(99), &mut Vec::new());
    assert!(spend(&mut economy, Spending::Open, hour(2)).is_err());
    economy.handle_refund(Spending::Open, LocalDay(100), &mut Vec::new());
    assert_eq!(spend(&mut economy, Spending::Open, hour(2)).unwrap().left(), 0);
}

#[test]
fn the_day_is_the_local_one() {
    for (minutes, before_midnight) in [
        (0, 24 * 60),
        (8 * 60, 16 * 60),
        (-5 * 60, 29 * 60),
        (345, 24 * 60 - 345),
    ] {
        let offset = UtcOffset::from_minutes(minutes);
        let midnight = UnixMillis(100 * DAY + before_midnight * MINUTE);
        assert_eq!(
            LocalDay::at(midnight, offset).0,
            LocalDay::at(midnight.minus_ms(1), offset).0 + 1,
            "{minutes}"
        );
        assert_eq!(
            LocalDay::at(midnight.minus_ms(1), offset).next_begins_at(offset),
            midnight,
            "{minutes}"
        );
    }
}

#[test]
fn setting_the_clock_back_gains_nothing_and_a_far_future_day_locks_nobody_out() {
    let mut economy = Economy::restore(None);
    for _ in 0..3 {
        spend(&mut economy, Spending::Throw, hour(9)).unwrap();
    }
    assert!(spend(&mut economy, Spending::Throw, wall(99 * DAY)).is_err());
    assert!(spend(&mut economy, Spending::Throw, wall(98 * DAY)).is_err());
    assert!(spend(&mut economy, Spending::Throw, wall(97 * DAY)).is_ok());
}

#[test]
fn extreme_clocks_and_offsets_do_not_overflow() {
    for now in [wall(0), wall(u64::MAX)] {
        for minutes in [i16::MIN, 0, i16::MAX] {
            let offset = UtcOffset::from_minutes(minutes);
            let mut economy = Economy::restore(Some(EconomyRow {
                day: LocalDay(u32::MAX),
                ..EconomyRow::default()
            }));
            economy.allowance(Spending::Throw, now, offset);
            economy.next_deadline(now, offset);
            assert!(
                economy
                    .handle_spend(Spending::Open, now, offset, &mut Vec::new())
                    .is_ok()
            );
        }
    }
}

proptest! {
    /// Whatever is tried, and with a crash after every step, no day has more throws or opens than allowed.
    #[test]
    fn never_more_than_allowed(steps in prop::collection::vec((0u8..4, 0u64..9, 0u8..8), 1..120)) {
        let mut row: Option<EconomyRow> = None;
        let mut used: std::collections::BTreeMap<(u64, bool), u32> = Default::default();
        let mut now = hour(0);
        for (kind, hours, stranger) in steps {
            now = wall(now.wall.0 + hours * HOUR);
            let day = now.wall.0 / DAY;
            let mut economy = Economy::restore(row.clone());
            let mut effects = vec![];
            match kind {
                0 | 1 => {
                    let throw = kind == 0;
                    let spending = if throw { Spending::Throw } else { Spending::Open };
                    if economy.handle_spend(spending, now, UTC, &mut effects).is_ok() {
                        *used.entry((day, throw)).or_default() += 1;
                    }
                }
                2 => economy.handle_answered(Stranger([stranger; 32]), now, UTC, &mut effects),
                _ => {
                    let today = economy.day(now, UTC);
                    economy.handle_refund(Spending::Open, today, &mut effects);
                    if !effects.is_empty() {
                        *used.get_mut(&(day, false)).unwrap() -= 1;
                    }
                }
            }
            for effect in effects {
                let EconomyEffect::Save(saved) = effect;
                row = Some(saved);
            }
            prop_assert_eq!(row.clone().unwrap_or_default(), economy.row().clone());
        }
        for ((day, throw), used) in used {
            prop_assert!(used <= if throw { 6 } else { 8 }, "day {} has {}", day, used);
        }
    }
}
