//! What comes live on the topics.

use crate::ids::Peer;
use crate::reputation::Allowance;
use crate::time::Now;
use crate::topic::Topic;
use crate::validate::{self, Arrival, Gate};
use crate::verdict::{IgnoreReason, RejectReason, Verdict};

use super::apply::Keep;
use super::known::View;
use super::{Effect, Engine, Event};

impl Engine {
    pub(super) fn handle_gossip(
        &mut self,
        peer: &Peer,
        topic: Topic,
        bytes: &[u8],
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Verdict {
        // A message may overtake the news that its peer is connected.
        if !self.reputation.knows(peer) && self.reputation.peer_up(peer, now.mono_ms).is_some() {
            return Verdict::Ignore(IgnoreReason::Blocked);
        }
        if bytes.len() > topic.bytes_max() {
            return Verdict::Reject(RejectReason::TooLarge);
        }
        if self.reputation.received(peer, bytes.len(), now.mono_ms) == Allowance::Busy {
            return Verdict::Ignore(IgnoreReason::OverBudget);
        }
        let verdict = match topic {
            Topic::Sky(_) => {
                let verdict = self.gossiped_bottle(peer, topic, bytes, now, effects);
                self.clock_watch.handle_gossip(peer, verdict, now.mono_ms);
                verdict
            }
            Topic::Catch => self.gossiped_catch(bytes, now, effects),
        };
        if verdict.is_accept() && self.admission.arrived(topic, now.mono_ms) {
            let bits = self.admission.required_bits(topic, now.mono_ms);
            effects.push(Effect::Notify(Event::AdmissionRose { topic, bits }));
        }
        verdict
    }

    fn gossiped_bottle(
        &mut self,
        peer: &Peer,
        topic: Topic,
        bytes: &[u8],
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Verdict {
        let view = View(&self.sky);
        let judged = validate::sky(bytes, topic, &self.gate(&view, topic, Arrival::Gossip, now));
        match judged {
            Ok(bottle) => self.admit(bottle, Some(peer), now, effects),
            Err(verdict) => verdict,
        }
    }

    fn gossiped_catch(&mut self, bytes: &[u8], now: Now, effects: &mut Vec<Effect>) -> Verdict {
        let view = View(&self.sky);
        match validate::catch(bytes, &self.gate(&view, Topic::Catch, Arrival::Gossip, now)) {
            Ok(message) => self.apply_catch(message, (Arrival::Gossip, Keep::Cache), now, effects),
            Err(verdict) => verdict,
        }
    }

    /// What a decision depends on. Sync asks for no more than the floor: what some node has let in, all may have.
    pub(super) fn gate<'a>(
        &'a self,
        view: &'a View<'a>,
        topic: Topic,
        arrival: Arrival,
        now: Now,
    ) -> Gate<'a> {
        let admission_bits = match arrival {
            Arrival::Gossip => self.admission.required_bits(topic, now.mono_ms),
            Arrival::Sync => 0,
        };
        Gate {
            params: &self.params,
            now,
            arrival,
            admission_bits,
            known: view,
        }
    }
}
