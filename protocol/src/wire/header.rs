//! The header of a bottle: all that strangers learn before they open it.
//!
//! Its payload's sha2-256 is the bottle's id. Mood, tone, gist and language are the author's word: hints for the sky,
//! never a reason to believe that a text is harmless.

use serde::{Deserialize, Serialize};

use super::fields::{BodyKeyKind, Extensions, Gist, Lang, Mood};
use super::{Payload, Signed, Wire, WireError, require};
use crate::ids::{AuthorKey, BodyId, BottleId, Nonce, ReplyKey};
use crate::limits;
use crate::time::Epoch;

/// The payload of a header, signed by [`Header::author`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version, [`Header::VERSION`].
    pub v: u8,
    /// Random salt of the bottle's keys and of its stone.
    pub nonce: Nonce,
    /// Link to the sealed body block.
    pub body: BodyId,
    /// Bytes of the body block.
    pub body_len: u16,
    /// How the body is locked.
    pub key: BodyKeyKind,
    /// The feeling of the text, by the author's word.
    pub mood: Mood,
    /// How rough the text is, by the author's word, 0 to 255.
    pub tone: u8,
    /// The language, by the author's word.
    pub lang: Lang,
    /// The meaning, by the author's word.
    pub gist: Gist,
    /// Graphemes of the text, by the author's word.
    pub length: u16,
    /// Which generator draws the stone.
    pub art: u16,
    /// How many may catch it.
    pub slots: u8,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// How many epochs it drifts.
    pub ttl: u32,
    /// The key that signs this bottle and nothing else.
    pub author: AuthorKey,
    /// The key to which letters are sealed.
    pub reply_to: ReplyKey,
    /// The counter found by mining.
    pub stamp: u64,
    /// The epoch of the stamp is `thrown_at` less this, 0 or 1.
    pub stamp_lag: u8,
    /// What is not invented yet.
    pub x: Extensions,
}

impl Header {
    /// The version that this program writes and reads.
    pub const VERSION: u8 = 1;

    /// The first epoch in which the bottle no longer drifts.
    #[must_use]
    pub const fn expires_at(&self) -> Epoch {
        self.thrown_at.plus(self.ttl)
    }

    /// The epoch for which the stamp was mined.
    #[must_use]
    pub const fn stamp_epoch(&self) -> Epoch {
        self.thrown_at.minus(self.stamp_lag as u32)
    }

    /// What the seal of the body binds besides the text.
    #[must_use]
    pub fn body_aad(author: &AuthorKey, nonce: &Nonce) -> Vec<u8> {
        [author.as_ref(), nonce.as_ref()].concat()
    }

    /// Whether it carries something that this version does not know: it is forwarded and not shown.
    #[must_use]
    pub fn forward_only(&self) -> bool {
        !self.key.is_known() || !self.x.is_known()
    }
}

impl Wire for Header {
    const BYTES_MAX: usize = limits::HEADER_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.v == Self::VERSION, "v")?;
        require(
            (1..=limits::BODY_BLOCK_BYTES_MAX).contains(&usize::from(self.body_len)),
            "body_len",
        )?;
        self.key.check()?;
        require(
            (1..=limits::TEXT_GRAPHEMES_MAX).contains(&usize::from(self.length)),
            "length",
        )?;
        require((1..=limits::SLOTS_MAX).contains(&self.slots), "slots")?;
        require((1..=limits::TTL_EPOCHS_MAX).contains(&self.ttl), "ttl")?;
        require(self.thrown_at.0.checked_add(self.ttl).is_some(), "thrown_at")?;
        require(self.thrown_at.0 >= 1, "thrown_at")?;
        require(self.stamp_lag <= 1, "stamp_lag")?;
        self.x.check()
    }
}

impl Payload for Header {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Header;
}

impl Signed<Header> {
    /// The bottle's id.
    #[must_use]
    pub fn bottle(&self) -> BottleId {
        BottleId(self.digest())
    }
}
