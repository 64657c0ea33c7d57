//! The rising admission level, and the blame of peers.

use meteorite_protocol::admission::Admission;
use meteorite_protocol::ids::Peer;
use meteorite_protocol::limits::{
    ADMISSION_RISE_MAX, BLOCK_SECS_FIRST, BLOCK_SECS_MAX, OFFENDERS_MAX, PEERS_MAX, SHARD_HEADERS_PER_MINUTE,
};
use meteorite_protocol::reputation::{Allowance, Fault, Reputation};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;

const SHARD: Topic = Topic::Sky(3);
const MINUTE: u64 = 60_000;

fn peer(n: u32) -> Peer {
    Peer::new(&n.to_be_bytes()).unwrap()
}

/// Messages of one minute, evenly spread, as far as their work suffices. Returns how many were let in.
fn minute(admission: &mut Admission, start: u64, messages: u64, bits: u32) -> u64 {
    let at = |n: u64| start + n * MINUTE / messages;
    (0..messages)
        .filter(|n| {
            let fits = admission.required_bits(SHARD, at(*n)) <= bits;
            if fits {
                admission.arrived(SHARD, at(*n));
            }
            fits
        })
        .count() as u64
}

#[test]
fn ordinary_traffic_never_raises_the_level() {
    let mut admission = Admission::new(Params::mainnet());
    for n in 0..60 {
        assert_eq!(
            minute(
                &mut admission,
                n * MINUTE,
                u64::from(SHARD_HEADERS_PER_MINUTE),
                20
            ),
            120
        );
    }
    assert_eq!(admission.required_bits(SHARD, 60 * MINUTE), 20);
    assert_eq!(admission.mining_bits(SHARD, 60 * MINUTE), 21);
}

#[test]
fn a_valid_flood_shuts_itself_out_and_authors_one_bit_above_pass() {
    let mut admission = Admission::new(Params::mainnet());
    assert_eq!(
        minute(&mut admission, 0, 3_000, 20),
        121,
        "one threshold's worth, then the level stands at 21"
    );
    let now = MINUTE - 1;
    assert_eq!(admission.required_bits(SHARD, now), 21);
    assert!(admission.mining_bits(SHARD, now) > admission.required_bits(SHARD, now));
    assert_eq!(
        admission.required_bits(Topic::Sky(4), now),
        20,
        "other shards do not suffer"
    );
    assert_eq!(admission.required_bits(Topic::Catch, now), 18);
}

#[test]
fn each_step_costs_the_flooder_twice_and_the_rise_is_bounded() {
    let mut admission = Admission::new(Params::mainnet());
    let let_in = minute(&mut admission, 0, 3_000, 26);
    assert_eq!(let_in, 7 * 121, "level 20 to 26");
    for n in 1..30 {
        minute(&mut admission, n * MINUTE, 3_000, u32::MAX);
    }
    assert_eq!(
        admission.required_bits(SHARD, 30 * MINUTE - 1),
        20 + ADMISSION_RISE_MAX
    );
}

#[test]
fn the_level_decays_by_a_bit_a_calm_minute() {
    let mut admission = Admission::new(Params::mainnet());
    minute(&mut admission, 0, 3_000, 24);
    let risen = admission.required_bits(SHARD, MINUTE - 1);
    assert_eq!(risen, 25);
    // The first whole window after the last rise is busy or calm; from then on one bit a minute.
    assert!(admission.required_bits(SHARD, 4 * MINUTE) < risen);
    assert_eq!(admission.required_bits(SHARD, 10 * MINUTE), 20);
    assert_eq!(
        admission.required_bits(SHARD, u64::MAX),
        20,
        "a long silence costs nothing"
    );
}

#[test]
fn three_thousand_invalid_headers_a_minute_last_less_than_a_second() {
    let mut reputation = Reputation::default();
    let flooder = peer(1);
    assert!(reputation.peer_up(&flooder, 0).is_none());
    let cut = (0..3_000_u64)
        .map(|n| n * 20)
        .find(|at| reputation.blame(&flooder, Fault::Rejected, *at).is_some())
        .unwrap();
    assert!(cut < 1_000, "cut off after {cut} ms");
    assert!(!reputation.knows(&flooder));
    let back = reputation.peer_up(&flooder, cut + 1_000).unwrap();
    assert!(back.block_secs < BLOCK_SECS_FIRST && back.block_secs > BLOCK_SECS_FIRST - 10);
}

#[test]
fn a_rare_fault_is_forgiven() {
    let mut reputation = Reputation::default();
    let clumsy = peer(1);
    reputation.peer_up(&clumsy, 0);
    for n in 0..1_000 {
        assert_eq!(reputation.blame(&clumsy, Fault::Rejected, n * 10_000), None);
    }
}

#[test]
fn each_offence_doubles_the_block() {
    let mut reputation = Reputation::default();
    let villain = peer(1);
    let mut now = 0;
    let mut blocks = Vec::new();
    for _ in 0..12 {
        assert!(reputation.peer_up(&villain, now).is_none());
        let sentence = (0..100)
            .find_map(|_| reputation.blame(&villain, Fault::BadAnswer, now))
            .unwrap();
        blocks.push(sentence.block_secs);
        now += sentence.block_secs * 1_000;
    }
    assert_eq!(
        blocks[..3],
        [BLOCK_SECS_FIRST, 2 * BLOCK_SECS_FIRST, 4 * BLOCK_SECS_FIRST]
    );
    assert_eq!(blocks[11], BLOCK_SECS_MAX);
}

#[test]
fn a_valid_flood_is_dropped_unread_but_not_blamed() {
    let mut reputation = Reputation::default();
    let busy = peer(1);
    reputation.peer_up(&busy, 0);
    let served = (0..200_000_u64)
        .filter(|n| reputation.received(&busy, 8 * 1024, n / 20) == Allowance::Serve)
        .count();
    assert!(served < 10_000, "64 MiB at once and 512 KiB a second");
    assert_eq!(reputation.blame_of(&busy, 10_000), 0);
}

#[test]
fn only_a_flood_of_requests_beyond_the_budget_is_blamed() {
    let mut reputation = Reputation::default();
    let (eager, flooder) = (peer(1), peer(2));
    reputation.peer_up(&eager, 0);
    reputation.peer_up(&flooder, 0);
    // Whoever stops for five seconds when told so.
    let mut now = 0;
    for _ in 0..10_000 {
        now += 10;
        if reputation.asked(&eager, 100, now) == Allowance::Busy {
            assert_eq!(reputation.blame(&eager, Fault::OverBudget, now), None);
            now += 5_000;
        }
    }
    let cut = (0..10_000_u64).find(|n| {
        reputation.asked(&flooder, 100, *n) == Allowance::Busy
            && reputation.blame(&flooder, Fault::OverBudget, *n).is_some()
    });
    assert!(cut.unwrap() < 2_000);
}

#[test]
fn memory_of_peers_is_bounded() {
    let mut reputation = Reputation::default();
    for n in 0..10_000 {
        reputation.peer_up(&peer(n), 0);
    }
    assert_eq!(
        (0..10_000).filter(|n| reputation.knows(&peer(*n))).count(),
        PEERS_MAX
    );
    for n in 0..10_000 {
        reputation.peer_down(&peer(n));
        reputation.peer_up(&peer(n), u64::from(n));
        while reputation
            .blame(&peer(n), Fault::BadAnswer, u64::from(n))
            .is_none()
            && reputation.knows(&peer(n))
        {}
    }
    let remembered = (0..10_000)
        .filter(|n| reputation.peer_up(&peer(*n), 10_000).is_some())
        .count();
    assert!(remembered <= OFFENDERS_MAX);
}
