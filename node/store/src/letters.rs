//! Letters: the outbox of deposits with their receipts, threads, and letters as this user reads them.
//!
//! All of it is durable. Deposits are public ciphertext and stored as they are; what a person wrote or named, and every secret
//! half of a reply key, is sealed with the storage key. Letters held for others are in [`crate::mailbox`].

mod read;
mod write;

use async_trait::async_trait;
use meteorite_protocol::ids::{BottleId, ClaimantKey, LetterId, MailAddress, Peer, ReplyKey};
use meteorite_protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::sql::stored_enum;
pub(crate) use read::read_letter;
pub(crate) use write::apply;

stored_enum!(
    /// How far a deposit got.
    pub enum DepositState {
        /// No mailbox has it yet.
        Queued = 0,
        /// At least one receipt, not yet enough.
        Waiting = 1,
        /// Enough mailboxes promised to keep it.
        Safe = 2,
        /// The other side said that it was read.
        Collected = 3,
        /// Its time ended.
        Expired = 4,
        /// Refused for good.
        Refused = 5,
    }
);

stored_enum!(
    /// On which side of a bottle this user stands.
    pub enum ThreadSide {
        /// They caught it.
        Finder = 0,
        /// They threw it.
        Author = 1,
    }
);

stored_enum!(
    /// What a side wants of a thread.
    pub enum Wish {
        /// Not said yet.
        Undecided = 0,
        /// Keep writing.
        Keep = 1,
        /// Let it drift.
        Drift = 2,
    }
);

stored_enum!(
    /// Which way a letter went.
    pub enum Way {
        /// To this user.
        Received = 0,
        /// From this user.
        Sent = 1,
    }
);

stored_enum!(
    /// What a letter is.
    pub enum LetterKind {
        /// One of six stickers.
        Light = 0,
        /// Words.
        Text = 1,
        /// Something a later version wrote: kept, shown as such.
        Other = 2,
    }
);

/// The id of a thread, chosen by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl From<[u8; 32]> for ThreadId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for ThreadId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A letter on its way to mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositRow {
    /// The letter.
    pub letter: LetterId,
    /// The bottle it answers.
    pub bottle: BottleId,
    /// Where it waits.
    pub address: MailAddress,
    /// The signed deposit as sent.
    #[serde(with = "serde_bytes")]
    pub deposit: Vec<u8>,
    /// How far it got.
    pub state: DepositState,
    /// How often it was tried.
    pub tries: u32,
    /// When it was made.
    pub made: UnixMillis,
    /// When to try or check again.
    pub next: UnixMillis,
    /// When it is given up.
    pub until: UnixMillis,
}

/// A mailbox's signed promise to keep a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRow {
    /// The letter.
    pub letter: LetterId,
    /// The mailbox.
    pub mailbox: Peer,
    /// The signed receipt as received.
    #[serde(with = "serde_bytes")]
    pub receipt: Vec<u8>,
    /// When it came.
    pub got: UnixMillis,
    /// Until when the mailbox keeps the letter.
    pub until: UnixMillis,
}

/// Letters that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// The thread.
    pub thread: ThreadId,
    /// The bottle it grew from.
    pub bottle: BottleId,
    /// The finder's key.
    pub claimant: ClaimantKey,
    /// Where this user stands.
    pub side: ThreadSide,
    /// What this user wants.
    pub my_wish: Wish,
    /// What the other side wants.
    pub their_wish: Wish,
    /// Letters in it so far.
    pub turns: u8,
    /// Letters not read yet.
    pub unread: u32,
    /// When the last letter came or went.
    pub last: UnixMillis,
    /// The key to seal the next letter to; `None` while it is the other side's turn to give one.
    pub their_reply_key: Option<ReplyKey>,
    /// The secret that opens their next letter.
    pub reply_secret: PrivateBytes,
    /// What this user calls the other side.
    pub pet_name: PrivateText,
}

/// A letter as this user may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// The letter.
    pub letter: LetterId,
    /// Its thread.
    pub thread: ThreadId,
    /// The bottle it answers.
    pub bottle: BottleId,
    /// Which way it went.
    pub way: Way,
    /// Its number in the thread.
    pub seq: u8,
    /// What it is.
    pub kind: LetterKind,
    /// Which sticker, for a light.
    pub light: u8,
    /// Whether this user read it.
    pub is_read: bool,
    /// When it came or went.
    pub at: UnixMillis,
    /// The fresh key it carried.
    pub reply_key: Option<ReplyKey>,
    /// What was written.
    pub text: PrivateText,
    /// The secret half of the key it carried, for a letter sent.
    pub reply_secret: PrivateBytes,
}

/// An address to ask mailboxes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailWatchRow {
    /// The address.
    pub address: MailAddress,
    /// The bottle it belongs to.
    pub bottle: BottleId,
    /// When to ask next.
    pub next: UnixMillis,
    /// When to stop asking.
    pub until: UnixMillis,
}

/// A change of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterWrite {
    /// Stores or replaces a deposit.
    PutDeposit(Box<DepositRow>),
    /// Says how far a deposit got; unknown letters are ignored.
    SetDepositState {
        /// The letter.
        letter: LetterId,
        /// How far.
        state: DepositState,
        /// Tries so far.
        tries: u32,
        /// When to try or check again.
        next: UnixMillis,
    },
    /// Forgets a deposit and its receipts.
    DeleteDeposit(LetterId),
    /// Stores or renews a receipt.
    PutReceipt(ReceiptRow),
    /// Stores or replaces a thread.
    PutThread(Box<ThreadRow>),
    /// Forgets a thread and its letters.
    DeleteThread(ThreadId),
    /// Stores a letter; one that is known stays as it is, so that a second copy changes nothing.
    PutLetter(Box<LetterRow>),
    /// Marks all letters of a thread as read.
    SetThreadRead(ThreadId),
    /// Stores or replaces an address to ask about.
    PutMailWatch(MailWatchRow),
    /// Stops asking about an address.
    DeleteMailWatch(MailAddress),
}

/// Storage of letters. Changes go through [`crate::Db::commit`].
#[async_trait]
pub trait LetterStore: Send + Sync {
    /// All deposits, oldest first.
    async fn deposits(&self) -> Result<Vec<DepositRow>, StoreError>;

    /// All receipts, by letter and mailbox.
    async fn receipts(&self) -> Result<Vec<ReceiptRow>, StoreError>;

    /// All threads, last used first.
    async fn threads(&self) -> Result<Vec<ThreadRow>, StoreError>;

    /// One thread.
    async fn thread(&self, thread: &ThreadId) -> Result<Option<ThreadRow>, StoreError>;

    /// The letters of a thread from its beginning; the protocol permits at most a few dozen.
    async fn letters(&self, thread: &ThreadId) -> Result<Vec<LetterRow>, StoreError>;

    /// Received letters that were not read yet.
    async fn unread_letters(&self) -> Result<u32, StoreError>;

    /// Whether a letter is stored.
    async fn has_letter(&self, letter: &LetterId) -> Result<bool, StoreError>;

    /// All addresses to ask about, the next due first.
    async fn mail_watches(&self) -> Result<Vec<MailWatchRow>, StoreError>;
}
