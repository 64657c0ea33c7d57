//! Who may connect, how often, and how much one peer may send; what happens to those who overrun it.
//!
//! Pure bookkeeping over `governor` limiters and bounded maps: it opens and closes nothing. Called by [`crate::slot`], which asks before it
//! lets a connection or a payload through.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use libp2p::PeerId;

use crate::limits;

/// The limiters, the strikes and the blocks.
#[derive(Debug)]
pub(crate) struct Guard {
    connections: DefaultKeyedRateLimiter<IpAddr>,
    requests: DefaultKeyedRateLimiter<PeerId>,
    bytes: DefaultKeyedRateLimiter<PeerId>,
    exempt: BTreeSet<IpAddr>,
    strikes: BTreeMap<PeerId, Strikes>,
    blocked: BTreeMap<PeerId, Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Strikes {
    since: Instant,
    count: u32,
}

impl Guard {
    pub(crate) fn new(exempt: BTreeSet<IpAddr>) -> Self {
        let quota = |per_second: u32, burst: u32| {
            Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst))
        };
        Self {
            connections: RateLimiter::keyed(quota(
                limits::IP_CONNECTIONS_PER_SECOND,
                limits::IP_CONNECTIONS_BURST,
            )),
            requests: RateLimiter::keyed(quota(
                limits::PEER_REQUESTS_PER_SECOND,
                limits::PEER_REQUESTS_BURST,
            )),
            bytes: RateLimiter::keyed(quota(limits::PEER_BYTES_PER_SECOND, limits::PEER_BYTES_BURST)),
            exempt,
            strikes: BTreeMap::new(),
            blocked: BTreeMap::new(),
        }
    }

    /// Whether one more connection from this address may shake hands.
    pub(crate) fn admits_connection(&self, ip: IpAddr) -> bool {
        self.exempt.contains(&ip)
            || (self.connections.len() < limits::LIMITER_KEYS_MAX
                && self.connections.check_key(&subnet(ip)).is_ok())
    }

    /// Whether one more request of this peer may be handled.
    pub(crate) fn admits_request(&self, peer: PeerId) -> bool {
        self.requests.check_key(&peer).is_ok()
    }

    /// Whether this many payload bytes of this peer may be handled.
    pub(crate) fn admits_bytes(&self, peer: PeerId, count: usize) -> bool {
        let Some(count) = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)) else {
            return true;
        };
        matches!(self.bytes.check_key_n(&peer, count), Ok(Ok(())))
    }

    /// Counts overruns of a peer; true when it has to be cut off.
    #[must_use]
    pub(crate) fn strike(&mut self, peer: PeerId, count: usize, now: Instant) -> bool {
        let entry = self
            .strikes
            .entry(peer)
            .or_insert(Strikes { since: now, count: 0 });
        if now.duration_since(entry.since) > limits::STRIKE_WINDOW {
            *entry = Strikes { since: now, count: 0 };
        }
        entry.count = entry
            .count
            .saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        entry.count >= limits::STRIKES_MAX
    }

    /// Blocks a peer until `now + time`.
    pub(crate) fn block(&mut self, peer: PeerId, time: Duration, now: Instant) {
        if self.blocked.len() >= limits::BLOCKED_MAX
            && let Some(first) = self
                .blocked
                .iter()
                .min_by_key(|(_, until)| **until)
                .map(|(peer, _)| *peer)
        {
            self.blocked.remove(&first);
        }
        if let Some(until) = now.checked_add(time) {
            self.blocked.insert(peer, until);
        }
    }

    /// Whether a peer is blocked.
    pub(crate) fn is_blocked(&self, peer: &PeerId, now: Instant) -> bool {
        self.blocked.get(peer).is_some_and(|until| *until > now)
    }

    /// Forgets what has expired; returns the peers whose block ended.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<PeerId> {
        self.connections.retain_recent();
        self.requests.retain_recent();
        self.bytes.retain_recent();
        self.strikes
            .retain(|_, strikes| now.duration_since(strikes.since) <= limits::STRIKE_WINDOW);
        let freed: Vec<PeerId> = self
            .blocked
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(peer, _)| *peer)
            .collect();
        self.blocked.retain(|_, until| *until > now);
        freed
    }
}

/// IPv6 hosts own at least a /64, so that is the unit.
fn subnet(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

fn at_least_one(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subnet_share_a_budget() {
        let guard = Guard::new(BTreeSet::new());
        let admitted = (0..100u16)
            .filter(|n| guard.admits_connection(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, *n).into()))
            .count();
        assert_eq!(admitted, limits::IP_CONNECTIONS_BURST as usize);
        assert!(guard.admits_connection("2001:db8:0:2::1".parse().unwrap()));
    }

    #[test]
    fn exempt_addresses_are_never_refused() {
        let ip: IpAddr = "127.0.0.1".parse().unwrap();
        let guard = Guard::new(BTreeSet::from([ip]));
        assert!((0..1_000).all(|_| guard.admits_connection(ip)));
    }

    #[test]
    fn bytes_above_the_burst_are_refused() {
        let guard = Guard::new(BTreeSet::new());
        let peer = PeerId::random();
        assert!(!guard.admits_bytes(peer, limits::PEER_BYTES_BURST as usize + 1));
        assert!(guard.admits_bytes(peer, limits::PEER_BYTES_BURST as usize));
        assert!(!guard.admits_bytes(peer, limits::PEER_BYTES_BURST as usize / 2));
        assert!(guard.admits_bytes(PeerId::random(), 1));
        assert!(guard.admits_bytes(peer, 0));
    }

    #[test]
    fn strikes_fade_and_blocks_end() {
        let mut guard = Guard::new(BTreeSet::new());
        let (peer, start) = (PeerId::random(), Instant::now());
        assert!(!guard.strike(peer, limits::STRIKES_MAX as usize - 1, start));
        assert!(!guard.strike(peer, 1, start + limits::STRIKE_WINDOW * 2));
        assert!(guard.strike(
            peer,
            limits::STRIKES_MAX as usize,
            start + limits::STRIKE_WINDOW * 2
        ));
        guard.block(peer, Duration::from_secs(5), start);
        assert!(guard.is_blocked(&peer, start));
        assert_eq!(guard.sweep(start + Duration::from_secs(6)), [peer]);
        assert!(!guard.is_blocked(&peer, start));
    }

    #[test]
    fn blocked_peers_are_bounded() {
        let mut guard = Guard::new(BTreeSet::new());
        let start = Instant::now();
        for second in 0..limits::BLOCKED_MAX + 100 {
            guard.block(PeerId::random(), Duration::from_secs(10 + second as u64), start);
        }
        assert_eq!(guard.blocked.len(), limits::BLOCKED_MAX);
    }
}
