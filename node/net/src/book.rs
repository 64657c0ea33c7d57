//! The bounded address book, and when which address may be dialled again.
//!
//! Pure: time comes in, decisions go out; [`crate::slot`] dials. Back-off is per address, doubled at each failure, with jitter, so that a
//! thousand nodes do not come back to a restarted server in the same second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::limits;
use crate::resolve::has_name;

/// Known peers and their addresses.
#[derive(Debug, Default)]
pub(crate) struct Book {
    peers: BTreeMap<PeerId, Known>,
    strangers: Vec<Entry>,
}

/// What to dial next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Whom we expect there; `None` for a bootstrap address without peer id.
    pub(crate) peer: Option<PeerId>,
    /// Addresses, possibly with names to be resolved.
    pub(crate) addresses: Vec<Multiaddr>,
}

/// Where an address comes from; earlier kinds are dialled first and never forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Configured bootstrap server.
    Bootstrap,
    /// Connected in an earlier run, from an invite, or on this network.
    Cached,
    /// Told by identify or kad.
    Learned,
}

#[derive(Debug)]
struct Known {
    source: Source,
    seen: Instant,
    addresses: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    address: Multiaddr,
    failures: u32,
    next: Instant,
}

impl Book {
    /// Notes an address. Its own `/p2p/…` suffix is cut; relayed addresses keep the relay's.
    pub(crate) fn learn(&mut self, peer: PeerId, address: &Multiaddr, source: Source, now: Instant) {
        let address = without_peer(address);
        if address.is_empty() || address.len() > ADDRESS_BYTES_MAX {
            return;
        }
        if !self.peers.contains_key(&peer)
            && self.peers.len() >= limits::BOOK_PEERS_MAX
            && !self.evict(source)
        {
            return;
        }
        let known = self.peers.entry(peer).or_insert_with(|| Known {
            source,
            seen: now,
            addresses: Vec::new(),
        });
        known.source = known.source.min(source);
        known.seen = now;
        if known.addresses.iter().any(|entry| entry.address == address) {
            return;
        }
        if known.addresses.len() >= limits::BOOK_ADDRESSES_PER_PEER_MAX {
            let worst = known
                .addresses
                .iter()
                .enumerate()
                .max_by_key(|(_, entry)| entry.failures)
                .map(|(index, _)| index);
            worst.map(|index| known.addresses.swap_remove(index));
        }
        known.addresses.push(Entry {
            address,
            failures: 0,
            next: now,
        });
    }

    /// Notes a bootstrap address; without a peer id it is kept apart, and whoever answers there is welcome.
    pub(crate) fn learn_bootstrap(&mut self, address: &Multiaddr, now: Instant) {
        match peer_of(address) {
            Some(peer) => self.learn(peer, address, Source::Bootstrap, now),
            None if self.strangers.len() < limits::BOOK_ADDRESSES_PER_PEER_MAX * 2 => {
                self.strangers.push(Entry {
                    address: address.clone(),
                    failures: 0,
                    next: now,
                });
            }
            None => {}
        }
    }

    /// Addresses to try for a peer, without names.
    pub(crate) fn addresses(&self, peer: &PeerId) -> Vec<Multiaddr> {
        let known = self
            .peers
            .get(peer)
            .into_iter()
            .flat_map(|known| &known.addresses);
        known
            .map(|entry| &entry.address)
            .filter(|address| !has_name(address))
            .cloned()
            .collect()
    }

    /// Whether the peer is a configured bootstrap server.
    pub(crate) fn is_bootstrap(&self, peer: &PeerId) -> bool {
        self.peers
            .get(peer)
            .is_some_and(|known| known.source == Source::Bootstrap)
    }

    /// A dial failed: its address rests. `jitter` is uniform in 0.5..1.5.
    pub(crate) fn failed(&mut self, peer: Option<PeerId>, address: &Multiaddr, now: Instant, jitter: f64) {
        let bare = without_peer(address);
        let entries = match peer.and_then(|peer| self.peers.get_mut(&peer)) {
            Some(known) => &mut known.addresses,
            None => &mut self.strangers,
        };
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.address == bare || has_name(&entry.address))
        {
            entry.failures = entry.failures.saturating_add(1);
            let doubled = limits::BACKOFF_FIRST.saturating_mul(1 << entry.failures.saturating_sub(1).min(16));
            entry.next = now + doubled.min(limits::BACKOFF_LONGEST).mul_f64(jitter);
        }
    }

    /// A connection stands: its address is good.
    pub(crate) fn succeeded(&mut self, peer: PeerId, address: &Multiaddr, now: Instant) {
        let bare = without_peer(address);
        if let Some(known) = self.peers.get_mut(&peer) {
            known.seen = now;
            for entry in known.addresses.iter_mut().filter(|entry| entry.address == bare) {
                entry.failures = 0;
                entry.next = now;
            }
        }
        for entry in self.strangers.iter_mut().filter(|entry| entry.address == bare) {
            entry.failures = 0;
            entry.next = now + limits::BACKOFF_LONGEST;
        }
    }

    /// Clears all back-offs (after a sleep, or a change of network).
    pub(crate) fn wake_all(&mut self, now: Instant) {
        for entry in self
            .peers
            .values_mut()
            .flat_map(|known| &mut known.addresses)
            .chain(&mut self.strangers)
        {
            entry.next = now;
            entry.failures = 0;
        }
    }

    /// Up to `count` targets that are due, bootstraps first, then those known best.
    pub(crate) fn due(&self, now: Instant, count: usize, skip: impl Fn(&PeerId) -> bool) -> Vec<Target> {
        let ready = |entries: &[Entry]| -> Vec<Multiaddr> {
            entries
                .iter()
                .filter(|entry| entry.next <= now)
                .map(|entry| entry.address.clone())
                .collect()
        };
        let mut peers: Vec<_> = self
            .peers
            .iter()
            .filter(|(peer, _)| !skip(peer))
            .map(|(peer, known)| (peer, known, ready(&known.addresses)))
            .collect();
        peers.retain(|(_, _, addresses)| !addresses.is_empty());
        peers.sort_by_key(|(_, known, _)| {
            (
                known.source,
                known.addresses.iter().map(|entry| entry.failures).min(),
                std::cmp::Reverse(known.seen),
            )
        });
        let strangers = self.strangers.iter().filter(|entry| entry.next <= now);
        let strangers = strangers.map(|entry| Target {
            peer: None,
            addresses: vec![entry.address.clone()],
        });
        let known = peers.into_iter().map(|(peer, _, addresses)| Target {
            peer: Some(*peer),
            addresses,
        });
        strangers.chain(known).take(count).collect()
    }

    /// Rests a target that is being dialled, so that the next heartbeat does not dial it again.
    pub(crate) fn rest(&mut self, target: &Target, now: Instant) {
        let entries = match target.peer.and_then(|peer| self.peers.get_mut(&peer)) {
            Some(known) => &mut known.addresses,
            None => &mut self.strangers,
        };
        for entry in entries
            .iter_mut()
            .filter(|entry| target.addresses.contains(&entry.address))
        {
            entry.next = entry.next.max(now + DIAL_TIME);
        }
    }

    /// Forgets learned peers that are old and not connected.
    pub(crate) fn sweep(&mut self, now: Instant, connected: impl Fn(&PeerId) -> bool) {
        self.peers.retain(|peer, known| {
            let hopeless = known.addresses.iter().all(|entry| entry.failures >= FAILURES_MAX);
            let old = now.duration_since(known.seen) > limits::BOOK_AGE_MAX;
            known.source != Source::Learned || connected(peer) || !(hopeless || old)
        });
    }

    /// How many peers are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Makes room for a peer of this source; false when everyone in the book is worth more.
    fn evict(&mut self, source: Source) -> bool {
        let worst = self.peers.iter().max_by_key(|(_, known)| {
            (
                known.source,
                known.addresses.iter().map(|entry| entry.failures).min(),
                std::cmp::Reverse(known.seen),
            )
        });
        let Some(peer) = worst
            .filter(|(_, known)| known.source >= source && known.source != Source::Bootstrap)
            .map(|(peer, _)| *peer)
        else {
            return false;
        };
        self.peers.remove(&peer).is_some()
    }
}

/// The peer id at the end of an address.
pub(crate) fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    if let Some(Protocol::P2p(peer)) = address.iter().last() {
        Some(peer)
    } else {
        None
    }
}

/// The address without the peer id at its end.
pub(crate) fn without_peer(address: &Multiaddr) -> Multiaddr {
    let mut address = address.clone();
    if matches!(address.iter().last(), Some(Protocol::P2p(_))) {
        address.pop();
    }
    address
}

/// Uniform in 0.5..1.5.
pub(crate) fn jitter() -> f64 {
    rand::random_range(0.5..1.5)
}

/// A sane address is far shorter.
const ADDRESS_BYTES_MAX: usize = 256;
/// Longer than any dial takes.
const DIAL_TIME: Duration = Duration::from_secs(15);
/// A learned peer whose every address failed so often in a row is forgotten.
const FAILURES_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> Multiaddr {
        format!("/ip4/10.0.{}.{}/tcp/4001", n / 256, n % 256)
            .parse()
            .unwrap()
    }

    #[test]
    fn back_off_doubles_and_is_capped() {
        let (mut book, peer, start) = (Book::default(), PeerId::random(), Instant::now());
        book.learn(peer, &address(1), Source::Learned, start);
        let mut waits = Vec::new();
        for _ in 0..12 {
            book.failed(Some(peer), &address(1), start, 1.0);
            let wait = (0..2_000).find(|seconds| {
                !book
                    .due(start + Duration::from_secs(*seconds), 1, |_| false)
                    .is_empty()
            });
            waits.push(wait.unwrap());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        book.wake_all(start);
        assert_eq!(book.due(start, 1, |_| false).len(), 1);
    }

    #[test]
    fn book_is_bounded_and_keeps_what_matters() {
        let (mut book, start) = (Book::default(), Instant::now());
        let (server, friend) = (PeerId::random(), PeerId::random());
        book.learn_bootstrap(&address(0).with(Protocol::P2p(server)), start);
        book.learn(friend, &address(1), Source::Cached, start);
        for n in 0..limits::BOOK_PEERS_MAX * 2 {
            book.learn(PeerId::random(), &address(n), Source::Learned, start);
            book.learn(server, &address(n), Source::Learned, start);
        }
        assert_eq!(book.len(), limits::BOOK_PEERS_MAX);
        assert!(book.addresses(&server).len() <= limits::BOOK_ADDRESSES_PER_PEER_MAX);
        assert_eq!(book.addresses(&friend), [address(1)]);
        assert!(book.is_bootstrap(&server));
        assert_eq!(book.due(start, 1, |_| false).first().unwrap().peer, Some(server));
        book.sweep(start + limits::BOOK_AGE_MAX * 2, |_| false);
        assert_eq!(book.len(), 2);
    }

    #[test]
    fn names_and_nameless_servers_are_dialled_but_not_handed_out() {
        let (mut book, peer, start) = (Book::default(), PeerId::random(), Instant::now());
        book.learn(
            peer,
            &"/dns/example.org/tcp/1".parse().unwrap(),
            Source::Bootstrap,
            start,
        );
        book.learn_bootstrap(&address(7), start);
        assert!(book.addresses(&peer).is_empty());
        let due = book.due(start, 9, |_| false);
        assert_eq!(due.len(), 2);
        book.rest(due.first().unwrap(), start);
        assert_eq!(book.due(start, 9, |_| false).len(), 1);
    }
}
