//! Hashes over claims: the ticket, the place behind a throw-back, the digest of a whole set.
//!
//! Every field has a fixed length, or one that its first byte tells, so the inputs cannot be split in two ways.

use crate::ids::{BottleId, ClaimantKey, ThrowBackId};
use crate::wire::Place;

use super::{ClaimKey, ClaimSet};

/// BLAKE3("ticket" ‖ bottle ‖ place ‖ claimant).
pub(super) fn ticket(bottle: &BottleId, place: &Place, claimant: &ClaimantKey) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"ticket");
    hasher.update(bottle.as_bytes());
    hasher.update(&place.to_bytes());
    hasher.update(claimant.as_bytes());
    *hasher.finalize().as_bytes()
}

/// BLAKE3("meteorite/1/after" ‖ bottle ‖ place ‖ claimant ‖ t).
pub(super) fn throw_back_id(bottle: &BottleId, claim: &ClaimKey) -> ThrowBackId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"meteorite/1/after");
    hasher.update(bottle.as_bytes());
    hasher.update(&claim.place.to_bytes());
    hasher.update(claim.claimant.as_bytes());
    hasher.update(&claim.t.0.to_be_bytes());
    ThrowBackId(*hasher.finalize().as_bytes())
}

/// The digest of a set without content.
pub(super) fn of_nothing() -> [u8; 32] {
    *blake3::hash(LABEL).as_bytes()
}

impl ClaimSet {
    /// Over the withdrawal alone if there is one, else over recasts and kept claims in their order.
    pub(super) fn compute_digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(LABEL);
        if self.withdrawal.is_some() {
            hasher.update(&[WITHDRAWN]);
        }
        for n in self.recasts.keys() {
            hasher.update(&[RECAST, *n]);
        }
        for claim in self.claims() {
            hasher.update(&[CLAIM, u8::from(claim.thrown_back)]);
            hasher.update(&claim.key.place.to_bytes());
            hasher.update(claim.key.claimant.as_bytes());
            hasher.update(&claim.key.t.0.to_be_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

const LABEL: &[u8] = b"meteorite/1/claims";
const WITHDRAWN: u8 = 1;
const RECAST: u8 = 2;
const CLAIM: u8 = 3;
