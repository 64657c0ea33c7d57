//! Reconciliation: what it costs, what it proves, and what a liar can do.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_protocol::engine::{Effect, Event, Input, Protocol, RequestHandle};
use meteorite_protocol::ids::{AuthorKey, BottleId, ItemHash};
use meteorite_protocol::limits::{
    SYNC_ANSWER_BYTES_MAX, SYNC_FETCH_ITEMS_MAX, SYNC_FETCHES_IN_FLIGHT, SYNC_ITEMS_PER_SESSION_MAX,
    SYNC_ROUNDS_MAX,
};
use meteorite_protocol::reconcile::{Outcome, Responder, Sealed, Session, Unwanted, Wanting};
use meteorite_protocol::sky::{Insert, Sky, Stone};
use meteorite_protocol::time::{Epoch, Now, UnixMillis};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::{Bytes, SyncAnswer, SyncRequest, Wire as _};
use proptest::collection::btree_set;
use proptest::prelude::*;

use crate::core_make::{EPOCH_START, bottle};
use crate::core_net::{LATENCY_MS, Net, peer};

const NOW: Now = Now {
    mono_ms: 1_000,
    wall: UnixMillis(EPOCH_START),
};

fn hash(n: u64) -> [u8; 32] {
    *blake3::hash(&n.to_be_bytes()).as_bytes()
}

fn stone(n: u64) -> Stone {
    let epoch = NOW.wall.epoch();
    Stone {
        bottle: BottleId(hash(n)),
        author: AuthorKey(hash(n + (1 << 32))),
        thrown_at: epoch.minus((n % 7) as u32),
        expires_at: epoch.plus(100),
        bits: 20,
        slots: 3,
        withheld: false,
    }
}

fn sky_of(numbers: impl IntoIterator<Item = u64>) -> Sky {
    let mut sky = Sky::default();
    for n in numbers {
        assert!(matches!(sky.insert(stone(n)), Insert::Added { .. }));
    }
    sky
}

/// Wants what its sky does not have.
struct Lacking<'a>(&'a Sky);

impl Wanting for Lacking<'_> {
    fn wants(&mut self, item: &ItemHash) -> bool {
        self.0.owner(item).is_none()
    }
}

/// Runs a session between two skies. What was fetched, what the other is proven to have, and the rounds it took.
fn reconcile(ours: &Sky, theirs: &Sky, own: &[u64]) -> (BTreeSet<ItemHash>, Vec<BottleId>, usize) {
    let mut responder = Responder::default();
    let own = own
        .iter()
        .map(|n| (ours.item(&BottleId(hash(*n))).unwrap(), BottleId(hash(*n))));
    let mut session = Session::start(&Sealed::new(ours, NOW), own, NOW.mono_ms).unwrap();
    let mut fetched = BTreeSet::new();
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut outcome = Outcome::Open;
        while let Some(request) = session.next_request() {
            outcome = match SyncRequest::decode(&request.encode()).unwrap() {
                SyncRequest::Reconcile { msg } => {
                    let answer = responder.answer(msg.as_slice(), theirs, NOW).unwrap();
                    session.on_reconcile(&answer, &mut Lacking(ours))
                }
                SyncRequest::Fetch { items } => {
                    let got: BTreeSet<ItemHash> = items
                        .iter()
                        .copied()
                        .filter(|i| theirs.owner(i).is_some())
                        .collect();
                    fetched.extend(got.iter().copied());
                    session.on_entries(&items, &got, true, 1_000)
                }
            };
        }
        if outcome != Outcome::Open {
            assert_eq!(outcome, Outcome::Complete);
            return (fetched, session.proven(), rounds);
        }
        assert!(rounds < 1_000);
    }
}

proptest! {
    #[test]
    fn exactly_what_is_missing_is_fetched(
        ours in btree_set(0_u64..400, 0..300), theirs in btree_set(0_u64..400, 0..300),
    ) {
        let (our_sky, their_sky) = (sky_of(ours.iter().copied()), sky_of(theirs.iter().copied()));
        let own: Vec<u64> = ours.iter().copied().filter(|n| n % 5 == 0).collect();
        let (fetched, proven, _) = reconcile(&our_sky, &their_sky, &own);
        let missing: BTreeSet<ItemHash> =
            theirs.difference(&ours).map(|n| their_sky.item(&BottleId(hash(*n))).unwrap()).collect();
        prop_assert_eq!(fetched, missing);
        let held: BTreeSet<BottleId> =
            own.iter().filter(|n| theirs.contains(n)).map(|n| BottleId(hash(*n))).collect();
        prop_assert_eq!(proven.into_iter().collect::<BTreeSet<_>>(), held);
    }

    #[test]
    fn no_message_of_a_peer_makes_the_responder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let sky = sky_of(0..100);
        let mut responder = Responder::default();
        let honest = responder.answer(&bytes, &sky, NOW);
        prop_assert!(honest.is_err() || honest.unwrap().len() <= 60 * 1024);
        let mut prefixed = vec![0x61];
        prefixed.extend(&bytes);
        if let Ok(answer) = responder.answer(&prefixed, &sky, NOW) {
            prop_assert!(answer.len() <= 60 * 1024);
        }
        let mut session = Session::start(&Sealed::new(&sky, NOW), [], 0).unwrap();
        session.next_request().unwrap();
        session.on_reconcile(&prefixed, &mut Lacking(&sky));
    }
}

/// Wants everything, as an empty sky does.
struct Greedy;

impl Wanting for Greedy {
    fn wants(&mut self, _: &ItemHash) -> bool {
        true
    }
}

#[test]
fn a_responder_that_claims_items_without_end_is_bounded_and_blamed() {
    let ours = Sky::default();
    let mut session = Session::start(&Sealed::new(&ours, NOW), [], 0).unwrap();
    // It invents a new sky for each message.
    let (mut rounds, mut asked, mut outcome) = (0, 0_usize, Outcome::Open);
    let mut invented = 0;
    while outcome == Outcome::Open {
        let mut in_flight = Vec::new();
        while let Some(request) = session.next_request() {
            in_flight.push(request);
        }
        assert!(in_flight.len() <= SYNC_FETCHES_IN_FLIGHT + 1);
        for request in in_flight {
            if outcome != Outcome::Open {
                break;
            }
            outcome = match request {
                SyncRequest::Reconcile { msg } => {
                    rounds += 1;
                    invented += 3_000;
                    let lies = sky_of(invented..invented + 3_000);
                    let answer = Responder::default().answer(msg.as_slice(), &lies, NOW).unwrap();
                    session.on_reconcile(&answer, &mut Greedy)
                }
                SyncRequest::Fetch { items } => {
                    asked += items.len();
                    session.on_entries(&items, &BTreeSet::new(), false, 10)
                }
            };
        }
    }
    assert_eq!(outcome, Outcome::Faulty);
    assert!(
        rounds <= SYNC_ROUNDS_MAX && asked <= 3 * SYNC_FETCH_ITEMS_MAX,
        "{rounds} rounds, {asked} items"
    );
}

#[test]
fn a_session_takes_no_more_items_than_its_share() {
    let theirs = sky_of(0..30_000);
    let ours = Sky::default();
    let mut responder = Responder::default();
    let mut session = Session::start(&Sealed::new(&ours, NOW), [], 0).unwrap();
    let mut fetched = 0;
    let mut outcome = Outcome::Open;
    while outcome == Outcome::Open {
        let Some(request) = session.next_request() else {
            break;
        };
        outcome = match request {
            SyncRequest::Reconcile { msg } => {
                let answer = responder.answer(msg.as_slice(), &theirs, NOW).unwrap();
                session.on_reconcile(&answer, &mut Greedy)
            }
            SyncRequest::Fetch { items } => {
                fetched += items.len();
                session.on_entries(&items, &items.iter().copied().collect(), true, 1_000)
            }
        };
    }
    assert_eq!(outcome, Outcome::Truncated);
    assert_eq!(fetched, SYNC_ITEMS_PER_SESSION_MAX);
}

#[test]
fn unasked_answers_are_faulty() {
    let sky = sky_of(0..10);
    let mut session = Session::start(&Sealed::new(&sky, NOW), [], 0).unwrap();
    assert_eq!(session.on_reconcile(&[0x61], &mut Greedy), Outcome::Faulty);
}

#[test]
fn the_sealed_vector_of_a_large_sky_is_reused_for_a_moment() {
    let later = |ms| Now {
        mono_ms: NOW.mono_ms + ms,
        ..NOW
    };
    let mut sky = sky_of(0..5_000);
    let mut responder = Responder::default();
    assert_eq!(responder.sealed(&sky, NOW).len(), 5_000);
    sky.insert(stone(5_000));
    assert_eq!(
        responder.sealed(&sky, later(99)).len(),
        5_000,
        "bounded cost: a twentieth of a full sky, of two seconds"
    );
    assert_eq!(responder.sealed(&sky, later(100)).len(), 5_001);
    let mut small = sky_of(0..10);
    responder = Responder::default();
    assert_eq!(responder.sealed(&small, NOW).len(), 10);
    small.insert(stone(10));
    assert_eq!(
        responder.sealed(&small, later(1)).len(),
        11,
        "a small sky is never told late"
    );
}

#[test]
fn refused_items_are_not_wanted_for_a_while() {
    let mut unwanted = Unwanted::default();
    let item = ItemHash([1; 32]);
    unwanted.add(item, 100);
    assert!(unwanted.contains(&item, 99));
    assert!(!unwanted.contains(&item, 100));
    for n in 0..100_000_u64 {
        unwanted.add(ItemHash(hash(n)), 1_000_000 + n);
    }
    assert!(
        !unwanted.contains(&ItemHash(hash(0)), 100_000),
        "the first to end make room"
    );
    assert!(unwanted.contains(&ItemHash(hash(99_999)), 100_000));
    unwanted.expire(u64::MAX);
    assert!(!unwanted.contains(&ItemHash(hash(99_999)), 0));
}

#[test]
fn a_new_node_among_two_thousand_bottles_is_done_in_a_few_round_trips() {
    let mut net = Net::new(1);
    let sender = net.add_node();
    let mut useful = 0;
    for author in 0..2_000_u64 {
        let made = bottle(author, net.now.wall);
        // Spread over time, so that no level rises.
        if author % 100 == 0 {
            net.run(60_000);
        }
        let topic = Topic::of_author(&made.message.header.value().author);
        net.gossip(sender, 0, topic, made.message.encode());
        useful += made.message.header.payload().len() as u64 + 64;
    }
    assert_eq!(net.nodes[0].engine.sky().len(), 2_000);
    let fresh = net.add_node();
    net.bytes = BTreeMap::new();
    net.link(0, fresh);
    let mut round_trips = 0;
    while net.nodes[fresh].engine.sky().len() < 2_000 && round_trips < 50 {
        net.run(2 * LATENCY_MS);
        round_trips += 1;
    }
    assert!(round_trips <= 7, "{round_trips} round trips");
    net.run(2_000);
    let moved = net.bytes[&Protocol::Sync];
    assert!(moved * 2 <= useful * 3, "{moved} bytes for {useful} of headers");
    assert!(net.agree(&[0, fresh]));
    assert_eq!(
        net.nodes[fresh].store.blocks.len(),
        2_000,
        "and the bodies came too"
    );
}

#[test]
fn a_broken_request_is_refused_and_blamed() {
    let mut net = Net::new(2);
    net.link(0, 1);
    let mut effects = Vec::new();
    for n in 0..30 {
        let request = RequestHandle(1_000_000 + n);
        let broken = if n % 2 == 0 {
            vec![0xff; 10]
        } else {
            SyncRequest::Reconcile {
                msg: Bytes(vec![0x61, 0, 0, 7]),
            }
            .encode()
        };
        let input = Input::Asked {
            peer: peer(1),
            request,
            protocol: Protocol::Sync,
            bytes: broken,
        };
        net.nodes[0].engine.handle(input, net.now, &mut effects);
    }
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Refuse { .. }))
    );
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Block { .. }))
    );
}

#[test]
fn an_answer_never_exceeds_its_limit() {
    use meteorite_protocol::engine::{LoadedEntry, encode_entries};
    let entry = |n: usize| LoadedEntry {
        header: vec![1; 2_000],
        signature: [2; 64],
        catch: vec![vec![3; 500]; n],
    };
    for catch in [0, 10, 300] {
        let bytes = encode_entries((0..200).map(|_| entry(catch)));
        assert!(bytes.len() <= SYNC_ANSWER_BYTES_MAX);
        let SyncAnswer::Entries(entries) = SyncAnswer::decode(&bytes).unwrap() else {
            panic!()
        };
        assert!(!entries.is_empty());
    }
}

#[test]
fn a_liar_is_cut_off_and_an_unhelpful_neighbour_is_left_alone() {
    let mut net = Net::new(1);
    let liar = peer(77);
    net.nodes[0]
        .engine
        .handle(Input::PeerUp { peer: liar.clone() }, net.now, &mut Vec::new());
    let mut effects = Vec::new();
    let mut blocked = false;
    for minute in 0..60_u64 {
        let now = Now::new(
            net.now.mono_ms + minute * 60_000,
            net.now.wall.plus_ms(minute * 60_000),
        );
        effects.clear();
        net.nodes[0].engine.handle(Input::Tick, now, &mut effects);
        while let Some(at) = effects
            .iter()
            .position(|effect| matches!(effect, Effect::Call { .. }))
        {
            let Effect::Call { call, .. } = effects.remove(at) else {
                unreachable!()
            };
            let answer = Some(SyncAnswer::Entries(Vec::new()).encode());
            net.nodes[0]
                .engine
                .handle(Input::Answered { call, answer }, now, &mut effects);
        }
        blocked |= effects
            .iter()
            .any(|effect| matches!(effect, Effect::Block { .. }));
    }
    assert!(!blocked, "a wrong answer a minute is forgiven");
    let synced = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Notify(Event::Synced { .. })))
        .count();
    assert!(synced <= 2, "and never asked twice in a row");
}

#[test]
fn expired_bottles_are_known_but_not_offered() {
    let mut sky = Sky::default();
    sky.insert(Stone {
        expires_at: Epoch(NOW.wall.epoch().0),
        ..stone(1)
    });
    let item = sky.item(&BottleId(hash(1))).unwrap();
    assert_eq!(Sealed::new(&sky, NOW).len(), 0);
    assert!(sky.owner(&item).is_some());
}

#[test]
fn what_a_neighbour_had_not_written_down_yet_comes_a_little_later() {
    let mut net = Net::new(3);
    let made = bottle(1, net.now.wall);
    let topic = Topic::of_author(&made.message.header.value().author);
    net.gossip(2, 0, topic, made.message.encode());
    let written = std::mem::take(&mut net.nodes[0].store.content);
    net.link(0, 1);
    net.run(1_000);
    assert!(
        net.nodes[1].engine.sky().is_empty(),
        "the header is not in the store"
    );
    net.nodes[0].store.content = written;
    net.run(4 * 60_000);
    assert!(net.agree(&[0, 1]));
    assert!(net.nodes[0].blocked.is_empty() && net.nodes[1].blocked.is_empty());
}

#[test]
fn who_is_up_to_date_first_sees_whether_a_neighbour_stays() {
    let mut net = Net::new(4);
    let made = bottle(1, net.now.wall);
    let topic = Topic::of_author(&made.message.header.value().author);
    net.gossip(3, 2, topic, made.message.encode());
    net.link(0, 1);
    net.run(5_000);
    net.link(0, 2);
    net.run(20_000);
    assert!(
        net.nodes[0].engine.sky().is_empty(),
        "it would have cost a session"
    );
    net.run(15_000);
    assert!(net.agree(&[0, 2]));
}

#[test]
fn an_answer_to_the_engine_before_a_restart_is_none_to_this_one() {
    let mut net = Net::new(2);
    for author in 0..20 {
        let made = bottle(author, net.now.wall);
        let topic = Topic::of_author(&made.message.header.value().author);
        net.gossip(1, 0, topic, made.message.encode());
    }
    net.link(0, 1);
    for _ in 0..10 {
        net.run(LATENCY_MS);
        net.restart(1);
    }
    net.run(1_000);
    assert!(net.agree(&[0, 1]));
    assert!(net.nodes[0].blocked.is_empty() && net.nodes[1].blocked.is_empty());
}
