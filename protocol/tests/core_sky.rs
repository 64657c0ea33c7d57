//! The index of the sky: room, end, withholding, equivocation.

use std::collections::BTreeSet;

use meteorite_protocol::claims::{ClaimKey, ClaimSet, Merge};
use meteorite_protocol::ids::{AuthorKey, BottleId, ClaimantKey, ItemHash};
use meteorite_protocol::limits::{DENIED_MAX, EQUIVOCATORS_MAX};
use meteorite_protocol::sky::{Insert, ItemOwner, Sky, Standing, Stone, Sunk, item_hash};
use meteorite_protocol::time::{Epoch, Tick};
use meteorite_protocol::wire::Place;
use proptest::prelude::*;

fn hash(label: u8, n: u64) -> [u8; 32] {
    *blake3::hash(&[&[label], &n.to_be_bytes()[..]].concat()).as_bytes()
}

fn id(n: u64) -> BottleId {
    BottleId(hash(1, n))
}

fn stone(n: u64) -> Stone {
    Stone {
        bottle: id(n),
        author: AuthorKey(hash(2, n)),
        thrown_at: Epoch(1_000),
        expires_at: Epoch(2_000),
        bits: 20,
        slots: 3,
        withheld: false,
    }
}

fn full(max: usize) -> Sky {
    let mut sky = Sky::with_max(max);
    for n in 0..max as u64 {
        let bits = 20 + (n % 10) as u8;
        assert!(matches!(
            sky.insert(Stone { bits, ..stone(n) }),
            Insert::Added { .. }
        ));
    }
    sky
}

#[test]
fn a_full_sky_lets_the_least_work_go_and_keeps_what_is_withheld() {
    let mut sky = full(1_000);
    sky.set_withheld(&id(0), true);
    let Insert::Added { evicted } = sky.insert(Stone {
        bits: 25,
        ..stone(5_000)
    }) else {
        panic!()
    };
    assert_eq!(evicted.len(), 10);
    assert!(!evicted.contains(&id(0)));
    assert_eq!(sky.len(), 991);
    // All evicted ones had 20 bits, so nothing of 20 bits that would rank below them comes in now.
    let lowest = evicted.iter().min().unwrap();
    let n = (0..1_000).find(|n| id(*n) == *lowest).unwrap();
    assert_eq!(sky.insert(stone(n)), Insert::Full { evicted: vec![] });
    assert!(matches!(
        sky.insert(Stone {
            bits: 21,
            ..stone(6_000)
        }),
        Insert::Added { .. }
    ));
    assert!(
        matches!(
            sky.insert(Stone {
                bits: 20,
                withheld: true,
                ..stone(n)
            }),
            Insert::Added { .. }
        ),
        "own ones may"
    );
}

#[test]
fn every_node_evicts_the_same_bottles() {
    let (mut one, mut two) = (full(500), Sky::with_max(500));
    for n in (0..500_u64).rev() {
        two.insert(Stone {
            bits: 20 + (n % 10) as u8,
            ..stone(n)
        });
    }
    let high = |n: u64| Stone { bits: 30, ..stone(n) };
    let (Insert::Added { evicted: a }, Insert::Added { evicted: b }) =
        (one.insert(high(900)), two.insert(high(900)))
    else {
        panic!()
    };
    assert_eq!(
        a.into_iter().collect::<BTreeSet<_>>(),
        b.into_iter().collect::<BTreeSet<_>>()
    );
    assert_eq!(one.digest(), two.digest());
}

#[test]
fn a_bottle_stays_one_epoch_beyond_its_end() {
    let mut sky = Sky::default();
    sky.insert(stone(1));
    assert_eq!(sky.next_expiry(), Some(Epoch(2_001)));
    assert!(sky.expire(Epoch(2_000)).is_empty());
    assert!(!sky.is_offered(&id(1), Epoch(2_000)));
    assert_eq!(sky.standing(&id(1)), Standing::Drifting);
    assert_eq!(sky.expire(Epoch(2_001)), [id(1)]);
    assert_eq!((sky.len(), sky.next_expiry()), (0, None));
}

#[test]
fn withheld_bottles_are_in_no_item_list() {
    let mut sky = Sky::default();
    sky.insert(Stone {
        withheld: true,
        ..stone(1)
    });
    assert_eq!(sky.items(Epoch(1_000)).count(), 0);
    let revision = sky.revision();
    assert!(sky.set_withheld(&id(1), false));
    assert!(!sky.set_withheld(&id(1), false));
    assert!(sky.revision() > revision);
    assert_eq!(sky.items(Epoch(1_000)).count(), 1);
}

#[test]
fn the_item_follows_the_claims() {
    let mut sky = Sky::default();
    sky.insert(stone(1));
    let before = sky.item(&id(1)).unwrap();
    assert_eq!(before, item_hash(&id(1), &ClaimSet::empty_digest()));
    let key = ClaimKey {
        place: Place::Root,
        claimant: ClaimantKey([5; 32]),
        t: Tick(9),
    };
    assert_eq!(
        sky.update_claims(&id(1), |claims| claims.add_claim(&key, b"c")),
        Some(Merge::Entered)
    );
    let after = sky.item(&id(1)).unwrap();
    assert_ne!(before, after);
    assert_eq!(sky.owner(&before), None);
    assert_eq!(sky.owner(&after), Some(ItemOwner::Bottle(id(1))));
    sky.update_claims(&id(1), |claims| claims.add_withdrawal(b"w"));
    assert_eq!(sky.standing(&id(1)), Standing::Withdrawn);
}

#[test]
fn nodes_with_other_proofs_of_one_equivocation_agree() {
    let author = AuthorKey(hash(2, 1));
    let same = |n: u64| Stone { author, ..stone(n) };
    let (mut one, mut two) = (Sky::default(), Sky::default());
    one.insert(same(1));
    assert_eq!(one.rival(&author, &id(2)), Some(id(1)));
    assert_eq!(
        one.insert(same(2)),
        Insert::Known,
        "the caller sinks both instead"
    );
    assert!(one.sink(Sunk::new(author, (id(1), Epoch(2_000)), (id(2), Epoch(2_100)))));
    assert!(two.sink(Sunk::new(author, (id(3), Epoch(1_500)), (id(2), Epoch(2_100)))));
    assert!(
        !two.sink(Sunk::new(author, (id(1), Epoch(9_000)), (id(3), Epoch(9_000)))),
        "the first proof stays"
    );
    assert_eq!(
        one.items(Epoch(1_000)).collect::<Vec<_>>(),
        two.items(Epoch(1_000)).collect::<Vec<_>>()
    );
    assert_eq!(one.standing(&id(1)), Standing::Sunk);
    assert_eq!(one.insert(same(4)), Insert::Known);
    assert_eq!(one.expire(Epoch(2_100)), []);
    assert_eq!(one.expire(Epoch(2_101)).len(), 2);
    assert!(one.is_empty());
}

#[test]
fn memory_of_equivocators_and_denials_is_bounded() {
    let mut sky = Sky::default();
    for n in 0..EQUIVOCATORS_MAX as u64 + 10 {
        let author = AuthorKey(hash(2, n));
        sky.sink(Sunk::new(
            author,
            (id(2 * n), Epoch(100 + n as u32)),
            (id(2 * n + 1), Epoch(1)),
        ));
    }
    assert_eq!(sky.items(Epoch(0)).count(), EQUIVOCATORS_MAX);
    assert_eq!(
        sky.sunk(&AuthorKey(hash(2, 0))),
        None,
        "the one that ends first is forgotten"
    );
    for n in 0..DENIED_MAX as u64 {
        assert!(sky.deny(id(n + 1_000_000)));
    }
    assert!(!sky.deny(id(9)));
    assert_eq!(sky.standing(&id(9)), Standing::Unknown);
}

/// What the index must agree with: a plain list of what is in it.
fn consistent(sky: &Sky, model: &BTreeSet<u64>) {
    assert_eq!(sky.len(), model.len());
    let items: BTreeSet<ItemHash> = sky.items(Epoch(0)).map(|(_, item)| item).collect();
    assert_eq!(items.len(), model.len());
    for n in model {
        assert_eq!(sky.standing(&id(*n)), Standing::Drifting);
        let item = sky.item(&id(*n)).unwrap();
        assert!(items.contains(&item));
        assert_eq!(sky.owner(&item), Some(ItemOwner::Bottle(id(*n))));
    }
}

proptest! {
    #[test]
    fn slots_are_reused_without_mixing_bottles_up(ops in proptest::collection::vec((0_u8..3, 0_u64..30, 1_u32..20), 0..200)) {
        let mut sky = Sky::default();
        let mut model = BTreeSet::new();
        let mut ends = std::collections::BTreeMap::new();
        let mut now = 0;
        for (kind, n, epochs) in ops {
            match kind {
                0 | 1 => {
                    let end = Epoch(now + epochs);
                    if matches!(sky.insert(Stone { expires_at: end, ..stone(n) }), Insert::Added { .. }) {
                        prop_assert!(model.insert(n));
                        ends.insert(n, end.0);
                    }
                    let key = ClaimKey { place: Place::Root, claimant: ClaimantKey([n as u8; 32]), t: Tick(n) };
                    sky.update_claims(&id(n), |claims| claims.add_claim(&key, b"c"));
                }
                _ => {
                    now += epochs;
                    sky.expire(Epoch(now));
                    model.retain(|n| ends[n] + 1 > now);
                }
            }
            consistent(&sky, &model);
        }
    }
}
