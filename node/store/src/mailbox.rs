//! Letters held for others.
//!
//! Whether a letter is kept is decided by the pure policy of `meteorite_protocol::mailbox`; this store gives it the numbers
//! ([`MailboxStore::mailbox_bottle`], [`MailboxStore::mailbox_totals`]) and carries out the decision in one transaction. A letter is
//! on the disk before its receipt may be signed. Letters come out in the order in which they came in, by a cursor that survives
//! restarts and never goes back. It is durable, and knows only ciphertext.

mod memory;
mod sqlite;

use async_trait::async_trait;
use meteorite_protocol::ids::{BottleId, ClaimantKey, LetterId, MailAddress};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::AddressPrefix;

use crate::error::StoreError;
use crate::letters::ThreadSide;
pub use memory::MemoryMailbox;
pub(crate) use sqlite::apply;

/// A letter held for someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRow {
    /// The letter.
    pub letter: LetterId,
    /// The bottle it is about.
    pub bottle: BottleId,
    /// The key of the claim behind it.
    pub claimant: ClaimantKey,
    /// Where it waits.
    pub address: MailAddress,
    /// Who wrote it.
    pub side: ThreadSide,
    /// Its number in the thread.
    pub seq: u8,
    /// Leading zero bits of the claim behind it.
    pub work: u32,
    /// When it came.
    pub received: UnixMillis,
    /// When it goes.
    pub until: UnixMillis,
    /// The signed deposit as received.
    pub deposit: Vec<u8>,
}

/// What policy needs to know of a letter that is held for the same bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLetter {
    /// The letter.
    pub letter: LetterId,
    /// The key of the claim behind it.
    pub claimant: ClaimantKey,
    /// Where it waits.
    pub address: MailAddress,
    /// Who wrote it.
    pub side: ThreadSide,
    /// Its number in the thread.
    pub seq: u8,
    /// Leading zero bits of the claim behind it.
    pub work: u32,
    /// Bytes of its deposit.
    pub bytes: u32,
    /// When it came.
    pub received: UnixMillis,
    /// When it goes.
    pub until: UnixMillis,
}

/// How much a mailbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailboxTotals {
    /// Letters.
    pub letters: u64,
    /// Bytes of their deposits.
    pub bytes: u64,
}

/// A change of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxWrite {
    /// Holds a letter; one that is held already stays as it is.
    PutMailboxLetter(Box<MailboxRow>),
    /// Lets a letter go.
    DeleteMailboxLetter(LetterId),
}

/// Some letters of a prefix, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailPage {
    /// Signed deposits.
    pub letters: Vec<Vec<u8>>,
    /// The cursor to ask with next; the one given if there was nothing.
    pub next: u64,
    /// Whether there are more now.
    pub more: bool,
    /// How many letters are held under this prefix, those before the cursor included.
    pub bucket: u32,
}

/// What bounds a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailPageLimits {
    /// The most letters.
    pub letters_max: usize,
    /// The most bytes of all letters together; the first letter always fits.
    pub bytes_max: usize,
}

/// Storage of letters held for others.
#[async_trait]
pub trait MailboxStore: Send + Sync {
    /// Applies all changes, or none; they are on the disk when this returns.
    async fn write_mailbox(&self, writes: Vec<MailboxWrite>) -> Result<(), StoreError>;

    /// The letters held for a bottle, in the order in which they came.
    async fn mailbox_bottle(&self, bottle: &BottleId) -> Result<Vec<HeldLetter>, StoreError>;

    /// A held letter.
    async fn mailbox_letter(&self, letter: &LetterId) -> Result<Option<MailboxRow>, StoreError>;

    /// How much is held; one read of one row.
    async fn mailbox_totals(&self) -> Result<MailboxTotals, StoreError>;

    /// How many letters wait under `prefix`.
    async fn mailbox_bucket(&self, prefix: &AddressPrefix) -> Result<u32, StoreError>;

    /// Letters whose address begins with `prefix` and which came after `cursor` (0 for all).
    async fn mailbox_page(
        &self,
        prefix: &AddressPrefix,
        cursor: u64,
        limits: MailPageLimits,
    ) -> Result<MailPage, StoreError>;

    /// Lets at most `limit` letters go whose end is `now` or before, and says how many. Fewer than `limit` means done.
    async fn expire_mailbox(&self, now: UnixMillis, limit: usize) -> Result<usize, StoreError>;
}

/// Cuts letters to the bounds of a page. `rows` are (cursor, deposit) after `cursor`, one more than fits if there is one.
pub(crate) fn cut_page(
    rows: Vec<(u64, Vec<u8>)>,
    cursor: u64,
    bucket: u32,
    limits: MailPageLimits,
) -> MailPage {
    let mut page = MailPage {
        next: cursor,
        bucket,
        ..MailPage::default()
    };
    let mut bytes = 0_usize;
    for (id, deposit) in rows {
        bytes = bytes.saturating_add(deposit.len());
        let first = page.letters.is_empty();
        if !first && (page.letters.len() >= limits.letters_max || bytes > limits.bytes_max) {
            page.more = true;
            return page;
        }
        page.letters.push(deposit);
        page.next = id;
    }
    page
}
