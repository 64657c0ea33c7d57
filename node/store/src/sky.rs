//! The sky: headers of drifting bottles and the catch messages about them.
//!
//! All of it is cache: other peers' public data, which sync brings back. The compact [`IndexRow`] is what the engine keeps in
//! memory for every bottle; payload and signature are read in bulk when a page is shown or a peer asks. This module knows no
//! text: a body is a block in the block store, and what was opened is in the collection ([`crate::own`]).

mod memory;
mod page;
mod sqlite;

use async_trait::async_trait;
use meteorite_protocol::ids::{AuthorKey, BodyId, BottleId};
use meteorite_protocol::time::{Epoch, UnixMillis};

use crate::error::StoreError;
pub use memory::MemorySky;
pub(crate) use sqlite::apply;

/// The compact facts of one bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Its one-time author key.
    pub author: AuthorKey,
    /// Its sealed body block.
    pub body: BodyId,
    /// Bytes of the body block.
    pub body_len: u16,
    /// The shard it travels in, 0..16.
    pub shard: u8,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// The first epoch in which it no longer drifts.
    pub expires_at: Epoch,
    /// When this device first saw it.
    pub first_seen: UnixMillis,
    /// BCP-47 primary language, the author's word.
    pub lang: String,
    /// Intensities on Plutchik's wheel, the author's word.
    pub mood: [u8; 8],
    /// Tone, the author's word.
    pub tone: u8,
    /// Art number for the picture.
    pub art: u16,
    /// Length of the text in graphemes, the author's word.
    pub length: u16,
    /// Places, 1..=8.
    pub slots: u8,
    /// Leading zero bits of its stamp.
    pub bits: u8,
    /// What this device knows about it.
    pub flags: HeaderFlags,
}

/// A bottle with its signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRow {
    /// The compact facts.
    pub index: IndexRow,
    /// The payload exactly as received.
    pub payload: Vec<u8>,
    /// The signature over it.
    pub signature: Vec<u8>,
}

/// What this device knows about a bottle, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderFlags(u8);

impl HeaderFlags {
    /// Nothing known.
    pub const NONE: Self = Self(0);
    /// This user threw it: it never falls in their own sky.
    pub const OWN: Self = Self(1);
    /// This user, or a rule of theirs, hid it.
    pub const HIDDEN: Self = Self(2);
    /// Sunk: withdrawn, or its author equivocated.
    pub const SUNK: Self = Self(4);
    /// It carries something that this version does not understand: passed on, never shown.
    pub const FORWARD_ONLY: Self = Self(8);
    /// Own, and no neighbour has offered it back yet: left out of sync.
    pub const WITHHELD: Self = Self(16);
    /// Its body is in the block store.
    pub const HAS_BODY: Self = Self(32);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Are all bits of `other` in this set?
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits as stored.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of stored bits; unknown bits are kept.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

/// The kept catch messages of one bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchesRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Encoded messages, in the order in which they were given.
    pub messages: Vec<Vec<u8>>,
}

/// Proof that an author key signed two headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquivocationRow {
    /// The author key.
    pub author: AuthorKey,
    /// The two bottles.
    pub bottles: [BottleId; 2],
    /// The first epoch in which the proof is no longer needed.
    pub until: Epoch,
}

/// A change of the sky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkyWrite {
    /// Stores a header. If the bottle is known, only the flags are added: a header never changes.
    PutHeader(Box<HeaderRow>),
    /// Adds and then removes flags of a bottle; unknown bottles are ignored.
    SetFlags {
        /// The bottle.
        bottle: BottleId,
        /// Flags to add.
        set: HeaderFlags,
        /// Flags to remove.
        clear: HeaderFlags,
    },
    /// Replaces all catch messages of a bottle by these: a claim set also forgets.
    SetCatches(CatchesRow),
    /// Stores a proof of equivocation, replacing one by the same author.
    PutEquivocation(EquivocationRow),
    /// Forgets a bottle and its catch messages.
    DeleteBottle(BottleId),
}

/// Which bottles a sky page shows, newest first. Own, sunk and forward-only bottles never appear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkyFilter {
    /// Languages to show; empty means all. At most [`SKY_LANGS_MAX`] are used.
    pub langs: Vec<String>,
    /// Strongest moods to show, 0..8; empty means all.
    pub moods: Vec<u8>,
    /// Whether hidden bottles are shown.
    pub hidden: Hidden,
}

/// Whether hidden bottles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hidden {
    /// They are left out.
    #[default]
    Leave,
    /// They are shown among the others.
    Include,
}

/// Where the next page begins. Opaque; valid for the store that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkyCursor {
    pub(crate) first_seen: UnixMillis,
    pub(crate) id: i64,
}

/// As text, for programs that pass it through.
impl std::fmt::Display for SkyCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first_seen.0, self.id)
    }
}

impl std::str::FromStr for SkyCursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (first_seen, id) = text.split_once('-').ok_or(NoCursor)?;
        let read = || {
            Some(Self {
                first_seen: UnixMillis(first_seen.parse().ok()?),
                id: id.parse().ok()?,
            })
        };
        read().ok_or(NoCursor)
    }
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the end of a page")]
pub struct NoCursor;

/// A page of the sky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkyPage {
    /// The bottles, newest first.
    pub rows: Vec<HeaderRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<SkyCursor>,
}

/// A bottle that the sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpiredBottle {
    /// The bottle.
    pub bottle: BottleId,
    /// Its body block, which may go too.
    pub body: BodyId,
}

/// How many bottles are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SkyCounts {
    /// All of them.
    pub all: u64,
    /// Those that may fall.
    pub shown: u64,
    /// Those the user hid.
    pub hidden: u64,
}

/// Storage of the sky.
#[async_trait]
pub trait SkyStore: Send + Sync {
    /// Applies all changes, or none.
    async fn write_sky(&self, writes: Vec<SkyWrite>) -> Result<(), StoreError>;

    /// A page of at most `limit` (≤ [`SKY_PAGE_MAX`]) bottles, newest first by when this device first saw them.
    async fn sky_page(
        &self,
        filter: &SkyFilter,
        after: Option<SkyCursor>,
        limit: usize,
    ) -> Result<SkyPage, StoreError>;

    /// The headers of those ids that are known, in the order asked; at most [`SKY_BULK_MAX`] ids are looked up.
    async fn headers(&self, bottles: &[BottleId]) -> Result<Vec<HeaderRow>, StoreError>;

    /// The catch messages of those of these bottles that have any, in the order asked; at most [`SKY_BULK_MAX`] ids are looked up.
    async fn catches(&self, bottles: &[BottleId]) -> Result<Vec<CatchesRow>, StoreError>;

    /// Calls `each` for every bottle in the order of arrival and says how many there were. Called once, at start.
    async fn load_index(&self, each: &mut (dyn FnMut(IndexRow) + Send)) -> Result<usize, StoreError>;

    /// Calls `each` for every bottle with catch messages and says how many there were. Called once, at start.
    async fn load_catches(&self, each: &mut (dyn FnMut(CatchesRow) + Send)) -> Result<usize, StoreError>;

    /// All proofs of equivocation, by author. Called once, at start.
    async fn equivocations(&self) -> Result<Vec<EquivocationRow>, StoreError>;

    /// Removes at most `limit` bottles whose end is `now` or before, with their catch messages, and proofs that are no longer needed.
    /// Fewer than `limit` means done.
    async fn expire_bottles(&self, now: Epoch, limit: usize) -> Result<Vec<ExpiredBottle>, StoreError>;

    /// How many bottles are known.
    async fn sky_counts(&self) -> Result<SkyCounts, StoreError>;
}

/// The index of the strongest mood; ties go to the lowest.
#[must_use]
pub fn strongest_mood(mood: &[u8; 8]) -> u8 {
    let mut strongest = (0_u8, 0_u8);
    for (index, value) in (0_u8..).zip(mood) {
        if *value > strongest.1 {
            strongest = (index, *value);
        }
    }
    strongest.0
}

/// The most rows of one page; a larger limit is lowered to it.
pub const SKY_PAGE_MAX: usize = 200;
/// The most languages of a filter; further ones are ignored.
pub const SKY_LANGS_MAX: usize = 8;
/// The most ids of one bulk read; further ones are ignored. A sync request asks for at most 128.
pub const SKY_BULK_MAX: usize = 512;
/// Moods on the wheel.
pub(crate) const MOODS: u8 = 8;
