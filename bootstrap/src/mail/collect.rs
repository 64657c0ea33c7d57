//! Giving letters out: by address prefix, wide enough that the collector can hide in it.

use std::collections::BTreeMap;

use meteorite_net::PeerId;
use meteorite_protocol::limits::{MAIL_ANSWER_BYTES_MAX, MAIL_LETTERS_MAX};
use meteorite_protocol::mailbox::{Cursor, QueryPlan, plan_query};
use meteorite_protocol::wire::{AddressPrefix, Bytes, MailAnswer, RefuseReason};
use meteorite_store::{MailPage, MailPageLimits, MailboxStore, StoreError};

use super::{Mail, Outcome};

/// How many letters have a prefix, as counted a moment ago. Counting reads the index, so it is not done for every question.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<AddressPrefix, (u32, u64)>);

impl Counts {
    fn known(&self, prefix: &AddressPrefix, mono_ms: u64) -> Option<u32> {
        let (count, at_ms) = self.0.get(prefix)?;
        (mono_ms.saturating_sub(*at_ms) < COUNT_AGE_MS).then_some(*count)
    }

    fn note(&mut self, prefix: AddressPrefix, count: u32, mono_ms: u64) {
        if self.0.len() >= COUNTS_MAX {
            self.0
                .retain(|_, (_, at_ms)| mono_ms.saturating_sub(*at_ms) < COUNT_AGE_MS);
        }
        if self.0.len() < COUNTS_MAX {
            self.0.insert(prefix, (count, mono_ms));
        }
    }
}

impl Mail {
    /// Answers one question.
    pub(super) async fn collect(&mut self, peer: PeerId, asked: AddressPrefix, cursor: u64) -> Outcome {
        let mono_ms = self.parts.clock.now().mono_ms;
        if !self.collects.take(peer, mono_ms) {
            return Outcome::Answer(MailAnswer::Refused(RefuseReason::Busy));
        }
        let after_seq = Cursor::seq_in(self.parts.tag, cursor);
        match self.page(asked, after_seq, mono_ms).await {
            Ok(page) => {
                self.parts
                    .metrics
                    .collected
                    .inc_by(u64::try_from(page.letters.len()).unwrap_or_default());
                let next = Cursor {
                    tag: self.parts.tag,
                    seq: page.next,
                }
                .to_wire();
                let letters = page.letters.into_iter().map(Bytes).collect();
                Outcome::Answer(MailAnswer::Letters {
                    letters,
                    next,
                    more: page.more,
                    bucket: page.bucket,
                })
            }
            Err(error) => Outcome::Answer(self.failed(&error)),
        }
    }

    async fn page(
        &mut self,
        asked: AddressPrefix,
        after_seq: u64,
        mono_ms: u64,
    ) -> Result<MailPage, StoreError> {
        let plan = self.plan(asked, after_seq, mono_ms).await?;
        self.parts
            .store
            .mailbox_page(&plan.prefix, plan.after_seq, PAGE)
            .await
    }

    /// The policy asks for counts one after the other; it is asked again until all that it wants are known.
    async fn plan(
        &mut self,
        asked: AddressPrefix,
        after_seq: u64,
        mono_ms: u64,
    ) -> Result<QueryPlan, StoreError> {
        let mut counted = BTreeMap::new();
        loop {
            let mut missing = None;
            let plan = plan_query(asked, after_seq, |prefix| {
                let known = counted
                    .get(prefix)
                    .copied()
                    .or_else(|| self.counts.known(prefix, mono_ms));
                known.unwrap_or_else(|| {
                    missing.get_or_insert(*prefix);
                    0
                })
            });
            // It wants at most six, and each turn counts one.
            let Some(prefix) = missing else { return Ok(plan) };
            let count = count(&*self.parts.store, &prefix).await?;
            counted.insert(prefix, count);
            self.counts.note(prefix, count, mono_ms);
        }
    }
}

async fn count(store: &dyn MailboxStore, prefix: &AddressPrefix) -> Result<u32, StoreError> {
    if prefix.bits() == 0 {
        let totals = store.mailbox_totals().await?;
        return Ok(u32::try_from(totals.letters).unwrap_or(u32::MAX));
    }
    store.mailbox_bucket(prefix).await
}

const PAGE: MailPageLimits = MailPageLimits {
    letters_max: MAIL_LETTERS_MAX,
    // The map, its keys and numbers, and the head of each byte string.
    bytes_max: MAIL_ANSWER_BYTES_MAX - 128 - 5 * MAIL_LETTERS_MAX,
};
/// A count is used for so long.
const COUNT_AGE_MS: u64 = 10_000;
/// Counts remembered; further ones are counted anew for each question.
const COUNTS_MAX: usize = 8_192;
