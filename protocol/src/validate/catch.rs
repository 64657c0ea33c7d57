//! Claims, throw-backs, withdrawals and recasts, by gossip and by sync.
//!
//! They are about a bottle that must be known. Whether a claim enters the set of its bottle is not decided here: that is
//! the merge in [`crate::claims`], after which only what entered is accepted and forwarded.

use meteorite_crypto::stamp::claim_work_bits;

use super::{BottleFacts, Cost, Gate, Judged, Verified, ignore, reject, time_rules};
use crate::ids::BottleId;
use crate::verdict::{IgnoreReason, RejectReason};
use crate::wire::{CatchMessage, Claim, Recast, ThrowBack, Withdrawal};

/// Bytes of which nothing is known.
#[derive(Debug)]
#[must_use]
pub struct Unchecked(Vec<u8>);

/// It decodes and the fields are in range.
#[derive(Debug)]
#[must_use]
pub struct Shaped(CatchMessage);

/// It is new, about a bottle that drifts, in time, and somebody worked for it.
#[derive(Debug)]
#[must_use]
pub struct Worked {
    message: CatchMessage,
    facts: BottleFacts,
    work_bits: u32,
}

/// A statement whose signatures hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifiedCatch {
    /// A claim.
    Claim {
        /// The claim.
        claim: Verified<Claim>,
        /// Leading zero bits of its work.
        work_bits: u32,
    },
    /// A throw-back; the claim in it is verified too.
    ThrowBack {
        /// The throw-back.
        throw_back: Verified<ThrowBack>,
        /// Leading zero bits of the work of its claim.
        work_bits: u32,
    },
    /// A withdrawal.
    Withdrawal(Verified<Withdrawal>),
    /// A recast.
    Recast(Verified<Recast>),
}

impl VerifiedCatch {
    /// The bottle it is about.
    #[must_use]
    pub fn bottle(&self) -> BottleId {
        match self {
            Self::Claim { claim, .. } => claim.value().bottle,
            Self::ThrowBack { throw_back, .. } => throw_back.value().bottle(),
            Self::Withdrawal(withdrawal) => withdrawal.value().bottle,
            Self::Recast(recast) => recast.value().bottle,
        }
    }

    /// The message, to store or forward.
    #[must_use]
    pub fn into_message(self) -> CatchMessage {
        match self {
            Self::Claim { claim, .. } => CatchMessage::Claim(claim.into_signed()),
            Self::ThrowBack { throw_back, .. } => CatchMessage::ThrowBack(throw_back.into_signed()),
            Self::Withdrawal(withdrawal) => CatchMessage::Withdrawal(withdrawal.into_signed()),
            Self::Recast(recast) => CatchMessage::Recast(recast.into_signed()),
        }
    }
}

/// All steps for a message on the catch topic or in a sync entry.
///
/// # Errors
/// The verdict with which it ends.
pub fn catch(bytes: &[u8], gate: &Gate<'_>) -> Judged<VerifiedCatch> {
    Unchecked::new(bytes)?.shape()?.work(gate)?.verify(gate)
}

impl Unchecked {
    /// A catch message, if it is short enough to look at.
    ///
    /// # Errors
    /// Rejected as too large.
    pub fn new(bytes: &[u8]) -> Judged<Self> {
        if bytes.len() > crate::limits::CATCH_MESSAGE_BYTES_MAX {
            return reject(RejectReason::TooLarge);
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Decodes.
    ///
    /// # Errors
    /// Rejected when malformed or out of range, ignored when of an unknown kind.
    pub fn shape(self) -> Judged<Shaped> {
        Ok(Shaped(CatchMessage::decode(&self.0)?))
    }
}

impl Shaped {
    /// The bottle it is about.
    #[must_use]
    pub const fn bottle(&self) -> BottleId {
        self.0.bottle()
    }

    /// Asks whether it is new and about what, looks at the clock, and measures the work.
    ///
    /// # Errors
    /// Ignored: known, about an unknown, finished or sunk bottle, too early, too late, below the admission level. Rejected:
    /// outside its bottle's life, work below the floor.
    pub fn work(self, gate: &Gate<'_>) -> Judged<Worked> {
        let Self(message) = self;
        if gate.known.has_catch(&message) {
            return ignore(IgnoreReason::Known);
        }
        let Some(facts) = gate.known.bottle(&message.bottle()) else {
            return ignore(IgnoreReason::UnknownBottle);
        };
        time_rules::drifting(&facts, gate.now)?;
        let work_bits = match &message {
            CatchMessage::Claim(claim) => {
                time_rules::claim(claim.value().t, gate.arrival, gate.now)?;
                measured(claim.value(), &facts, gate)?
            }
            CatchMessage::ThrowBack(back) => {
                // Its claim may be as old as the bottle; only the throw-back is new.
                let claim = back.value().claim.value();
                time_rules::claim(claim.t, super::Arrival::Sync, gate.now)?;
                measured(claim, &facts, gate)?
            }
            // Only the author can make these, once or thrice, so they cost no work.
            CatchMessage::Withdrawal(_) | CatchMessage::Recast(_) => 0,
        };
        Ok(Worked {
            message,
            facts,
            work_bits,
        })
    }
}

impl Worked {
    /// Verifies the signatures and asks for room.
    ///
    /// # Errors
    /// Rejected for a signature, ignored for want of room.
    pub fn verify(self, gate: &Gate<'_>) -> Judged<VerifiedCatch> {
        let Self {
            message,
            facts,
            work_bits,
        } = self;
        let author = facts.author.as_bytes();
        let bytes = message.encode().len();
        let verified = match message {
            CatchMessage::Claim(claim) => {
                let claimant = claim.value().claimant;
                VerifiedCatch::Claim {
                    claim: Verified::check(claim, claimant.as_bytes())?,
                    work_bits,
                }
            }
            CatchMessage::ThrowBack(back) => {
                let claimant = back.value().claim.value().claimant;
                let throw_back = Verified::check(back, claimant.as_bytes())?;
                if !throw_back.value().claim.is_signed_by(claimant.as_bytes()) {
                    return reject(RejectReason::BadSignature);
                }
                VerifiedCatch::ThrowBack {
                    throw_back,
                    work_bits,
                }
            }
            CatchMessage::Withdrawal(signed) => VerifiedCatch::Withdrawal(Verified::check(signed, author)?),
            CatchMessage::Recast(signed) => VerifiedCatch::Recast(Verified::check(signed, author)?),
        };
        let cost = Cost {
            arrival: gate.arrival,
            bytes,
            author: None,
        };
        if !gate.known.has_budget(&cost) {
            return ignore(IgnoreReason::OverBudget);
        }
        Ok(verified)
    }
}

/// Leading zero bits of a claim's work.
#[must_use]
pub fn work_bits(claim: &Claim) -> u32 {
    claim_work_bits(
        claim.bottle.as_bytes(),
        &claim.place.to_bytes(),
        claim.claimant.as_bytes(),
        claim.work,
    )
}

/// The work of a claim within its bottle's life, if it is enough.
fn measured(claim: &Claim, facts: &BottleFacts, gate: &Gate<'_>) -> Judged<u32> {
    time_rules::claim_in_life(claim.t, facts.thrown_at, facts.expires_at)?;
    let bits = work_bits(claim);
    if bits < gate.params.claim_bits_floor() {
        return reject(RejectReason::WorkTooLow);
    }
    if bits < gate.admission_bits {
        return ignore(IgnoreReason::BelowAdmission);
    }
    Ok(bits)
}
