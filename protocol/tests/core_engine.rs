//! Scenarios of a few engines: throwing, catching, partitions, restarts, the end of time.

use meteorite_protocol::claims::throw_back_id;
use meteorite_protocol::engine::{Command, End, Engine, Event, Input, Refusal};
use meteorite_protocol::hold::{HoldEvent, Standing as Claimed};
use meteorite_protocol::limits::{RECAST_AFTER_MS, SYNC_INTERVAL_MS};
use meteorite_protocol::mine::{OwnBottle, Stage};
use meteorite_protocol::sky::Standing;
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::{CatchMessage, Place};

use crate::core_make::{Made, bottle, bottle_of, claim, claimant, recast, throw_back};
use crate::core_net::{Net, config};
use crate::core_scene::{MINUTE, ends, line, stage, throw};

#[test]
fn a_bottle_crosses_the_network_and_its_author_learns_only_what_is_proven() {
    let mut net = line(4);
    net.run(1_000);
    let made = throw(&mut net, 0, 1);
    assert_eq!(stage(&net, 0, &made.id), Stage::Handed);
    net.run(200);
    for node in &net.nodes {
        assert_eq!(node.engine.sky().standing(&made.id), Standing::Drifting);
        assert!(node.store.blocks.contains_key(&made.message.header.value().body));
    }
    assert_eq!(
        stage(&net, 0, &made.id),
        Stage::Handed,
        "nobody has offered it back yet"
    );
    net.run(3 * SYNC_INTERVAL_MS);
    assert_eq!(stage(&net, 0, &made.id), Stage::Held);
    assert_eq!(net.nodes[0].engine.truth(&made.id, net.now).unwrap().held, 1);
}

#[test]
fn an_own_bottle_is_not_offered_in_sync_before_a_neighbour_took_it() {
    let mut net = Net::new(3);
    let made = throw(&mut net, 0, 1);
    assert_eq!(stage(&net, 0, &made.id), Stage::Queued);
    let offered = |net: &Net| {
        net.nodes[0]
            .engine
            .sky()
            .is_offered(&made.id, net.now.wall.epoch())
    };
    assert!(!offered(&net));
    net.link(0, 1);
    net.run(10_000);
    assert_eq!(
        net.nodes[1].engine.sky().standing(&made.id),
        Standing::Drifting,
        "by gossip, once there is somebody"
    );
    assert!(offered(&net), "as whoever forwarded it offers it");
    assert_eq!(stage(&net, 0, &made.id), Stage::Handed, "that proves nothing yet");
    net.run(3 * SYNC_INTERVAL_MS);
    assert_eq!(stage(&net, 0, &made.id), Stage::Held);
    net.link(0, 2);
    net.run(1_000);
    assert_eq!(net.nodes[2].engine.sky().standing(&made.id), Standing::Drifting);
}

#[test]
fn whoever_was_away_gets_everything_with_its_bodies_by_sync() {
    let mut net = line(3);
    let made: Vec<Made> = (0..6).map(|n| throw(&mut net, n as usize % 3, n)).collect();
    net.run(4 * MINUTE);
    net.catch(2, made[0].id, 50);
    net.run(1_000);
    let late = net.add_node();
    net.link(1, late);
    net.run(5_000);
    assert!(net.agree(&[0, 1, 2, late]));
    for one in &made {
        assert!(
            net.nodes[late]
                .store
                .blocks
                .contains_key(&one.message.header.value().body)
        );
    }
    assert_eq!(
        net.nodes[late].engine.claims(&made[0].id).unwrap().caught(),
        (1, 3)
    );
}

#[test]
fn four_finders_of_three_places_agree_who_came_too_late() {
    let mut net = line(5);
    let made = throw(&mut net, 0, 1);
    net.run(1_000);
    for n in 1..5 {
        net.catch(n, made.id, n as u64);
    }
    net.run(10_000);
    assert!(net.agree(&[0, 1, 2, 3, 4]));
    let claims = net.nodes[0].engine.claims(&made.id).unwrap();
    assert_eq!(claims.caught(), (3, 3));
    let standing = |n: usize| {
        net.nodes[n]
            .engine
            .hold()
            .row(&made.id)
            .unwrap()
            .claim()
            .unwrap()
            .standing
    };
    let lost: Vec<usize> = (1..5).filter(|n| standing(*n) == Claimed::Displaced).collect();
    assert_eq!(lost.len(), 1);
    assert!(!claims.keeps(&Place::Root, &claimant(lost[0] as u64)));
    let told = &net.nodes[lost[0]].events;
    assert!(told.contains(&Event::Hold(HoldEvent::Displaced(made.id))));
    assert_eq!(stage(&net, 0, &made.id), Stage::Caught);
    assert!(net.command(1, Command::Touch { bottle: made.id }).is_err());
}

#[test]
fn a_partition_heals_to_one_set_of_claims() {
    let mut net = line(4);
    let made = throw(&mut net, 0, 1);
    net.run(4 * MINUTE);
    net.unlink(1, 2);
    for n in [0, 1, 2, 3] {
        if n != 0 {
            net.catch(n, made.id, n as u64);
        }
    }
    let message = CatchMessage::Claim(claim(made.id, 9, Place::Root, net.now.wall.tick())).encode();
    net.gossip(3, 2, Topic::Catch, message);
    net.run(1_000);
    assert!(!net.agree(&[0, 3]));
    net.link(1, 2);
    net.run(3 * SYNC_INTERVAL_MS);
    assert!(net.agree(&[0, 1, 2, 3]));
    assert_eq!(net.nodes[0].engine.claims(&made.id).unwrap().caught(), (3, 3));
}

#[test]
fn a_thrown_back_bottle_is_caught_again_behind_it() {
    let mut net = line(3);
    let made = bottle_of(1, 0, net.now.wall, |header| header.slots = 1);
    net.command(
        0,
        Command::Throw {
            sky_message: made.message.encode(),
        },
    )
    .unwrap();
    net.run(1_000);
    let first = net.catch(1, made.id, 5);
    net.run(10_000);
    assert_eq!(
        net.command(2, Command::Touch { bottle: made.id }),
        Err(Refusal::NoVacancy)
    );
    let signed = claim(made.id, 5, Place::Root, first.t);
    net.command(
        1,
        Command::ThrowBack {
            throw_back: throw_back(&signed, 5, 1),
        },
    )
    .unwrap();
    net.run(1_000);
    assert_eq!(net.nodes[0].engine.claims(&made.id).unwrap().caught(), (0, 1));
    let second = net.catch(2, made.id, 6);
    assert_eq!(second.place, Place::After(throw_back_id(&made.id, &first)));
    net.run(10_000);
    assert!(net.agree(&[0, 1, 2]));
    assert_eq!(net.nodes[0].engine.claims(&made.id).unwrap().caught(), (1, 1));
}

#[test]
fn a_recast_opens_new_places_after_a_day_and_not_before() {
    let mut net = line(3);
    let made = bottle_of(1, 0, net.now.wall, |header| header.slots = 1);
    net.command(
        0,
        Command::Throw {
            sky_message: made.message.encode(),
        },
    )
    .unwrap();
    net.run(1_000);
    net.catch(1, made.id, 3);
    net.run(10_000);
    assert!(matches!(
        net.command(
            0,
            Command::Recast {
                recast: recast(&made, 1)
            }
        ),
        Err(Refusal::Recast(_))
    ));
    net.run(RECAST_AFTER_MS);
    net.command(
        0,
        Command::Recast {
            recast: recast(&made, 1),
        },
    )
    .unwrap();
    net.run(1_000);
    assert_eq!(net.catch(2, made.id, 4).place, Place::Recast(1));
    net.run(10_000);
    assert!(net.agree(&[0, 1, 2]));
}

#[test]
fn a_bottle_sinks_at_the_end_of_its_time_and_nothing_remains() {
    let mut net = line(3);
    let made = bottle_of(1, 0, net.now.wall, |header| header.ttl = 3);
    net.command(
        0,
        Command::Throw {
            sky_message: made.message.encode(),
        },
    )
    .unwrap();
    net.run(1_000);
    assert_eq!(net.nodes[2].engine.sky().len(), 1);
    net.run(50 * MINUTE);
    for n in 0..3 {
        assert!(net.nodes[n].engine.sky().is_empty());
        assert!(net.nodes[n].store.content.is_empty());
        assert_eq!(ends(&net, n, &made.id), [End::Expired]);
    }
    assert_eq!(stage(&net, 0, &made.id), Stage::Sunk);
}

#[test]
fn a_restart_at_any_point_changes_nothing() {
    let mut net = line(3);
    let made = throw(&mut net, 0, 1);
    net.restart(0);
    net.run(5_000);
    assert_eq!(
        net.nodes[2].engine.sky().standing(&made.id),
        Standing::Drifting,
        "it is published again"
    );
    net.command(2, Command::Touch { bottle: made.id }).unwrap();
    net.restart(2);
    net.command(
        2,
        Command::Open {
            bottle: made.id,
            claimant: claimant(4),
        },
    )
    .unwrap();
    net.restart(2);
    let asked = net.nodes[2]
        .events
        .iter()
        .rev()
        .any(|event| matches!(event, Event::MineClaim { .. }));
    assert!(asked, "mining goes on");
    let signed = claim(made.id, 4, Place::Root, net.now.wall.tick());
    net.command(
        2,
        Command::Claimed {
            claim: CatchMessage::Claim(signed).encode(),
        },
    )
    .unwrap();
    net.restart(2);
    net.run(MINUTE);
    net.restart(1);
    net.run(3 * SYNC_INTERVAL_MS);
    assert!(net.agree(&[0, 1, 2]));
    assert_eq!(stage(&net, 0, &made.id), Stage::Caught);
}

#[test]
fn a_lost_cache_is_brought_back_by_sync_with_the_own_claim() {
    let mut net = line(2);
    let made = throw(&mut net, 0, 1);
    net.run(1_000);
    net.catch(1, made.id, 4);
    net.run(MINUTE);
    // A crash lost what was only cached.
    let store = &mut net.nodes[1].store;
    store.bottles.clear();
    store.content.clear();
    store.rows.retain(|key, _| !key.starts_with("claims"));
    net.unlink(0, 1);
    let rows = net.nodes[1].store.load();
    net.nodes[1].engine = Engine::restore(&config(), [9; 32], rows);
    net.input(1, Input::Start);
    assert!(net.nodes[1].engine.sky().is_empty());
    net.link(0, 1);
    net.run(5_000);
    assert!(net.agree(&[0, 1]));
    assert!(
        net.nodes[1]
            .engine
            .claims(&made.id)
            .unwrap()
            .keeps(&Place::Root, &claimant(4))
    );
}

#[test]
fn the_day_ends_after_three_throws() {
    let mut net = line(2);
    for author in 0..3 {
        throw(&mut net, 0, author);
    }
    let fourth = bottle(4, net.now.wall);
    let outcome = net.command(
        0,
        Command::Throw {
            sky_message: fourth.message.encode(),
        },
    );
    assert!(matches!(outcome, Err(Refusal::Spent(_))));
    assert_eq!(net.nodes[0].engine.sky().len(), 3);
}

#[test]
fn a_recognised_bottle_is_followed_with_its_catches_and_never_caught_by_its_author() {
    let mut net = line(3);
    net.run(1_000);
    let made = throw(&mut net, 0, 1);
    net.run(1_000);
    net.catch(1, made.id, 7);
    net.run(1_000);
    let from = net.nodes[1].peer.clone();
    let recognise = |made: &Made| Command::Recognise {
        own: own_bottle(made),
        from: from.clone(),
    };
    assert_eq!(net.command(2, recognise(&made)), Ok(()));
    assert_eq!(stage(&net, 2, &made.id), Stage::Caught);
    assert!(
        net.nodes[2]
            .engine
            .sky()
            .is_offered(&made.id, net.now.wall.epoch()),
        "others may have it from here, as from everybody"
    );
    assert_eq!(
        net.command(2, Command::Touch { bottle: made.id }),
        Err(Refusal::OwnBottle)
    );
    net.restart(2);
    assert_eq!(stage(&net, 2, &made.id), Stage::Caught);
    let unknown = bottle(9, net.now.wall);
    assert_eq!(net.command(2, recognise(&unknown)), Err(Refusal::UnknownBottle));
}

fn own_bottle(made: &Made) -> OwnBottle {
    let header = made.message.header.value();
    OwnBottle {
        id: made.id,
        nonce: header.nonce,
        author: header.author,
        reply_to: header.reply_to,
        slots: header.slots,
        thrown_at: header.thrown_at,
        expires_at: header.expires_at().start(),
    }
}
