//! Letters: HPKE (RFC 9180) in base mode to a reply key, padded to a size class.
//!
//! The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. Each letter has its own ephemeral key, so
//! two letters to one address share nothing. Base mode does not say who wrote: that is the deposit's signature, outside.
//! There is no forward secrecy against the loss of the reply secret, and the reply secret of a first letter comes from
//! the words; a thread moves on to fresh keys with every letter.
//!
//! It refuses an all-zero Diffie-Hellman result on both sides (RFC 9180 §7.1.4, checked by `hpke`), which is what every
//! small-order public key leads to; ciphertexts of any size that is not a class; and padding that is not zero.
//! Called by the node only: the protocol crate carries `enc` and `ct` without ever opening them.

use std::fmt;

use hpke::aead::{AeadTag, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::TooLong;
use crate::padding::{Classes, unpad};

/// The sizes a letter's ciphertext can have, in bytes, tag included and the encapsulated key not.
pub const SEALED_SIZES: [usize; 4] = [512, 1_024, 2_048, 4_096];

/// The longest plaintext, in bytes.
pub const PLAIN_BYTES_MAX: usize = CLASSES.plain_bytes_max();

/// The longest `info`, in bytes. HPKE itself panics above 64 KiB; ours is a label and an id.
pub const INFO_BYTES_MAX: usize = 1_024;

/// The X25519 secret behind a `reply_to`, wiped when dropped.
#[derive(Clone)]
pub struct ReplySecret(StaticSecret);

impl ReplySecret {
    /// Draws a fresh secret; every letter carries a fresh reply key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(StaticSecret::random_from_rng(rng))
    }

    /// The secret of 32 bytes; any bytes will do (RFC 7748 clamps them when used).
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    /// The secret's bytes, for a sealed column only.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key, as it stands in `reply_to`.
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }
}

impl fmt::Debug for ReplySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplySecret(..)")
    }
}

/// A sealed letter, as the envelope carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLetter {
    /// The encapsulated (ephemeral public) key.
    pub enc: [u8; 32],
    /// Ciphertext and tag; one of [`SEALED_SIZES`] long.
    pub ct: Vec<u8>,
}

/// Why a letter was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Shorten the letter, or the `info`.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The reply key is a small-order point: its owner cannot be written to, ever.
    #[error("this reply key cannot receive letters")]
    BadReplyKey,
}

/// Why a letter stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody seals letters of this size: drop it.
    #[error("a sealed letter of {bytes} bytes does not exist")]
    Size {
        /// The size that was found.
        bytes: usize,
    },
    /// Not for this secret, another `info` or `aad`, a bad encapsulated key, or a changed byte: drop it.
    #[error("the letter does not open with this key")]
    Sealed,
}

/// Seals `plain` to the reply key `to` and pads it to one of [`SEALED_SIZES`].
///
/// `info` names the purpose and `aad` is the envelope's open part; the same two are needed to open it.
///
/// # Errors
/// [`SealError`]: the letter or `info` is too long, or `to` is no usable key.
pub fn seal_letter(
    to: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<SealedLetter, SealError> {
    if info.len() > INFO_BYTES_MAX {
        return Err(TooLong {
            bytes: info.len(),
            bytes_max: INFO_BYTES_MAX,
        }
        .into());
    }
    let mut padded = CLASSES.pad(plain)?;
    let Ok(to) = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(to) else {
        return Err(SealError::BadReplyKey);
    };
    let buffer = padded.as_mut_slice().into();
    let sealed = hpke::single_shot_seal_inout_detached_with_rng::<
        ChaCha20Poly1305,
        HkdfSha256,
        X25519HkdfSha256,
    >(&OpModeS::Base, &to, info, buffer, aad, rng);
    let Ok((enc, tag)) = sealed else {
        return Err(SealError::BadReplyKey);
    };

    // The buffer holds ciphertext by now, so it may leave its wiping wrapper; it has room for the tag.
    let mut ct = std::mem::take(&mut *padded);
    ct.extend_from_slice(&tag.to_bytes());
    Ok(SealedLetter {
        enc: enc.to_bytes().into(),
        ct,
    })
}

/// Opens a letter that came from a mailbox.
///
/// # Errors
/// [`OpenError`]; both variants mean that these bytes will never be a letter for this secret.
pub fn open_letter(
    secret: &ReplySecret,
    letter: &SealedLetter,
    info: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if !CLASSES.contains(letter.ct.len()) {
        return Err(OpenError::Size {
            bytes: letter.ct.len(),
        });
    }
    if info.len() > INFO_BYTES_MAX {
        return Err(OpenError::Sealed);
    }
    decrypt(secret, letter, info, aad)
        .and_then(|padded| unpad(&padded))
        .ok_or(OpenError::Sealed)
}

fn decrypt(
    secret: &ReplySecret,
    letter: &SealedLetter,
    info: &[u8],
    aad: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret.0.as_bytes()).ok()?;
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&letter.enc).ok()?;
    let (ciphertext, tag) = letter.ct.split_last_chunk::<TAG_BYTES>()?;
    let tag = AeadTag::<ChaCha20Poly1305>::from_bytes(tag).ok()?;
    let mut padded = Zeroizing::new(ciphertext.to_vec());
    hpke::single_shot_open_inout_detached::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &enc,
        info,
        padded.as_mut_slice().into(),
        aad,
        &tag,
    )
    .ok()?;
    Some(padded)
}

const TAG_BYTES: usize = 16;
const CLASSES: Classes = Classes {
    sizes: &SEALED_SIZES,
    overhead: TAG_BYTES,
};
