//! Letters: the plaintext, the envelope it is sealed into, and the deposit that a mailbox accepts.
//!
//! A letter is sealed to one reply key. The envelope says only what its receiver needs to find the secret: the bottle's
//! nonce, the turn and the key. The deposit proves, to a mailbox that can read nothing, that the depositor holds a valid
//! claim of a real bottle or is its author.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::Bytes;
use super::{Claim, Extensions, Header, Payload, Signed, Wire, WireError, require};
use crate::ids::{AuthorKey, BottleId, ClaimantKey, LetterId, MailAddress, Nonce, ReplyKey};
use crate::limits;

/// What a letter says. On the wire the list `[kind, bytes]`.
#[derive(Clone, PartialEq, Eq)]
pub enum LetterContent {
    /// One of the stickers, `0..LIGHTS`. Kind 0, one byte.
    Light(u8),
    /// Words. Kind 1, UTF-8.
    Text(String),
    /// "This thread drifted on." Kind 2, empty.
    Drift,
    /// Something of a later version, shown as such. Kinds from 3.
    Unknown {
        /// Its kind.
        kind: u8,
        /// What it carries.
        data: Bytes,
    },
}

impl LetterContent {
    fn to_raw(&self) -> (u8, Bytes) {
        match self {
            Self::Light(light) => (0, Bytes(vec![*light])),
            Self::Text(text) => (1, text.as_bytes().into()),
            Self::Drift => (2, Bytes::default()),
            Self::Unknown { kind, data } => (*kind, data.clone()),
        }
    }

    fn from_raw(kind: u8, data: Bytes) -> Option<Self> {
        match (kind, data.as_slice()) {
            (0, [light]) => Some(Self::Light(*light)),
            (1, _) => String::from_utf8(data.0).ok().map(Self::Text),
            (2, []) => Some(Self::Drift),
            (0 | 2, _) => None,
            (kind, _) => Some(Self::Unknown { kind, data }),
        }
    }

    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Light(light) => require(*light < limits::LIGHTS, "content"),
            Self::Text(text) => require(
                !text.is_empty() && text.len() <= limits::LETTER_TEXT_BYTES_MAX,
                "content",
            ),
            Self::Drift => Ok(()),
            Self::Unknown { kind, .. } => require(*kind >= 3, "content"),
        }
    }
}

/// The words are never in a log.
impl fmt::Debug for LetterContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Light(light) => write!(f, "Light({light})"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Drift => f.write_str("Drift"),
            Self::Unknown { kind, data } => write!(f, "Unknown({kind}, {} bytes)", data.len()),
        }
    }
}

impl Serialize for LetterContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LetterContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, data) = <(u8, Bytes)>::deserialize(deserializer)?;
        Self::from_raw(kind, data).ok_or_else(|| D::Error::custom("not the content of a letter"))
    }
}

/// The plaintext of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Version, [`Letter::VERSION`].
    pub v: u8,
    /// What it says.
    pub content: LetterContent,
    /// A fresh key for the answer.
    pub reply_key: ReplyKey,
    /// Whether the writer would go on writing.
    pub keep: bool,
    /// What is not invented yet.
    pub x: Extensions,
}

impl Letter {
    /// The version that this program writes and reads.
    pub const VERSION: u8 = 1;
}

impl Wire for Letter {
    const BYTES_MAX: usize = limits::LETTER_PLAIN_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.v == Self::VERSION, "v")?;
        self.content.check()?;
        self.x.check()
    }
}

/// Who wrote a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who caught the bottle. 0 on the wire.
    Finder,
    /// Who threw it. 1 on the wire.
    Author,
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::Finder => 0,
            Self::Author => 1,
        })
    }
}

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            0 => Ok(Self::Finder),
            1 => Ok(Self::Author),
            _ => Err(D::Error::custom("not a side")),
        }
    }
}

/// A sealed letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Version, [`Envelope::VERSION`].
    pub v: u8,
    /// The nonce of the bottle, from which its author derives the keys.
    pub nonce: Nonce,
    /// The bottle.
    pub bottle: BottleId,
    /// Turn: 0 the light, 1 the first letter, then the thread.
    pub seq: u8,
    /// Who wrote it.
    pub from: Side,
    /// The key it is sealed to: the header's `reply_to`, later the `reply_key` of the letter that it answers.
    pub to: ReplyKey,
    /// The HPKE encapsulated key.
    pub enc: ReplyKey,
    /// The padded ciphertext.
    pub ct: Bytes,
}

impl Envelope {
    /// The version that this program writes and reads.
    pub const VERSION: u8 = 1;

    /// What the seal binds besides the letter, so that an envelope opens for its own bottle, claim and turn only.
    #[must_use]
    pub fn aad(&self, claimant: &ClaimantKey) -> Vec<u8> {
        let side = match self.from {
            Side::Finder => 0,
            Side::Author => 1,
        };
        [
            self.bottle.as_ref(),
            claimant.as_ref(),
            &[self.v, self.seq, side],
            self.to.as_ref(),
        ]
        .concat()
    }
}

impl Wire for Envelope {
    const BYTES_MAX: usize = limits::ENVELOPE_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.v == Self::VERSION, "v")?;
        require(self.seq < limits::THREAD_LETTERS_MAX, "seq")?;
        // The light and the first letter are the finder's.
        require(self.seq > 1 || self.from == Side::Finder, "from")?;
        require(limits::LETTER_SIZE_CLASSES.contains(&self.ct.len()), "ct")
    }
}

/// What is handed to a mailbox: signed by the claimant if the finder wrote, by the bottle's author key otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// The bottle's header.
    pub header: Signed<Header>,
    /// The finder's claim.
    pub claim: Signed<Claim>,
    /// The letter.
    pub envelope: Envelope,
}

impl Deposit {
    /// Where it waits. All letters to the author of a bottle share one address; each letter to a finder has its own.
    #[must_use]
    pub fn address(&self) -> MailAddress {
        match self.envelope.from {
            Side::Finder => {
                let header = self.header.value();
                mail_address(header.author.as_bytes(), &header.reply_to)
            }
            Side::Author => mail_address(self.claim.value().claimant.as_bytes(), &self.envelope.to),
        }
    }

    /// The key that must have signed it.
    #[must_use]
    pub const fn signer(&self) -> &[u8; 32] {
        match self.envelope.from {
            Side::Finder => self.claim.value().claimant.as_bytes(),
            Side::Author => self.header.value().author.as_bytes(),
        }
    }
}

impl Wire for Deposit {
    const BYTES_MAX: usize = limits::DEPOSIT_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        self.envelope.check()
    }
}

impl Payload for Deposit {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Deposit;
}

impl Signed<Deposit> {
    /// The letter's id: the same at every mailbox, and different under another claim, so that nobody can block a letter by
    /// depositing a copy of it first.
    #[must_use]
    pub fn letter_id(&self) -> LetterId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"meteorite/1/letter");
        hasher.update(self.payload());
        LetterId(hasher.finalize().into())
    }
}

/// The mail address of the author of a bottle.
#[must_use]
pub fn author_address(author: &AuthorKey, reply_to: &ReplyKey) -> MailAddress {
    mail_address(author.as_bytes(), reply_to)
}

/// The mail address of a finder who waits for the answer to one letter.
#[must_use]
pub fn finder_address(claimant: &ClaimantKey, reply_key: &ReplyKey) -> MailAddress {
    mail_address(claimant.as_bytes(), reply_key)
}

/// The HPKE `info` of every letter.
pub const LETTER_INFO: &[u8] = b"meteorite/1/envelope";

fn mail_address(owner: &[u8; 32], reply: &ReplyKey) -> MailAddress {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"meteorite/1/mail");
    hasher.update(owner);
    hasher.update(reply.as_ref());
    MailAddress(hasher.finalize().into())
}
