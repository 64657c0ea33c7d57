//! A node whose events are read, judged and answered by a task, and conditions with deadlines.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use meteorite_net::{Multiaddr, Net, NetConfig, NetEvent, PeerId, Proto, Role, Verdict};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Long enough for a busy machine; no passing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A topic that every node knows.
pub(crate) const SKY: &str = "/meteorite/1/sky/3";

/// A running node and everything that it told so far.
pub(crate) struct TestNode {
    pub(crate) net: Net,
    log: Arc<Mutex<Vec<NetEvent>>>,
    changed: watch::Receiver<usize>,
    judge: Arc<AtomicU8>,
    reader: JoinHandle<()>,
}

/// A quiet configuration on loopback that builds no topology by itself.
pub(crate) fn config(role: Role, listen: &[&str]) -> NetConfig {
    let mut config = NetConfig::new(role, rand::random());
    config.listen = listen.iter().map(|address| address.parse().unwrap()).collect();
    config.seek_neighbours = false;
    config.global_addresses_only = false;
    config.reservations = meteorite_net::Reservations::Never;
    config
}

/// A node on QUIC over loopback.
pub(crate) async fn quic_node() -> TestNode {
    TestNode::start(config(Role::Node, &[QUIC])).await
}

/// Any free port.
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// Any free port.
pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
/// Any free number.
pub(crate) const MEMORY: &str = "/memory/0";

impl TestNode {
    pub(crate) async fn start(config: NetConfig) -> Self {
        Self::answering(config, |_, bytes| Some(bytes)).await
    }

    /// Starts a node that answers requests by a function; `None` leaves them unanswered.
    pub(crate) async fn answering(
        config: NetConfig,
        answer: impl Fn(Proto, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        static LOGS: std::sync::Once = std::sync::Once::new();
        LOGS.call_once(|| {
            let filter = std::env::var("METEORITE_TEST_LOG").unwrap_or_else(|_| "off".to_owned());
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_test_writer()
                .init();
        });
        let (net, events) = Net::start(config).await.unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let judge = Arc::new(AtomicU8::new(0));
        let (told, changed) = watch::channel(0);
        let reader = tokio::spawn(read(
            net.clone(),
            events,
            log.clone(),
            judge.clone(),
            told,
            answer,
        ));
        Self {
            net,
            log,
            changed,
            judge,
            reader,
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.net.local_peer()
    }

    /// Sets what happens to gossip from now on; `None` leaves messages without a verdict.
    pub(crate) fn judge(&self, verdict: Option<Verdict>) {
        let code = match verdict {
            Some(Verdict::Accept) => 0,
            Some(Verdict::Ignore) => 1,
            Some(Verdict::Reject) => 2,
            None => 3,
        };
        self.judge.store(code, Ordering::SeqCst);
    }

    /// The first listen address, with the peer id.
    pub(crate) async fn address(&self) -> Multiaddr {
        self.net
            .listeners()
            .await
            .unwrap()
            .first()
            .unwrap()
            .clone()
            .with(Protocol::P2p(self.id()))
    }

    /// Dials another node and waits until both know each other's protocols.
    pub(crate) async fn connect(&self, other: &Self) {
        let peer = self.net.dial(other.address().await).await.unwrap();
        assert_eq!(peer, other.id());
        self.up(other.id()).await;
        other.up(self.id()).await;
    }

    /// Waits until another node is in this one's mesh of the sky, and its round trip is known.
    pub(crate) async fn in_mesh(&self, other: &Self) {
        until("in the mesh", || async {
            let peers = self.net.peers().await.unwrap();
            peers
                .iter()
                .any(|info| info.peer == other.id() && info.mesh.contains(SKY) && info.rtt.is_some())
        })
        .await;
    }

    pub(crate) async fn up(&self, peer: PeerId) {
        self.see(|event| matches!(event, NetEvent::PeerUp { peer: up, .. } if *up == peer))
            .await;
    }

    /// Waits for an event, past or future.
    pub(crate) async fn see(&self, wanted: impl Fn(&NetEvent) -> bool) -> NetEvent {
        self.find(|event| wanted(event).then(|| event.clone())).await
    }

    /// Waits for the payload of a gossip message.
    pub(crate) async fn hear(&self, payload: &[u8]) {
        self.see(|event| matches!(event, NetEvent::Gossip { bytes, .. } if bytes == payload))
            .await;
    }

    /// Waits for something in an event, past or future.
    pub(crate) async fn find<T>(&self, pick: impl Fn(&NetEvent) -> Option<T>) -> T {
        let mut changed = self.changed.clone();
        let deadline = Instant::now() + PATIENCE;
        loop {
            changed.borrow_and_update();
            if let Some(found) = self.log.lock().unwrap().iter().find_map(&pick) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = tokio::time::timeout(left, changed.changed()).await;
            assert!(
                matches!(waited, Ok(Ok(()))),
                "the event did not come; so far: {:#?}",
                self.brief()
            );
        }
    }

    /// How many events so far fit.
    pub(crate) fn count(&self, wanted: impl Fn(&NetEvent) -> bool) -> usize {
        self.log
            .lock()
            .unwrap()
            .iter()
            .filter(|event| wanted(event))
            .count()
    }

    /// Sum of a number over all events so far.
    pub(crate) fn sum(&self, number: impl Fn(&NetEvent) -> u64) -> u64 {
        self.log.lock().unwrap().iter().map(number).sum()
    }

    /// Waits until a neighbour listens to a topic, so that publishing reaches it.
    pub(crate) async fn publish_when_heard(&self, topic: &str, bytes: &[u8]) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.net.publish(topic, bytes.to_vec()).await {
                Ok(neighbours) => return neighbours,
                Err(error) => assert!(Instant::now() < deadline, "cannot publish: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn connected(&self) -> BTreeSet<PeerId> {
        self.net
            .peers()
            .await
            .unwrap()
            .into_iter()
            .map(|info| info.peer)
            .collect()
    }

    /// Stops the node and its reader.
    pub(crate) async fn stop(self) {
        self.net.shutdown().await.unwrap();
        tokio::time::timeout(PATIENCE, self.reader)
            .await
            .expect("the events end")
            .unwrap();
    }

    fn brief(&self) -> Vec<String> {
        let short = |event: &NetEvent| format!("{event:?}").chars().take(160).collect();
        self.log
            .lock()
            .unwrap()
            .iter()
            .rev()
            .take(20)
            .map(short)
            .collect()
    }
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn read(
    net: Net,
    mut events: mpsc::Receiver<NetEvent>,
    log: Arc<Mutex<Vec<NetEvent>>>,
    judge: Arc<AtomicU8>,
    told: watch::Sender<usize>,
    answer: impl Fn(Proto, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) {
    while let Some(event) = events.recv().await {
        match &event {
            NetEvent::Gossip { message, .. } => {
                let verdicts = [
                    Some(Verdict::Accept),
                    Some(Verdict::Ignore),
                    Some(Verdict::Reject),
                    None,
                ];
                if let Some(verdict) = verdicts[usize::from(judge.load(Ordering::SeqCst))] {
                    net.verdict(*message, verdict).await.ok();
                }
            }
            NetEvent::Asked {
                request,
                proto,
                bytes,
                ..
            } => {
                if let Some(answer) = answer(*proto, bytes.clone()) {
                    net.answer(*request, answer).await.ok();
                }
            }
            _ => {}
        }
        let count = {
            let mut log = log.lock().unwrap();
            log.push(event);
            log.len()
        };
        told.send_replace(count);
    }
}
