//! The custom behaviour in rust-ipfs's slot: our behaviours, watched over.
//!
//! It wraps [`Parts`] and adds what libp2p leaves to the application: commands in and events out over bounded channels, guards before
//! connections and payloads, an address book, re-dials, reservations on relays, and the upkeep every [`limits::TICK`].
//!
//! Events cannot leave the slot through libp2p (`ToSwarm = Infallible`), so nothing is ever generated here; dials, closes and listens go
//! out as `ToSwarm` actions. One poll handles at most [`limits::POLL_EVENTS_MAX`] events and then wakes itself, so that a flood of one kind
//! cannot starve connections.

mod commands;
mod incoming;
mod lifecycle;
mod outbox;
mod peers;
mod upkeep;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use libp2p::core::Endpoint;
use libp2p::core::transport::{ListenerId, PortUse};
use libp2p::swarm::derive_prelude::Either;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

pub(crate) use self::commands::Command;
use self::outbox::Outbox;
use self::peers::Peers;
use self::waiting::{Reply, Waiting};
use crate::book::{Book, Source, Target};
use crate::config::NetConfig;
use crate::delay::DelayLine;
use crate::error::{DialError, NetError};
use crate::event::{Lost, NetEvent, Reachability};
use crate::gossip;
use crate::guard::Guard;
use crate::limits;
use crate::parts::Parts;
use crate::sleep::SleepWatch;

/// An action for the swarm.
type Action = ToSwarm<Infallible, THandlerInEvent<Parts>>;

/// The behaviour.
pub(crate) struct Slot {
    local: PeerId,
    config: NetConfig,
    /// The largest message of each topic.
    topics: BTreeMap<String, usize>,
    parts: Parts,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,
    actions: VecDeque<Action>,
    peers: Peers,
    book: Book,
    guard: Guard,
    waiting: Waiting,
    listeners: Vec<Listener>,
    candidates: BTreeSet<Multiaddr>,
    external: BTreeSet<Multiaddr>,
    reachability: Reachability,
    resolving: JoinSet<Resolved>,
    delayed: Option<DelayLine<Delivery>>,
    interval: Interval,
    sleep: SleepWatch,
    next_walk: Instant,
    next_relay: Instant,
    next_sweep: Instant,
    closing: Option<Closing>,
    /// Dropped with the slot; tells the shutdown that the swarm is gone.
    _alive: oneshot::Sender<Infallible>,
}

/// A listener that we asked for.
#[derive(Debug)]
struct Listener {
    id: ListenerId,
    addresses: Vec<Multiaddr>,
    relay: Option<PeerId>,
    reply: Option<Reply<Result<Multiaddr, String>>>,
}

/// A target whose names are resolved.
struct Resolved {
    target: Target,
    reply: Option<Reply<Result<PeerId, DialError>>>,
    found: Result<Vec<Multiaddr>, DialError>,
}

/// A handler event on its way to its behaviour.
struct Delivery {
    peer: PeerId,
    connection: ConnectionId,
    event: THandlerOutEvent<Parts>,
}

/// A shutdown in progress.
#[derive(Debug)]
struct Closing {
    until: Instant,
    reply: Option<Reply<()>>,
}

impl Slot {
    pub(crate) fn new(
        keypair: &libp2p::identity::Keypair,
        config: NetConfig,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<NetEvent>,
    ) -> Result<(Self, oneshot::Receiver<Infallible>), NetError> {
        let now = Instant::now();
        let (alive, gone) = oneshot::channel();
        let mut interval = tokio::time::interval(limits::TICK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let topics = config.topics.iter();
        let mut slot = Self {
            local: keypair.public().to_peer_id(),
            topics: topics
                .map(|topic| (topic.name.clone(), topic.message_bytes_max))
                .collect(),
            parts: Parts::new(keypair, &config)?,
            commands,
            outbox: Outbox::new(events),
            actions: VecDeque::new(),
            peers: Peers::default(),
            book: Book::default(),
            guard: Guard::new(config.ip_whitelist.clone()),
            waiting: Waiting::default(),
            listeners: Vec::new(),
            candidates: BTreeSet::new(),
            external: BTreeSet::new(),
            reachability: Reachability::Unknown,
            resolving: JoinSet::new(),
            delayed: config.link_delay.map(|delay| DelayLine::new(delay.0)),
            interval,
            sleep: SleepWatch::new(now, SystemTime::now()),
            next_walk: now,
            next_relay: now,
            next_sweep: now + Duration::from_secs(1),
            closing: None,
            _alive: alive,
            config,
        };
        slot.fill_book(now);
        Ok((slot, gone))
    }

    fn fill_book(&mut self, now: Instant) {
        for address in &self.config.bootstrap {
            self.book.learn_bootstrap(address, now);
            if let Some(peer) = crate::book::peer_of(address) {
                self.parts.autonat.add_server(peer, None);
                self.parts.caps.bypass_peer_id(&peer);
            }
        }
        for (peer, addresses) in &self.config.cached_peers {
            for address in addresses.iter().filter(|_| *peer != self.local) {
                self.book.learn(*peer, address, Source::Cached, now);
            }
        }
        for address in self.config.external_addresses.clone() {
            self.confirm_external(address);
        }
    }

    /// Lets a handler event through to its behaviour, after the guards had a look at it.
    fn deliver(&mut self, delivery: Delivery) {
        let Delivery {
            peer,
            connection,
            mut event,
        } = delivery;
        // The positions of gossip (last) and kad (last but one) in `Parts`.
        match &mut event {
            Either::Right(rpc) => self.inspect_gossip(peer, rpc),
            Either::Left(Either::Right(_)) if !self.admit_request(peer) => return,
            Either::Left(_) => {}
        }
        self.parts.on_connection_handler_event(peer, connection, event);
    }

    fn inspect_gossip(&mut self, peer: PeerId, rpc: &mut gossip::HandlerEvent) {
        let weight = gossip::cut_controls(rpc, &self.topics);
        if weight.cut > 0 {
            self.outbox.count(Lost::Controls, weight.cut);
            self.strike(peer, weight.cut, "gossip control flood");
        }
        if !self.admit_bytes(peer, weight.bytes) {
            gossip::empty(rpc);
        }
    }

    /// Spends a peer's byte budget; false when it is used up.
    fn admit_bytes(&mut self, peer: PeerId, bytes: usize) -> bool {
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.received(bytes);
        }
        if self.guard.admits_bytes(peer, bytes) {
            return true;
        }
        self.outbox.count(Lost::OverBudget, 1);
        self.strike(peer, 1, "over its byte budget");
        false
    }

    /// Spends a peer's request budget; false when it is used up.
    fn admit_request(&mut self, peer: PeerId) -> bool {
        if self.guard.admits_request(peer) {
            return true;
        }
        self.outbox.count(Lost::Requests, 1);
        self.strike(peer, 1, "request flood");
        false
    }

    fn strike(&mut self, peer: PeerId, count: usize, reason: &'static str) {
        if self.guard.strike(peer, count, Instant::now()) {
            self.cut_off(peer, limits::BLOCK_AFTER_ABUSE, reason);
        }
    }

    /// One piece of work; with the action that it leads to, if any.
    fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<Option<Action>> {
        if let Some(action) = self.actions.pop_front() {
            return Poll::Ready(Some(action));
        }
        if let Poll::Ready(Some(command)) = self.commands.poll_recv(context) {
            self.handle_command(command);
            return Poll::Ready(None);
        }
        if let Some(Poll::Ready(delivery)) = self.delayed.as_mut().map(|line| line.poll_due(context)) {
            self.deliver(delivery);
            return Poll::Ready(None);
        }
        if let Poll::Ready(Some(Ok(resolved))) = self.resolving.poll_join_next(context) {
            self.handle_resolved(resolved);
            return Poll::Ready(None);
        }
        if self.interval.poll_tick(context).is_ready() {
            self.handle_tick();
            return Poll::Ready(None);
        }
        self.parts.poll(context).map(|action| self.handle_action(action))
    }

    /// What the parts want from the swarm, minus what peers could grow without bound.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "ToSwarm is libp2p's and not exhaustive"
    )]
    fn handle_action(
        &mut self,
        action: ToSwarm<<Parts as NetworkBehaviour>::ToSwarm, THandlerInEvent<Parts>>,
    ) -> Option<Action> {
        match action {
            ToSwarm::GenerateEvent(event) => {
                self.handle_part(event);
                None
            }
            // Taken into our bounded book instead of rust-ipfs's unbounded one.
            ToSwarm::NewExternalAddrOfPeer { .. } => None,
            ToSwarm::NewExternalAddrCandidate(address) => {
                let room = self.candidates.len() < limits::ADDRESS_CANDIDATES_MAX;
                if room || self.candidates.contains(&address) {
                    self.candidates.insert(address.clone());
                    Some(ToSwarm::NewExternalAddrCandidate(address))
                } else {
                    None
                }
            }
            other => Some(other.map_out(|_| unreachable!("generated events are handled above"))),
        }
    }
}

impl NetworkBehaviour for Slot {
    type ConnectionHandler = THandler<Parts>;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.check_inbound(local, remote)?;
        self.parts
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_peer(&peer)?;
        self.parts
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if let Some(peer) = &peer {
            self.check_peer(peer)?;
        }
        let mut known = self
            .parts
            .handle_pending_outbound_connection(connection, peer, addresses, role)?;
        if addresses.is_empty() {
            known.extend(peer.iter().flat_map(|peer| self.book.addresses(peer)));
        }
        Ok(known)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_peer(&peer)?;
        self.parts
            .handle_established_outbound_connection(connection, peer, address, role, port_use)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.before_swarm_event(&event);
        self.parts.on_swarm_event(event);
        self.after_swarm_event(&event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        let delivery = Delivery {
            peer,
            connection,
            event,
        };
        let now = match &mut self.delayed {
            Some(line) => line.push(delivery),
            None => Some(delivery),
        };
        if let Some(delivery) = now {
            self.deliver(delivery);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        for _ in 0..limits::POLL_EVENTS_MAX {
            let step = self.poll_work(context);
            self.outbox.poll_drain(context);
            match step {
                Poll::Ready(Some(action)) => return Poll::Ready(action),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
