//! Leading reconciliations: with every new neighbour, and with a random one each minute.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BottleId, ItemHash, Peer};
use crate::limits::{SYNC_INTERVAL_MS, SYNC_SESSIONS_MAX, UNWANTED_BRIEF_MS, UNWANTED_LONG_MS};
use crate::reconcile::{Outcome, Responder, Session, Unwanted, Wanting};
use crate::reputation::Fault;
use crate::sky::{ItemOwner, Sky};
use crate::time::Now;
use crate::wire::{SyncAnswer, SyncEntry, SyncRequest, Wire as _};

use super::calls::{Asked, SyncAsked};
use super::dice::Dice;
use super::{Effect, Engine, Event, Protocol};

/// Everything about sync that lives longer than one answer.
#[derive(Debug, Default)]
pub(super) struct Sync {
    pub(super) responder: Responder,
    pub(super) unwanted: Unwanted,
    /// At most [`SYNC_SESSIONS_MAX`].
    sessions: BTreeMap<Peer, Session>,
    /// Neighbours whose turn it is; a subset of the neighbours.
    waiting: BTreeSet<Peer>,
    /// Neighbours that are new or were busy, and when to go on; a subset of the neighbours.
    paused: BTreeMap<Peer, u64>,
    /// Neighbours with which no session got to its end yet, and how many failed; a subset of the neighbours.
    unmet: BTreeMap<Peer, u32>,
    /// When a session last got to its end.
    complete_ms: Option<u64>,
    next_ms: u64,
}

/// What the items of a neighbour mean to us.
struct Filter<'a> {
    sky: &'a Sky,
    unwanted: &'a Unwanted,
    mono_ms: u64,
    /// Bottles that we have as well, in the same state.
    shared: Vec<BottleId>,
}

impl Wanting for Filter<'_> {
    fn wants(&mut self, item: &ItemHash) -> bool {
        match self.sky.owner(item) {
            Some(ItemOwner::Bottle(bottle)) => {
                self.shared.push(bottle);
                false
            }
            Some(ItemOwner::Sunk(_)) => false,
            None => !self.unwanted.contains(item, self.mono_ms),
        }
    }
}

impl Sync {
    /// Sets the next turn, between three quarters and five quarters of the interval from now.
    pub(super) fn schedule(&mut self, mono_ms: u64, dice: &mut Dice) {
        let spread = dice.below(SYNC_INTERVAL_MS / 2);
        self.next_ms = mono_ms.saturating_add(SYNC_INTERVAL_MS * 3 / 4 + spread);
    }

    /// It is this neighbour's turn as soon as there is room.
    pub(super) fn want(&mut self, peer: &Peer) {
        if !self.sessions.contains_key(peer) {
            self.waiting.insert(peer.clone());
        }
    }

    /// A new neighbour: it has what happened while we were away, so a failed first session is soon tried again. Who is up to date
    /// waits whether the neighbour stays: most come for a look-up, and each session costs both.
    pub(super) fn meet(&mut self, peer: &Peer, mono_ms: u64) {
        self.unmet.insert(peer.clone(), 0);
        let fresh = |at: u64| mono_ms < at.saturating_add(2 * SYNC_INTERVAL_MS);
        if self.complete_ms.is_some_and(fresh) {
            self.paused.insert(peer.clone(), mono_ms.saturating_add(STAYS_MS));
        } else {
            self.want(peer);
        }
    }

    pub(super) fn forget_peer(&mut self, peer: &Peer) {
        self.unmet.remove(peer);
        self.sessions.remove(peer);
        self.waiting.remove(peer);
        self.paused.remove(peer);
    }

    /// How long to wait for a neighbour that was busy or silent; `None` until its next turn.
    fn pause_ms(&mut self, peer: &Peer, useful: bool) -> Option<u64> {
        match self.unmet.get_mut(peer) {
            Some(failed) if *failed < FIRST_TRIES => {
                *failed += 1;
                Some(FIRST_PAUSE_MS << *failed)
            }
            Some(_) | None => useful.then_some(BUSY_PAUSE_MS),
        }
    }

    pub(super) fn next_deadline(&self, has_neighbours: bool) -> Option<u64> {
        let sessions = self.sessions.values().map(Session::deadline_ms).min();
        let turn = has_neighbours.then_some(self.next_ms);
        sessions
            .into_iter()
            .chain(turn)
            .chain(self.paused.values().copied())
            .min()
    }
}

impl Engine {
    /// Starts sessions whose turn it is and sends what they want to send.
    pub(super) fn pump_sync(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if now.mono_ms >= self.sync.next_ms && !self.neighbours.is_empty() {
            self.sync.schedule(now.mono_ms, &mut self.dice);
            if let Some(peer) = self.dice.pick(self.neighbours.iter()).cloned() {
                self.sync.want(&peer);
            }
        }
        self.end_overlong_sessions(now, effects);
        let resuming: Vec<Peer> = self
            .sync
            .paused
            .iter()
            .filter(|(_, at)| **at <= now.mono_ms)
            .map(|(peer, _)| peer.clone())
            .collect();
        for peer in resuming {
            self.sync.paused.remove(&peer);
            self.sync.want(&peer);
        }
        while self.sync.sessions.len() < SYNC_SESSIONS_MAX
            && let Some(peer) = self.sync.waiting.pop_first()
        {
            self.start_session(peer, now);
        }
        let peers: Vec<Peer> = self.sync.sessions.keys().cloned().collect();
        for peer in peers {
            self.pump_session(&peer, now, effects);
        }
    }

    /// The outcome of a sync request.
    pub(super) fn sync_answered(
        &mut self,
        (peer, asked): (&Peer, SyncAsked),
        answer: Option<&[u8]>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let bytes = answer.map_or(0, <[u8]>::len);
        match (asked, answer.map(SyncAnswer::decode)) {
            (SyncAsked::Reconcile, Some(Ok(SyncAnswer::Reconcile { msg }))) => {
                self.compared(peer, msg.as_slice(), now, effects);
            }
            (SyncAsked::Fetch(items), Some(Ok(SyncAnswer::Entries(entries)))) => {
                self.fetched(peer, &items, (&entries, bytes), now, effects);
            }
            (_, None | Some(Ok(SyncAnswer::Busy))) => {
                self.end_session(peer, Outcome::Truncated, now, effects);
                let useful = self.sync.waiting.remove(peer);
                if let Some(pause_ms) = self.sync.pause_ms(peer, useful) {
                    self.sync
                        .paused
                        .insert(peer.clone(), now.mono_ms.saturating_add(pause_ms));
                }
            }
            (_, Some(Ok(_) | Err(_))) => self.end_session(peer, Outcome::Faulty, now, effects),
        }
    }

    /// A neighbour answered a reconciliation message.
    fn compared(&mut self, peer: &Peer, message: &[u8], now: Now, effects: &mut Vec<Effect>) {
        let Some(session) = self.sync.sessions.get_mut(peer) else {
            return;
        };
        let unwanted = &self.sync.unwanted;
        let mut filter = Filter {
            sky: &self.sky,
            unwanted,
            mono_ms: now.mono_ms,
            shared: Vec::new(),
        };
        let outcome = session.on_reconcile(message, &mut filter);
        let shared = filter.shared;
        self.has_own(peer, &shared, now, effects);
        self.end_session(peer, outcome, now, effects);
    }

    /// A neighbour answered a fetch.
    fn fetched(
        &mut self,
        peer: &Peer,
        asked: &[ItemHash],
        (entries, bytes): (&[SyncEntry], usize),
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        // Each item is one bottle, or two headers that sank their author.
        if !self.sync.sessions.contains_key(peer) || entries.len() > asked.len() * 2 {
            return self.end_session(peer, Outcome::Faulty, now, effects);
        }
        let asked_set: BTreeSet<ItemHash> = asked.iter().copied().collect();
        let mut got = BTreeSet::new();
        let (mut new, mut useful) = (0, false);
        for entry in entries {
            let applied = self.apply_entry(entry, peer, now, effects);
            if applied.faulty {
                return self.end_session(peer, Outcome::Faulty, now, effects);
            }
            new += u32::from(applied.new);
            useful |= applied.useful;
            let keep_ms = if applied.refused {
                UNWANTED_LONG_MS
            } else {
                UNWANTED_BRIEF_MS
            };
            for item in applied.items.into_iter().filter(|item| asked_set.contains(item)) {
                got.insert(item);
                // Taken in and still not ours: we know more, or refuse it or a part. Not at once again.
                if self.sky.owner(&item).is_none() {
                    self.sync.unwanted.add(item, now.mono_ms.saturating_add(keep_ms));
                }
            }
        }
        let Some(session) = self.sync.sessions.get_mut(peer) else {
            return;
        };
        session.new_bottles += new;
        let outcome = session.on_entries(asked, &got, useful, bytes);
        self.end_session(peer, outcome, now, effects);
    }

    /// These bottles are at that neighbour. Of our own ones that is proof of delivery.
    pub(super) fn has_own(&mut self, peer: &Peer, bottles: &[BottleId], now: Now, effects: &mut Vec<Effect>) {
        let mut mine = Vec::new();
        for bottle in bottles {
            self.mine.handle_offered_back(*bottle, peer, now, &mut mine);
        }
        self.run_mine(mine, now, effects);
    }

    fn start_session(&mut self, peer: Peer, now: Now) {
        let epoch = now.wall.epoch();
        let offered = self
            .mine
            .rows()
            .map(|row| row.bottle.id)
            .filter(|id| self.sky.is_offered(id, epoch));
        let own: Vec<_> = offered
            .filter_map(|id| Some((self.sky.item(&id)?, self.sky.stone(&id)?)))
            .map(|(item, stone)| (item, stone.thrown_at, stone.bottle))
            .collect();
        let sealed = self.sync.responder.sealed(&self.sky, now);
        // The cached vector may be older than a release: what it does not show, the neighbour cannot be found to lack.
        let own = own
            .into_iter()
            .filter(|(item, thrown_at, _)| sealed.contains(*thrown_at, item));
        let own = own.map(|(item, _, bottle)| (item, bottle));
        if let Some(session) = Session::start(sealed, own, now.mono_ms) {
            self.sync.sessions.insert(peer, session);
        }
    }

    fn pump_session(&mut self, peer: &Peer, now: Now, effects: &mut Vec<Effect>) {
        while self.calls.has_room()
            && let Some(request) = self.sync.sessions.get_mut(peer).and_then(Session::next_request)
        {
            let asked = match &request {
                SyncRequest::Reconcile { .. } => Asked::Sync(SyncAsked::Reconcile),
                SyncRequest::Fetch { items } => Asked::Sync(SyncAsked::Fetch(items.clone())),
            };
            let call = self.calls.begin(peer, asked, now.mono_ms);
            let bytes = request.encode();
            effects.push(Effect::Call {
                call,
                peer: peer.clone(),
                protocol: Protocol::Sync,
                bytes,
            });
        }
    }

    fn end_overlong_sessions(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let late = |session: &Session| session.deadline_ms() <= now.mono_ms;
        let over = self.sync.sessions.iter().filter(|(_, session)| late(session));
        let over: Vec<Peer> = over.map(|(peer, _)| peer.clone()).collect();
        for peer in over {
            self.end_session(&peer, Outcome::Truncated, now, effects);
        }
    }

    /// Does what an outcome asks for; nothing while the session goes on.
    fn end_session(&mut self, peer: &Peer, outcome: Outcome, now: Now, effects: &mut Vec<Effect>) {
        if outcome == Outcome::Open {
            return;
        }
        let Some(session) = self.sync.sessions.remove(peer) else {
            return;
        };
        for item in session.given_up() {
            self.sync
                .unwanted
                .add(item, now.mono_ms.saturating_add(UNWANTED_BRIEF_MS));
        }
        self.has_own(peer, &session.proven(), now, effects);
        let (complete, new) = (outcome == Outcome::Complete, session.new_bottles);
        effects.push(Effect::Notify(Event::Synced {
            peer: peer.clone(),
            complete,
            new,
        }));
        if complete {
            self.sync.unmet.remove(peer);
            self.sync.complete_ms = Some(now.mono_ms);
        }
        match outcome {
            Outcome::Faulty => self.blame(peer, Fault::BadAnswer, now, effects),
            // Much is missing and it comes: go on at once. Every bottle cost its author a stamp.
            Outcome::Truncated if new > 0 && self.neighbours.contains(peer) => self.sync.want(peer),
            Outcome::Truncated | Outcome::Complete | Outcome::Open => {}
        }
    }
}

/// Milliseconds after which a new neighbour counts as one that stays: look-ups let go of theirs before.
const STAYS_MS: u64 = 30_000;
/// Milliseconds until a busy neighbour is asked again, if it had news.
const BUSY_PAUSE_MS: u64 = 5_000;
/// Tries of a first session with a new neighbour, after pauses of 1, 2, 4 and 8 seconds.
const FIRST_TRIES: u32 = 4;
const FIRST_PAUSE_MS: u64 = 500;
