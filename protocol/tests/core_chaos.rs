//! Random histories of a network: whatever happened, after it heals all nodes hold the same sky, and restarts forget nothing.

use meteorite_protocol::engine::Command;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::limits::SYNC_INTERVAL_MS;
use meteorite_protocol::sky::Standing;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::core_make::{Made, bottle, bottle_of, withdrawal};
use crate::core_net::Net;
use crate::core_scene::topic_of;

const NODES: usize = 4;

#[derive(Debug, Clone)]
enum Event {
    Throw { node: usize },
    Catch { node: usize, bottle: usize },
    Withdraw { bottle: usize },
    Equivocate { node: usize, bottle: usize },
    Restart { node: usize },
    Link { a: usize, b: usize },
    Unlink { a: usize, b: usize },
    Wait { ms: u64 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let node = 0..NODES;
    let event = prop_oneof![
        4 => node.clone().prop_map(|node| Event::Throw { node }),
        5 => (node.clone(), 0_usize..12).prop_map(|(node, bottle)| Event::Catch { node, bottle }),
        1 => (0_usize..12).prop_map(|bottle| Event::Withdraw { bottle }),
        1 => (node.clone(), 0_usize..12).prop_map(|(node, bottle)| Event::Equivocate { node, bottle }),
        2 => node.clone().prop_map(|node| Event::Restart { node }),
        3 => (node.clone(), node.clone()).prop_map(|(a, b)| Event::Link { a, b }),
        2 => (node.clone(), node).prop_map(|(a, b)| Event::Unlink { a, b }),
        6 => (5_u64..40_000).prop_map(|ms| Event::Wait { ms }),
    ];
    vec(event, 5..40)
}

/// What has happened so far.
struct History {
    net: Net,
    thrown: Vec<(usize, Made)>,
    finders: u64,
}

impl History {
    fn new() -> Self {
        let mut net = Net::new(NODES);
        net.link(0, 1);
        net.link(1, 2);
        net.link(2, 3);
        Self {
            net,
            thrown: Vec::new(),
            finders: 0,
        }
    }

    /// Commands may be refused, as a user's may; what must not happen is a panic or a difference.
    fn happen(&mut self, event: Event) {
        match event {
            Event::Throw { node } => {
                let made = bottle(self.thrown.len() as u64, self.net.now.wall);
                let sky_message = made.message.encode();
                if self.net.command(node, Command::Throw { sky_message }).is_ok() {
                    self.thrown.push((node, made));
                }
            }
            Event::Catch { node, bottle } => {
                let Some(id) = self.pick(bottle) else { return };
                if self.net.command(node, Command::Touch { bottle: id }).is_ok() {
                    self.finders += 1;
                    if self.net.nodes[node]
                        .engine
                        .hold()
                        .check_open(&id, self.net.now)
                        .is_ok()
                    {
                        self.net.open(node, id, self.finders);
                    }
                }
            }
            Event::Withdraw { bottle } => {
                let at = bottle % self.thrown.len().max(1);
                let Some((node, made)) = self.thrown.get(at) else {
                    return;
                };
                let (node, withdrawal) = (*node, withdrawal(made));
                // Refused once it was caught.
                let _refused = self.net.command(node, Command::Withdraw { withdrawal });
            }
            Event::Equivocate { node, bottle } => {
                let author = bottle % self.thrown.len().max(1);
                if author < self.thrown.len() {
                    let made = bottle_of(author as u64, 1, self.net.now.wall, |_| {});
                    let from = (node + 1) % NODES;
                    self.net
                        .gossip(from, node, topic_of(&made), made.message.encode());
                }
            }
            Event::Restart { node } => self.net.restart(node),
            Event::Link { a, b } if a != b => self.net.link(a, b),
            Event::Unlink { a, b } if a != b => self.net.unlink(a, b),
            Event::Link { .. } | Event::Unlink { .. } => {}
            Event::Wait { ms } => self.net.run(ms),
        }
    }

    fn pick(&self, bottle: usize) -> Option<BottleId> {
        self.thrown
            .get(bottle % self.thrown.len().max(1))
            .map(|(_, made)| made.id)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_heals_to_one_sky(events in events()) {
        let mut history = History::new();
        for event in events {
            history.happen(event);
        }
        let net = &mut history.net;
        for a in 0..NODES {
            net.link(a, (a + 1) % NODES);
        }
        // Half an hour: long enough for the window of gossip to close on what nobody was there to take.
        net.run(30 * SYNC_INTERVAL_MS);
        prop_assert!(net.agree(&[0, 1, 2, 3]));
        for (node, made) in &history.thrown {
            for other in &history.net.nodes {
                prop_assert_ne!(other.engine.sky().standing(&made.id), Standing::Unknown, "thrown by {}", node);
            }
        }
        for node in 0..NODES {
            history.net.restart(node);
            prop_assert!(history.net.nodes[node].blocked.is_empty());
        }
    }
}
