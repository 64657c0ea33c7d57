//! The key file: what one device keeps under the user's passphrase.
//!
//! Content, inside a [`vault`] of kind [`Kind::KeyFile`]:
//!
//! ```text
//! layout (1) ‖ root (32) ‖ libp2p secret (32) ‖ iroh secret (32) ‖ created at, Unix ms, big-endian (8)
//! ```
//!
//! The root comes from the words and is the same on every device of a person. The two network keys are random, belong to
//! this device alone and can be rotated; the words do not bring them back. MLS and anonymity secrets are never in here.
//! This file makes bytes of it and reads them; writing them to disk (atomically, mode 0600) is the node's work.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::root::Root;
use crate::vault::{self, KdfParams, Kind};

/// The keys of one device, wiped when dropped, compared in constant time.
#[derive(Clone)]
pub struct KeyFile {
    /// The identity behind the words.
    pub root: Root,
    /// Ed25519 seed of this device's libp2p peer id.
    pub libp2p_secret: Zeroizing<[u8; 32]>,
    /// Ed25519 seed of this device's iroh endpoint id.
    pub iroh_secret: Zeroizing<[u8; 32]>,
    /// When this device was set up, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

/// Why a key file stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The container did not open; its error says what to do.
    #[error(transparent)]
    Vault(#[from] vault::OpenError),
    /// It opened, but a newer version of the program wrote it: update.
    #[error("this key file was written by a newer version; update the program")]
    TooNew,
    /// It opened, but its content makes no sense: restore from the words.
    #[error("this key file is incomplete; restore with your 24 words")]
    Incomplete,
}

impl KeyFile {
    /// A new device for `root`, with fresh network keys.
    pub fn new(root: Root, created_at_ms: u64, rng: &mut impl CryptoRng) -> Self {
        let mut key_file = Self {
            root,
            libp2p_secret: Zeroizing::new([0; 32]),
            iroh_secret: Zeroizing::new([0; 32]),
            created_at_ms,
        };
        key_file.rotate_network_keys(rng);
        key_file
    }

    /// Replaces both network keys: the device gets a new peer id and a new endpoint id.
    pub fn rotate_network_keys(&mut self, rng: &mut impl CryptoRng) {
        rng.fill_bytes(self.libp2p_secret.as_mut_slice());
        rng.fill_bytes(self.iroh_secret.as_mut_slice());
    }

    /// The bytes to write to disk.
    ///
    /// # Errors
    /// [`vault::SealError`]: the passphrase is too long or there is not enough memory for `params`.
    pub fn seal(
        &self,
        passphrase: &str,
        params: KdfParams,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, vault::SealError> {
        vault::seal(Kind::KeyFile, passphrase, &self.encode(), params, rng)
    }

    /// Reads bytes from disk.
    ///
    /// # Errors
    /// [`OpenError`], each variant another sentence to the user.
    pub fn open(passphrase: &str, bytes: &[u8]) -> Result<Self, OpenError> {
        Self::decode(&vault::open(Kind::KeyFile, passphrase, bytes)?)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN_BYTES));
        plain.push(LAYOUT);
        plain.extend_from_slice(self.root.expose());
        plain.extend_from_slice(self.libp2p_secret.as_slice());
        plain.extend_from_slice(self.iroh_secret.as_slice());
        plain.extend_from_slice(&self.created_at_ms.to_be_bytes());
        plain
    }

    fn decode(plain: &[u8]) -> Result<Self, OpenError> {
        let (layout, rest) = plain.split_first().ok_or(OpenError::Incomplete)?;
        if *layout > LAYOUT {
            return Err(OpenError::TooNew);
        }
        if *layout != LAYOUT {
            return Err(OpenError::Incomplete);
        }
        Self::decode_fields(rest).ok_or(OpenError::Incomplete)
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let (root, rest) = bytes.split_first_chunk::<32>()?;
        let (libp2p_secret, rest) = rest.split_first_chunk::<32>()?;
        let (iroh_secret, rest) = rest.split_first_chunk::<32>()?;
        let created_at_ms = u64::from_be_bytes(rest.try_into().ok()?);
        Some(Self {
            root: Root::from_bytes(root),
            libp2p_secret: Zeroizing::new(*libp2p_secret),
            iroh_secret: Zeroizing::new(*iroh_secret),
            created_at_ms,
        })
    }
}

impl PartialEq for KeyFile {
    fn eq(&self, other: &Self) -> bool {
        self.encode().ct_eq(&other.encode()).into()
    }
}

impl Eq for KeyFile {}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("created_at_ms", &self.created_at_ms)
            .finish_non_exhaustive()
    }
}

const LAYOUT: u8 = 1;
const PLAIN_BYTES: usize = 1 + 3 * 32 + 8;
