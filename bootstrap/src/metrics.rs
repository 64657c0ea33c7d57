//! What an operator can see: counters and gauges in the OpenMetrics format, and nothing about a person.
//!
//! Labels come from enums and fixed names only, never from a peer's bytes, so the number of series is bounded and no peer
//! id, address or key can end up in one. The table in `docs/BOOTSTRAP.md` lists every metric; a test compares the two.

use std::sync::atomic::AtomicU64;

use meteorite_net::Proto;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Every metric of a server. Cloning shares the numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Established connections, relayed ones included.
    pub(crate) connections: Gauge,
    /// Peers with at least one connection.
    pub(crate) peers: Gauge,
    /// Gossip messages by topic and verdict.
    pub(crate) verdicts: Family<VerdictLabels, Counter>,
    /// Drifting bottles known.
    pub(crate) bottles: Gauge,
    /// Letters held.
    pub(crate) letters: Gauge,
    /// Bytes of letters held.
    pub(crate) letter_bytes: Gauge,
    /// Deposits by outcome.
    pub(crate) deposits: Family<OutcomeLabels, Counter>,
    /// Letters given out to collectors.
    pub(crate) collected: Counter,
    /// Bodies pinned.
    pub(crate) bodies: Gauge,
    /// Bytes of bodies pinned.
    pub(crate) body_bytes: Gauge,
    /// Bodies unpinned because of the quota.
    pub(crate) bodies_evicted: Counter,
    /// Requests by protocol and outcome.
    pub(crate) requests: Family<RequestLabels, Counter>,
    /// Calls that this server made, by protocol and outcome.
    pub(crate) calls: Family<RequestLabels, Counter>,
    /// Payload bytes received and sent, by direction.
    pub(crate) bytes: Family<DirectionLabels, Counter>,
    /// What the network dropped at a limit.
    pub(crate) dropped: Family<OutcomeLabels, Counter>,
    /// Peers disconnected for their behaviour.
    pub(crate) cut_off: Counter,
    /// How late the event loop reached its heartbeat, in seconds.
    pub(crate) loop_lag: Histogram,
    /// Time that a durable commit took, in seconds.
    pub(crate) commit: Histogram,
    /// Failed reads or writes of the database or the block repository.
    pub(crate) storage_failures: Counter,
    /// When the server started, seconds since 1970.
    pub(crate) started: Gauge<f64, AtomicU64>,
}

/// Labels of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct VerdictLabels {
    /// `sky` or `catch`.
    pub(crate) topic: &'static str,
    /// `accept`, `ignore` or `reject`.
    pub(crate) verdict: &'static str,
    /// Why.
    pub(crate) reason: &'static str,
}

/// The label of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    /// One of a fixed set of names.
    pub(crate) outcome: &'static str,
}

/// Labels of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    /// `sync`, `body`, `mail` or `index`.
    pub(crate) protocol: &'static str,
    /// One of a fixed set of names.
    pub(crate) outcome: &'static str,
}

/// The label of a direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DirectionLabels {
    /// `in` or `out`.
    pub(crate) direction: &'static str,
}

impl Metrics {
    /// Fresh metrics, all zero, and the registry that writes them out.
    pub(crate) fn new(version: &'static str) -> (Self, Registry) {
        let metrics = Self {
            connections: Gauge::default(),
            peers: Gauge::default(),
            verdicts: Family::default(),
            bottles: Gauge::default(),
            letters: Gauge::default(),
            letter_bytes: Gauge::default(),
            deposits: Family::default(),
            collected: Counter::default(),
            bodies: Gauge::default(),
            body_bytes: Gauge::default(),
            bodies_evicted: Counter::default(),
            requests: Family::default(),
            calls: Family::default(),
            bytes: Family::default(),
            dropped: Family::default(),
            cut_off: Counter::default(),
            loop_lag: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            commit: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            storage_failures: Counter::default(),
            started: Gauge::default(),
        };
        let mut registry = Registry::with_prefix("meteorite");
        registry.register(
            "build",
            "Version of this server",
            Info::new(vec![("version", version)]),
        );
        metrics.register_network(&mut registry);
        metrics.register_stores(&mut registry);
        metrics.register_process(&mut registry);
        (metrics, registry)
    }

    fn register_network(&self, registry: &mut Registry) {
        registry.register("connections", "Established connections", self.connections.clone());
        registry.register("peers", "Peers with at least one connection", self.peers.clone());
        registry.register(
            "gossip_verdicts",
            "Gossip messages by topic and verdict",
            self.verdicts.clone(),
        );
        registry.register(
            "requests",
            "Requests of peers by protocol and outcome",
            self.requests.clone(),
        );
        registry.register(
            "calls",
            "Requests to peers by protocol and outcome",
            self.calls.clone(),
        );
        registry.register(
            "payload_bytes",
            "Payload bytes of requests, answers and gossip",
            self.bytes.clone(),
        );
        registry.register(
            "dropped",
            "What the network dropped at a limit",
            self.dropped.clone(),
        );
        registry.register(
            "peers_cut_off",
            "Peers disconnected for their behaviour",
            self.cut_off.clone(),
        );
    }

    fn register_stores(&self, registry: &mut Registry) {
        registry.register("bottles", "Drifting bottles known", self.bottles.clone());
        registry.register("letters_held", "Letters held for others", self.letters.clone());
        registry.register(
            "letter_bytes_held",
            "Bytes of letters held for others",
            self.letter_bytes.clone(),
        );
        registry.register(
            "deposits",
            "Deposits of letters by outcome",
            self.deposits.clone(),
        );
        registry.register(
            "letters_collected",
            "Letters given out to collectors",
            self.collected.clone(),
        );
        registry.register("bodies_pinned", "Bodies pinned", self.bodies.clone());
        registry.register(
            "body_bytes_pinned",
            "Bytes of bodies pinned",
            self.body_bytes.clone(),
        );
        registry.register(
            "bodies_evicted",
            "Bodies unpinned because of the quota",
            self.bodies_evicted.clone(),
        );
        let failures = self.storage_failures.clone();
        registry.register(
            "storage_failures",
            "Failed reads or writes of database or blocks",
            failures,
        );
        registry.register(
            "commit_seconds",
            "Duration of durable commits",
            self.commit.clone(),
        );
    }

    fn register_process(&self, registry: &mut Registry) {
        registry.register(
            "loop_lag_seconds",
            "How late the event loop was",
            self.loop_lag.clone(),
        );
        registry.register(
            "start_time_seconds",
            "When the server started, since 1970",
            self.started.clone(),
        );
    }

    /// Counts a request of a peer.
    pub(crate) fn request(&self, proto: Proto, outcome: &'static str) {
        self.requests
            .get_or_create(&RequestLabels {
                protocol: proto_name(proto),
                outcome,
            })
            .inc();
    }

    /// Counts a request to a peer.
    pub(crate) fn call(&self, proto: Proto, outcome: &'static str) {
        self.calls
            .get_or_create(&RequestLabels {
                protocol: proto_name(proto),
                outcome,
            })
            .inc();
    }

    /// Counts payload bytes received.
    pub(crate) fn bytes_in(&self, bytes: usize) {
        self.count_bytes("in", bytes);
    }

    /// Counts payload bytes sent.
    pub(crate) fn bytes_out(&self, bytes: usize) {
        self.count_bytes("out", bytes);
    }

    fn count_bytes(&self, direction: &'static str, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes
            .get_or_create(&DirectionLabels { direction })
            .inc_by(bytes);
    }
}

/// A gauge's value of a count.
pub(crate) fn level(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn proto_name(proto: Proto) -> &'static str {
    match proto {
        Proto::Sync => "sync",
        Proto::Body => "body",
        Proto::Mail => "mail",
        Proto::Index => "index",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_page_lists_every_metric() {
        let (metrics, registry) = Metrics::new("test");
        metrics.request(Proto::Sync, "answered");
        metrics.call(Proto::Sync, "answered");
        metrics.bytes_in(1);
        let outcome = OutcomeLabels { outcome: "receipt" };
        metrics.deposits.get_or_create(&outcome).inc();
        metrics.dropped.get_or_create(&outcome).inc();
        let verdict = VerdictLabels {
            topic: "sky",
            verdict: "accept",
            reason: "accept",
        };
        metrics.verdicts.get_or_create(&verdict).inc();
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let kinds = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE meteorite_"));
        let mut written: Vec<String> = kinds
            .map(|line| match line.split_once(' ').unwrap() {
                (name, "counter") => format!("{name}_total"),
                (name, "info") => format!("{name}_info"),
                (name, _) => name.to_owned(),
            })
            .collect();
        let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
        let page = std::fs::read_to_string(std::path::Path::new(&here).join("../docs/BOOTSTRAP.md")).unwrap();
        let table = page
            .split("## Metrics")
            .nth(1)
            .unwrap()
            .split("\n## ")
            .next()
            .unwrap();
        let mut listed: Vec<String> = table
            .lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
            .collect();
        written.sort();
        listed.sort();
        assert_eq!(written, listed);
    }
}
