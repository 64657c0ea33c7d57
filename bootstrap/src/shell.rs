//! The event loop: feeds the engine with what happens, and has its effects carried out ([`crate::effects`]).
//!
//! It waits for nothing that takes long. Requests to peers, answers from the disk and deposits run beside it: mail in its own
//! task, bodies in theirs, everything else as a bounded number of errands, whose outcome comes back as an input. Durable
//! rows are the exception: they are committed here, before anything of their step leaves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use meteorite_net::{Net, NetEvent, PeerId, Proto, RequestRef};
use meteorite_protocol::engine::{Config, Engine, Input, MessageHandle, Protocol, RequestHandle};
use meteorite_protocol::ids::Peer;
use meteorite_protocol::topic::Topic;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::addresses::Addresses;
use crate::backends::Backends;
use crate::clock::Clock;
use crate::crowd::{Crowd, Entry};
use crate::health::Health;
use crate::mail::MailOrder;
use crate::metrics::{Metrics, OutcomeLabels, level};
use crate::pins::Order;

/// What the loop works with.
pub(crate) struct Shell {
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    pub(crate) seed: [u8; 32],
    pub(crate) net: Net,
    pub(crate) backends: Backends,
    pub(crate) pins: mpsc::Sender<Order>,
    pub(crate) mail: mpsc::Sender<MailOrder>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) metrics: Metrics,
    pub(crate) health: Arc<Health>,
    pub(crate) clock: Clock,
    pub(crate) crowd: Crowd,
    pub(crate) errands: JoinSet<Option<Input>>,
    /// Inputs that arose while effects were carried out. Each effect makes at most one.
    pub(crate) pending: VecDeque<Input>,
    /// What is being fed, for the labels of what comes of it.
    pub(crate) about: About,
}

/// What an input is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Nothing that is counted.
    Nothing,
    /// A gossip message on a topic of this name.
    Gossip(&'static str),
    /// A request.
    Request(Proto),
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell")
            .field("errands", &self.errands.len())
            .finish_non_exhaustive()
    }
}

impl Shell {
    /// Turns until the token is cancelled or the network ends, then waits for what is under way.
    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<NetEvent>, stop: CancellationToken) {
        self.feed(Input::Start, About::Nothing).await;
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                due = beat(&mut heartbeat) => self.handle_beat(due),
                Some(done) = self.errands.join_next() => self.handle_errand(done).await,
                event = events.recv() => match event {
                    Some(event) => self.handle_event(event).await,
                    None => {
                        tracing::error!("the network ended by itself");
                        break;
                    }
                },
                () = tokio::time::sleep_until(deadline) => self.feed(Input::Tick, About::Nothing).await,
            }
        }
        self.drain().await;
    }

    /// Hands one input to the engine and carries out what follows.
    pub(crate) async fn feed(&mut self, input: Input, about: About) {
        self.about = about;
        self.step(input).await;
        self.about = About::Nothing;
        while let Some(input) = self.pending.pop_front() {
            self.step(input).await;
        }
    }

    async fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.handle(input, self.clock.now(), &mut effects);
        self.carry_out(effects).await;
    }

    /// The next moment at which the engine wants a tick; never so soon that the loop would spin.
    fn deadline(&self) -> Instant {
        let soonest = Instant::now() + TICK_GAP_MIN;
        match self.engine.next_deadline(self.clock.now()) {
            Some((mono_ms, _why)) => Instant::from_std(self.clock.instant(mono_ms)).max(soonest),
            None => soonest + HEARTBEAT,
        }
    }

    async fn handle_errand(&mut self, done: Result<Option<Input>, tokio::task::JoinError>) {
        match done {
            Ok(Some(input)) => self.feed(input, About::Nothing).await,
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "an errand failed"),
        }
    }

    async fn handle_event(&mut self, event: NetEvent) {
        match event {
            NetEvent::Listening { address } => self.addresses.listens(address),
            NetEvent::ListenEnded { address } => self.addresses.ended(&address),
            NetEvent::PeerUp { peer, .. } => self.handle_peer_up(peer).await,
            NetEvent::PeerDown { peer } => self.handle_peer_down(peer).await,
            NetEvent::Gossip {
                message,
                peer,
                topic,
                bytes,
            } => {
                self.metrics.bytes_in(bytes.len());
                self.handle_gossip(MessageHandle(message.0), peer, &topic, bytes)
                    .await;
            }
            NetEvent::Asked {
                request,
                peer,
                proto,
                bytes,
            } => self.handle_asked(request, peer, proto, bytes).await,
            NetEvent::CutOff { peer, reason } => {
                self.metrics.cut_off.inc();
                tracing::debug!(%peer, reason, "cut off");
            }
            NetEvent::SameIdentity { address } => {
                tracing::debug!(%address, "the same identity");
                tracing::warn!(
                    "another server answers with this server's key: never run a copied folder twice"
                );
            }
            NetEvent::Dropped { what, n } => {
                self.metrics
                    .dropped
                    .get_or_create(&OutcomeLabels {
                        outcome: lost_name(what),
                    })
                    .inc_by(n);
            }
            NetEvent::Resumed { slept } => tracing::info!(secs = slept.as_secs(), "this machine slept"),
            NetEvent::PeerChanged { .. }
            | NetEvent::Reachability(_)
            | NetEvent::ExternalAddress { .. }
            | NetEvent::Reserved { .. }
            | _ => {}
        }
    }

    async fn handle_peer_up(&mut self, peer: PeerId) {
        self.metrics.peers.inc();
        if let Some(entry) = self.crowd.connected(peer) {
            self.introduce(peer, entry).await;
        }
    }

    async fn handle_peer_down(&mut self, peer: PeerId) {
        self.metrics.peers.dec();
        if self.crowd.left(&peer) {
            self.feed(Input::PeerDown { peer: named(&peer) }, About::Nothing)
                .await;
        }
    }

    /// Tells the engine about a peer that it does not know, and about the one that leaves instead.
    async fn introduce(&mut self, peer: PeerId, entry: Entry) {
        let Entry::New { instead } = entry else { return };
        if let Some(silent) = instead {
            self.feed(Input::PeerDown { peer: named(&silent) }, About::Nothing)
                .await;
        }
        self.feed(Input::PeerUp { peer: named(&peer) }, About::Nothing)
            .await;
    }

    async fn handle_gossip(&mut self, message: MessageHandle, peer: PeerId, topic: &str, bytes: Vec<u8>) {
        let Ok(topic) = topic.parse::<Topic>() else {
            // The radio's topics, which this version only subscribes to.
            self.tell_verdict(message, meteorite_net::Verdict::Ignore).await;
            return;
        };
        let entry = self.crowd.heard(peer);
        self.introduce(peer, entry).await;
        let about = About::Gossip(match topic {
            Topic::Sky(_) => "sky",
            Topic::Catch => "catch",
        });
        self.feed(
            Input::Gossip {
                peer: named(&peer),
                topic,
                message,
                bytes,
            },
            about,
        )
        .await;
    }

    async fn handle_asked(&mut self, request: RequestRef, peer: PeerId, proto: Proto, bytes: Vec<u8>) {
        let protocol = match proto {
            Proto::Sync => Protocol::Sync,
            Proto::Body => Protocol::Body,
            Proto::Mail => return self.queue_mail(MailOrder { request, peer, bytes }).await,
            Proto::Index => return self.refuse(request, proto).await,
        };
        self.metrics.bytes_in(bytes.len());
        let entry = self.crowd.heard(peer);
        self.introduce(peer, entry).await;
        let request = RequestHandle(request.0);
        self.feed(
            Input::Asked {
                peer: named(&peer),
                request,
                protocol,
                bytes,
            },
            About::Request(proto),
        )
        .await;
    }

    fn handle_beat(&mut self, due: Instant) {
        self.metrics.loop_lag.observe(due.elapsed().as_secs_f64());
        self.metrics
            .bottles
            .set(level(u64::try_from(self.engine.sky().len()).unwrap_or(u64::MAX)));
        self.health.beat();
    }

    /// Waits for the errands under way, with a limit: their answers still leave, and nothing new begins.
    async fn drain(&mut self) {
        let all = async { while self.errands.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, all).await.is_err() {
            tracing::warn!("some requests were still under way and are dropped");
        }
        self.errands.shutdown().await;
        if let Err(error) = self.backends.cache.flush().await {
            tracing::warn!(%error, "the last rows of the sky were not stored; sync brings them back");
        }
    }
}

/// A peer as the engine names it.
pub(crate) fn named(peer: &PeerId) -> Peer {
    Peer::new(&peer.to_bytes()).expect("libp2p's peer ids have at most 42 bytes")
}

async fn beat(heartbeat: &mut Interval) -> Instant {
    heartbeat.tick().await
}

const fn lost_name(what: meteorite_net::Lost) -> &'static str {
    use meteorite_net::Lost;
    match what {
        Lost::Gossip => "gossip",
        Lost::Verdicts => "verdicts",
        Lost::Requests => "requests",
        Lost::Controls => "controls",
        Lost::OverBudget => "over_budget",
        Lost::Connections => "connections",
        Lost::Records => "records",
        Lost::Events => "events",
    }
}

/// How often the loop shows that it turns.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The engine gets no two ticks within this time.
const TICK_GAP_MIN: Duration = Duration::from_millis(5);
/// How long a shutdown waits for requests under way.
const DRAIN_MAX: Duration = Duration::from_secs(5);
