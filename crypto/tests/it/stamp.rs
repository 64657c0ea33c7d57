//! Mining is resumable and finds what a plain search finds; rarities have the promised shares.

use std::collections::BTreeMap;

use meteorite_crypto::stamp::{
    Found, Miner, Rarity, claim_work_bits, expected_tries, rarity_roll, stamp_bits,
};
use proptest::prelude::*;

const AUTHOR: [u8; 32] = [1; 32];
const EPOCH: u32 = 2_951_234;

#[test]
fn a_miner_finds_the_first_good_counter() {
    let mut miner = Miner::stamp(&AUTHOR, EPOCH, 12);
    assert_eq!(miner.step(u64::MAX), Some(3_550));
    assert_eq!(
        miner.best(),
        Some(Found {
            counter: 3_550,
            bits: 13
        })
    );
    assert_eq!(miner.tried(), 3_551);
    let mut miner = Miner::claim(&[2; 32], &[0x81, 0x00], &[3; 32], 12);
    assert_eq!(miner.step(u64::MAX), Some(8_816));
}

#[test]
fn small_steps_find_the_same_as_one_large_one() {
    let mut miner = Miner::stamp(&AUTHOR, EPOCH, 12);
    let mut steps = 0;
    let counter = loop {
        steps += 1;
        if let Some(counter) = miner.step(100) {
            break counter;
        }
    };
    assert_eq!((counter, steps, miner.tried()), (3_550, 36, 3_551));
}

#[test]
fn a_finished_miner_rests_until_more_is_asked() {
    let mut miner = Miner::stamp(&AUTHOR, EPOCH, 12);
    assert_eq!(miner.step(10_000), Some(3_550));
    assert_eq!(miner.step(10_000), Some(3_550));
    miner.raise_to(13);
    assert_eq!(miner.step(10_000), Some(3_550), "it was worth 13 bits already");
    miner.raise_to(5);
    assert_eq!(miner.bits_wanted(), 13);
    assert_eq!(miner.tried(), 3_551, "nothing was tried twice or in vain");
    miner.raise_to(14);
    let counter = miner.step(u64::MAX).unwrap();
    assert!(counter > 3_550 && stamp_bits(&AUTHOR, EPOCH, counter) >= 14);
}

#[test]
fn the_best_so_far_is_kept_when_a_search_is_given_up() {
    let mut miner = Miner::stamp(&AUTHOR, EPOCH, 256);
    assert_eq!(miner.best(), None);
    assert_eq!(miner.step(5_000), None);
    let best = miner.best().unwrap();
    assert_eq!(best.bits, stamp_bits(&AUTHOR, EPOCH, best.counter));
    assert!((0..5_000).all(|counter| stamp_bits(&AUTHOR, EPOCH, counter) <= best.bits));
}

#[test]
fn several_miners_share_the_counters() {
    let mut miner = Miner::stamp(&AUTHOR, EPOCH, 12).starting_at(3_551);
    assert!(miner.step(u64::MAX).unwrap() > 3_550);
    let mut last = Miner::stamp(&AUTHOR, EPOCH, 256).starting_at(u64::MAX);
    assert_eq!(last.step(2), None, "the counter wraps around");
}

#[test]
fn expected_tries_double_with_each_bit() {
    for (bits, tries) in [
        (0, 1),
        (1, 2),
        (20, 1 << 20),
        (63, 1 << 63),
        (64, u64::MAX),
        (256, u64::MAX),
    ] {
        assert_eq!(expected_tries(bits), tries);
    }
}

#[test]
fn rarities_have_their_shares() {
    let mut counted = BTreeMap::new();
    for roll in 0..10_000 {
        *counted.entry(Rarity::from_roll(roll)).or_insert(0) += 1;
    }
    let promised = Rarity::ALL.map(|rarity| (rarity, rarity.share()));
    assert_eq!(counted, BTreeMap::from(promised));
    assert_eq!(Rarity::ALL.map(Rarity::share), [6_000, 2_500, 1_000, 400, 100]);
}

#[test]
fn rolls_are_spread_evenly() {
    // 10,000 rolls: the commonest half must hold about 5,000; five standard deviations are 250.
    let low = (0..10_000)
        .filter(|stamp| rarity_roll(&AUTHOR, EPOCH, *stamp) < 5_000)
        .count();
    assert!((4_750..=5_250).contains(&low), "{low}");
}

proptest! {
    #[test]
    fn a_mined_stamp_is_worth_what_was_asked(author: [u8; 32], epoch: u32, bits in 0_u32..9) {
        let counter = Miner::stamp(&author, epoch, bits).step(u64::MAX).unwrap();
        prop_assert!(stamp_bits(&author, epoch, counter) >= bits);
    }

    #[test]
    fn mined_work_is_worth_what_was_asked(bottle: [u8; 32], place: Vec<u8>, claimant: [u8; 32], bits in 0_u32..9) {
        let counter = Miner::claim(&bottle, &place, &claimant, bits).step(u64::MAX).unwrap();
        prop_assert!(claim_work_bits(&bottle, &place, &claimant, counter) >= bits);
    }
}
