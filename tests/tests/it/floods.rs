//! Floods against real nodes: what is invalid costs its sender the connection, what is valid only makes stamps dearer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use meteorite_crypto::root::Root;
use meteorite_net::{Net, NetConfig, Role};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_tests::forge::{sky_message, unsigned_message};
use tokio::task::JoinHandle;

use crate::harness::Ship;

/// Some nodes, each connected to all before it, and a bare swarm connected to all of them.
struct Sea {
    ships: Vec<Ship>,
    flooder: Net,
    drain: JoinHandle<()>,
}

impl Sea {
    async fn new(count: usize) -> Self {
        let mut ships = Vec::<Ship>::new();
        let mut config = NetConfig::new(Role::Node, rand::random());
        config.seek_neighbours = false;
        config.global_addresses_only = false;
        let (flooder, mut events) = Net::start(config).await.unwrap();
        let drain = tokio::spawn(async move { while events.recv().await.is_some() {} });
        for _ in 0..count {
            let ship = Ship::launch().await;
            for other in &ships {
                ship.dial(&other.address().await).await;
            }
            flooder.dial(ship.address().await.parse().unwrap()).await.unwrap();
            ships.push(ship);
        }
        Self {
            ships,
            flooder,
            drain,
        }
    }

    /// Throws a bottle on each node in turn and counts in how many other skies it arrives.
    async fn throws_arrive(&self, rounds: usize) -> (usize, usize) {
        let mut thrown = BTreeSet::new();
        for round in 0..rounds {
            for (at, ship) in self.ships.iter().enumerate() {
                let text = format!("Bottle {round} of ship {at} through the flood.");
                thrown.insert(ship.throw(&text).await);
            }
        }
        let expected = thrown.len() * self.ships.len();
        let start = Instant::now();
        loop {
            let mut there = 0;
            for ship in &self.ships {
                there += ship.sky().await.intersection(&thrown).count();
                // An own bottle does not fall in the own sky.
                there += rounds;
            }
            if there == expected || start.elapsed() > Duration::from_secs(30) {
                return (there, expected);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn end(self) {
        for ship in self.ships {
            ship.node.shutdown().await.unwrap();
        }
        self.flooder.shutdown().await.unwrap();
        self.drain.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_headers_cost_the_flooder_every_neighbour_within_half_a_minute() {
    let sea = Sea::new(2).await;
    let id = sea.flooder.local_peer().to_string();
    let start = Instant::now();
    while neighbours_named(&sea, &id).await < 2 {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "it is everybody's neighbour"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let net = sea.flooder.clone();
    let flood = tokio::spawn(async move {
        let root = Root::generate(&mut rand::rng());
        // 3,000 a minute.
        for at in 0..u32::MAX {
            let (topic, bytes) = unsigned_message(&root, &format!("Nobody signed number {at}."));
            net.publish(&topic.to_string(), bytes).await.ok();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let start = Instant::now();
    while neighbours_named(&sea, &id).await > 0 {
        assert!(start.elapsed() < Duration::from_secs(30), "still connected");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    flood.abort();
    assert_eq!(sea.ships[0].sky().await.len(), 0, "nothing of it fell");
    let (there, expected) = sea.throws_arrive(1).await;
    assert_eq!(there, expected, "honest bottles travel on");
    sea.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valid_headers_only_raise_the_price_and_what_pays_it_is_delivered() {
    let sea = Sea::new(3).await;
    let floor = u8::try_from(Params::for_tests().stamp_bits_floor()).unwrap();
    let root = Root::generate(&mut rand::rng());
    for at in 0..4_000 {
        let (topic, bytes) = sky_message(&root, &format!("Flood number {at}."));
        sea.flooder.publish(&topic.to_string(), bytes).await.ok();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for ship in &sea.ships {
        let snapshot = ship.node.snapshot().borrow().clone();
        assert!(
            snapshot.stamp_bits > floor,
            "stamps still cost {} bits",
            snapshot.stamp_bits
        );
    }
    let id = sea.flooder.local_peer().to_string();
    assert_eq!(neighbours_named(&sea, &id).await, 3, "it broke no rule");
    let (there, expected) = sea.throws_arrive(3).await;
    assert!(
        there * 100 >= expected * 99,
        "only {there} of {expected} arrived through the flood"
    );
    sea.end().await;
}

#[test]
fn the_flood_reaches_every_topic() {
    let root = Root::generate(&mut rand::rng());
    let topics: BTreeSet<Topic> = (0..400).map(|_| sky_message(&root, "x").0).collect();
    assert_eq!(topics.len(), 16);
}

/// How many nodes have this neighbour.
async fn neighbours_named(sea: &Sea, id: &str) -> usize {
    let mut count = 0;
    for ship in &sea.ships {
        count += usize::from(ship.peers().await.iter().any(|peer| peer.peer == id));
    }
    count
}
