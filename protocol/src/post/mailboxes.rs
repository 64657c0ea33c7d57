//! Where letters for an address wait: the bootstrap servers and the peers closest to its lookup point.
//!
//! Asking the network for the peers closest to an address would tell everyone on the way which address is meant. So the
//! key that is looked up is not the address but one of 256 *lookup points*, chosen by the first byte of the address:
//! depositor and collector come to the same peers, and the question covers 1/256 of all addresses. The price is that all
//! mail of one point waits at the same few peers, which their quotas bound.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{MailAddress, Peer};
use crate::limits::MAILBOX_PEERS;
use crate::post::PostEffect;
use crate::schedule::{Backoff, Jitter};
use crate::time::{HOUR_MS, MINUTE_MS, Now, SECOND_MS};

/// Bootstrap servers used as mailboxes; further ones in the configuration are not.
pub const BOOTSTRAPS_MAX: usize = 16;

/// One of the 256 keys at which the network is asked for mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookupPoint(pub u8);

impl LookupPoint {
    /// The point of an address: its first byte.
    pub fn of(address: &MailAddress) -> Self {
        let [first, ..] = address.0;
        Self(first)
    }

    /// The key to look up in the peer table: BLAKE3 of a label and the point.
    pub fn kad_key(self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"meteorite/1/mailbox");
        hasher.update(&[self.0]);
        hasher.finalize().into()
    }
}

/// The mailboxes known, by point.
#[derive(Clone, Debug)]
pub struct Mailboxes {
    me: Peer,
    /// We hold letters for others, and so perhaps for ourselves.
    own: bool,
    bootstraps: BTreeSet<Peer>,
    points: BTreeMap<LookupPoint, Point>,
    next_ask: Option<u64>,
    jitter: Jitter,
}

/// What is known of one point; there are at most 256.
#[derive(Clone, Debug, Default)]
struct Point {
    peers: Vec<Peer>,
    ask_at: u64,
    tries: u32,
    /// The network was asked at least once.
    asked: bool,
}

impl Mailboxes {
    /// None known yet. `me` is never a target: a letter of ours in our own mailbox reaches nobody.
    pub fn new(me: Peer, jitter: Jitter) -> Self {
        Self {
            me,
            own: false,
            bootstraps: BTreeSet::new(),
            points: BTreeMap::new(),
            next_ask: None,
            jitter,
        }
    }

    /// Whether letters for us may lie in a mailbox of our own.
    pub fn set_own(&mut self, own: bool) {
        self.own = own;
    }

    /// Everyone who is asked for letters at this address: the targets, and our own mailbox.
    pub fn sources(&self, address: &MailAddress) -> Vec<Peer> {
        let own = self.own.then(|| self.me.clone());
        self.targets(address).into_iter().chain(own).collect()
    }

    /// Whether this peer is ourselves.
    pub fn is_me(&self, peer: &Peer) -> bool {
        *peer == self.me
    }

    /// Whether this peer is asked for letters at this address.
    pub fn is_source(&self, address: &MailAddress, peer: &Peer) -> bool {
        self.is_target(address, peer) || (self.own && *peer == self.me)
    }

    /// Replaces the bootstrap servers.
    pub fn set_bootstraps(&mut self, peers: &[Peer]) {
        self.bootstraps = peers
            .iter()
            .filter(|peer| **peer != self.me)
            .take(BOOTSTRAPS_MAX)
            .cloned()
            .collect();
    }

    /// Takes the outcome of a lookup. An empty one keeps what was found before and asks again sooner.
    pub fn set_found(&mut self, point: LookupPoint, peers: &[Peer], now: Now) {
        let Some(known) = self.points.get_mut(&point) else {
            return;
        };
        let found: Vec<Peer> = peers
            .iter()
            .filter(|peer| **peer != self.me)
            .take(MAILBOX_PEERS)
            .cloned()
            .collect();
        if found.is_empty() {
            known.ask_at = now.mono_ms.saturating_add(BACKOFF_EMPTY.delay_ms(known.tries));
            known.tries = known.tries.saturating_add(1);
        } else {
            known.peers = found;
            known.tries = 0;
            known.ask_at = now.mono_ms.saturating_add(LOOKUP_EVERY_MS);
        }
    }

    /// A peer that offers mail connected: points without enough mailboxes are looked up anew at once.
    pub fn set_neighbour(&mut self, now: Now) {
        let wanting = self
            .points
            .values_mut()
            .filter(|point| point.asked && point.peers.len() < MAILBOX_PEERS);
        for point in wanting {
            point.ask_at = point.ask_at.min(now.mono_ms);
            point.tries = 0;
        }
    }

    /// Everyone at whom letters for this address are left and asked for: bootstrap servers first.
    pub fn targets(&self, address: &MailAddress) -> Vec<Peer> {
        let found = self
            .points
            .get(&LookupPoint::of(address))
            .map(|point| point.peers.as_slice())
            .unwrap_or_default();
        let others = found.iter().filter(|peer| !self.bootstraps.contains(*peer));
        self.bootstraps.iter().chain(others).cloned().collect()
    }

    /// Whether letters for this address are left and asked for at this peer.
    pub fn is_target(&self, address: &MailAddress, peer: &Peer) -> bool {
        let point = self.points.get(&LookupPoint::of(address));
        self.bootstraps.contains(peer) || point.is_some_and(|point| point.peers.contains(peer))
    }

    /// Asks for the points that are needed or watched and due, a few at a time; forgets the others.
    ///
    /// A point is needed when a letter waits to be sent. One that is only watched belongs to a bottle that was just thrown or a letter
    /// that was just sent: it is asked for some time later, because a look-up at that moment would tell whose they are.
    pub(super) fn look_up(
        &mut self,
        needed: &BTreeSet<LookupPoint>,
        watched: &BTreeSet<LookupPoint>,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        let wanted: BTreeSet<LookupPoint> = needed.union(watched).copied().collect();
        self.points.retain(|point, _| wanted.contains(point));
        let mut asked = 0usize;
        for point in wanted {
            let jitter = &self.jitter;
            let known = self.points.entry(point).or_insert_with(|| Point {
                ask_at: later(jitter, point, now),
                ..Point::default()
            });
            if needed.contains(&point) && !known.asked {
                known.ask_at = known.ask_at.min(now.mono_ms);
            }
            if known.ask_at <= now.mono_ms && asked < LOOKUPS_AT_ONCE {
                asked += 1;
                known.asked = true;
                // An outcome that never comes is asked for again.
                known.ask_at = now.mono_ms.saturating_add(LOOKUP_LOST_MS);
                effects.push(PostEffect::FindMailboxes(point));
            }
        }
        let next = self.points.values().map(|point| point.ask_at).min();
        self.next_ask = next.map(|at| at.max(now.mono_ms.saturating_add(LOOKUP_PAUSE_MS)));
    }

    /// The mono instant at which another lookup is due.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.next_ask
    }
}

/// When a point is asked for that nothing needs at once.
fn later(jitter: &Jitter, point: LookupPoint, now: Now) -> u64 {
    let spread = jitter.below(&[point.0], now.mono_ms, LATER_SPREAD_MS);
    now.mono_ms.saturating_add(LATER_MIN_MS).saturating_add(spread)
}

/// What was thrown is looked up for no sooner than this: by then its gossip is over and others have thrown.
const LATER_MIN_MS: u64 = 30 * SECOND_MS;
/// And within this time after it.
const LATER_SPREAD_MS: u64 = 2 * MINUTE_MS;
/// Lookups begun in one step; the others follow a moment later.
const LOOKUPS_AT_ONCE: usize = 4;
/// Pause between two such steps.
const LOOKUP_PAUSE_MS: u64 = 1_000;
/// How long found mailboxes are used before the network is asked again.
const LOOKUP_EVERY_MS: u64 = HOUR_MS;
/// When a lookup without an outcome is given up.
const LOOKUP_LOST_MS: u64 = 2 * MINUTE_MS;
/// After a lookup that found nobody.
const BACKOFF_EMPTY: Backoff = Backoff::new(MINUTE_MS, HOUR_MS);
