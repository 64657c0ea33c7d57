//! Stamps and claim work: a hash with enough leading zero bits, as in Hashcash (Back, 2002), over BLAKE3.
//!
//! - stamp: `BLAKE3("meteorite/1/stamp" ‖ author ‖ epoch ‖ counter)`
//! - claim work: `BLAKE3("meteorite/1/work" ‖ bottle ‖ place ‖ claimant ‖ counter)`
//!
//! Integers are big-endian. Only `place` varies in length, and what surrounds it does not, so no two inputs collide. The
//! stamp's 61 bytes are one BLAKE3 block: measured, checking it takes 0.15 µs where a signature takes 60 µs, so it comes
//! first.
//!
//! This file only measures. How many bits are enough, and what to do below, is the protocol's admission policy; looking
//! for a counter is [`Miner`]'s; what a found stamp is worth as a picture is [`Rarity`]'s.

use blake3::Hasher;

mod miner;
mod rarity;

pub use miner::{Found, Miner};
pub use rarity::{Rarity, rarity_roll};

/// Leading zero bits (0 to 256) of a header's stamp.
///
/// `epoch` is the ten-minute epoch the stamp was mined for, `counter` what the header carries.
#[must_use]
pub fn stamp_bits(author: &[u8; 32], epoch: u32, counter: u64) -> u32 {
    bits(&stamp_input(author, epoch), counter)
}

/// Leading zero bits (0 to 256) of the work in a claim.
///
/// `place` is the place's canonical encoding, hashed as it is; bound its length before.
#[must_use]
pub fn claim_work_bits(bottle: &[u8; 32], place: &[u8], claimant: &[u8; 32], counter: u64) -> u32 {
    bits(&claim_input(bottle, place, claimant), counter)
}

/// How many tries a search for `bits` takes on average: 2^bits, saturating.
#[must_use]
pub const fn expected_tries(bits: u32) -> u64 {
    match 1_u64.checked_shl(bits) {
        Some(tries) => tries,
        None => u64::MAX,
    }
}

/// All of a stamp's input but the counter.
fn stamp_input(author: &[u8; 32], epoch: u32) -> Hasher {
    let mut input = Hasher::new();
    input
        .update(b"meteorite/1/stamp")
        .update(author)
        .update(&epoch.to_be_bytes());
    input
}

/// All of a claim's input but the counter.
fn claim_input(bottle: &[u8; 32], place: &[u8], claimant: &[u8; 32]) -> Hasher {
    let mut input = Hasher::new();
    input
        .update(b"meteorite/1/work")
        .update(bottle)
        .update(place)
        .update(claimant);
    input
}

fn bits(input: &Hasher, counter: u64) -> u32 {
    let hash = input.clone().update(&counter.to_be_bytes()).finalize();
    let mut bits = 0;
    for byte in hash.as_bytes() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}
