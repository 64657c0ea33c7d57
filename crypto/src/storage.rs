//! Sealing at rest under a key from the words: text columns of the database, and backups without a passphrase.
//!
//! A sealed value is `version (1) ‖ nonce ‖ ciphertext ‖ tag`. The context, such as `"letter.text/<row id>"`, is
//! authenticated, so that a sealed value copied into another column or row does not open there. Lengths are not hidden:
//! whoever reads the file sees how long each text is.
//!
//! It refuses values longer than [`PLAIN_BYTES_MAX`]. Called by the node around its store; the store itself only ever
//! sees sealed bytes.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{TooLong, aead};

/// The longest value, in bytes; both sides refuse more before they allocate.
pub const PLAIN_BYTES_MAX: usize = 64 << 20;

/// What sealing adds to a value, in bytes.
pub const OVERHEAD_BYTES: usize = 1 + aead::OVERHEAD_BYTES;

/// Seals text columns, wiped when dropped; made by [`crate::root::Root::storage_key`].
#[derive(Clone)]
pub struct StorageKey(Zeroizing<[u8; 32]>);

/// Seals a backup that the words alone can open; made by [`crate::root::Root::backup_key`].
#[derive(Clone)]
pub struct BackupKey(Zeroizing<[u8; 32]>);

impl StorageKey {
    /// The key of 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Seals a value for the place that `context` names.
    ///
    /// # Errors
    /// [`TooLong`] beyond [`PLAIN_BYTES_MAX`].
    pub fn seal(&self, context: &str, plain: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, TooLong> {
        seal(&self.0, &labelled(STORAGE_LABEL, context), plain, rng)
    }

    /// Opens a value that was sealed for the same `context`.
    ///
    /// # Errors
    /// [`OpenError`]: the row is damaged, was moved, belongs to another identity or to a newer version.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        open(&self.0, &labelled(STORAGE_LABEL, context), sealed)
    }
}

impl BackupKey {
    /// The key of 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Seals the part of a backup that `context` names.
    ///
    /// # Errors
    /// [`TooLong`] beyond [`PLAIN_BYTES_MAX`].
    pub fn seal(&self, context: &str, plain: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, TooLong> {
        seal(&self.0, &labelled(BACKUP_LABEL, context), plain, rng)
    }

    /// Opens a part that was sealed for the same `context`.
    ///
    /// # Errors
    /// [`OpenError`]: the part is damaged, was moved, belongs to another identity or to a newer version.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        open(&self.0, &labelled(BACKUP_LABEL, context), sealed)
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKey(..)")
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(..)")
    }
}

/// Why a sealed value stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A newer version of the program wrote it: update, then try again.
    #[error("sealed in format {version}, which this version does not know; update the program")]
    TooNew {
        /// The format number that was found.
        version: u8,
    },
    /// Another identity's, another place's, or damaged: restore the row from a backup or drop it.
    #[error("the stored value is damaged or belongs to another identity")]
    Sealed,
}

fn seal(key: &[u8; 32], aad: &[u8], plain: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, TooLong> {
    let too_long = TooLong {
        bytes: plain.len(),
        bytes_max: PLAIN_BYTES_MAX,
    };
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(too_long);
    }
    let mut sealed = aead::seal(key, aad, plain, rng).ok().ok_or(too_long)?;
    sealed.insert(0, VERSION);
    Ok(sealed)
}

fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (version, sealed) = sealed.split_first().ok_or(OpenError::Sealed)?;
    if *version > VERSION {
        return Err(OpenError::TooNew { version: *version });
    }
    if *version != VERSION || sealed.len() > PLAIN_BYTES_MAX + aead::OVERHEAD_BYTES {
        return Err(OpenError::Sealed);
    }
    aead::open(key, aad, sealed).ok_or(OpenError::Sealed)
}

/// The label ends in the version, so that no value opens under another format number.
fn labelled(label: &str, context: &str) -> Vec<u8> {
    [label.as_bytes(), &[VERSION], context.as_bytes()].concat()
}

const STORAGE_LABEL: &str = "meteorite/1/storage";
const BACKUP_LABEL: &str = "meteorite/1/backup";
const VERSION: u8 = 1;
