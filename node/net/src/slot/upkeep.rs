//! The heartbeat: re-dials, reservations, scores, sweeps, the memory watchdog, sleep detection and counters.

use std::time::{Duration, Instant, SystemTime};

use libp2p::multiaddr::Protocol;
use libp2p::swarm::{CloseConnection, ToSwarm};
use libp2p::{PeerId, relay};

use super::Slot;
use super::commands::answer;
use crate::config::{Reservations, Role};
use crate::event::{Lost, NetEvent, Reachability};
use crate::{book, limits};

impl Slot {
    pub(super) fn handle_tick(&mut self) {
        let now = Instant::now();
        if let Some(slept) = self.sleep.beat(now, SystemTime::now()) {
            self.resume(slept, now);
        }
        if self.closing.is_some() {
            return self.finish_closing();
        }
        let late = self.waiting.expire_verdicts(now);
        self.outbox.count(Lost::Verdicts, late);
        for (peer_id, connection) in self.peers.superfluous(now, limits::RELAYED_LINGER) {
            self.actions.push_back(ToSwarm::CloseConnection {
                peer_id,
                connection: CloseConnection::One(connection),
            });
        }
        let everyone: Vec<PeerId> = self.peers.iter().map(|(peer, _)| *peer).collect();
        for peer in everyone {
            self.close_outlived(peer, now);
            self.check_score(peer);
        }
        self.let_go(now);
        self.seek_neighbours(now);
        self.seek_relays(now);
        self.watch_memory();
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP_INTERVAL;
            self.sweep(now);
        }
        self.outbox.report();
    }

    /// Closes what is above [`NetConfig::neighbours_high`](crate::NetConfig), a few at a time: idle ones, youngest first, those in the
    /// fewest meshes before others. Servers keep everybody, and bootstrap servers are kept.
    fn let_go(&mut self, now: Instant) {
        let surplus = self.peers.len().saturating_sub(self.config.neighbours_high);
        if surplus == 0 || self.config.role == Role::Bootstrap || self.config.offers.relay {
            return;
        }
        let relays: Vec<PeerId> = self
            .listeners
            .iter()
            .filter_map(|listener| listener.relay)
            .collect();
        let idle = self.peers.iter().filter(|(peer, entry)| {
            entry.is_idle_since(now, limits::NEIGHBOUR_GRACE)
                && !self.book.is_bootstrap(peer)
                && !relays.contains(peer)
        });
        let mut idle: Vec<_> = idle
            .map(|(peer, entry)| {
                let meshes = self.topics.keys().filter(|topic| self.in_mesh(peer, topic));
                (meshes.count(), std::cmp::Reverse(entry.youngest()), *peer)
            })
            .collect();
        idle.sort_unstable();
        for (_, _, peer) in idle.into_iter().take(surplus.min(limits::LET_GO_MAX)) {
            self.disconnect(peer);
        }
    }

    /// Dials until there are enough neighbours, and looks for strangers by random look-ups while there are not.
    pub(super) fn seek_neighbours(&mut self, now: Instant) {
        if !self.config.seek_neighbours || self.closing.is_some() {
            return;
        }
        let dialling = self.waiting.dials.len() + self.resolving.len();
        let wanted = if self.peers.len() < limits::NEIGHBOURS_LOW {
            limits::NEIGHBOURS_TARGET - self.peers.len()
        } else {
            0
        };
        let room = wanted.min(limits::DIALS_MAX).saturating_sub(dialling);
        if room > 0 {
            let local = self.local;
            let due = self.book.due(now, room, |peer| {
                *peer == local || self.peers.contains(peer) || self.guard.is_blocked(peer, now)
            });
            for target in due {
                self.book.rest(&target, now);
                self.dial(target, None);
            }
        }
        if wanted > 0 && self.peers.len() > 0 && now >= self.next_walk {
            self.next_walk = now + limits::WALK_INTERVAL.mul_f64(book::jitter());
            let key: [u8; 32] = rand::random();
            self.look_up(key.to_vec(), None);
        }
    }

    /// Asks connected relays for reservations while we are not publicly reachable.
    fn seek_relays(&mut self, now: Instant) {
        let wanted = match self.config.reservations {
            Reservations::Always => true,
            Reservations::Never => false,
            Reservations::Auto => self.config.role == Role::Node && self.reachability != Reachability::Public,
        };
        let held: Vec<PeerId> = self
            .listeners
            .iter()
            .filter_map(|listener| listener.relay)
            .collect();
        if !wanted || held.len() >= limits::RESERVATIONS_MAX || now < self.next_relay {
            return;
        }
        let offers = self.peers.iter().find(|(peer, entry)| {
            entry.protocols.contains(relay::HOP_PROTOCOL_NAME.as_ref())
                && !entry.is_relayed()
                && !held.contains(peer)
        });
        let Some((relay, address)) = offers.and_then(|(peer, entry)| Some((*peer, relay_address(entry)?)))
        else {
            return;
        };
        let address = book::without_peer(&address)
            .with(Protocol::P2p(relay))
            .with(Protocol::P2pCircuit);
        self.listen(address, Some(relay), None);
    }

    pub(super) fn reservation_lost(&mut self, relay: PeerId) {
        tracing::debug!(%relay, "reservation lost");
        self.next_relay = Instant::now() + RELAY_PAUSE.mul_f64(book::jitter());
    }

    /// Cuts off a peer that gossipsub has graylisted.
    pub(super) fn check_score(&mut self, peer: PeerId) {
        if self
            .parts
            .gossip
            .peer_score(&peer)
            .is_some_and(|score| score < limits::SCORE_GRAYLIST)
        {
            self.cut_off(peer, limits::BLOCK_AFTER_ABUSE, "invalid messages");
        }
    }

    /// Above the memory limit the peer that sent most since the last heartbeat goes; new connections are refused by the memory limits.
    fn watch_memory(&mut self) {
        let used = memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem);
        if used > self.config.memory_bytes_max {
            let heaviest = self
                .peers
                .iter()
                .max_by_key(|(_, entry)| (entry.recent_bytes, entry.received_bytes))
                .map(|(peer, _)| *peer);
            if let Some(peer) = heaviest {
                self.cut_off(peer, limits::BLOCK_AFTER_ABUSE, "out of memory");
            }
        }
        for (_, entry) in self.peers.iter_mut() {
            entry.recent_bytes = 0;
        }
    }

    fn sweep(&mut self, now: Instant) {
        for peer in self.guard.sweep(now) {
            self.parts.gossip.remove_blacklisted_peer(&peer);
        }
        let peers = &self.peers;
        self.book.sweep(now, |peer| peers.contains(peer));
        self.waiting.calls.retain(|_, reply| !reply.is_closed());
    }

    /// After a sleep: connections are dead on the other side, and every address deserves a fresh try.
    fn resume(&mut self, slept: Duration, now: Instant) {
        tracing::info!(slept_secs = slept.as_secs(), "the machine slept");
        self.book.wake_all(now);
        self.next_walk = now;
        self.next_relay = now;
        if slept >= limits::SLEEP_GAP_DEAD {
            let everyone: Vec<PeerId> = self.peers.iter().map(|(peer, _)| *peer).collect();
            for peer in everyone {
                self.disconnect(peer);
            }
        }
        self.outbox.push(NetEvent::Resumed { slept });
    }

    /// Ends a shutdown once nobody is connected, or its time is over.
    pub(super) fn finish_closing(&mut self) {
        let quiet = self.peers.len() == 0;
        if let Some(closing) = &mut self.closing
            && (quiet || Instant::now() >= closing.until)
            && let Some(reply) = closing.reply.take()
        {
            answer(reply, ());
        }
    }
}

/// The address through which we talk to a relay, preferably the one that we dialled (a listener's view is an ephemeral port).
fn relay_address(entry: &super::peers::Peer) -> Option<libp2p::Multiaddr> {
    let direct = entry
        .connections
        .iter()
        .filter(|connection| !connection.relayed());
    let dialled = direct
        .clone()
        .find(|connection| connection.outbound())
        .map(|connection| connection.address().clone());
    dialled.or_else(|| {
        let seen = direct.clone().next()?;
        entry
            .listens
            .iter()
            .find(|address| crate::kad::is_fit(address, seen.address()))
            .cloned()
    })
}

/// Pause between two sweeps of limiters, book and blocks.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);
/// Pause after a relay refused or lost our reservation.
const RELAY_PAUSE: Duration = Duration::from_secs(10);
