//! Ed25519 signatures (RFC 8032), each bound to the type of what it signs.
//!
//! What is signed is `label ‖ payload`, with a label of its own for every signed type, so that a signature made for one
//! can never be shown as another. Labels are no prefixes of each other, hence no payload can shift the border.
//!
//! Verification is the strict one: the equation without cofactor, refusing small-order keys and nonces, `s` beyond the
//! group order and non-canonical points ("Taming the many EdDSAs", Chalkias et al. 2020). It matters here because ids
//! are hashes of payloads and a key *is* an identity: a second encoding of a key or signature would be a second bottle.
//!
//! The node signs; the protocol crate's validation verifies. There is no batch verification: it accepts what single
//! verification refuses, and peers must agree.

use std::fmt;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// A bottle's header, by its author key.
    Header,
    /// A claim on a slot, by a fresh claimant key.
    Claim,
    /// Giving a slot free again, by the claimant key.
    ThrowBack,
    /// Taking a bottle back, by its author key.
    Withdrawal,
    /// Opening new slots, by the bottle's author key.
    Recast,
    /// Handing a letter to a mailbox, by a claimant or author key.
    Deposit,
    /// Confirming a deposit, by the mailbox's libp2p key.
    Receipt,
    /// An invite code, by whoever vouches for it.
    Invite,
}

impl Domain {
    /// Every domain, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Header,
        Self::Claim,
        Self::ThrowBack,
        Self::Withdrawal,
        Self::Recast,
        Self::Deposit,
        Self::Receipt,
        Self::Invite,
    ];

    /// The bytes that stand before the payload; part of the wire format.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Header => "meteorite/1/header",
            Self::Claim => "meteorite/1/claim",
            Self::ThrowBack => "meteorite/1/throw-back",
            Self::Withdrawal => "meteorite/1/withdrawal",
            Self::Recast => "meteorite/1/recast",
            Self::Deposit => "meteorite/1/deposit",
            Self::Receipt => "meteorite/1/receipt",
            Self::Invite => "meteorite/1/invite",
        }
    }

    fn message(self, payload: &[u8]) -> Vec<u8> {
        [self.label().as_bytes(), payload].concat()
    }
}

/// An Ed25519 secret key, wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Draws a fresh key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(ed25519_dalek::SigningKey::generate(rng))
    }

    /// The key of a 32-byte seed (RFC 8032's private key).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, for a sealed column or a key file only.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key: 32 bytes, the compressed point.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs `label ‖ payload`; the same input always gives the same 64 bytes.
    pub fn sign(&self, domain: Domain, payload: &[u8]) -> [u8; 64] {
        self.0.sign(&domain.message(payload)).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// True when `signature` is the strict Ed25519 signature of `key` over `label ‖ payload`.
///
/// Any other input, however malformed, is `false`. The payload is copied once, so bound its length before.
#[must_use]
pub fn verify(domain: Domain, key: &[u8; 32], payload: &[u8], signature: &[u8; 64]) -> bool {
    if !is_canonical(key) {
        return false;
    }
    let Ok(key) = VerifyingKey::from_bytes(key) else {
        return false;
    };
    key.verify_strict(&domain.message(payload), &Signature::from_bytes(signature))
        .is_ok()
}

/// True when the point's y-coordinate is below the field prime 2²⁵⁵ − 19.
///
/// Decompression reduces y silently, so a key with a small y would have two encodings and with them two identities.
fn is_canonical(key: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = key;
    let top_is_full = high & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    !(top_is_full && *low >= 0xed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_y_below_the_prime_is_canonical() {
        let with_ends = |low, high| {
            let mut key = [0xff; 32];
            key[0] = low;
            key[31] = high;
            key
        };
        for (low, high, canonical) in [
            (0xec, 0x7f, true),
            (0xec, 0xff, true),
            (0xed, 0x7f, false),
            (0xed, 0xff, false),
            (0xff, 0x7f, false),
            (0xff, 0x7e, true),
        ] {
            assert_eq!(is_canonical(&with_ends(low, high)), canonical, "{low:x} {high:x}");
        }
        assert!(is_canonical(&[0; 32]));
    }
}
