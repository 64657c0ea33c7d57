//! How much one peer may do in an hour: token buckets by peer, bounded in number.
//!
//! Peer ids are free, so this keeps one faulty or greedy peer from using up what is meant for all; floods from many ids meet
//! the connection limits of the network and the total quota of the mailbox. Full buckets are forgotten first, because they
//! say nothing.

use std::collections::BTreeMap;

use meteorite_net::PeerId;

/// The buckets of all peers that did something lately.
#[derive(Debug)]
pub(crate) struct Rates {
    per_hour: u64,
    buckets: BTreeMap<PeerId, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Thousandths of a token, so that slow rates do not round to nothing.
    milli: u64,
    at_ms: u64,
}

impl Rates {
    /// Each peer may do `per_hour` things an hour, all of them at once if it likes.
    pub(crate) fn new(per_hour: u32) -> Self {
        Self {
            per_hour: u64::from(per_hour),
            buckets: BTreeMap::new(),
        }
    }

    /// Takes one token of this peer. `false`: it has none left, or there are too many peers to tell apart.
    #[must_use]
    pub(crate) fn take(&mut self, peer: PeerId, mono_ms: u64) -> bool {
        if !self.buckets.contains_key(&peer) && !self.make_room(mono_ms) {
            return false;
        }
        let full = self.per_hour.saturating_mul(1_000);
        let bucket = self.buckets.entry(peer).or_insert(Bucket {
            milli: full,
            at_ms: mono_ms,
        });
        let filled = filled(*bucket, self.per_hour, mono_ms);
        if filled < 1_000 {
            // Left as it is, so that asking in vain rounds nothing away.
            return false;
        }
        *bucket = Bucket {
            milli: filled - 1_000,
            at_ms: mono_ms,
        };
        true
    }

    fn make_room(&mut self, mono_ms: u64) -> bool {
        if self.buckets.len() >= PEERS_MAX {
            let (per_hour, full) = (self.per_hour, self.per_hour.saturating_mul(1_000));
            self.buckets
                .retain(|_, bucket| filled(*bucket, per_hour, mono_ms) < full);
        }
        self.buckets.len() < PEERS_MAX
    }
}

fn filled(bucket: Bucket, per_hour: u64, mono_ms: u64) -> u64 {
    // per_hour tokens in 3,600,000 ms are per_hour / 3,600 thousandths in each ms.
    let earned = mono_ms.saturating_sub(bucket.at_ms).saturating_mul(per_hour) / 3_600;
    bucket
        .milli
        .saturating_add(earned)
        .min(per_hour.saturating_mul(1_000))
}

/// Peers told apart; when all of them used tokens lately, a further one is refused.
const PEERS_MAX: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_gets_its_share_and_earns_it_back() {
        let mut rates = Rates::new(60);
        let peer = PeerId::random();
        let taken = (0..100).filter(|_| rates.take(peer, 1_000)).count();
        assert_eq!(taken, 60);
        assert!(!rates.take(peer, 30_000), "half a minute earns half a letter");
        assert!(rates.take(peer, 61_000));
        assert!(
            rates.take(PeerId::random(), 61_000),
            "another peer has its own share"
        );
    }

    #[test]
    fn asking_in_vain_does_not_stop_the_clock() {
        let mut rates = Rates::new(1);
        let peer = PeerId::random();
        assert!(rates.take(peer, 0));
        let refused = (1..3_600)
            .filter(|second| !rates.take(peer, second * 1_000))
            .count();
        assert_eq!(refused, 3_599);
        assert!(rates.take(peer, 3_600_000 + 3_600));
    }
}
