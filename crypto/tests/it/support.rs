//! Randomness that a test controls, and hex.

use std::convert::Infallible;

use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng, TryCryptoRng, TryRng};

/// A generator for tests whose outcome does not depend on the bytes drawn.
pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Gives out exactly these bytes and panics when asked for more: what a golden value drew is part of it.
pub(crate) struct Script(pub(crate) Vec<u8>);

impl Script {
    /// Several draws, one after the other.
    pub(crate) fn of(draws: &[&[u8]]) -> Self {
        Self(draws.concat())
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(wanted.len());
        wanted.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Script {}

/// `0, 1, 2, …`
pub(crate) fn counting<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|at| first + u8::try_from(at).expect("a short array"))
}

/// Bytes of a hex literal.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("a hex literal")
}

/// Bytes of a hex literal of known length.
pub(crate) fn hex_array<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().expect("a hex literal of this length")
}

/// Every single-bit change of `bytes`, with its position.
pub(crate) fn damaged(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        if let Some(byte) = copy.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        (bit, copy)
    })
}
