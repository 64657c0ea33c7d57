//! What a user can want, and why it may be refused.

use crate::economy::{Spent, Stranger, UtcOffset};
use crate::hold::{OpenRefusal, OutcomeRefusal, TouchRefusal};
use crate::ids::{BodyId, BottleId, ClaimantKey, Peer};
use crate::mine::{AnswerKind, OwnBottle, QuietHours, RecastRefusal, WithdrawRefusal};
use crate::verdict::Verdict;

/// What a user can want of the engine. Everything is already mined, sealed and signed: the engine holds no secret.
#[derive(Debug, Clone)]
pub enum Command {
    /// The user's time zone, and the hours in which notices wait. Say it after `Start` and when it changes.
    Locale {
        /// Local time.
        offset: UtcOffset,
        /// When not to be disturbed.
        quiet: Option<QuietHours>,
    },
    /// Throw an own bottle: the encoded [`crate::wire::SkyMessage`]. Spends one of the day's throws.
    Throw {
        /// As it will travel.
        sky_message: Vec<u8>,
    },
    /// A drifting bottle that came from the network turned out to be an own one, thrown with the same words elsewhere: follow it.
    Recognise {
        /// What identifies it, taken from its header.
        own: OwnBottle,
        /// Who sent it, and so has it.
        from: Peer,
    },
    /// Put a drifting stone into the hold, sealed.
    Touch {
        /// Which.
        bottle: BottleId,
    },
    /// Let an unopened stone go.
    LetGo {
        /// Which.
        bottle: BottleId,
    },
    /// Open a stone of the hold: spends one of the day's opens and leads to [`super::Event::MineClaim`].
    Open {
        /// Which.
        bottle: BottleId,
        /// The public half of a fresh key, whose secret the shell has stored.
        claimant: ClaimantKey,
    },
    /// Stop an opening.
    Cancel {
        /// Of which bottle.
        bottle: BottleId,
    },
    /// What [`super::Event::MineClaim`] asked for: the encoded [`crate::wire::CatchMessage`] with the claim.
    Claimed {
        /// As it will travel.
        claim: Vec<u8>,
    },
    /// Put a claimed bottle into the collection.
    Keep {
        /// Which.
        bottle: BottleId,
    },
    /// Throw a claimed bottle back: the encoded catch message.
    ThrowBack {
        /// As it will travel.
        throw_back: Vec<u8>,
    },
    /// Withdraw an own bottle: the encoded catch message.
    Withdraw {
        /// As it will travel.
        withdrawal: Vec<u8>,
    },
    /// Recast an own bottle: the encoded catch message, with the number from [`super::Engine::may_recast`].
    Recast {
        /// As it will travel.
        recast: Vec<u8>,
    },
    /// A light or a letter for an own bottle was opened and stored.
    AnswerCame {
        /// The own bottle.
        bottle: BottleId,
        /// The finder who wrote.
        from: ClaimantKey,
        /// What it was.
        kind: AnswerKind,
    },
    /// The user answered a stranger: that earns a throw.
    Answering {
        /// Whom.
        stranger: Stranger,
    },
    /// Fetch the body of a bottle now, ahead of others.
    WantBody {
        /// The bottle.
        bottle: BottleId,
        /// Its body.
        body: BodyId,
    },
    /// Never take this bottle in again, and forget it if it is here (block, deny list). Not stored: say it after each start.
    Deny {
        /// The bottle.
        bottle: BottleId,
    },
}

/// Why a command was not done. Nothing of it was kept or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The message is not valid, or not of the kind that the command wants.
    Invalid(Verdict),
    /// No such bottle, or it is over.
    UnknownBottle,
    /// This was done before.
    Repeated,
    /// One does not catch one's own bottle.
    OwnBottle,
    /// All places are taken: another ship reached it first.
    NoVacancy,
    /// The day's allowance is used up.
    Spent(Spent),
    /// It cannot be touched.
    Touch(TouchRefusal),
    /// It cannot be opened.
    Open(OpenRefusal),
    /// It cannot be kept or thrown back.
    Outcome(OutcomeRefusal),
    /// It cannot be withdrawn.
    Withdraw(WithdrawRefusal),
    /// It cannot be recast now.
    Recast(RecastRefusal),
    /// There is no room for more of this kind.
    Full,
}
