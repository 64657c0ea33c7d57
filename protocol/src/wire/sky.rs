//! What travels on a sky topic, and the body inside it.
//!
//! A sky message is the list `[header payload, signature, body block]` of three byte strings. The body block is itself
//! dag-cbor, a single byte string holding the sealed body, so that its CID is a proper dag-cbor link.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bytes::{self, Bytes};
use super::{Extensions, Header, Signed, Wire, WireError, require};
use crate::ids::{BodyId, Signature};
use crate::limits;

/// A header and its body, as gossiped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkyMessage {
    /// The signed header.
    pub header: Signed<Header>,
    /// The sealed body, if the block has the right form. Whether it is the header's body is for validation to say.
    pub body: BodyBlock,
}

impl SkyMessage {
    /// The bytes to publish.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let raw = RawSky(
            Bytes(self.header.payload().to_vec()),
            *self.header.signature(),
            Bytes(self.body.as_slice().to_vec()),
        );
        raw.encode()
    }

    /// The message of these bytes.
    ///
    /// # Errors
    /// Those of [`Wire::decode`], for the message, the header or the body block.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let RawSky(payload, signature, block) = RawSky::decode(bytes)?;
        let header = Signed::from_parts(payload.0, signature)?;
        let body = BodyBlock::new(block.0)?;
        Ok(Self { header, body })
    }
}

#[derive(Serialize, Deserialize)]
struct RawSky(Bytes, Signature, Bytes);

impl Wire for RawSky {
    const BYTES_MAX: usize = limits::SKY_MESSAGE_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        Ok(())
    }
}

/// A body block: the dag-cbor byte string of a sealed body whose length is one of the size classes.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyBlock(Bytes);

impl BodyBlock {
    /// Takes block bytes as received.
    ///
    /// # Errors
    /// A [`WireError`] when they are not the canonical byte string of a sealed body.
    pub fn new(block: Vec<u8>) -> Result<Self, WireError> {
        if block.len() > limits::BODY_BLOCK_BYTES_MAX {
            return Err(WireError::TooLarge {
                bytes: block.len(),
                max: limits::BODY_BLOCK_BYTES_MAX,
            });
        }
        super::scan::scan(&block)?;
        let Ok(sealed) = serde_ipld_dagcbor::from_slice::<Bytes>(&block) else {
            return Err(WireError::Malformed);
        };
        require(limits::BODY_SIZE_CLASSES.contains(&sealed.len()), "body")?;
        Ok(Self(Bytes(block)))
    }

    /// Wraps a sealed body.
    ///
    /// # Errors
    /// [`WireError::OutOfRange`] when its length is no size class.
    pub fn from_sealed(sealed: &[u8]) -> Result<Self, WireError> {
        require(limits::BODY_SIZE_CLASSES.contains(&sealed.len()), "body")?;
        let Ok(block) = serde_ipld_dagcbor::to_vec(&Bytes::from(sealed)) else {
            return Err(WireError::Malformed);
        };
        Ok(Self(Bytes(block)))
    }

    /// The block's bytes, as stored in IPFS.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The sealed body inside.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        // Size classes are above 255 and below 65,536, so the head is always three bytes.
        self.0.as_slice().get(3..).unwrap_or_default()
    }

    /// The block's id.
    #[must_use]
    pub fn id(&self) -> BodyId {
        BodyId::of(self.as_slice())
    }

    /// The block's length as a header states it.
    #[must_use]
    pub fn body_len(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// The block's bytes.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0.0
    }
}

impl fmt::Debug for BodyBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyBlock({} bytes)", self.0.len())
    }
}

/// The opened body. It exists inside the seal only; the fields come from a stranger and are checked before being shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The text.
    pub text: String,
    /// A name for this bottle.
    pub nick: Option<String>,
    /// What the author says it is about.
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::TAGS_MAX }>")]
    pub tags: Vec<String>,
    /// What is not invented yet.
    pub x: Extensions,
}

impl Wire for Body {
    const BYTES_MAX: usize = limits::BODY_PLAIN_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(
            !self.text.is_empty() && self.text.len() <= limits::TEXT_BYTES_MAX,
            "text",
        )?;
        require(
            self.nick
                .as_ref()
                .is_none_or(|nick| nick.len() <= limits::NICK_BYTES_MAX),
            "nick",
        )?;
        require(self.tags.len() <= limits::TAGS_MAX, "tags")?;
        require(
            self.tags.iter().all(|tag| tag.len() <= limits::TAG_BYTES_MAX),
            "tags",
        )?;
        self.x.check()
    }
}

/// The text is never in a log.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes, {} tags)", self.text.len(), self.tags.len())
    }
}
