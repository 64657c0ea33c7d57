//! Identifiers and public keys as newtypes.
//!
//! Every fixed-size id is a byte string on the wire, `Copy` and `Ord` in memory, short hex in `Debug` and full text in
//! `Display`. Nothing here is secret. Ids of blocks are CIDs for the outside and 32 digest bytes for us.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cid::Cid;
use multihash_codetable::{Code, MultihashDigest};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits;
use crate::wire::bytes;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid {kind}")]
pub struct ParseIdError {
    /// What was expected, in words.
    pub kind: &'static str,
}

macro_rules! byte_id {
    ($(#[$meta:meta])* $name:ident, $len:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseIdError;

            fn try_from(bytes: &[u8]) -> Result<Self, ParseIdError> {
                match bytes.try_into() {
                    Ok(array) => Ok(Self(array)),
                    Err(_) => Err(ParseIdError { kind: stringify!($name) }),
                }
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), short_hex(&self.0))
            }
        }
    };
}

macro_rules! plain_id {
    ($(#[$meta:meta])* $name:ident, $len:literal) => {
        byte_id!($(#[$meta])* $name, $len);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.trim().as_bytes())
                    .ok()
                    .and_then(|bytes| <[u8; $len]>::try_from(bytes).ok())
                    .map(Self)
                    .ok_or(ParseIdError { kind: stringify!($name) })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                bytes::array::deserialize(deserializer).map(Self)
            }
        }
    };
}

macro_rules! block_id {
    ($(#[$meta:meta])* $name:ident) => {
        byte_id!($(#[$meta])* $name, 32);

        impl $name {
            /// The id of the block with these bytes.
            #[must_use]
            pub fn of(block: &[u8]) -> Self {
                Self(sha2_256(block))
            }

            /// The same id as CIDv1, dag-cbor, sha2-256.
            #[must_use]
            pub fn cid(&self) -> Cid {
                cid_of(&self.0)
            }

            /// The id inside a CID, if that is CIDv1, dag-cbor, sha2-256.
            #[must_use]
            pub fn from_cid(cid: &Cid) -> Option<Self> {
                digest_of(cid).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.cid())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Cid::try_from(text.trim())
                    .ok()
                    .and_then(|cid| Self::from_cid(&cid))
                    .ok_or(ParseIdError { kind: stringify!($name) })
            }
        }
    };
}

block_id!(
    /// A bottle: sha2-256 of its header payload.
    BottleId
);
block_id!(
    /// The sealed body block of a bottle: sha2-256 of the block.
    BodyId
);
plain_id!(
    /// The Ed25519 key that signs one bottle and nothing else.
    AuthorKey, 32
);
plain_id!(
    /// The fresh Ed25519 key behind one claim.
    ClaimantKey, 32
);
plain_id!(
    /// An X25519 public key to which a letter is sealed.
    ReplyKey, 32
);
plain_id!(
    /// The random salt in a header, from which its keys and its stone are derived.
    Nonce, 16
);
plain_id!(
    /// A deposited letter: BLAKE3 of the signed deposit payload.
    LetterId, 32
);
plain_id!(
    /// Where letters for one key wait.
    MailAddress, 32
);
plain_id!(
    /// The place behind a throw-back: BLAKE3 over the bottle, place, claimant and tick of its claim.
    ThrowBackId, 32
);
plain_id!(
    /// What set reconciliation compares: BLAKE3 of a bottle id and the digest of its claim state.
    ItemHash, 32
);
plain_id!(
    /// An Ed25519 signature.
    Signature, 64
);

impl Serialize for BottleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for BottleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes::array::deserialize(deserializer).map(Self)
    }
}

/// A body id is a real CID link on the wire, so that IPLD tools can follow it.
impl Serialize for BodyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.cid().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BodyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cid = Cid::deserialize(deserializer)?;
        Self::from_cid(&cid).ok_or_else(|| D::Error::custom("not a dag-cbor sha2-256 link"))
    }
}

/// The libp2p peer id of a node, as bytes, at most [`limits::PEER_BYTES_MAX`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(Arc<[u8]>);

impl Peer {
    /// A peer id from its bytes; `None` when it is empty or too long.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let fits = !bytes.is_empty() && bytes.len() <= limits::PEER_BYTES_MAX;
        fits.then(|| Self(bytes.into()))
    }

    /// The peer id of an Ed25519 key: libp2p puts such a key into the id as it is (identity multihash).
    #[must_use]
    pub fn from_ed25519(key: &[u8; 32]) -> Self {
        let mut bytes = ED25519_PEER_PREFIX.to_vec();
        bytes.extend_from_slice(key);
        Self(bytes.into())
    }

    /// The Ed25519 key in this id, if it is of that kind.
    #[must_use]
    pub fn ed25519(&self) -> Option<[u8; 32]> {
        self.0.strip_prefix(&ED25519_PEER_PREFIX)?.try_into().ok()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.len().saturating_sub(4);
        write!(f, "Peer({})", short_hex(self.0.get(tail..).unwrap_or_default()))
    }
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Peer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = crate::wire::Bytes::deserialize(deserializer)?;
        Self::new(raw.as_slice()).ok_or_else(|| D::Error::custom("not a peer id"))
    }
}

impl AuthorKey {
    /// The shard of the sky in which bottles of this author travel.
    #[must_use]
    pub const fn shard(&self) -> u8 {
        let [first, ..] = self.0;
        first & (limits::SKY_SHARDS - 1)
    }
}

/// sha2-256 of some bytes.
#[must_use]
pub fn sha2_256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    let hash = Code::Sha2_256.digest(bytes);
    for (to, from) in digest.iter_mut().zip(hash.digest()) {
        *to = *from;
    }
    digest
}

fn cid_of(digest: &[u8; 32]) -> Cid {
    match multihash_codetable::Multihash::wrap(SHA2_256, digest) {
        Ok(hash) => Cid::new_v1(DAG_CBOR, hash),
        Err(_) => unreachable!("32 bytes fit into a multihash of 64"),
    }
}

fn digest_of(cid: &Cid) -> Option<[u8; 32]> {
    let ours = cid.version() == cid::Version::V1 && cid.codec() == DAG_CBOR && cid.hash().code() == SHA2_256;
    ours.then(|| cid.hash().digest().try_into().ok()).flatten()
}

fn short_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes.get(..4).unwrap_or(bytes))
}

/// The multicodec of dag-cbor.
pub const DAG_CBOR: u64 = 0x71;
/// The multihash code of sha2-256.
pub const SHA2_256: u64 = 0x12;
/// Identity multihash of a protobuf public key of type Ed25519.
const ED25519_PEER_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
