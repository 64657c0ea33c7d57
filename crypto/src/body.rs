//! The body of a bottle: sealed with XChaCha20-Poly1305, padded to a size class.
//!
//! The key lies in the header of an open bottle, so sealing keeps the text out of block stores and bitswap logs that do
//! not have the header, and lets a later kind of header withhold the key. It does not hide the text from whoever holds
//! the message. The caller passes what binds the body to its bottle as associated data.
//!
//! It refuses plaintexts longer than [`PLAIN_BYTES_MAX`], sealed bodies of any size that is not a class, and padding that
//! is not zero. Called by the node when throwing and by whoever shows a bottle.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::padding::{Classes, unpad};
use crate::{TooLong, aead};

/// The sizes a sealed body can have, in bytes, nonce and tag included.
pub const SEALED_SIZES: [usize; 6] = [256, 512, 1_024, 2_048, 4_096, 6_144];

/// The longest plaintext, in bytes.
pub const PLAIN_BYTES_MAX: usize = CLASSES.plain_bytes_max();

/// The key of one body, wiped when dropped.
#[derive(Clone)]
pub struct BodyKey(Zeroizing<[u8; 32]>);

impl BodyKey {
    /// Draws a fresh key; every body has its own.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The key out of a header.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The bytes, to be put into a header.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for BodyKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for BodyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyKey(..)")
    }
}

/// Why a body stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody seals bodies of this size: drop it, it is not worth a try.
    #[error("a sealed body of {bytes} bytes does not exist")]
    Size {
        /// The size that was found.
        bytes: usize,
    },
    /// Another key, other associated data, or a changed byte: drop it, it can never be opened.
    #[error("the body does not open with this key")]
    Sealed,
}

/// Seals `plain` and pads it to one of [`SEALED_SIZES`]. The same `aad` is needed to open it.
///
/// # Errors
/// [`TooLong`] when `plain` is longer than [`PLAIN_BYTES_MAX`].
pub fn seal_body(
    key: &BodyKey,
    plain: &[u8],
    aad: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, TooLong> {
    let padded = CLASSES.pad(plain)?;
    let too_long = TooLong {
        bytes: plain.len(),
        bytes_max: PLAIN_BYTES_MAX,
    };
    aead::seal(&key.0, aad, &padded, rng).ok().ok_or(too_long)
}

/// Opens a sealed body that came from anywhere.
///
/// # Errors
/// [`OpenError`]; both variants mean that these bytes will never be a body under this key.
pub fn open_body(key: &BodyKey, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if !CLASSES.contains(sealed.len()) {
        return Err(OpenError::Size { bytes: sealed.len() });
    }
    aead::open(&key.0, aad, sealed)
        .and_then(|padded| unpad(&padded))
        .ok_or(OpenError::Sealed)
}

const CLASSES: Classes = Classes {
    sizes: &SEALED_SIZES,
    overhead: aead::OVERHEAD_BYTES,
};
