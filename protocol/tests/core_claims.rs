//! Claim sets against a naive model that recomputes everything from all that ever entered anywhere.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_protocol::claims::{ClaimKey, ClaimSet, Merge, throw_back_id};
use meteorite_protocol::ids::{BottleId, ClaimantKey};
use meteorite_protocol::limits::{CLAIMS_KEPT_MAX, RECAST_AFTER_MS, THROW_BACK_DEPTH_MAX};
use meteorite_protocol::time::{Tick, UnixMillis};
use meteorite_protocol::wire::Place;
use proptest::collection::vec;
use proptest::prelude::*;

const BOTTLE: BottleId = BottleId([7; 32]);

/// Something that happens to a bottle. Its message is its position in the list of all operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Op {
    Claim(ClaimKey),
    ThrowBack(ClaimKey),
    Recast(u8),
    Withdraw,
}

#[derive(Debug, Clone)]
enum Step {
    Apply { replica: usize, op: usize },
    Merge { into: usize, from: usize },
}

fn claimant(n: u8) -> ClaimantKey {
    ClaimantKey([n; 32])
}

fn apply(set: &mut ClaimSet, op: Op, index: usize) -> Merge {
    let message = u32::try_from(index).unwrap().to_be_bytes();
    match op {
        Op::Claim(key) => set.add_claim(&key, &message),
        Op::ThrowBack(key) => {
            // The embedded claim travels as a message of its own: mark it.
            let claim = (u32::try_from(index).unwrap() | 1 << 31).to_be_bytes();
            set.add_throw_back(&key, &claim, &message)
        }
        Op::Recast(n) => set.add_recast(n, &message),
        Op::Withdraw => set.add_withdrawal(&message),
    }
}

/// The operation behind a message of a set.
fn op_of(message: &[u8], ops: &[Op]) -> (Op, usize) {
    let word = u32::from_be_bytes(message.try_into().unwrap());
    let index = (word & !(1 << 31)) as usize;
    match ops[index] {
        Op::ThrowBack(key) if word >> 31 == 1 => (Op::Claim(key), index),
        op @ (Op::Claim(_) | Op::ThrowBack(_) | Op::Recast(_) | Op::Withdraw) => (op, index),
    }
}

/// What the rule keeps of all these operations, computed top down without ever forgetting anything.
fn naive(
    ops: impl Iterator<Item = Op> + Clone,
    slots: u8,
) -> (bool, BTreeSet<u8>, BTreeSet<(ClaimKey, bool)>) {
    if ops.clone().any(|op| op == Op::Withdraw) {
        return (true, BTreeSet::new(), BTreeSet::new());
    }
    let recasts: BTreeSet<u8> = ops
        .clone()
        .filter_map(|op| if let Op::Recast(n) = op { Some(n) } else { None })
        .collect();
    let thrown: BTreeSet<ClaimKey> = ops
        .clone()
        .filter_map(|op| {
            if let Op::ThrowBack(key) = op {
                Some(key)
            } else {
                None
            }
        })
        .collect();
    let claims: Vec<ClaimKey> = ops
        .filter_map(|op| match op {
            Op::Claim(key) | Op::ThrowBack(key) => Some(key),
            Op::Recast(_) | Op::Withdraw => None,
        })
        .collect();
    let mut open: Vec<(Place, u8)> = vec![(Place::Root, 0)];
    open.extend(recasts.iter().map(|n| (Place::Recast(*n), 0)));
    let mut kept = BTreeSet::new();
    while let Some((place, depth)) = open.pop() {
        let mut first: BTreeMap<ClaimantKey, Tick> = BTreeMap::new();
        for claim in claims.iter().filter(|claim| claim.place == place) {
            let t = first.entry(claim.claimant).or_insert(claim.t);
            *t = claim.t.min(*t);
        }
        let mut ranked: Vec<_> = first
            .into_iter()
            .map(|(claimant, t)| (t, ticket(&place, &claimant), claimant))
            .collect();
        ranked.sort();
        let size = if matches!(place, Place::After(_)) {
            1
        } else {
            usize::from(slots)
        };
        for (t, _, claimant) in ranked.into_iter().take(size) {
            let key = ClaimKey { place, claimant, t };
            let back = depth < THROW_BACK_DEPTH_MAX && thrown.contains(&key);
            kept.insert((key, back));
            if back {
                open.push((Place::After(throw_back_id(&BOTTLE, &key)), depth + 1));
            }
        }
    }
    (false, recasts, kept)
}

fn ticket(place: &Place, claimant: &ClaimantKey) -> [u8; 32] {
    let parts = [b"ticket".as_slice(), &BOTTLE.0, &place.to_bytes(), &claimant.0];
    *blake3::hash(&parts.concat()).as_bytes()
}

fn shown(set: &ClaimSet) -> (bool, BTreeSet<u8>, BTreeSet<(ClaimKey, bool)>) {
    let recasts = (1..=3).filter(|n| set.has_recast(*n)).collect();
    let kept = set.claims().map(|claim| (claim.key, claim.thrown_back)).collect();
    (set.is_withdrawn(), recasts, kept)
}

/// Operations over few claimants, ticks and places, so that they collide; places behind throw-backs up to six deep.
fn ops(withdrawals: bool) -> impl Strategy<Value = Vec<Op>> {
    let seed = (0_u8..20, 0_u8..8, 0_u64..5, 0_usize..64);
    vec(seed, 1..60).prop_map(move |seeds| {
        let mut ops: Vec<Op> = Vec::new();
        for (kind, who, t, parent) in seeds {
            let claims: Vec<ClaimKey> = ops
                .iter()
                .filter_map(|op| {
                    if let Op::Claim(key) | Op::ThrowBack(key) = op {
                        Some(*key)
                    } else {
                        None
                    }
                })
                .collect();
            let behind = claims.get(parent % claims.len().max(1)).copied();
            let place = match (parent % 4, behind) {
                (0, _) | (_, None) => Place::Root,
                (1, _) => Place::Recast(1 + (parent % 3) as u8),
                (_, Some(key)) => Place::After(throw_back_id(&BOTTLE, &key)),
            };
            let key = ClaimKey {
                place,
                claimant: claimant(who),
                t: Tick(t),
            };
            ops.push(match kind {
                0..=8 => Op::Claim(key),
                9..=16 => Op::ThrowBack(behind.filter(|_| t > 0).unwrap_or(key)),
                17 if withdrawals => Op::Withdraw,
                _ => Op::Recast(1 + who % 3),
            });
        }
        ops
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_usize..4, 0_usize..64).prop_map(|(replica, op)| Step::Apply { replica, op }),
        1 => (0_usize..4, 0_usize..4).prop_map(|(into, from)| Step::Merge { into, from }),
    ];
    vec(step, 1..150)
}

fn set_of(ops: &[Op], order: impl Iterator<Item = usize>, slots: u8) -> ClaimSet {
    let mut set = ClaimSet::new(BOTTLE, slots);
    for index in order {
        apply(&mut set, ops[index], index);
    }
    set
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_partitions_ends_in_what_the_rule_keeps(
        ops in ops(false), steps in steps(), slots in 1_u8..=3,
    ) {
        let mut replicas = vec![ClaimSet::new(BOTTLE, slots); 4];
        let mut entered: BTreeSet<Op> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Apply { replica, op } => {
                    let op = op % ops.len();
                    if apply(&mut replicas[replica], ops[op], op) == Merge::Entered {
                        entered.insert(ops[op]);
                    }
                }
                Step::Merge { into, from } => {
                    let other = replicas[from].clone();
                    replicas[into].merge(&other);
                }
            }
        }
        let mut all = ClaimSet::new(BOTTLE, slots);
        for replica in &replicas {
            all.merge(replica);
        }
        prop_assert_eq!(shown(&all), naive(entered.iter().copied(), slots));
        for replica in &mut replicas {
            replica.merge(&all);
            prop_assert_eq!(replica.digest(), all.digest());
        }
    }

    #[test]
    fn whatever_is_said_again_until_nothing_changes_ends_alike(
        ops in ops(true), shuffle in any::<u64>(), slots in 1_u8..=3,
    ) {
        let mut order: Vec<usize> = (0..ops.len()).collect();
        order.sort_by_key(|index| (*index as u64 + 1).wrapping_mul(shuffle | 1).rotate_left(17));
        let mut set = ClaimSet::new(BOTTLE, slots);
        loop {
            let before = set.digest();
            for index in &order {
                apply(&mut set, ops[*index], *index);
            }
            if set.digest() == before {
                break;
            }
        }
        prop_assert_eq!(shown(&set), naive(ops.iter().copied(), slots));
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        ops in ops(true), cut in (0_usize..60, 0_usize..60), slots in 1_u8..=3,
    ) {
        let (low, high) = (cut.0.min(cut.1).min(ops.len()), cut.0.max(cut.1).min(ops.len()));
        let a = set_of(&ops, 0..high, slots);
        let b = set_of(&ops, low..ops.len(), slots);
        let c = set_of(&ops, (0..ops.len()).rev(), slots);
        let merged = |left: &ClaimSet, right: &ClaimSet| {
            let mut set = left.clone();
            set.merge(right);
            set
        };
        prop_assert_eq!(merged(&a, &b).digest(), merged(&b, &a).digest());
        prop_assert_eq!(merged(&merged(&a, &b), &c).digest(), merged(&a, &merged(&b, &c)).digest());
        prop_assert_eq!(merged(&a, &a), a);
    }

    #[test]
    fn an_empty_set_takes_all_messages_in_their_order(ops in ops(true), slots in 1_u8..=3) {
        let set = set_of(&ops, 0..ops.len(), slots);
        let mut copy = ClaimSet::new(BOTTLE, slots);
        for message in set.messages() {
            let (op, index) = op_of(message, &ops);
            prop_assert_ne!(apply(&mut copy, op, index), Merge::NotOpen);
        }
        prop_assert_eq!(copy.digest(), set.digest());
        prop_assert!(set.claims().count() <= CLAIMS_KEPT_MAX);
    }
}

#[test]
fn of_a_thousand_rivals_the_first_three_are_kept_in_any_order() {
    let rivals: Vec<Op> = (0..1_000_u32)
        .map(|n| {
            let claimant = ClaimantKey(*blake3::hash(&n.to_be_bytes()).as_bytes());
            Op::Claim(ClaimKey {
                place: Place::Root,
                claimant,
                t: Tick(100 + u64::from(n) % 50),
            })
        })
        .collect();
    let forward = set_of(&rivals, 0..1_000, 3);
    let backward = set_of(&rivals, (0..1_000).rev(), 3);
    let scattered = set_of(&rivals, (0..1_000).map(|n| n * 709 % 1_000), 3);
    let mut halves = set_of(&rivals, 0..500, 3);
    halves.merge(&set_of(&rivals, 500..1_000, 3));
    for other in [&backward, &scattered, &halves] {
        assert_eq!(forward.digest(), other.digest());
    }
    assert_eq!(shown(&forward), naive(rivals.iter().copied(), 3));
    assert!(forward.claims().all(|claim| claim.key.t == Tick(100)));
}

fn root(who: u8, t: u64) -> ClaimKey {
    ClaimKey {
        place: Place::Root,
        claimant: claimant(who),
        t: Tick(t),
    }
}

#[test]
fn a_displaced_throw_back_closes_its_place_and_all_behind_it() {
    let mut set = ClaimSet::new(BOTTLE, 1);
    let first = root(1, 10);
    assert_eq!(set.add_throw_back(&first, b"c", b"t"), Merge::Entered);
    let behind = Place::After(throw_back_id(&BOTTLE, &first));
    let second = ClaimKey {
        place: behind,
        claimant: claimant(2),
        t: Tick(11),
    };
    assert_eq!(set.add_throw_back(&second, b"c2", b"t2"), Merge::Entered);
    let third = Place::After(throw_back_id(&BOTTLE, &second));
    assert!(set.is_open(&third));
    assert_eq!(set.add_claim(&root(3, 9), b"c3"), Merge::Entered);
    assert!(!set.is_open(&behind) && !set.is_open(&third));
    assert_eq!(set.add_claim(&second, b"c2"), Merge::NotOpen);
    assert_eq!(set.claims().count(), 1);
}

#[test]
fn an_earlier_claim_of_the_same_claimant_takes_its_throw_back_with_it() {
    let mut set = ClaimSet::new(BOTTLE, 1);
    set.add_throw_back(&root(1, 10), b"c", b"t");
    let behind = Place::After(throw_back_id(&BOTTLE, &root(1, 10)));
    assert!(set.is_open(&behind));
    assert_eq!(set.add_claim(&root(1, 9), b"c"), Merge::Entered);
    assert!(!set.is_open(&behind));
    assert_eq!(set.add_throw_back(&root(1, 10), b"c", b"t"), Merge::Known);
    assert_eq!(set.add_throw_back(&root(1, 9), b"c", b"t"), Merge::Entered);
}

#[test]
fn a_chain_ends_after_four_throw_backs() {
    let mut set = ClaimSet::new(BOTTLE, 1);
    let mut place = Place::Root;
    for depth in 0..5_u8 {
        let key = ClaimKey {
            place,
            claimant: claimant(depth),
            t: Tick(u64::from(depth)),
        };
        let merge = set.add_throw_back(&key, b"c", b"t");
        assert_eq!(
            merge,
            Merge::Entered,
            "the claim enters even where the throw-back is too deep"
        );
        let behind = Place::After(throw_back_id(&BOTTLE, &key));
        assert_eq!(set.is_open(&behind), depth < 4);
        place = behind;
    }
    assert_eq!(set.vacancy(), None);
}

#[test]
fn the_same_claim_signed_again_changes_nothing() {
    let mut set = ClaimSet::new(BOTTLE, 2);
    assert_eq!(set.add_claim(&root(1, 10), b"one signature"), Merge::Entered);
    let digest = set.digest();
    assert_eq!(set.add_claim(&root(1, 10), b"another signature"), Merge::Known);
    assert_eq!(set.add_throw_back(&root(1, 10), b"c", b"t"), Merge::Entered);
    assert_eq!(set.add_throw_back(&root(1, 10), b"c", b"t again"), Merge::Known);
    assert_ne!(set.digest(), digest);
}

#[test]
fn a_recast_is_due_a_day_after_the_last_place_was_taken() {
    let mut set = ClaimSet::new(BOTTLE, 2);
    let noon = UnixMillis(1_000_000_000);
    set.add_claim(&root(1, noon.tick().0 - 50), b"c");
    assert!(
        !set.recast_due(1, noon.plus_ms(10 * RECAST_AFTER_MS)),
        "a place is still open"
    );
    set.add_claim(&root(2, noon.tick().0), b"c");
    assert!(!set.recast_due(1, noon.plus_ms(RECAST_AFTER_MS - 1)));
    assert!(set.recast_due(1, noon.plus_ms(RECAST_AFTER_MS)));
    assert!(
        !set.recast_due(2, noon.plus_ms(10 * RECAST_AFTER_MS)),
        "one after the other"
    );
    assert_eq!(set.add_recast(1, b"r"), Merge::Entered);
    assert_eq!(set.vacancy(), Some(Place::Recast(1)));
    assert_eq!(set.caught(), (2, 4));
}

#[test]
fn a_withdrawal_absorbs_every_claim_in_either_order() {
    let mut before = ClaimSet::new(BOTTLE, 2);
    before.add_withdrawal(b"w");
    assert_eq!(before.add_claim(&root(1, 1), b"c"), Merge::Withdrawn);
    let mut after = ClaimSet::new(BOTTLE, 2);
    after.add_claim(&root(1, 1), b"c");
    assert_eq!(after.add_withdrawal(b"w"), Merge::Entered);
    assert_eq!(before.digest(), after.digest());
    assert_eq!(after.messages(), [b"w"]);
    assert_ne!(before.digest(), ClaimSet::empty_digest());
}
