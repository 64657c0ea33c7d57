//! Stamps and claim work: a hash with enough leading zero bits, as in Hashcash (Back, 2002), over BLAKE3.
//!
//! - stamp: `BLAKE3("meteorite/1/stamp" ‖ author ‖ epoch ‖ counter)`
//! - claim work: `BLAKE3("meteorite/1/work" ‖ bottle ‖ place ‖ claimant ‖ counter)`
//!
//! Integers are big-endian. Only `place` varies in length, and what surrounds it does not, so no two inputs collide. The
//! stamp's 61 bytes are one BLAKE3 block: checking costs a peer less than looking at the signature's first byte.
//!
//! This file only measures. How many bits are enough, and what to do below, is the protocol's admission policy; looking
//! for a counter is [`Miner`]'s; what a found stamp is worth as a picture is [`Rarity`]'s.

mod miner;
mod rarity;

pub use miner::{Found, Miner};
pub use rarity::{Rarity, rarity_roll};

/// Leading zero bits (0 to 256) of a header's stamp.
///
/// `epoch` is the ten-minute epoch the stamp was mined for, `counter` what the header carries.
#[must_use]
pub fn stamp_bits(author: &[u8; 32], epoch: u32, counter: u64) -> u32 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(STAMP_LABEL)
        .update(author)
        .update(&epoch.to_be_bytes())
        .update(&counter.to_be_bytes());
    leading_zero_bits(&hasher.finalize())
}

/// Leading zero bits (0 to 256) of the work in a claim.
///
/// `place` is the place's canonical encoding, hashed as it is; bound its length before.
#[must_use]
pub fn claim_work_bits(bottle: &[u8; 32], place: &[u8], claimant: &[u8; 32], counter: u64) -> u32 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(WORK_LABEL)
        .update(bottle)
        .update(place)
        .update(claimant)
        .update(&counter.to_be_bytes());
    leading_zero_bits(&hasher.finalize())
}

/// How many tries a search for `bits` takes on average: 2^bits, saturating.
#[must_use]
pub const fn expected_tries(bits: u32) -> u64 {
    match 1_u64.checked_shl(bits) {
        Some(tries) => tries,
        None => u64::MAX,
    }
}

fn leading_zero_bits(hash: &blake3::Hash) -> u32 {
    let mut bits = 0;
    for byte in hash.as_bytes() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

const STAMP_LABEL: &[u8] = b"meteorite/1/stamp";
const WORK_LABEL: &[u8] = b"meteorite/1/work";
