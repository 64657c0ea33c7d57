//! Notices that this computer's clock is wrong, from what neighbours let through.
//!
//! Neighbours forward only bottles that are dated to the present of their own clocks. If what comes from them lies in our future
//! or past, and nothing from anybody lies in our present, then it is our clock that differs. One bottle that is on time clears
//! the doubt, so a hostile neighbour that replays old bottles casts none while a single honest one forwards new ones; and the
//! worst that doubt does is to hold back what this user sends.
//!
//! Called by `engine`. It corrects nothing: a clock that peers could move would be a way to move it.

use std::collections::BTreeMap;

use crate::ids::Peer;
use crate::limits::PEERS_MAX;
use crate::time::HOUR_MS;
use crate::verdict::{IgnoreReason, Verdict};

/// How our clock seems to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockDoubt {
    /// What is new to others lies in our future.
    Behind,
    /// What is new to others is old to us.
    Ahead,
}

/// The last word of each neighbour about the time.
#[derive(Debug, Default)]
pub struct ClockWatch {
    /// At most [`PEERS_MAX`].
    off: BTreeMap<Peer, (ClockDoubt, u64)>,
    on_time_ms: Option<u64>,
}

impl ClockWatch {
    /// A bottle of the live sky was judged.
    pub fn handle_gossip(&mut self, peer: &Peer, verdict: Verdict, mono_ms: u64) {
        match verdict {
            Verdict::Accept => {
                self.on_time_ms = Some(mono_ms);
                self.off.clear();
            }
            Verdict::Ignore(IgnoreReason::TooEarly) => self.note(peer, ClockDoubt::Behind, mono_ms),
            Verdict::Ignore(IgnoreReason::TooLate | IgnoreReason::Expired) => {
                self.note(peer, ClockDoubt::Ahead, mono_ms)
            }
            Verdict::Ignore(_) | Verdict::Reject(_) => {}
        }
    }

    /// A neighbour offered, in sync, a bottle that nobody can have thrown yet.
    pub fn handle_future(&mut self, peer: &Peer, mono_ms: u64) {
        self.note(peer, ClockDoubt::Behind, mono_ms);
    }

    /// A neighbour is gone, and its word with it.
    pub fn handle_peer_down(&mut self, peer: &Peer) {
        self.off.remove(peer);
    }

    /// Whether the clock is in doubt, given how many neighbours are connected: nothing was on time for an hour, and at least half
    /// of the neighbours agree on the direction.
    #[must_use]
    pub fn doubt(&self, neighbours: usize, mono_ms: u64) -> Option<ClockDoubt> {
        let recent = |at: u64| mono_ms.saturating_sub(at) < HOUR_MS;
        if self.on_time_ms.is_some_and(recent) {
            return None;
        }
        [ClockDoubt::Behind, ClockDoubt::Ahead].into_iter().find(|doubt| {
            let voices = self
                .off
                .values()
                .filter(|(said, at)| said == doubt && recent(*at))
                .count();
            voices > 0 && voices * 2 >= neighbours
        })
    }

    fn note(&mut self, peer: &Peer, doubt: ClockDoubt, mono_ms: u64) {
        if self.off.len() < PEERS_MAX || self.off.contains_key(peer) {
            self.off.insert(peer.clone(), (doubt, mono_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> Peer {
        Peer::from_ed25519(&[n; 32])
    }

    const EARLY: Verdict = Verdict::Ignore(IgnoreReason::TooEarly);
    const LATE: Verdict = Verdict::Ignore(IgnoreReason::TooLate);

    #[test]
    fn half_of_the_neighbours_must_agree() {
        let mut watch = ClockWatch::default();
        assert_eq!(watch.doubt(0, 0), None);
        watch.handle_gossip(&peer(1), EARLY, 10);
        assert_eq!(watch.doubt(1, 10), Some(ClockDoubt::Behind));
        assert_eq!(watch.doubt(2, 10), Some(ClockDoubt::Behind));
        assert_eq!(watch.doubt(3, 10), None);
        watch.handle_gossip(&peer(2), LATE, 11);
        assert_eq!(watch.doubt(3, 11), None, "they contradict each other");
        watch.handle_future(&peer(2), 12);
        assert_eq!(watch.doubt(3, 12), Some(ClockDoubt::Behind));
        watch.handle_peer_down(&peer(2));
        assert_eq!(watch.doubt(3, 12), None);
    }

    #[test]
    fn one_bottle_on_time_clears_it_for_an_hour() {
        let mut watch = ClockWatch::default();
        watch.handle_gossip(&peer(1), LATE, 0);
        watch.handle_gossip(&peer(2), Verdict::Accept, 1);
        watch.handle_gossip(&peer(1), LATE, 2);
        assert_eq!(watch.doubt(1, 3), None);
        watch.handle_gossip(&peer(1), LATE, HOUR_MS);
        assert_eq!(watch.doubt(1, HOUR_MS + 1), Some(ClockDoubt::Ahead));
        assert_eq!(watch.doubt(1, 2 * HOUR_MS), None, "old words count no more");
    }
}
