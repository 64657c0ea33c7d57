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

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn the_drafts_vector_opens() {
        let key: [u8; 32] = std::array::from_fn(|at| 0x80 + at as u8);
        let aad = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let sealed = hex::decode(concat!(
            "404142434445464748494a4b4c4d4e4f5051525354555657",
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
            "21f9664c97637da9768812f615c68b13b52e",
            "c0875924c1c7987947deafd8780acf49",
        ))
        .unwrap();
        let plain = open(&key, &aad, &sealed).unwrap();
        assert_eq!(
            plain.as_slice(),
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
              the future, sunscreen would be it."
        );
    }

    #[test]
    fn the_buffer_is_never_moved_while_it_holds_plaintext() {
        let sealed = seal(&[1; 32], b"", &[7; 1_000], &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        assert_eq!(sealed.len(), 1_000 + OVERHEAD_BYTES);
        assert_eq!(sealed.capacity(), sealed.len());
    }
}
