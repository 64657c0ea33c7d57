//! The root of an identity and every key that grows from it: HKDF-SHA256 (RFC 5869), one label per purpose.
//!
//! `key = HKDF(ikm = root, salt, info = label)`, 32 bytes. The salt is empty for what exists once (persona, storage key,
//! backup key) and the header's random 16-byte nonce for what exists once per bottle. So a restored identity recognises
//! its own bottles by deriving and comparing, and nobody else can link two of them.
//!
//! Not derived here, on purpose: the libp2p and iroh keys (random per device, see [`crate::keyfile`]) and claimant keys
//! (random per claim). Two devices must not share them, and they must not be handles for life.
//!
//! A label or layout in this file can never change: it would orphan every bottle, letter and database in the world. The
//! golden tests hold them still.

use std::fmt;

use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::letter::ReplySecret;
use crate::sign::SigningKey;
use crate::storage::{BackupKey, StorageKey};

/// The 32 bytes behind the words; they never touch the network. Wiped when dropped, compared in constant time.
#[derive(Clone)]
pub struct Root(Zeroizing<[u8; 32]>);

/// The two keys of one bottle; no one can link them to another bottle's.
#[derive(Debug)]
pub struct BottleKeys {
    /// Signs the header, the withdrawal and the recasts.
    pub author: SigningKey,
    /// Opens the letters that finders seal to the header's `reply_to`.
    pub reply: ReplySecret,
}

impl Root {
    /// Draws a fresh root.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Takes a root back out of a key file or the words.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The raw bytes, for a key file only.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name under which this person speaks on the radio.
    pub fn persona(&self) -> SigningKey {
        SigningKey::from_seed(&self.derive(&[], b"meteorite/1/persona"))
    }

    /// Seals the text columns of the local database.
    pub fn storage_key(&self) -> StorageKey {
        StorageKey::from_bytes(&self.derive(&[], b"meteorite/1/storage"))
    }

    /// Seals a backup that the words alone can open.
    pub fn backup_key(&self) -> BackupKey {
        BackupKey::from_bytes(&self.derive(&[], b"meteorite/1/backup"))
    }

    /// The keys of the bottle whose header carries `nonce`.
    pub fn bottle_keys(&self, nonce: &[u8; 16]) -> BottleKeys {
        BottleKeys {
            author: SigningKey::from_seed(&self.derive(nonce, b"meteorite/1/bottle/author")),
            reply: ReplySecret::from_bytes(&self.derive(nonce, b"meteorite/1/bottle/reply")),
        }
    }

    fn derive(&self, salt: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), self.0.as_slice())
            .expand(label, key.as_mut_slice())
            .expect("one block of output is within HKDF's 255");
        key
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for Root {}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Root(..)")
    }
}
