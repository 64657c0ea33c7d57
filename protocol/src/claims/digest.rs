//! Hashes over claims: the ticket, the place behind a throw-back, the digest of a whole set.
//!
//! Every field has a fixed length, or one that its first byte tells, so the inputs cannot be split in two ways.

use crate::ids::{BottleId, ClaimantKey};
use crate::wire::Place;

use super::ClaimSet;

/// BLAKE3(label ‖ bottle ‖ place ‖ claimant).
pub(super) fn place_hash(label: &str, bottle: &BottleId, place: &Place, claimant: &ClaimantKey) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(label.as_bytes());
    hasher.update(bottle.as_bytes());
    hasher.update(&place.to_bytes());
    hasher.update(claimant.as_bytes());
    *hasher.finalize().as_bytes()
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
