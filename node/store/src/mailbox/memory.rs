//! The mailbox in memory, for tests and for nodes that hold nothing for long.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use meteorite_protocol::ids::{BottleId, LetterId};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::AddressPrefix;

use super::{
    HeldLetter, MailPage, MailPageLimits, MailboxRow, MailboxStore, MailboxTotals, MailboxWrite, cut_page,
};
use crate::error::StoreError;

/// A [`MailboxStore`] that forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemoryMailbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    rows: BTreeMap<u64, MailboxRow>,
}

impl MemoryMailbox {
    /// An empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl MailboxStore for MemoryMailbox {
    async fn write_mailbox(&self, writes: Vec<MailboxWrite>) -> Result<(), StoreError> {
        self.with(|state| writes.into_iter().for_each(|write| state.apply(write)));
        Ok(())
    }

    async fn mailbox_bottle(&self, bottle: &BottleId) -> Result<Vec<HeldLetter>, StoreError> {
        Ok(self.with(|state| {
            state
                .rows
                .values()
                .filter(|row| row.bottle == *bottle)
                .map(held)
                .collect()
        }))
    }

    async fn mailbox_letter(&self, letter: &LetterId) -> Result<Option<MailboxRow>, StoreError> {
        Ok(self.with(|state| state.rows.values().find(|row| row.letter == *letter).cloned()))
    }

    async fn mailbox_totals(&self) -> Result<MailboxTotals, StoreError> {
        Ok(self.with(|state| MailboxTotals {
            letters: state.rows.values().map(|_| 1).sum(),
            bytes: state.rows.values().map(|row| u64::from(byte_count(row))).sum(),
        }))
    }

    async fn mailbox_bucket(&self, prefix: &AddressPrefix) -> Result<u32, StoreError> {
        let count = self.with(|state| {
            state
                .rows
                .values()
                .filter(|row| prefix.matches(&row.address))
                .count()
        });
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn mailbox_page(
        &self,
        prefix: &AddressPrefix,
        cursor: u64,
        limits: MailPageLimits,
    ) -> Result<MailPage, StoreError> {
        Ok(self.with(|state| {
            let under: Vec<_> = state
                .rows
                .iter()
                .filter(|(_, row)| prefix.matches(&row.address))
                .collect();
            let bucket = u32::try_from(under.len()).unwrap_or(u32::MAX);
            let later = under.into_iter().filter(|(id, _)| **id > cursor);
            let rows = later
                .take(limits.letters_max.saturating_add(1))
                .map(|(id, row)| (*id, row.deposit.clone()))
                .collect();
            cut_page(rows, cursor, bucket, limits)
        }))
    }

    async fn expire_mailbox(&self, now: UnixMillis, limit: usize) -> Result<usize, StoreError> {
        Ok(self.with(|state| {
            let mut ended: Vec<_> = state
                .rows
                .iter()
                .filter(|(_, row)| row.until <= now)
                .map(|(id, row)| (row.until, *id))
                .collect();
            ended.sort_unstable();
            ended.truncate(limit);
            for (_, id) in &ended {
                state.rows.remove(id);
            }
            ended.len()
        }))
    }
}

impl State {
    fn apply(&mut self, write: MailboxWrite) {
        match write {
            MailboxWrite::PutMailboxLetter(row) => {
                if self.rows.values().all(|known| known.letter != row.letter) {
                    self.last_id += 1;
                    self.rows.insert(self.last_id, *row);
                }
            }
            MailboxWrite::DeleteMailboxLetter(letter) => self.rows.retain(|_, row| row.letter != letter),
        }
    }
}

fn held(row: &MailboxRow) -> HeldLetter {
    HeldLetter {
        letter: row.letter,
        claimant: row.claimant,
        address: row.address,
        side: row.side,
        seq: row.seq,
        work: row.work,
        bytes: byte_count(row),
        received: row.received,
        until: row.until,
    }
}

fn byte_count(row: &MailboxRow) -> u32 {
    u32::try_from(row.deposit.len()).unwrap_or(u32::MAX)
}
