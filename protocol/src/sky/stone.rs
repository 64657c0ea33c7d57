//! What the sky says about bottles.

use crate::ids::{AuthorKey, BottleId};
use crate::time::Epoch;

/// What the index keeps of a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stone {
    /// Its id.
    pub bottle: BottleId,
    /// Who signed it.
    pub author: AuthorKey,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// The first epoch in which it no longer drifts.
    pub expires_at: Epoch,
    /// Leading zero bits of its stamp.
    pub bits: u8,
    /// Its places.
    pub slots: u8,
    /// Ours, and not offered in sync yet.
    pub withheld: bool,
}

/// How this node stands to a bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never seen, or forgotten.
    Unknown,
    /// In the sky.
    Drifting,
    /// Its author took it back.
    Withdrawn,
    /// Its author key signed two.
    Sunk,
    /// The user or operator does not want it.
    Denied,
}

/// What became of an inserted bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insert {
    /// It is in.
    Added {
        /// These made room.
        evicted: Vec<BottleId>,
    },
    /// There is no room for a stamp this low.
    Full {
        /// These had still less.
        evicted: Vec<BottleId>,
    },
    /// It was in already, or must not come in.
    Known,
}

/// What an item of sync stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemOwner {
    /// One bottle with its claims.
    Bottle(BottleId),
    /// An author key with the two headers that sank it.
    Sunk(AuthorKey),
}
