//! Bodies that are wanted: a header came by sync, its body must follow from the neighbour that had it.
//!
//! One request of up to 32 bodies per neighbour is under way. Who had the header is asked first, then any neighbour, and
//! after [`TRIES_MAX`] fruitless tries the body is given up: the header stays, and opening the bottle asks again.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BodyId, BottleId, Peer};
use crate::limits::{BODIES_WANTED_MAX, BODY_FETCH_MAX};
use crate::reputation::Fault;
use crate::time::Now;

use super::calls::Asked;
use super::dice::Dice;
use super::{CallId, Effect, Engine, Event};

/// What is wanted, at most [`BODIES_WANTED_MAX`]; more wait until somebody opens the bottle.
#[derive(Debug, Clone, Default)]
pub(super) struct Bodies {
    wanted: BTreeMap<BodyId, Want>,
    by_bottle: BTreeMap<BottleId, BodyId>,
    busy: BTreeSet<Peer>,
}

#[derive(Debug, Clone)]
struct Want {
    bottle: BottleId,
    source: Option<Peer>,
    tries: u8,
    /// Under way.
    asked: bool,
    not_before_ms: u64,
}

impl Bodies {
    /// Wants a body, first of all from `source`.
    pub(super) fn want(&mut self, body: BodyId, bottle: BottleId, source: Option<&Peer>) {
        if self.wanted.len() >= BODIES_WANTED_MAX || self.wanted.contains_key(&body) {
            return;
        }
        let want = Want {
            bottle,
            source: source.cloned(),
            tries: 0,
            asked: false,
            not_before_ms: 0,
        };
        self.wanted.insert(body, want);
        self.by_bottle.insert(bottle, body);
    }

    /// Wants a body now, even if it was given up or waits for its turn, and even if others must wait for that.
    pub(super) fn want_now(&mut self, body: BodyId, bottle: BottleId) {
        if self.wanted.len() >= BODIES_WANTED_MAX
            && let Some((last, _)) = self.wanted.last_key_value()
        {
            let last = *last;
            self.remove(&last);
        }
        self.want(body, bottle, None);
        if let Some(want) = self.wanted.get_mut(&body) {
            want.tries = 0;
            want.not_before_ms = 0;
        }
    }

    pub(super) fn forget_bottle(&mut self, bottle: &BottleId) {
        if let Some(body) = self.by_bottle.remove(bottle) {
            self.wanted.remove(&body);
        }
    }

    pub(super) fn forget_peer(&mut self, peer: &Peer) {
        self.busy.remove(peer);
        for want in self
            .wanted
            .values_mut()
            .filter(|want| want.source.as_ref() == Some(peer))
        {
            want.source = None;
            want.asked = false;
        }
    }

    /// Keeps only what is wanted for these bottles.
    pub(super) fn retain(&mut self, keep: impl Fn(&BottleId) -> bool) {
        self.wanted.retain(|_, want| keep(&want.bottle));
        self.by_bottle.retain(|bottle, _| keep(bottle));
    }

    /// When something can be asked for again. What can be asked for already waits for an idle neighbour: answers and new
    /// neighbours come as inputs of their own.
    pub(super) fn next_deadline(&self, mono_ms: u64) -> Option<u64> {
        let waiting = self
            .wanted
            .values()
            .filter(|want| !want.asked && want.not_before_ms > mono_ms);
        waiting.map(|want| want.not_before_ms).min()
    }

    fn remove(&mut self, body: &BodyId) -> Option<BottleId> {
        let want = self.wanted.remove(body)?;
        self.by_bottle.remove(&want.bottle);
        Some(want.bottle)
    }

    /// The next request, to a neighbour that is not busy.
    fn next_request<'a>(
        &mut self,
        neighbours: impl Iterator<Item = &'a Peer>,
        dice: &mut Dice,
        now: Now,
    ) -> Option<(Peer, Vec<BodyId>)> {
        let idle: BTreeSet<&Peer> = neighbours.filter(|peer| !self.busy.contains(*peer)).collect();
        if idle.is_empty() {
            return None;
        }
        let ready = |want: &Want| !want.asked && want.not_before_ms <= now.mono_ms;
        let source_known = |want: &Want| want.source.as_ref().is_some_and(|peer| idle.contains(peer));
        let with_source = self
            .wanted
            .values()
            .find(|want| ready(want) && source_known(want));
        let peer = match with_source.and_then(|want| want.source.clone()) {
            Some(peer) => peer,
            None if self
                .wanted
                .values()
                .any(|want| ready(want) && want.source.is_none()) =>
            {
                (*dice.pick(idle.iter())?).clone()
            }
            None => return None,
        };
        let mut bodies = Vec::new();
        for (body, want) in &mut self.wanted {
            let fits = want.source.as_ref().is_none_or(|source| *source == peer);
            if bodies.len() < BODY_FETCH_MAX && fits && ready(want) {
                want.asked = true;
                want.source = Some(peer.clone());
                bodies.push(*body);
            }
        }
        self.busy.insert(peer.clone());
        Some((peer, bodies))
    }

    /// What was asked for and did not come: try again later, from anybody.
    fn retry(&mut self, body: &BodyId, now: Now) {
        let Some(want) = self.wanted.get_mut(body) else {
            return;
        };
        want.tries += 1;
        want.asked = false;
        want.source = None;
        want.not_before_ms = now.mono_ms.saturating_add(RETRY_MS << want.tries.min(8));
        if want.tries >= TRIES_MAX {
            self.remove(body);
        }
    }
}

impl Engine {
    /// Sends what can be sent.
    pub(super) fn pump_bodies(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while !self.bodies.wanted.is_empty() && self.calls.has_room() {
            let next = self
                .bodies
                .next_request(self.neighbours.iter(), &mut self.dice, now);
            let Some((peer, bodies)) = next else { return };
            let call = self
                .calls
                .begin(&peer, Asked::Bodies(bodies.clone()), now.mono_ms);
            effects.push(Effect::FetchBodies { call, peer, bodies });
        }
    }

    /// No outcome was reported.
    pub(super) fn bodies_failed(&mut self, peer: &Peer, asked: &[BodyId], now: Now) {
        self.bodies.busy.remove(peer);
        for body in asked {
            self.bodies.retry(body, now);
        }
    }

    pub(super) fn handle_bodies(
        &mut self,
        call: CallId,
        came: &[BodyId],
        broken: bool,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.end(call) else { return };
        let Asked::Bodies(asked) = call.asked else { return };
        self.bodies.busy.remove(&call.peer);
        for body in asked {
            if !came.contains(&body) {
                self.bodies.retry(&body, now);
            } else if let Some(bottle) = self.bodies.remove(&body) {
                effects.push(Effect::Notify(Event::BodyCame { bottle, body }));
            }
        }
        if broken {
            self.blame(&call.peer, Fault::BadAnswer, now, effects);
        }
    }
}

/// Fruitless tries until a body is given up.
const TRIES_MAX: u8 = 6;
/// Half the wait after the first fruitless try; it doubles with each.
const RETRY_MS: u64 = 2_500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    #[test]
    fn what_can_be_asked_for_and_by_nobody_is_no_deadline() {
        let now = |mono_ms| Now::new(mono_ms, UnixMillis(0));
        let mut bodies = Bodies::default();
        let body = BodyId([1; 32]);
        bodies.want(body, BottleId([2; 32]), None);
        bodies.retry(&body, now(1_000));
        assert_eq!(bodies.next_deadline(1_000), Some(6_000));
        assert!(
            bodies
                .next_request([].iter(), &mut Dice::new(&[0; 32], "test"), now(6_000))
                .is_none()
        );
        assert_eq!(
            bodies.next_deadline(6_000),
            None,
            "an engine without neighbours would never sleep"
        );
    }
}
