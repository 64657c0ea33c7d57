//! What the engine tells whoever listens.

use crate::hold::HoldEvent;
use crate::ids::{AuthorKey, BodyId, BottleId, ClaimantKey, Nonce, Peer};
use crate::mine::{DeliveryTruth, Notice};
use crate::topic::Topic;
use crate::wire::Place;

use super::{CommandId, Refusal};

/// Something worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A command was done, or why not.
    Done {
        /// Which.
        id: CommandId,
        /// How it went.
        outcome: Result<(), Refusal>,
    },
    /// A bottle came into the sky; its row is in the same effects.
    Fell {
        /// Which.
        bottle: BottleId,
        /// From which neighbour. `None` for an own one.
        from: Option<Peer>,
        /// Whose it is: with the nonce, all that its author needs to recognise it.
        author: AuthorKey,
        /// The salt of the author's key.
        nonce: Nonce,
    },
    /// The claims of a bottle changed: caught `caught` of `places`.
    Claimed {
        /// Which.
        bottle: BottleId,
        /// Kept claims that are not thrown back.
        caught: u16,
        /// Places.
        places: u16,
    },
    /// A bottle is over.
    Ended {
        /// Which.
        bottle: BottleId,
        /// How.
        end: End,
    },
    /// A reconciliation ended.
    Synced {
        /// With whom.
        peer: Peer,
        /// Whether nothing was left out.
        complete: bool,
        /// Bottles that were new to us.
        new: u32,
    },
    /// An admission level rose: authors must mine more.
    AdmissionRose {
        /// Where.
        topic: Topic,
        /// The bits required now.
        bits: u32,
    },
    /// Mine and sign a claim, then say [`super::Command::Claimed`]. Replaces an earlier wish for the same bottle.
    MineClaim {
        /// For this bottle.
        bottle: BottleId,
        /// At this place.
        place: Place,
        /// By the key with this public half.
        claimant: ClaimantKey,
        /// With at least this many bits of work.
        bits: u32,
    },
    /// Stop mining for this bottle.
    StopMining {
        /// Which.
        bottle: BottleId,
    },
    /// Something happened in the hold.
    Hold(HoldEvent),
    /// What is proven of an own bottle changed.
    Truth {
        /// Which.
        bottle: BottleId,
        /// All of it.
        truth: DeliveryTruth,
    },
    /// Tell the user what happened to an own bottle since the last notice.
    Notice {
        /// Which.
        bottle: BottleId,
        /// What.
        notice: Notice,
    },
    /// An own bottle or a catch can change no more.
    Archived {
        /// Which.
        bottle: BottleId,
    },
    /// A body is now in the block store.
    BodyCame {
        /// Of which bottle.
        bottle: BottleId,
        /// Which.
        body: BodyId,
    },
    /// A peer was cut off.
    Blocked {
        /// Who.
        peer: Peer,
        /// For how long.
        secs: u64,
    },
}

/// How a bottle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its time is over.
    Expired,
    /// Its author took it back.
    Withdrawn,
    /// Its author key signed two.
    Equivocated,
    /// It made room for bottles with more work.
    Evicted,
    /// The user or operator does not want it.
    Denied,
}
