//! Invite codes: how two strangers' programs meet for the first time.
//!
//! A code is `METEOR-` and base32 (RFC 4648, no padding) of `version ‖ payload ‖ checksum`: a version byte, the canonical
//! dag-cbor of an [`Invite`], and five bytes of BLAKE3 over both. The checksum stands at the end in every version, so that a
//! typo and a code from a newer version are told apart. Reading forgives case, spaces, line breaks, dashes, a missing
//! `METEOR-` and the digits that look like letters of the alphabet (0, 1, 8). Whether an address can be dialled is for the
//! network to say; nothing here is secret or signed.

use serde::{Deserialize, Serialize};

use crate::ids::AuthorKey;
use crate::limits;
use crate::time::UnixMillis;
use crate::wire::{Wire, WireError, bytes};

/// Where to find a node, for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Multiaddresses that end in `/p2p/<peer id>`, at least one.
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::INVITE_ADDRS_MAX }>")]
    pub addrs: Vec<String>,
    /// From then on it is refused.
    pub expires: UnixMillis,
    /// The key that signs notices, which joining would pin.
    pub notice: Option<NoticeKey>,
}

/// The Ed25519 key that signs notices.
pub type NoticeKey = AuthorKey;

/// Why a code cannot be used, in words for whoever pasted it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Nothing was pasted.
    #[error("There is no invite code here. Paste the whole text that begins with METEOR-.")]
    Empty,
    /// Much longer than any code.
    #[error("This is too long for an invite code. Paste only the text that begins with METEOR-.")]
    TooLong,
    /// A character that no code has.
    #[error(
        "An invite code has only letters and the digits 2 to 7, but this has {0:?}. Copy the code again."
    )]
    BadCharacter(char),
    /// The checksum differs: a character is wrong or missing.
    #[error("This invite code has a typing error, or a part of it is missing. Copy the whole code again.")]
    Typo,
    /// Made by a program that is newer than this one.
    #[error(
        "This invite code was made by a newer version of the program. Update the program, then paste it again."
    )]
    NewerVersion,
    /// Its time is over.
    #[error("This invite code has expired. Ask for a new one.")]
    Expired,
    /// The checksum is right, the content is not: a broken program made it.
    #[error("This invite code was made wrongly. Ask for a new one.")]
    Broken,
}

impl Invite {
    /// The code to hand to somebody.
    ///
    /// # Errors
    /// [`WireError::OutOfRange`] for no address, too many, one that is too long or does not name a peer.
    pub fn to_code(&self) -> Result<String, WireError> {
        self.check()?;
        let mut raw = vec![VERSION];
        raw.extend(self.encode());
        let sum = checksum(&raw);
        raw.extend(sum);
        Ok(format!("{PREFIX}-{}", data_encoding::BASE32_NOPAD.encode(&raw)))
    }

    /// Reads a code and looks at its date.
    ///
    /// # Errors
    /// An [`InviteError`] that can be shown to whoever pasted the code.
    pub fn from_code(code: &str, now: UnixMillis) -> Result<Self, InviteError> {
        let invite = Self::parse(code)?;
        if invite.expires <= now {
            Err(InviteError::Expired)
        } else {
            Ok(invite)
        }
    }

    /// Reads a code, expired or not.
    ///
    /// # Errors
    /// An [`InviteError`] that can be shown to whoever pasted the code.
    pub fn parse(code: &str) -> Result<Self, InviteError> {
        let letters = normalise(code)?;
        let Ok(raw) = data_encoding::BASE32_NOPAD.decode(letters.as_bytes()) else {
            return Err(InviteError::Typo);
        };
        let (content, sum) = raw
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(InviteError::Typo)?;
        if checksum(content) != *sum {
            return Err(InviteError::Typo);
        }
        match content.split_first() {
            Some((&VERSION, payload)) => match Self::decode(payload) {
                Ok(invite) => Ok(invite),
                Err(_) => Err(InviteError::Broken),
            },
            Some((version, _)) if *version > VERSION => Err(InviteError::NewerVersion),
            Some(_) | None => Err(InviteError::Broken),
        }
    }
}

impl Wire for Invite {
    const BYTES_MAX: usize = limits::INVITE_CODE_CHARS_MAX / 8 * 5;

    fn check(&self) -> Result<(), WireError> {
        let count = self.addrs.len();
        let fits = |addr: &String| {
            addr.len() <= limits::INVITE_ADDR_BYTES_MAX
                && addr.starts_with('/')
                && addr.contains("/p2p/")
                && addr.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let holds = (1..=limits::INVITE_ADDRS_MAX).contains(&count) && self.addrs.iter().all(fits);
        if holds {
            Ok(())
        } else {
            Err(WireError::OutOfRange("addrs"))
        }
    }
}

/// The base32 letters of a code, without everything that copying and typing adds.
fn normalise(code: &str) -> Result<String, InviteError> {
    if code.len() > limits::INVITE_CODE_CHARS_MAX {
        return Err(InviteError::TooLong);
    }
    let mut letters = String::with_capacity(code.len());
    for c in code.chars() {
        match c.to_ascii_uppercase() {
            c if c.is_whitespace()
                || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}' | '\u{feff}') => {}
            '0' => letters.push('O'),
            '1' => letters.push('I'),
            '8' => letters.push('B'),
            c @ ('A'..='Z' | '2'..='7') => letters.push(c),
            c => return Err(InviteError::BadCharacter(c)),
        }
    }
    let letters = letters.strip_prefix(PREFIX).map(str::to_owned).unwrap_or(letters);
    if letters.is_empty() {
        Err(InviteError::Empty)
    } else {
        Ok(letters)
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"meteorite/invite");
    hasher.update(content);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

const PREFIX: &str = "METEOR";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 5;
