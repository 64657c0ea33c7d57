//! Units of work: what one step of the node changes, stored together or not at all.
//!
//! A core emits durable effects; the shell turns them into one [`Unit`], commits it, and only then sends anything of that step.
//! Each store has its own enum of changes; [`Write`] is their union.

use crate::blocks::{self, BlockWrite};
use crate::error::StoreError;
use crate::letters::{self, LetterWrite};
use crate::mailbox::{self, MailboxWrite};
use crate::meta::{self, MetaWrite};
use crate::moderation::{self, ModerationWrite};
use crate::own::{self, OwnWrite};
use crate::peers::{self, PeerWrite};
use crate::sky::{self, SkyWrite};
use crate::sql::Writer;

/// One change of one store.
#[derive(Debug, Clone)]
pub enum Write {
    /// Headers and catch messages of the sky.
    Sky(SkyWrite),
    /// Own bottles, claims, hold, collection, drafts, counters.
    Own(OwnWrite),
    /// Outbox, receipts, threads, letters.
    Letter(LetterWrite),
    /// Letters held for others.
    Mailbox(MailboxWrite),
    /// Intents about blocks.
    Block(BlockWrite),
    /// Peers reached before.
    Peer(PeerWrite),
    /// Hidden, blocked, reported, denied.
    Moderation(ModerationWrite),
    /// Settings.
    Meta(MetaWrite),
}

/// Changes that are stored together or not at all.
#[derive(Debug, Clone)]
pub struct Unit {
    name: &'static str,
    writes: Vec<Write>,
}

impl Unit {
    /// An empty unit; the name of the step appears in logs.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            writes: Vec::new(),
        }
    }

    /// This unit with one change more.
    #[must_use]
    pub fn with(mut self, write: impl Into<Write>) -> Self {
        self.push(write);
        self
    }

    /// Adds a change; changes are applied in the order added.
    pub fn push(&mut self, write: impl Into<Write>) {
        self.writes.push(write.into());
    }

    /// How many changes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The name of the step.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.writes
    }
}

impl Extend<Write> for Unit {
    fn extend<T: IntoIterator<Item = Write>>(&mut self, writes: T) {
        self.writes.extend(writes);
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: Write, on: &mut Writer<'_>) -> Result<(), StoreError> {
    match write {
        Write::Sky(write) => sky::apply(write, on).await,
        Write::Own(write) => own::apply(write, on).await,
        Write::Letter(write) => letters::apply(write, on).await,
        Write::Mailbox(write) => mailbox::apply(write, on).await,
        Write::Block(write) => blocks::apply(write, on).await,
        Write::Peer(write) => peers::apply(write, on).await,
        Write::Moderation(write) => moderation::apply(write, on).await,
        Write::Meta(write) => meta::apply(write, on).await,
    }
}

macro_rules! from_write {
    ($($variant:ident($inner:ty)),+ $(,)?) => {
        $(impl From<$inner> for Write {
            fn from(write: $inner) -> Self {
                Self::$variant(write)
            }
        })+
    };
}

from_write!(
    Sky(SkyWrite),
    Own(OwnWrite),
    Letter(LetterWrite),
    Mailbox(MailboxWrite),
    Block(BlockWrite),
    Peer(PeerWrite),
    Moderation(ModerationWrite),
    Meta(MetaWrite),
);

/// The most changes of one unit. A step of the cores makes a few dozen; more is a fault of the caller and is refused whole.
pub const UNIT_WRITES_MAX: usize = 10_000;
