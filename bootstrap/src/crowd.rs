//! Which of the connected peers the engine knows.
//!
//! The engine tracks [`PEERS_MAX`] neighbours, which is plenty for a node and little for a server with thousands of
//! connections. So the server introduces those that do something: who speaks takes the place of the one that was silent
//! longest. A peer that is connected and silent costs the engine nothing.

use std::collections::BTreeMap;

use meteorite_net::PeerId;
use meteorite_protocol::limits::PEERS_MAX;

/// The peers that the engine was told about.
#[derive(Debug)]
pub(crate) struct Crowd {
    places: usize,
    last_heard: BTreeMap<PeerId, u64>,
    by_silence: BTreeMap<u64, PeerId>,
    turn: u64,
}

/// What to tell the engine before it hears a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It knows the peer.
    Known,
    /// The peer is new to it; `instead` leaves first.
    New {
        /// Who makes room.
        instead: Option<PeerId>,
    },
}

impl Crowd {
    pub(crate) fn new() -> Self {
        Self::with_places(PEERS_MAX)
    }

    fn with_places(places: usize) -> Self {
        Self {
            places,
            last_heard: BTreeMap::new(),
            by_silence: BTreeMap::new(),
            turn: 0,
        }
    }

    /// A peer connected. It is introduced at once while there is room.
    pub(crate) fn connected(&mut self, peer: PeerId) -> Option<Entry> {
        (self.last_heard.len() < self.places).then(|| self.heard(peer))
    }

    /// A peer did something.
    pub(crate) fn heard(&mut self, peer: PeerId) -> Entry {
        self.turn += 1;
        let before = self.last_heard.insert(peer, self.turn);
        self.by_silence.insert(self.turn, peer);
        if let Some(turn) = before {
            self.by_silence.remove(&turn);
            return Entry::Known;
        }
        let instead = (self.last_heard.len() > self.places)
            .then(|| self.by_silence.pop_first())
            .flatten();
        let instead = instead.map(|(_, silent)| silent);
        if let Some(silent) = instead {
            self.last_heard.remove(&silent);
        }
        Entry::New { instead }
    }

    /// Those that the engine knows.
    pub(crate) fn known(&self) -> impl Iterator<Item = &PeerId> {
        self.last_heard.keys()
    }

    /// A peer left. `true`: the engine knew it.
    pub(crate) fn left(&mut self, peer: &PeerId) -> bool {
        match self.last_heard.remove(peer) {
            Some(turn) => self.by_silence.remove(&turn).is_some(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_silent_makes_room() {
        let mut crowd = Crowd::with_places(2);
        let [first, second, third] = [PeerId::random(), PeerId::random(), PeerId::random()];
        assert_eq!(crowd.connected(first), Some(Entry::New { instead: None }));
        assert_eq!(crowd.connected(second), Some(Entry::New { instead: None }));
        assert_eq!(crowd.connected(third), None, "it has not said anything");
        assert_eq!(crowd.heard(first), Entry::Known);
        assert_eq!(
            crowd.heard(third),
            Entry::New {
                instead: Some(second)
            }
        );
        assert!(!crowd.left(&second));
        assert!(crowd.left(&third));
        assert_eq!(crowd.heard(second), Entry::New { instead: None });
    }
}
