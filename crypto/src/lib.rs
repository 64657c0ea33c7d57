//! Identity, sub-keys, key file, sealing and stamps of MeteoriteDriftBottle: a leaf crate with no I/O and no clock.
//!
//! Everything that touches a secret or a cryptographic primitive goes through here, so that one reader can audit it
//! in one sitting. Nothing is invented: each module names the RFC or paper that it applies, and what is ours is only
//! the labels, the layouts and the limits.
//!
//! | module | what it does | primitive |
//! |---|---|---|
//! | [`words`] | the 24 words a person writes down | BIP-39 |
//! | [`root`] | every key that grows from the words | HKDF-SHA256, RFC 5869 |
//! | [`sign`] | signatures, one domain per signed type | Ed25519 `verify_strict`, RFC 8032 |
//! | [`stamp`] | proof of work for headers and claims, rarity | BLAKE3 |
//! | [`body`] | the body of a bottle, padded | XChaCha20-Poly1305 |
//! | [`letter`] | a sealed letter to a reply key, padded | HPKE, RFC 9180 |
//! | [`storage`] | text columns and backups under a key from the words | XChaCha20-Poly1305 |
//! | [`vault`] | a container under a passphrase | Argon2id, RFC 9106, and XChaCha20-Poly1305 |
//! | [`keyfile`] | what a device keeps: root, libp2p key, iroh key | a [`vault`] |
//!
//! Rules that hold in every file:
//! - Randomness comes in as `&mut impl CryptoRng`; there is no global source and no clock.
//! - A secret is wiped when dropped and its `Debug` says only what it is.
//! - Bytes from elsewhere (bodies, letters, vaults, signatures) give an error, never a panic, and cost no more memory
//!   or time than a named constant allows.
//! - An authentication failure never says which part was wrong.

mod aead;
pub mod body;
pub mod keyfile;
pub mod letter;
mod padding;
pub mod root;
pub mod sign;
pub mod stamp;
pub mod storage;
pub mod vault;
pub mod words;

pub use rand_core::CryptoRng;

/// The plaintext does not fit: shorten it to `bytes_max` bytes and seal again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are too long to seal: at most {bytes_max} fit")]
pub struct TooLong {
    /// Length of what was offered, in bytes.
    pub bytes: usize,
    /// The longest plaintext that fits, in bytes.
    pub bytes_max: usize,
}
