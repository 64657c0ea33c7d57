//! A container under a passphrase: Argon2id (RFC 9106) and XChaCha20-Poly1305.
//!
//! ```text
//! magic "METEORVT" (8) ‖ version (1) ‖ kind (1) ‖ memory in KiB (4) ‖ passes (1) ‖ lanes (1) ‖ salt (16)
//! nonce (24) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! Integers are big-endian. The whole first line is associated data, so that neither the kind nor the cost can be changed
//! unnoticed. The cost stands in the file, because a vault must open on a machine that chose differently; it is bounded
//! before the first byte is allocated, because the file may come from anywhere.
//!
//! The passphrase is normalised to NFC (as OpaqueString, RFC 8265): the same keys on macOS and Linux give the same bytes.
//! An empty passphrase is allowed here; whether it is wise is the caller's dialog. A wrong passphrase and a damaged file
//! cannot be told apart, by design of the cipher. Called by [`crate::keyfile`] and by the node's backup.

use std::fmt;

use rand_core::CryptoRng;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{TooLong, aead};

/// The largest content, in bytes; both sides refuse more before they allocate.
pub const PLAIN_BYTES_MAX: usize = 64 << 20;

/// The longest passphrase, in bytes of UTF-8.
pub const PASSPHRASE_BYTES_MAX: usize = 1_024;

/// The most memory that a vault may ask for, in KiB: 256 MiB.
pub const MEMORY_KIB_MAX: u32 = 256 << 10;

/// The most passes that a vault may ask for.
pub const PASSES_MAX: u8 = 16;

/// The most lanes that a vault may ask for; they are computed one after the other.
pub const LANES_MAX: u8 = 4;

/// What a vault holds; authenticated, so that one cannot be passed off as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The keys of one device, see [`crate::keyfile`].
    KeyFile,
    /// A backup of the user's own data.
    Backup,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::KeyFile => 1,
            Self::Backup => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::KeyFile),
            2 => Some(Self::Backup),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyFile => "a key file",
            Self::Backup => "a backup",
        })
    }
}

/// What one guess at the passphrase costs; always within the limits of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u8,
    lanes: u8,
}

impl KdfParams {
    /// For a person who waits: 64 MiB and three passes, RFC 9106's second choice (§4), on one lane because lanes are not
    /// computed in parallel here and would only help an attacker. About 0.2 s.
    #[must_use]
    pub const fn interactive() -> Self {
        Self {
            memory_kib: 64 << 10,
            passes: 3,
            lanes: 1,
        }
    }

    /// The cheapest Argon2 there is; for tests only.
    #[must_use]
    pub const fn fast_for_tests() -> Self {
        Self {
            memory_kib: MEMORY_KIB_PER_LANE_MIN,
            passes: 1,
            lanes: 1,
        }
    }

    /// Other costs, or `None` outside the limits: 8 KiB a lane to [`MEMORY_KIB_MAX`], 1 to [`PASSES_MAX`] passes, 1 to
    /// [`LANES_MAX`] lanes.
    #[must_use]
    pub fn new(memory_kib: u32, passes: u8, lanes: u8) -> Option<Self> {
        let memory_kib_min = MEMORY_KIB_PER_LANE_MIN * u32::from(lanes);
        let sane = (memory_kib_min..=MEMORY_KIB_MAX).contains(&memory_kib)
            && (1..=PASSES_MAX).contains(&passes)
            && (1..=LANES_MAX).contains(&lanes);
        sane.then_some(Self {
            memory_kib,
            passes,
            lanes,
        })
    }
}

/// Why the key could not be computed from the passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KdfError {
    /// Ask for a shorter passphrase.
    #[error("the passphrase is longer than {PASSPHRASE_BYTES_MAX} bytes; choose a shorter one")]
    PassphraseTooLong,
    /// Close other programs and try again.
    #[error(
        "there is not enough free memory to unlock with the passphrase; close other programs and try again"
    )]
    NotEnoughMemory,
}

/// Why a vault was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The content does not fit.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The key could not be computed.
    #[error(transparent)]
    Kdf(#[from] KdfError),
}

/// Why a vault stays closed; each variant is another sentence to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Choose another file.
    #[error("this is not a Meteorite key file or backup")]
    NotAVault,
    /// Choose the other file: a backup was given for a key file, or the reverse.
    #[error("this file is {found}, which is not what was asked for; choose the other one")]
    OtherKind {
        /// What it holds.
        found: Kind,
    },
    /// Update the program.
    #[error("this file has format {version}, which this version does not know; update the program")]
    TooNew {
        /// The format number that was found.
        version: u8,
    },
    /// Do not try: the file asks for more memory or time than any real one does.
    #[error("this file asks for an absurd amount of memory or time; it is damaged or made to harm")]
    AbsurdParams,
    /// Do not try: the file is larger than any real one.
    #[error("this file is too large to be a key file or backup")]
    TooLarge,
    /// The key could not be computed.
    #[error(transparent)]
    Kdf(#[from] KdfError),
    /// Ask again; when the passphrase is surely right, restore from another copy.
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphraseOrDamaged,
}

/// Seals `plain` under `passphrase`, with a fresh salt and nonce.
///
/// # Errors
/// [`SealError`]: content or passphrase too long, or not enough memory for `params`.
pub fn seal(
    kind: Kind,
    passphrase: &str,
    plain: &[u8],
    params: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let too_long = TooLong {
        bytes: plain.len(),
        bytes_max: PLAIN_BYTES_MAX,
    };
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(too_long.into());
    }
    let mut header = Header {
        kind,
        params,
        salt: [0; SALT_BYTES],
    };
    rng.fill_bytes(&mut header.salt);
    let key = stretch(passphrase, &header)?;
    let mut vault = header.to_bytes();
    let sealed = aead::seal(&key, &vault, plain, rng).ok().ok_or(too_long)?;
    vault.extend_from_slice(&sealed);
    Ok(vault)
}

/// Opens a vault of the given kind.
///
/// Takes at most [`MEMORY_KIB_MAX`] of memory and [`PASSES_MAX`] passes over it, whatever the bytes say.
///
/// # Errors
/// [`OpenError`].
pub fn open(kind: Kind, passphrase: &str, vault: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header_bytes, sealed) = vault
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(OpenError::NotAVault)?;
    let header = Header::parse(header_bytes)?;
    if header.kind != kind {
        return Err(OpenError::OtherKind { found: header.kind });
    }
    if sealed.len() > PLAIN_BYTES_MAX + aead::OVERHEAD_BYTES {
        return Err(OpenError::TooLarge);
    }
    let key = stretch(passphrase, &header)?;
    aead::open(&key, header_bytes, sealed).ok_or(OpenError::WrongPassphraseOrDamaged)
}

struct Header {
    kind: Kind,
    params: KdfParams,
    salt: [u8; SALT_BYTES],
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, self.kind.code()]);
        bytes.extend_from_slice(&self.params.memory_kib.to_be_bytes());
        bytes.extend_from_slice(&[self.params.passes, self.params.lanes]);
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, OpenError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(OpenError::NotAVault)?;
        let [version, kind, m0, m1, m2, m3, passes, lanes, salt @ ..] = rest else {
            return Err(OpenError::NotAVault);
        };
        if *version > VERSION {
            return Err(OpenError::TooNew { version: *version });
        }
        if *version != VERSION {
            return Err(OpenError::NotAVault);
        }
        Ok(Self {
            kind: Kind::from_code(*kind).ok_or(OpenError::NotAVault)?,
            params: KdfParams::new(u32::from_be_bytes([*m0, *m1, *m2, *m3]), *passes, *lanes)
                .ok_or(OpenError::AbsurdParams)?,
            salt: salt.try_into().ok().ok_or(OpenError::NotAVault)?,
        })
    }
}

/// Argon2id over the NFC passphrase; its working memory is taken fallibly and wiped afterwards.
fn stretch(passphrase: &str, header: &Header) -> Result<Zeroizing<[u8; 32]>, KdfError> {
    if passphrase.len() > PASSPHRASE_BYTES_MAX {
        return Err(KdfError::PassphraseTooLong);
    }
    // Reserved in full, because a growing string leaves copies behind: NFC at most triples the bytes (UAX #15).
    let mut normalised = Zeroizing::new(String::with_capacity(3 * passphrase.len()));
    normalised.extend(passphrase.nfc());

    let KdfParams {
        memory_kib,
        passes,
        lanes,
    } = header.params;
    let params = argon2::Params::new(memory_kib, passes.into(), lanes.into(), Some(32))
        .ok()
        .ok_or(KdfError::NotEnoughMemory)?;
    let blocks = params.block_count();
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(blocks)
        .ok()
        .ok_or(KdfError::NotEnoughMemory)?;
    memory.resize(blocks, argon2::Block::default());

    let mut key = Zeroizing::new([0; 32]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into_with_memory(
            normalised.as_bytes(),
            &header.salt,
            key.as_mut_slice(),
            memory.as_mut_slice(),
        )
        .ok()
        .ok_or(KdfError::NotEnoughMemory)?;
    Ok(key)
}

const MAGIC: &[u8] = b"METEORVT";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 8 + SALT_BYTES;
/// Argon2's own minimum: eight blocks of 1 KiB for each lane (RFC 9106 §3.1).
const MEMORY_KIB_PER_LANE_MIN: u32 = 8;
