//! What peers ask of us. Budgets first, then the smallest work that answers.

use crate::ids::Peer;
use crate::reputation::{Allowance, Fault};
use crate::time::Now;
use crate::wire::{
    BodyAnswer, BodyRequest, Bytes, MailAnswer, RefuseReason, SyncAnswer, SyncRequest, Wire as _,
};

use super::{Effect, Engine, Protocol, RequestHandle};

impl Engine {
    /// Answers a request. A fault if the peer is to be blamed for it.
    pub(super) fn handle_asked(
        &mut self,
        peer: &Peer,
        request: RequestHandle,
        (protocol, bytes): (Protocol, &[u8]),
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Option<Fault> {
        // A request may overtake the news that its peer is connected.
        if !self.reputation.knows(peer) && self.reputation.peer_up(peer, now.mono_ms).is_some() {
            effects.push(Effect::Refuse { request });
            return None;
        }
        if self.reputation.asked(peer, bytes.len(), now.mono_ms) == Allowance::Busy {
            effects.push(Effect::Answer {
                request,
                bytes: busy(protocol),
            });
            return Some(Fault::OverBudget);
        }
        let effect = match protocol {
            Protocol::Sync => self.answer_sync(request, bytes, now),
            Protocol::Body => answer_bodies(request, bytes),
            // A shell that keeps letters answers these itself and never passes them on, see the module above.
            Protocol::Mail => Some(Effect::Answer {
                request,
                bytes: refused(RefuseReason::Denied),
            }),
        };
        let fault = effect.is_none().then_some(Fault::Rejected);
        effects.push(effect.unwrap_or(Effect::Refuse { request }));
        fault
    }

    /// `None` for a request that no honest peer sends.
    fn answer_sync(&mut self, request: RequestHandle, bytes: &[u8], now: Now) -> Option<Effect> {
        match SyncRequest::decode(bytes).ok()? {
            SyncRequest::Reconcile { msg } => {
                let answer = self.sync.responder.answer(msg.as_slice(), &self.sky, now).ok()?;
                Some(Effect::Answer {
                    request,
                    bytes: SyncAnswer::Reconcile { msg: Bytes(answer) }.encode(),
                })
            }
            SyncRequest::Fetch { items } => Some(Effect::AnswerEntries {
                request,
                entries: self.plan_entries(&items, now),
            }),
        }
    }
}

fn answer_bodies(request: RequestHandle, bytes: &[u8]) -> Option<Effect> {
    let BodyRequest { ids } = BodyRequest::decode(bytes).ok()?;
    Some(Effect::AnswerBodies { request, bodies: ids })
}

fn busy(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::Sync => SyncAnswer::Busy.encode(),
        Protocol::Body => BodyAnswer { blocks: Vec::new() }.encode(),
        Protocol::Mail => refused(RefuseReason::Busy),
    }
}

fn refused(reason: RefuseReason) -> Vec<u8> {
    MailAnswer::Refused(reason).encode()
}
