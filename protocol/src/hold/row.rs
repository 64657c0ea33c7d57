//! The stored state of one catch.

use serde::{Deserialize, Serialize};

use crate::economy::LocalDay;
use crate::hold::HoldEffect;
use crate::ids::{BottleId, ClaimantKey, ThrowBackId};
use crate::limits::{CLAIM_SETTLE_MS, LETTER_KEEP_MS};
use crate::time::{Tick, UnixMillis};
use crate::wire::Place;

/// How our claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// Its tick has not settled: an earlier claim is likely to come.
    Provisional,
    /// Settled and kept by the claim set.
    Confirmed,
    /// Another ship reached it first.
    Displaced,
}

/// Our own claim of a bottle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldClaim {
    /// The public half of the key made for it.
    pub claimant: ClaimantKey,
    /// The place it claims.
    pub place: Place,
    /// When, in ticks.
    pub t: Tick,
    /// The catch message to publish and to assert: the claim, or once thrown back the throw-back, which embeds it.
    #[serde(with = "serde_bytes")]
    pub message: Vec<u8>,
    /// How it stands.
    pub standing: Standing,
}

impl HeldClaim {
    /// From here on a kept claim is confirmed.
    pub fn settles_at(&self) -> UnixMillis {
        self.t.end().plus_ms(CLAIM_SETTLE_MS)
    }
}

/// A claim that is being mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The public half of a key made for this claim; its secret is stored sealed.
    pub claimant: ClaimantKey,
    /// The vacancy that is claimed.
    pub place: Place,
    /// The day whose open was spent on it.
    pub spent_on: LocalDay,
}

impl Attempt {
    pub(super) fn mine(&self, bottle: BottleId) -> HoldEffect {
        HoldEffect::Mine {
            bottle,
            place: self.place,
            claimant: self.claimant,
        }
    }
}

/// Where a stone is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CatchState {
    /// Touched and sealed.
    InHold,
    /// Its claim is being mined.
    Opening(Attempt),
    /// Claimed: its text may be read, whatever becomes of the claim.
    Claimed(HeldClaim),
}

/// What the player did with a claimed bottle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// Nothing yet.
    Undecided,
    /// It is in the collection.
    Kept,
    /// Somebody else may have it; this is the place that it opened.
    ThrownBack(ThrowBackId),
}

/// One catch as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchRow {
    /// The bottle.
    pub bottle: BottleId,
    /// When it sinks.
    pub expires_at: UnixMillis,
    /// When it was touched.
    pub touched_at: UnixMillis,
    /// When its claim was made.
    pub claimed_at: Option<UnixMillis>,
    /// Where it is on its way.
    pub state: CatchState,
    /// What was done with it.
    pub outcome: Outcome,
    /// Nothing can change any more; kept for the collection.
    pub archived: bool,
}

impl CatchRow {
    pub(super) fn touched(bottle: BottleId, expires_at: UnixMillis, touched_at: UnixMillis) -> Self {
        Self {
            bottle,
            expires_at,
            touched_at,
            claimed_at: None,
            state: CatchState::InHold,
            outcome: Outcome::Undecided,
            archived: false,
        }
    }

    /// Our claim, once made.
    pub fn claim(&self) -> Option<&HeldClaim> {
        match &self.state {
            CatchState::Claimed(claim) => Some(claim),
            CatchState::InHold | CatchState::Opening(_) => None,
        }
    }

    /// Whether the text may be shown: from the claim on.
    pub fn may_read(&self) -> bool {
        self.claim().is_some()
    }

    pub(super) fn set_standing(&mut self, standing: Standing) {
        if let CatchState::Claimed(claim) = &mut self.state {
            claim.standing = standing;
        }
    }

    /// Whether a provisional claim has settled by now.
    pub(super) fn settles(&self, wall: UnixMillis) -> bool {
        let provisional = self
            .claim()
            .filter(|claim| claim.standing == Standing::Provisional);
        provisional.is_some_and(|claim| claim.settles_at() <= wall)
    }

    /// When a claimed bottle is no longer followed: no letter for it is valid any more.
    pub(super) fn archive_at(&self) -> Option<UnixMillis> {
        self.claim().map(|_| self.expires_at.plus_ms(LETTER_KEEP_MS))
    }

    /// When something next changes by itself.
    pub(super) fn due_at(&self) -> Option<UnixMillis> {
        match &self.state {
            CatchState::InHold | CatchState::Opening(_) => Some(self.expires_at),
            CatchState::Claimed(claim) if claim.standing == Standing::Provisional => Some(claim.settles_at()),
            CatchState::Claimed(_) => self.archive_at(),
        }
    }
}
