//! What the engine wants written, and reads again after a restart.

use crate::economy::EconomyRow;
use crate::hold::CatchRow;
use crate::ids::{AuthorKey, BodyId, BottleId};
use crate::mine::OwnBottleRow;
use crate::time::Epoch;

/// Something to write, and what [`super::Engine::restore`] reads. A row replaces the one with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A bottle, keyed by its id.
    Bottle(BottleRow),
    /// All catch messages of a bottle, keyed by its id; replaces all earlier ones.
    Claims(ClaimsRow),
    /// A proof that an author key signed two headers, keyed by the author.
    Equivocation(EquivocationRow),
    /// What is proven of an own bottle, keyed by its id.
    Mine(Box<OwnBottleRow>),
    /// A catch, keyed by its bottle.
    Hold(Box<CatchRow>),
    /// Delete the catch of this bottle. Never stored.
    HoldGone(BottleId),
    /// The counters of the day. There is one.
    Economy(EconomyRow),
}

/// What the index keeps of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BottleRow {
    /// Its id.
    pub bottle: BottleId,
    /// Its author.
    pub author: AuthorKey,
    /// Its body.
    pub body: BodyId,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// The first epoch in which it no longer drifts.
    pub expires_at: Epoch,
    /// Its places.
    pub slots: u8,
    /// Leading zero bits of its stamp.
    pub bits: u8,
    /// Whether its body is in the block store or comes with this row.
    pub has_body: bool,
    /// The bytes to store. To restore they are needed, with the body, only for a bottle that has a [`Row::Mine`]: it may
    /// have to be published again.
    pub content: Option<Box<Content>>,
}

/// The bytes of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The header payload, whose sha2-256 is the bottle id.
    pub header: Vec<u8>,
    /// The author's signature over it.
    pub signature: [u8; 64],
    /// The body block, unless it must still be fetched.
    pub body: Option<Vec<u8>>,
}

/// The catch messages of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Encoded catch messages, in an order in which an empty set takes all.
    pub messages: Vec<Vec<u8>>,
}

/// Two headers by one author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquivocationRow {
    /// The author key.
    pub author: AuthorKey,
    /// The two bottles; both headers stay stored until `until`.
    pub bottles: [BottleId; 2],
    /// The first epoch in which the proof is no longer needed.
    pub until: Epoch,
}
