//! Scenarios with somebody who breaks the rules: equivocation, withdrawal against a catch, floods.

use std::collections::BTreeSet;

use meteorite_protocol::engine::{Command, End, Event, Refusal};
use meteorite_protocol::limits::SYNC_INTERVAL_MS;
use meteorite_protocol::mine::Stage;
use meteorite_protocol::sky::Standing;

use crate::core_make::{bottle, bottle_of, key, withdrawal};
use crate::core_net::{Net, peer};
use crate::core_scene::{MINUTE, ends, line, stage, throw, topic_of};

#[test]
fn two_headers_by_one_key_sink_for_everybody() {
    let mut net = line(4);
    net.unlink(1, 2);
    let (one, two) = (bottle(7, net.now.wall), bottle_of(7, 1, net.now.wall, |_| {}));
    net.gossip(1, 0, topic_of(&one), one.message.encode());
    net.gossip(2, 3, topic_of(&two), two.message.encode());
    net.run(2 * MINUTE);
    assert_eq!(net.nodes[0].engine.sky().standing(&one.id), Standing::Drifting);
    net.link(1, 2);
    net.run(3 * SYNC_INTERVAL_MS);
    for n in 0..4 {
        let sky = net.nodes[n].engine.sky();
        assert_eq!(
            (sky.standing(&one.id), sky.standing(&two.id)),
            (Standing::Sunk, Standing::Sunk),
            "node {n}"
        );
    }
    assert!(net.agree(&[0, 1, 2, 3]));
    assert_eq!(ends(&net, 0, &one.id), [End::Equivocated]);
    // A third one changes nothing, and a late node learns the proof.
    let three = bottle_of(7, 2, net.now.wall, |_| {});
    net.gossip(1, 0, topic_of(&three), three.message.encode());
    assert_eq!(net.nodes[0].engine.sky().standing(&three.id), Standing::Unknown);
    let late = net.add_node();
    net.link(0, late);
    net.run(2_000);
    assert!(net.agree(&[0, late]));
    assert_eq!(net.nodes[late].engine.sky().standing(&one.id), Standing::Sunk);
}

#[test]
fn a_withdrawn_bottle_is_gone_everywhere_even_if_it_is_claimed_meanwhile() {
    let mut net = line(4);
    let made = throw(&mut net, 0, 1);
    net.run(4 * MINUTE);
    net.unlink(1, 2);
    net.catch(3, made.id, 3);
    net.command(
        0,
        Command::Withdraw {
            withdrawal: withdrawal(&made),
        },
    )
    .unwrap();
    net.run(1_000);
    assert_eq!(net.nodes[1].engine.sky().standing(&made.id), Standing::Withdrawn);
    assert_eq!(net.nodes[2].engine.sky().standing(&made.id), Standing::Drifting);
    net.link(1, 2);
    net.run(3 * SYNC_INTERVAL_MS);
    assert!(net.agree(&[0, 1, 2, 3]));
    assert_eq!(net.nodes[3].engine.sky().standing(&made.id), Standing::Withdrawn);
    assert_eq!(ends(&net, 3, &made.id), [End::Withdrawn]);
    assert!(
        net.nodes[3].engine.hold().row(&made.id).unwrap().may_read(),
        "what was read is kept"
    );
    assert_eq!(stage(&net, 0, &made.id), Stage::Withdrawn);
    let late = net.add_node();
    net.link(3, late);
    net.run(2_000);
    assert!(net.agree(&[0, late]), "the withdrawal is its own tombstone");
}

#[test]
fn a_caught_bottle_cannot_be_withdrawn() {
    let mut net = line(2);
    let made = throw(&mut net, 0, 1);
    net.run(1_000);
    net.catch(1, made.id, 3);
    net.run(1_000);
    let outcome = net.command(
        0,
        Command::Withdraw {
            withdrawal: withdrawal(&made),
        },
    );
    assert!(matches!(outcome, Err(Refusal::Withdraw(_))));
}

#[test]
fn a_flood_of_invalid_headers_is_cut_off_and_the_honest_go_on() {
    let mut net = line(3);
    net.run(1_000);
    let villain = 0;
    let mut sent = 0;
    while net.linked(villain, 1) && sent < 3_000 {
        let made = bottle(1_000 + sent, net.now.wall);
        let mut bytes = made.message.encode();
        let last = bytes.len() - 300;
        bytes[last] ^= 1;
        net.gossip(villain, 1, topic_of(&made), bytes);
        net.run(20);
        sent += 1;
    }
    assert!(sent < 50, "cut off after {sent}");
    let honest = throw(&mut net, 2, 1);
    net.run(1_000);
    assert_eq!(net.nodes[1].engine.sky().standing(&honest.id), Standing::Drifting);
    assert_eq!(net.nodes[1].blocked.len(), 1);
}

#[test]
fn a_flood_of_valid_headers_raises_the_level_and_punishes_nobody() {
    let mut net = line(3);
    net.run(1_000);
    // The same shard: the first byte of the author key decides.
    let mut sent = 0;
    for n in 0..8_000_u64 {
        let author = key("author", 10_000 + n).public();
        if author[0] & 15 == 3 {
            let made = bottle(10_000 + n, net.now.wall);
            net.gossip(0, 1, topic_of(&made), made.message.encode());
            sent += 1;
        }
    }
    assert!(sent > 400);
    let rose = net.nodes[1]
        .events
        .iter()
        .filter(|event| matches!(event, Event::AdmissionRose { .. }))
        .count();
    assert!(rose >= 1);
    assert!(
        net.nodes[1].engine.sky().len() < sent,
        "what is below the level stays out"
    );
    assert!(net.nodes[1].blocked.is_empty());
    net.run(5_000);
    assert!(net.nodes.iter().all(|node| node.blocked.is_empty()));
}

#[test]
fn honest_traffic_for_an_hour_costs_nobody_any_blame() {
    let mut net = Net::new(4);
    for (a, b) in [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)] {
        net.link(a, b);
    }
    let mut author = 0;
    for round in 0..12_u64 {
        for n in 0..4 {
            if round % 4 == n as u64 % 4 {
                author += 1;
                throw(&mut net, n, author);
            }
        }
        if round % 3 == 2 {
            let neighbours: BTreeSet<usize> = [1, 3].into();
            for n in neighbours {
                net.unlink(0, n);
                net.link(0, n);
            }
        }
        net.run(5 * MINUTE);
    }
    assert!(net.agree(&[0, 1, 2, 3]));
    for (n, node) in net.nodes.iter().enumerate() {
        assert!(node.blocked.is_empty());
        for m in 0..4 {
            assert_eq!(
                node.engine.reputation().blame_of(&peer(m), net.now.mono_ms),
                0,
                "{n} {m}"
            );
        }
    }
}

#[test]
fn a_denied_bottle_goes_and_stays_out() {
    let mut net = line(2);
    let made = throw(&mut net, 0, 1);
    net.run(1_000);
    net.command(1, Command::Deny { bottle: made.id }).unwrap();
    assert_eq!(ends(&net, 1, &made.id), [End::Denied]);
    net.run(5 * MINUTE);
    assert_eq!(net.nodes[1].engine.sky().standing(&made.id), Standing::Denied);
    assert!(net.nodes[1].store.content.is_empty());
}
