//! Letters that came, until they are opened, and their ids until they cannot come again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BottleId, ClaimantKey, LetterId, MailAddress};
use crate::limits::LETTERS_PER_BOTTLE_MAX;
use crate::post::PostEffect;
use crate::time::UnixMillis;
use crate::validate::{VerifiedDeposit, time_rules};

/// Letters waiting to be opened; while there are as many, nothing more is collected and no cursor moves.
pub const INBOX_WAITING_MAX: usize = 256;
/// Letters remembered in all, opened ones included. Beyond it the opened one that ends first is forgotten; if it came
/// again its thread would drop it.
pub const INBOX_ROWS_MAX: usize = 8192;

/// Whether a letter was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboxState {
    /// Its encoded signed deposit, verified, waits to be opened.
    Waiting(#[serde(with = "serde_bytes")] Vec<u8>),
    /// It was opened, or can never be.
    Opened,
}

/// One letter that came, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRow {
    /// Its id.
    pub letter: LetterId,
    /// Where it waited.
    pub address: MailAddress,
    /// The bottle that it is about.
    pub bottle: BottleId,
    /// The claim that it came with.
    pub claimant: ClaimantKey,
    /// When it came.
    pub received_at: UnixMillis,
    /// From then on no mailbox gives it out.
    pub until: UnixMillis,
    /// Whether it was opened.
    pub state: InboxState,
}

/// What became of a letter that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is new and stored.
    New,
    /// It is known, or its address has brought its share: nothing to do, and the cursor may pass.
    Passed,
    /// No room until some are opened: the cursor must not pass.
    Full,
}

/// The letters that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    rows: BTreeMap<LetterId, InboxRow>,
}

impl Inbox {
    /// Continues from stored rows.
    pub fn restore(rows: impl IntoIterator<Item = InboxRow>) -> Self {
        Self {
            rows: rows.into_iter().map(|row| (row.letter, row)).collect(),
        }
    }

    /// Whether this letter came before.
    pub fn contains(&self, letter: &LetterId) -> bool {
        self.rows.contains_key(letter)
    }

    /// One letter.
    pub fn row(&self, letter: &LetterId) -> Option<&InboxRow> {
        self.rows.get(letter)
    }

    /// All letters remembered, by id.
    pub fn rows(&self) -> impl Iterator<Item = &InboxRow> {
        self.rows.values()
    }

    /// Letters not opened yet.
    pub fn waiting(&self) -> impl Iterator<Item = &InboxRow> {
        self.rows
            .values()
            .filter(|row| matches!(row.state, InboxState::Waiting(_)))
    }

    pub(super) fn add(
        &mut self,
        came: &VerifiedDeposit,
        bytes: &[u8],
        wall: UnixMillis,
        effects: &mut Vec<PostEffect>,
    ) -> Taken {
        if self.contains(&came.id) || self.of_address(&came.address) >= LETTERS_PER_ADDRESS_MAX {
            return Taken::Passed;
        }
        if self.waiting().count() >= INBOX_WAITING_MAX || !self.make_room(effects) {
            return Taken::Full;
        }
        let deposit = came.deposit.value();
        let row = InboxRow {
            letter: came.id,
            address: came.address,
            bottle: deposit.envelope.bottle,
            claimant: deposit.claim.value().claimant,
            received_at: wall,
            until: time_rules::letters_end(deposit.header.value().expires_at()),
            state: InboxState::Waiting(bytes.to_vec()),
        };
        effects.push(PostEffect::SaveInbox(Box::new(row.clone())));
        effects.push(PostEffect::Received(row.letter, row.bottle));
        self.rows.insert(row.letter, row);
        Taken::New
    }

    pub(super) fn handle_opened(&mut self, letter: LetterId, effects: &mut Vec<PostEffect>) {
        let Some(row) = self.rows.get_mut(&letter) else {
            return;
        };
        if row.state != InboxState::Opened {
            row.state = InboxState::Opened;
            effects.push(PostEffect::SaveInbox(Box::new(row.clone())));
        }
    }

    /// Forgets opened letters that no mailbox gives out any more.
    pub(super) fn prune(&mut self, wall: UnixMillis, effects: &mut Vec<PostEffect>) {
        let over = self
            .rows
            .values()
            .filter(|row| row.state == InboxState::Opened && row.until <= wall);
        let over: Vec<LetterId> = over.map(|row| row.letter).collect();
        for letter in over {
            self.rows.remove(&letter);
            effects.push(PostEffect::DeleteInbox(letter));
        }
    }

    fn of_address(&self, address: &MailAddress) -> usize {
        self.rows.values().filter(|row| row.address == *address).count()
    }

    fn make_room(&mut self, effects: &mut Vec<PostEffect>) -> bool {
        if self.rows.len() < INBOX_ROWS_MAX {
            return true;
        }
        let opened = self.rows.values().filter(|row| row.state == InboxState::Opened);
        let Some(first) = opened
            .min_by_key(|row| (row.until, row.letter))
            .map(|row| row.letter)
        else {
            return false;
        };
        self.rows.remove(&first);
        effects.push(PostEffect::DeleteInbox(first));
        true
    }
}

/// Letters taken for one address in its life. A mailbox keeps [`LETTERS_PER_BOTTLE_MAX`] at once; twice that lets a lively
/// bottle turn over and still bounds what a flood of claims can bring.
const LETTERS_PER_ADDRESS_MAX: usize = 2 * LETTERS_PER_BOTTLE_MAX;
