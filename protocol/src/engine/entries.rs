//! The bottles in sync answers: taking in those of a neighbour, handing out ours.

use std::collections::BTreeSet;

use crate::claims::{ClaimSet, Merge};
use crate::ids::{BottleId, ItemHash, Peer, Signature};
use crate::limits::{SYNC_ANSWER_BYTES_MAX, SYNC_ENTRIES_MAX};
use crate::sky::{ItemOwner, Sunk, item_hash};
use crate::time::Now;
use crate::topic::Topic;
use crate::validate::{self, Arrival};
use crate::verdict::{IgnoreReason, Verdict};
use crate::wire::{Bytes, CatchMessage, Header, Signed, SyncAnswer, SyncEntry, Wire as _, WireError};

use super::apply::{Keep, merge_unchecked};
use super::known::View;
use super::{Effect, Engine, EntryPlan};

/// An [`EntryPlan`] whose header was loaded from the store.
#[derive(Debug, Clone)]
pub struct LoadedEntry {
    /// The header payload.
    pub header: Vec<u8>,
    /// The author's signature over it.
    pub signature: [u8; 64],
    /// As in the plan.
    pub catch: Vec<Vec<u8>>,
}

/// The answer to a fetch: as many entries as fit into [`SYNC_ANSWER_BYTES_MAX`], in their order. Bottles whose header
/// is not in the store any more are simply left out by the caller; what is left out can be asked for again.
#[must_use]
pub fn encode_entries(entries: impl IntoIterator<Item = LoadedEntry>) -> Vec<u8> {
    let mut bytes = ANSWER_FRAME_BYTES;
    let mut fitting = Vec::new();
    for entry in entries.into_iter().take(SYNC_ENTRIES_MAX) {
        let catch = entry.catch.into_iter().map(Bytes).collect();
        let entry = SyncEntry(Bytes(entry.header), Signature(entry.signature), catch);
        bytes += entry.encoded_len();
        if bytes > SYNC_ANSWER_BYTES_MAX {
            break;
        }
        fitting.push(entry);
    }
    SyncAnswer::Entries(fitting).encode()
}

/// What became of one entry of a neighbour.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The items that it may stand for: the bottle in the state that the entry shows, or its sunk author.
    pub(super) items: Vec<ItemHash>,
    /// The bottle was new.
    pub(super) new: bool,
    /// Something changed here.
    pub(super) useful: bool,
    /// The bottle is not let in, for a reason that lasts.
    pub(super) refused: bool,
    /// No honest peer hands this out.
    pub(super) faulty: bool,
}

impl Engine {
    /// Takes in one entry, header first.
    pub(super) fn apply_entry(
        &mut self,
        entry: &SyncEntry,
        peer: &Peer,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Applied {
        let faulty = Applied {
            faulty: true,
            ..Applied::default()
        };
        let Ok(header) = Signed::<Header>::from_parts(entry.header_payload().to_vec(), *entry.signature())
        else {
            return faulty;
        };
        let Some(messages) = decoded(entry, &header.bottle()) else {
            return faulty;
        };
        let mut applied = Applied {
            items: items_of(&header, &messages),
            ..Applied::default()
        };
        match self.apply_header(entry, peer, now, effects) {
            Verdict::Accept => (applied.new, applied.useful) = (true, true),
            Verdict::Ignore(IgnoreReason::Known) => self.has_own(peer, &[header.bottle()], now, effects),
            Verdict::Ignore(reason) => {
                if reason == IgnoreReason::TooEarly {
                    self.clock_watch.handle_future(peer, now.mono_ms);
                }
                applied.refused = reason != IgnoreReason::TooEarly;
                return applied;
            }
            Verdict::Reject(_) => return faulty,
        }
        for message in messages {
            match self.apply_synced(&message, now, effects) {
                Verdict::Accept => applied.useful = true,
                Verdict::Ignore(_) => {}
                Verdict::Reject(_) => return faulty,
            }
        }
        applied
    }

    fn apply_header(
        &mut self,
        entry: &SyncEntry,
        peer: &Peer,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Verdict {
        let view = View(&self.sky);
        let gate = self.gate(&view, Topic::Sky(0), Arrival::Sync, now);
        match validate::entry(entry.header_payload(), entry.signature(), &gate) {
            Ok(bottle) => self.admit(bottle, Some(peer), now, effects),
            Err(verdict) => verdict,
        }
    }

    fn apply_synced(&mut self, message: &CatchMessage, now: Now, effects: &mut Vec<Effect>) -> Verdict {
        let view = View(&self.sky);
        let gate = self.gate(&view, Topic::Catch, Arrival::Sync, now);
        match validate::catch(&message.encode(), &gate) {
            Ok(verified) => self.apply_catch(verified, (Arrival::Sync, Keep::Cache), now, effects),
            Err(verdict) => verdict,
        }
    }

    /// What to answer a fetch with. Items that we do not offer, or no longer, are left out.
    pub(super) fn plan_entries(&self, items: &[ItemHash], now: Now) -> Vec<EntryPlan> {
        let epoch = now.wall.epoch();
        let mut plans = Vec::new();
        let distinct: BTreeSet<&ItemHash> = items.iter().collect();
        for item in distinct {
            match self.sky.owner(item) {
                Some(ItemOwner::Bottle(bottle)) if self.sky.is_offered(&bottle, epoch) => {
                    let claims = self.sky.claims_if_any(&bottle);
                    let messages = claims.map(ClaimSet::messages).unwrap_or_default();
                    let catch = messages.into_iter().map(<[u8]>::to_vec).collect();
                    plans.push(EntryPlan { bottle, catch });
                }
                Some(ItemOwner::Sunk(author)) => {
                    let pair = self.sky.sunk(&author).map(|sunk| sunk.bottles);
                    plans.extend(pair.into_iter().flatten().map(|bottle| EntryPlan {
                        bottle,
                        catch: Vec::new(),
                    }));
                }
                Some(ItemOwner::Bottle(_)) | None => {}
            }
        }
        plans.truncate(SYNC_ENTRIES_MAX);
        plans
    }
}

/// The messages of an entry, those of unknown kinds left out. `None` if one is broken or about another bottle.
fn decoded(entry: &SyncEntry, bottle: &BottleId) -> Option<Vec<CatchMessage>> {
    let mut messages = Vec::new();
    for bytes in entry.catch() {
        match CatchMessage::decode(bytes.as_slice()) {
            Ok(message) if message.bottle() == *bottle => messages.push(message),
            Err(WireError::UnknownKind(_)) => {}
            Ok(_) | Err(_) => return None,
        }
    }
    Some(messages)
}

/// The items that an entry may have been sent for. Nothing is verified here: it only tells which question was answered.
fn items_of(header: &Signed<Header>, messages: &[CatchMessage]) -> Vec<ItemHash> {
    let bottle = header.bottle();
    let mut shown = ClaimSet::new(bottle, header.value().slots);
    for message in messages {
        // Whatever does not merge is not part of the state that the neighbour shows.
        let _: Merge = merge_unchecked(&mut shown, message);
    }
    vec![
        item_hash(&bottle, &shown.digest()),
        Sunk::item(&header.value().author),
    ]
}

/// Bytes of an answer around its entries.
const ANSWER_FRAME_BYTES: usize = 64;
