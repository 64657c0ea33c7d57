//! What the matcher promises, through its public surface.

mod learning;
mod state;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::estimate::{Sample, dr, ips, snips, switch_dr};
use super::features::{pack, unpack};
use super::softmax::{breadth, draw, propensities, unit};
use super::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

fn sums_to_one(shares: &[f64], floor: f64) -> bool {
    let least = floor / shares.len() as f64;
    (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9
        && shares.iter().all(|share| *share >= least * (1.0 - 1e-9))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn propensities_sum_to_one_and_respect_the_floor(
        scores in prop::collection::vec(prop_oneof![9 => -3.0..3.0_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], 1..300),
        wanted in 0.5..40.0_f64,
    ) {
        prop_assert!(sums_to_one(&propensities(&scores, wanted, FLOOR), FLOOR));
    }

    #[test]
    fn the_breadth_asked_for_is_the_breadth_given(size in 2_usize..10_000, seed in any::<u64>(), wanted in 1.1..60.0_f64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scores: Vec<f64> = (0..size).map(|_| unit(&mut rng)).collect();
        let got = breadth(&propensities(&scores, wanted, FLOOR));
        prop_assert!((got / wanted.min(size as f64) - 1.0).abs() < 1e-2, "{got} of {wanted} among {size}");
    }

    #[test]
    fn features_survive_one_byte_each(bytes in prop::array::uniform24(-127_i8..=127)) {
        prop_assert_eq!(pack(&unpack(&bytes)), bytes);
    }

    #[test]
    fn acts_give_rewards_in_range(acts in prop::collection::vec(0_usize..7, 0..9)) {
        let mut done = reward::Acts::default();
        acts.iter().for_each(|act| done.note(ACTS[*act]));
        prop_assert!((-1.0..=1.0).contains(&done.reward()));
    }
}

const ACTS: [Act; 7] = [
    Act::Opened,
    Act::Read,
    Act::Lit,
    Act::Kept,
    Act::Answered,
    Act::ThrownBack,
    Act::Reported,
];

#[test]
fn degenerate_pools_have_propensities() {
    assert_eq!(propensities(&[0.3], 5.0, FLOOR), [1.0]);
    assert_eq!(propensities(&[0.3; 4], 2.0, FLOOR), [0.25; 4]);
    assert_eq!(propensities(&[f64::NAN; 2], 1.0, FLOOR), [0.5; 2]);
    assert!(propensities(&[], 2.0, FLOOR).is_empty());
    // Two at the top: no narrower than two.
    let tied = propensities(&[1.0, 1.0, 0.0], 1.0, 0.0);
    assert!((breadth(&tied) - 2.0).abs() < 1e-6);
}

#[test]
fn draws_come_as_often_as_they_should() {
    let shares = propensities(&[0.1, 0.5, 0.9, 0.2], 2.5, FLOOR);
    let mut counts = [0.0; 4];
    let mut rng = rng();
    for _ in 0..40_000 {
        counts[draw(&shares, &mut rng)] += 1.0 / 40_000.0;
    }
    for (count, share) in counts.iter().zip(&shares) {
        let error = (share * (1.0 - share) / 40_000.0).sqrt();
        assert!((count - share).abs() < 5.0 * error, "{count} for {share}");
    }
}

#[test]
fn the_knob_reaches_from_one_to_the_whole_pool() {
    assert!((Knob::LIKE_ME.breadth(500) - 1.0).abs() < 1e-12);
    assert!((Knob::SURPRISE_ME.breadth(500) - 500.0).abs() < 1e-9);
    assert_eq!(Knob::new(f64::NAN), Knob::default());
}

#[test]
fn acts_are_worth_what_the_table_says() {
    let worth = |acts: &[Act]| {
        let mut done = reward::Acts::default();
        acts.iter().for_each(|act| done.note(*act));
        done.reward()
    };
    let check = |acts: &[Act], expected: f32| assert!((worth(acts) - expected).abs() < 1e-6, "{acts:?}");
    check(&[], 0.0);
    check(&[Act::Opened], 0.2);
    check(&[Act::Opened, Act::Read], 0.4);
    check(&[Act::Opened, Act::Read, Act::Lit], 0.7);
    check(&[Act::Opened, Act::Kept], 0.8);
    check(&[Act::Opened, Act::Answered, Act::Lit], 1.0);
    check(&[Act::Opened, Act::Read, Act::ThrownBack], 0.1);
    check(&[Act::Lit, Act::ThrownBack], 0.7);
    check(&[Act::Answered, Act::Reported], -1.0);
}

fn drifting(taken: u8) -> Drifting {
    Drifting {
        places: 3,
        taken,
        recasts: 0,
        thrown_at_ms: 0,
        sinks_at_ms: 7 * 86_400_000,
        falls: 0,
        last_fall_ms: 0,
        neighbour: u64::from(taken),
        barred: false,
        language: Some(0),
    }
}

#[test]
fn the_unfound_come_first_and_the_full_last() {
    let sky = [drifting(3), drifting(1), drifting(0), drifting(2)];
    let chosen = fairness::pool(&sky, &Falls::default(), 4, 0, &mut rng());
    assert_eq!(chosen, [2, 1, 3, 0]);
}

#[test]
fn what_may_not_fall_is_in_no_pool() {
    let base = drifting(0);
    let now = 1_000;
    let sky = [
        Drifting { barred: true, ..base },
        Drifting {
            language: None,
            ..base
        },
        Drifting { falls: 3, ..base },
        Drifting {
            falls: 1,
            last_fall_ms: now - 1,
            ..base
        },
        Drifting {
            sinks_at_ms: now,
            ..base
        },
    ];
    assert!(fairness::pool(&sky, &Falls::default(), 9, now, &mut rng()).is_empty());
}

#[test]
fn a_neighbour_that_brought_much_waits() {
    let mut falls = Falls::default();
    for _ in 0..fairness::NEIGHBOUR_FALLS_MAX {
        falls.handle_fall(0);
    }
    let other = Drifting {
        neighbour: 9,
        ..drifting(2)
    };
    assert_eq!(
        fairness::pool(&[drifting(0), other], &falls, 1, 0, &mut rng()),
        [1]
    );
    // One that floods the sky takes no more than its share of a pool while others have something to offer.
    let mut sky = vec![drifting(0); 50];
    sky.extend((0..20).map(|neighbour| Drifting {
        neighbour: 100 + neighbour,
        ..drifting(1)
    }));
    let chosen = fairness::pool(&sky, &Falls::default(), 12, 0, &mut rng());
    assert!(chosen.iter().filter(|index| **index < 50).count() <= 5);
}

/// A toy: two arms, rewards 0.2 and 0.8, logged with propensity 0.7 and 0.3; the target takes the second nine times of ten.
fn toy(count: usize) -> Vec<Sample> {
    let mut rng = rng();
    let sample = |_| {
        let second = unit(&mut rng) >= 0.7;
        let (propensity, target, mean) = if second { (0.3, 0.9, 0.8) } else { (0.7, 0.1, 0.2) };
        Sample {
            propensity,
            target,
            reward: f64::from(u8::from(unit(&mut rng) < mean)),
            expected: 0.5,
            target_expected: 0.5,
        }
    };
    (0..count).map(sample).collect()
}

#[test]
fn estimators_find_the_truth() {
    let samples = toy(20_000);
    let truth = 0.9 * 0.8 + 0.1 * 0.2;
    for estimate in [
        ips(&samples),
        snips(&samples),
        dr(&samples),
        switch_dr(&samples, 50.0),
    ] {
        let estimate = estimate.unwrap();
        assert!(
            (estimate.value - truth).abs() < 3.0 * estimate.error,
            "{estimate:?}"
        );
    }
    assert_eq!(ips(&[]), None);
}

#[test]
fn the_log_is_bounded_and_asks_about_other_ways() {
    let mut log = Log::default();
    for number in 0..log::LOG_MAX as u64 + 5 {
        log.push(number, Entry::of(&[0.1, 0.6, 0.3], 1, 0.5).unwrap());
        log.settle(number, 1.0);
    }
    assert_eq!(log.len(), log::LOG_MAX);
    let greedy = log.samples(Shadow::Greedy);
    assert_eq!(greedy.len(), log::LOG_MAX);
    assert!((greedy[0].target - 1.0).abs() < 1e-3);
    assert_eq!(Entry::of(&[0.1], 4, 0.5), None);
}
