//! XChaCha20-Poly1305 with a random nonce: the one symmetric box of this crate (draft-irtf-cfrg-xchacha-03).
//!
//! A box is `nonce (24) ‖ ciphertext ‖ tag (16)`. The 24-byte nonce is drawn at random for each box, which is safe for
//! any number of boxes that this product will ever make under one key (a collision needs about 2⁹⁶ of them).
//!
//! It knows no sizes, paddings or labels: [`crate::body`], [`crate::storage`] and [`crate::vault`] set those and bound
//! the length before they come here. It is not key-committing: callers whose key could be chosen by an adversary must
//! commit to it elsewhere (a bottle's header signs both the body's hash and its key).

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{Error, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// What a box adds to its plaintext: nonce and tag, in bytes.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// Seals `plain`; fails only beyond the cipher's own limit of 256 GiB.
///
/// The plaintext is encrypted in the buffer that is returned, so that no second copy of it is left behind.
pub(crate) fn seal(
    key: &[u8; 32],
    aad: &[u8],
    plain: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    let mut nonce = XNonce::default();
    rng.fill_bytes(&mut nonce);
    let mut sealed = Vec::with_capacity(plain.len().saturating_add(OVERHEAD_BYTES));
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let (_, message) = sealed.split_at_mut(NONCE_BYTES);
    let tag = XChaCha20Poly1305::new(key.into()).encrypt_inout_detached(&nonce, aad, message.into())?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens a box; `None` when the key or `aad` is another one, or any byte was changed or cut.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    XChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            aad,
            plain.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .ok()?;
    Some(plain)
}

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
