//! What the hold says: refusals as data, events for the user, and effects for the shell.

use crate::economy::LocalDay;
use crate::hold::CatchRow;
use crate::ids::{BottleId, ClaimantKey};
use crate::time::UnixMillis;
use crate::wire::Place;

/// Why a stone cannot be taken into the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchRefusal {
    /// All places are taken.
    HoldFull,
    /// It lies there already, or is being opened.
    InHold,
    /// It was opened before.
    Opened,
    /// Its time is over.
    Sunk,
}

/// Why a stone cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenRefusal {
    /// It is not in the hold.
    NotInHold,
    /// It is being opened already.
    Opening,
    /// It was opened before.
    Opened,
    /// Its time is over.
    Sunk,
    /// Others are being opened: wait for them.
    Busy,
    /// Too many catches are followed: some must sink first.
    Full,
}

/// Why a catch cannot be kept or thrown back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeRefusal {
    /// It is not claimed.
    NotClaimed,
    /// Another ship reached it first: there is no place to give back.
    Displaced,
    /// The claim may still be displaced; possible from then on.
    NotBefore(UnixMillis),
    /// It was thrown back.
    ThrownBack,
    /// Its time is over.
    Sunk,
}

/// Why a stone left the hold unopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// The player let it go; it may fall again.
    LetGo,
    /// Its time was over.
    Sunk,
    /// Its author withdrew it, or it proved to be false.
    Withdrawn,
    /// Every place was taken before the claim was made: another ship reached it first.
    AllCaught,
}

/// What happened, for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEvent {
    /// The claim was made and its text may be read.
    Claimed(BottleId),
    /// The tick has settled.
    Confirmed(BottleId),
    /// Another ship reached it first; what was read is kept, and the stone stays as a fragment.
    Displaced(BottleId),
    /// A displaced claim counts again, because the one before it fell away.
    Reinstated(BottleId),
    /// It left the hold unopened.
    Slipped(BottleId, Slip),
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldEffect {
    /// Durable: replace the row of this bottle.
    Save(Box<CatchRow>),
    /// Durable: delete the row of this bottle; it was never claimed.
    Delete(BottleId),
    /// Mine and sign a claim; answer with `handle_claimed`.
    Mine {
        /// For this bottle.
        bottle: BottleId,
        /// At this place.
        place: Place,
        /// By the sealed key with this public half.
        claimant: ClaimantKey,
    },
    /// Stop mining for this bottle.
    StopMining(BottleId),
    /// Give back the open that was spent on this day: no claim was made.
    RefundOpen(BottleId, LocalDay),
    /// Publish this catch message on the catch topic.
    Publish(BottleId, Vec<u8>),
    /// Put this catch message into the claim set: a crash may have lost it there.
    Assert(BottleId, Vec<u8>),
    /// Tell the user.
    Event(HoldEvent),
    /// No longer followed; its row stays for the collection.
    Archive(BottleId),
}

/// Whether the claim set keeps our claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFate {
    /// It is kept.
    Kept,
    /// It is not.
    NotKept,
}
