//! What scenarios of engines have in common.

use meteorite_protocol::engine::{Command, End, Event};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::mine::Stage;
use meteorite_protocol::topic::Topic;

use crate::core_make::{Made, bottle};
use crate::core_net::Net;

pub(crate) const MINUTE: u64 = 60_000;

pub(crate) fn line(size: usize) -> Net {
    let mut net = Net::new(size);
    for n in 1..size {
        net.link(n - 1, n);
    }
    net
}

pub(crate) fn throw(net: &mut Net, n: usize, author: u64) -> Made {
    let made = bottle(author, net.now.wall);
    net.command(
        n,
        Command::Throw {
            sky_message: made.message.encode(),
        },
    )
    .unwrap();
    made
}

pub(crate) fn topic_of(made: &Made) -> Topic {
    Topic::of_author(&made.message.header.value().author)
}

pub(crate) fn stage(net: &Net, n: usize, bottle: &BottleId) -> Stage {
    net.nodes[n].engine.truth(bottle, net.now).unwrap().stage()
}

pub(crate) fn ends(net: &Net, n: usize, bottle: &BottleId) -> Vec<End> {
    let mut ends = Vec::new();
    for event in &net.nodes[n].events {
        if let Event::Ended { bottle: ended, end } = event
            && ended == bottle
        {
            ends.push(*end);
        }
    }
    ends
}
