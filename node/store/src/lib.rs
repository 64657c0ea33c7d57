//! SQLite storage of node and bootstrap server.
//!
//! One [`Db`] per data folder. The shell turns the durable effects of a step into a [`Unit`] and commits it before it sends anything
//! of that step; cache rows go through [`WriteBehind`]. Reading goes through one trait per store: [`SkyStore`], [`OwnStore`],
//! [`LetterStore`], [`MailboxStore`], [`BlockStore`], [`PeerStore`], [`ModerationStore`], [`MetaStore`]. [`Export`] carries what
//! belongs to an identity from one device to another.
//!
//! This crate decides nothing: policy, validation and time come from its callers. It stores words and secrets sealed with the
//! storage key only, logs no content, and uses protocol types for ids and moments only; rows are its own types.

#![warn(missing_docs)]

mod blocks;
mod db;
mod error;
mod export;
mod letters;
mod mailbox;
mod meta;
mod moderation;
mod own;
mod peers;
mod private;
mod seal;
mod sky;
mod sql;
mod unit;
mod write_behind;

pub use blocks::{BlockIntent, BlockRow, BlockStore, BlockTotals, BlockWrite, Pin};
pub use db::{Db, OpenOptions, Opened};
pub use error::{OpenError, StoreError};
pub use export::{EXPORT_VERSION, Export, Imported};
pub use letters::{
    DepositRow, DepositState, LetterKind, LetterRow, LetterStore, LetterWrite, MailWatchRow, ReceiptRow,
    ThreadId, ThreadRow, ThreadSide, Way, Wish,
};
pub use mailbox::{
    HeldLetter, MailPage, MailPageLimits, MailboxRow, MailboxStore, MailboxTotals, MailboxWrite,
    MemoryMailbox,
};
pub use meta::{MetaStore, MetaWrite};
pub use moderation::{
    BlockKind, BlockedRow, DenyRow, HiddenRow, HideReason, ModerationStore, ModerationWrite, ReportRow,
};
pub use own::{
    COLLECTION_PAGE_MAX, ClaimState, ClaimUse, CollectionCursor, CollectionKind, CollectionPage,
    CollectionRow, CoreRow, DraftRow, FallRow, OwnBottleRow, OwnClaimRow, OwnProgress, OwnState, OwnStore,
    OwnWrite, PrivateBody,
};
pub use peers::{PEER_ADDRESSES_MAX, PEERS_MAX, PeerRow, PeerSource, PeerStore, PeerWrite};
pub use private::{PrivateBytes, PrivateText};
pub use sky::{
    CatchesRow, EquivocationRow, ExpiredBottle, HeaderFlags, HeaderRow, Hidden, IndexRow, MemorySky,
    NoCursor, SKY_BULK_MAX, SKY_LANGS_MAX, SKY_PAGE_MAX, SkyCounts, SkyCursor, SkyFilter, SkyPage, SkyStore,
    SkyWrite, strongest_mood,
};
pub use sql::UnknownCode;
pub use unit::{UNIT_WRITES_MAX, Unit, Write};
pub use write_behind::{
    BATCH_ROWS_MAX, BATCH_WAIT_MAX, BUFFER_ROWS_MAX, BufferFull, WriteBehind, WriteBehindTask,
};
