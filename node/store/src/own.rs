//! What this user did: bottles thrown, claims made, the collection, drafts, and the rows of the pure cores.
//!
//! All of it is durable and belongs into a committed [`crate::Unit`]. Texts and secrets are sealed with the storage key; nothing in
//! these tables is ever offered to a peer.

mod collection;
mod read;
mod write;

use async_trait::async_trait;
use meteorite_protocol::ids::{BodyId, BottleId, ClaimantKey, Nonce};
use meteorite_protocol::time::{Epoch, Tick, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::sql::stored_enum;
pub(crate) use write::apply;

stored_enum!(
    /// How far an own bottle got: what is proven, in this order.
    pub enum OwnState {
        /// Stored, not yet given to anyone.
        Queued = 0,
        /// Given to at least one neighbour.
        Handed = 1,
        /// A neighbour offered it back.
        Drifting = 2,
        /// At least one stranger caught it.
        Caught = 3,
        /// At least one stranger answered.
        Answered = 4,
        /// Its time ended.
        Sunk = 5,
        /// Its author took it back.
        Withdrawn = 6,
    }
);

stored_enum!(
    /// What became of an own claim.
    pub enum ClaimState {
        /// Its tick has not passed yet.
        Provisional = 0,
        /// It has a place.
        Confirmed = 1,
        /// Another ship was first.
        Displaced = 2,
        /// The user threw the bottle back.
        ThrownBack = 3,
    }
);

stored_enum!(
    /// Why a bottle is in the collection.
    pub enum CollectionKind {
        /// Opened and read.
        Opened = 0,
        /// Kept on purpose.
        Kept = 1,
        /// Only the picture: the claim was lost.
        Fragment = 2,
    }
);

/// The words of a bottle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateBody {
    /// The text.
    pub text: PrivateText,
    /// The nickname; empty for none.
    pub nick: PrivateText,
    /// The tags.
    pub tags: Vec<PrivateText>,
}

/// A bottle this user threw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBottleRow {
    /// The bottle.
    pub bottle: BottleId,
    /// The salt of its keys.
    pub nonce: Nonce,
    /// Its body block.
    pub body: BodyId,
    /// The whole sky message, to throw it again. Private, because it contains the key to the text.
    pub message: PrivateBytes,
    /// What was written.
    pub words: PrivateBody,
    /// When it was written.
    pub created: UnixMillis,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// When it ends.
    pub expires_at: Epoch,
    /// Places.
    pub slots: u8,
    /// How far it got.
    pub progress: OwnProgress,
}

/// How far an own bottle got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnProgress {
    /// The state shown.
    pub state: OwnState,
    /// Neighbours it was given to.
    pub handed: u32,
    /// Neighbours that offered it back.
    pub seen: u32,
    /// Places taken.
    pub caught: u32,
    /// Lights and letters received.
    pub answers: u32,
    /// Recasts signed.
    pub recasts: u8,
}

/// A claim this user made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnClaimRow {
    /// The fresh key of this claim.
    pub claimant: ClaimantKey,
    /// The bottle.
    pub bottle: BottleId,
    /// The secret half of the key.
    pub secret: PrivateBytes,
    /// The signed claim as sent.
    #[serde(with = "serde_bytes")]
    pub claim: Vec<u8>,
    /// Its tick.
    pub tick: Tick,
    /// When it was made.
    pub made: UnixMillis,
    /// What became of it.
    pub state: ClaimState,
    /// Whether its one light was used.
    pub light_sent: bool,
    /// Whether its one letter was used.
    pub letter_sent: bool,
}

/// A stone that fell past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallRow {
    /// The bottle.
    pub bottle: BottleId,
    /// How often it fell.
    pub times: u8,
    /// When it fell last.
    pub last: UnixMillis,
}

/// An opened or kept bottle, or a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Why it is here.
    pub kind: CollectionKind,
    /// When it was opened.
    pub opened: UnixMillis,
    /// The header payload: it draws the stone. Private, because it contains the key to the text.
    pub header: PrivateBytes,
    /// What was written; empty for a fragment.
    pub words: PrivateBody,
    /// What this user noted about it.
    pub note: PrivateText,
}

/// Something begun and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftRow {
    /// Its name, for example `bottle` or `thread/…`.
    pub draft: String,
    /// What was written so far.
    pub text: PrivateText,
    /// When it last changed.
    pub changed: UnixMillis,
}

/// A row of a pure core (delivery of own bottles, catches, economy, outbox) in the core's own encoding: what `restore` reads.
/// The other tables hold what is shown and what is secret; this one what the cores need to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreRow {
    /// The core, for example `mine`.
    pub core: String,
    /// The core's key of the row; empty if there is only one.
    #[serde(with = "serde_bytes")]
    pub row: Vec<u8>,
    /// The encoded row.
    pub state: PrivateBytes,
}

impl CoreRow {
    /// Names the row for sealing: `core` has no line breaks.
    pub(crate) fn sealing_key(&self) -> Vec<u8> {
        [self.core.as_bytes(), b"\n", &self.row].concat()
    }
}

/// A change of what this user owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnWrite {
    /// Stores or replaces an own bottle.
    PutOwnBottle(Box<OwnBottleRow>),
    /// Says how far an own bottle got; unknown bottles are ignored.
    SetOwnBottleState {
        /// The bottle.
        bottle: BottleId,
        /// How far.
        progress: OwnProgress,
    },
    /// Forgets an own bottle.
    DeleteOwnBottle(BottleId),
    /// Stores or replaces a claim.
    PutOwnClaim(Box<OwnClaimRow>),
    /// Says what became of a claim; unknown claims are ignored.
    SetOwnClaimState {
        /// The claim.
        claimant: ClaimantKey,
        /// What became of it.
        state: ClaimState,
    },
    /// Notes that the one light or the one letter of a claim was used.
    SetOwnClaimUsed {
        /// The claim.
        claimant: ClaimantKey,
        /// Which of them.
        what: ClaimUse,
    },
    /// Notes that a stone fell past.
    PutFall(FallRow),
    /// Forgets all falls before a moment.
    DeleteFallsBefore(UnixMillis),
    /// Stores or replaces a bottle of the collection.
    PutCollection(Box<CollectionRow>),
    /// Removes a bottle from the collection.
    DeleteCollection(BottleId),
    /// Stores or replaces a draft.
    PutDraft(DraftRow),
    /// Forgets a draft.
    DeleteDraft(String),
    /// Stores or replaces a row of a pure core.
    PutCoreRow(CoreRow),
    /// Forgets a row of a pure core.
    DeleteCoreRow {
        /// The core.
        core: String,
        /// Its key of the row.
        row: Vec<u8>,
    },
}

/// What a claim permits once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimUse {
    /// The light.
    Light,
    /// The letter.
    Letter,
}

/// Where the next page of the collection begins. Opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionCursor {
    pub(crate) opened: UnixMillis,
    pub(crate) id: i64,
}

/// A page of the collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionPage {
    /// The bottles, last opened first.
    pub rows: Vec<CollectionRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<CollectionCursor>,
}

/// Storage of what this user owns. Changes go through [`crate::Db::commit`].
#[async_trait]
pub trait OwnStore: Send + Sync {
    /// All own bottles, newest first.
    async fn own_bottles(&self) -> Result<Vec<OwnBottleRow>, StoreError>;

    /// One own bottle.
    async fn own_bottle(&self, bottle: &BottleId) -> Result<Option<OwnBottleRow>, StoreError>;

    /// All own claims, newest first.
    async fn own_claims(&self) -> Result<Vec<OwnClaimRow>, StoreError>;

    /// The own claims for one bottle, newest first.
    async fn own_claims_of(&self, bottle: &BottleId) -> Result<Vec<OwnClaimRow>, StoreError>;

    /// All noted falls.
    async fn falls(&self) -> Result<Vec<FallRow>, StoreError>;

    /// A page of one kind of the collection, last opened first; at most [`COLLECTION_PAGE_MAX`] rows.
    async fn collection_page(
        &self,
        kind: CollectionKind,
        after: Option<CollectionCursor>,
        limit: usize,
    ) -> Result<CollectionPage, StoreError>;

    /// One bottle of the collection.
    async fn collected(&self, bottle: &BottleId) -> Result<Option<CollectionRow>, StoreError>;

    /// Bottles of the collection in which text, nickname, a tag or the note contains `words`, ignoring case; last opened first.
    /// Opens every row in memory: nothing searchable is stored.
    async fn search_collection(&self, words: &str, limit: usize) -> Result<Vec<CollectionRow>, StoreError>;

    /// All drafts, last changed first.
    async fn drafts(&self) -> Result<Vec<DraftRow>, StoreError>;

    /// All rows of a pure core, by key. Called once, at start.
    async fn core_rows(&self, core: &str) -> Result<Vec<CoreRow>, StoreError>;
}

/// The most rows of one collection page; a larger limit is lowered to it.
pub const COLLECTION_PAGE_MAX: usize = 200;
