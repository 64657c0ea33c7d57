//! Kad on our own protocol id: a routing table and nothing else.
//!
//! It finds peers near a key (mailboxes, neighbours). It stores no record and no provider for anyone, publishes none, and never tells the
//! public IPFS DHT that this node exists. Addresses enter the table only from identify, and only where they make sense (see
//! [`is_fit`]).

use std::borrow::Cow;
use std::time::Duration;

use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{
    Behaviour, BucketInserts, Caching, Config, Mode, ProviderRecord, Record, RecordKey, StoreInserts,
};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, StreamProtocol};

use crate::config::Role;
use crate::event::Reachability;
use crate::gossip::ip_of;
use crate::limits;

/// Kad without a store.
pub(crate) type Kad = Behaviour<NoStore>;

/// The protocol id; also how a server is recognised in identify.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/meteorite/kad/1");

/// Builds kad in client mode.
pub(crate) fn build(local: PeerId) -> Kad {
    let mut config = Config::new(PROTOCOL);
    config
        .set_query_timeout(limits::LOOKUP_TIMEOUT)
        .set_replication_factor(limits::LOOKUP_PEERS)
        .set_record_filtering(StoreInserts::FilterBoth)
        .set_record_ttl(None)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_record_ttl(None)
        .set_provider_publication_interval(None)
        .set_max_packet_size(16 * 1024)
        .set_kbucket_inserts(BucketInserts::Manual)
        .set_caching(Caching::Disabled)
        .set_periodic_bootstrap_interval(Some(Duration::from_secs(300)))
        .disjoint_query_paths(true);
    let mut kad = Behaviour::with_config(local, NoStore, config);
    kad.set_mode(Some(Mode::Client));
    kad
}

/// The mode for what we know of ourselves: server for bootstraps, for the publicly reachable, and in a network that has no public side
/// (all our addresses are loopback, private or memory, and no bootstrap address is public).
pub(crate) fn mode(
    role: Role,
    reachability: Reachability,
    listeners: &[Multiaddr],
    bootstrap: &[Multiaddr],
) -> Mode {
    let local_only =
        !listeners.is_empty() && listeners.iter().all(is_local) && bootstrap.iter().all(is_local);
    if role == Role::Bootstrap || reachability == Reachability::Public || local_only {
        Mode::Server
    } else {
        Mode::Client
    }
}

/// Whether an address that a peer claims belongs into the routing table, given the address through which we really talk to it: local
/// addresses count only among locals, relayed ones never, and names never (they would be resolved by whoever asks).
pub(crate) fn is_fit(claimed: &Multiaddr, seen: &Multiaddr) -> bool {
    let plain = claimed.iter().all(|part| {
        !matches!(
            part,
            Protocol::P2pCircuit | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)
        )
    });
    let unspecified = ip_of(claimed).is_some_and(|ip| ip.is_unspecified());
    plain && !unspecified && (!is_local(claimed) || is_local(seen))
}

/// Loopback, private, link-local and memory addresses.
pub(crate) fn is_local(address: &Multiaddr) -> bool {
    match ip_of(address) {
        Some(std::net::IpAddr::V4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Some(std::net::IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
        None => address.iter().any(|part| matches!(part, Protocol::Memory(_))),
    }
}

/// A record store that is always empty.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NoStore;

impl RecordStore for NoStore {
    type RecordsIter<'a> = std::iter::Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = std::iter::Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, _: &RecordKey) -> Option<Cow<'_, Record>> {
        None
    }

    fn put(&mut self, _: Record) -> Result<()> {
        Err(Error::MaxRecords)
    }

    fn remove(&mut self, _: &RecordKey) {}

    fn records(&self) -> Self::RecordsIter<'_> {
        std::iter::empty()
    }

    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Err(Error::MaxProvidedKeys)
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        std::iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn server_only_where_reachable() {
        let lan = [address("/ip4/192.168.1.7/udp/9/quic-v1")];
        let public = [address("/ip4/203.0.113.9/udp/9/quic-v1")];
        let check = |role, reachability, listeners: &[Multiaddr], bootstrap: &[Multiaddr]| {
            mode(role, reachability, listeners, bootstrap)
        };
        assert_eq!(
            check(Role::Bootstrap, Reachability::Unknown, &[], &public),
            Mode::Server
        );
        assert_eq!(
            check(Role::Node, Reachability::Public, &lan, &public),
            Mode::Server
        );
        assert_eq!(check(Role::Node, Reachability::Unknown, &lan, &[]), Mode::Server);
        assert_eq!(
            check(Role::Node, Reachability::Private, &lan, &public),
            Mode::Client
        );
        assert_eq!(check(Role::Node, Reachability::Unknown, &[], &[]), Mode::Client);
    }

    #[test]
    fn local_addresses_count_only_among_locals() {
        let lan = address("/ip4/192.168.1.7/udp/9/quic-v1");
        let public = address("/ip4/203.0.113.9/udp/9/quic-v1");
        assert!(is_fit(&lan, &address("/ip4/192.168.1.7/udp/50000/quic-v1")));
        assert!(!is_fit(&lan, &public));
        assert!(is_fit(&public, &public));
        assert!(!is_fit(&address("/dns/example.org/tcp/1"), &public));
        assert!(!is_fit(&address("/ip4/203.0.113.9/tcp/1/p2p-circuit"), &public));
    }
}
