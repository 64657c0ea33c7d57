//! What travels between peers: canonical dag-cbor, bounded, one form for each value.
//!
//! Every type here is [`Wire`]: `decode` checks the length before it parses, walks the structure without recursion
//! ([`scan`]), refuses unknown fields, trailing bytes and every encoding but the canonical one (by encoding again and
//! comparing), and checks the ranges of the fields. A signed type keeps its payload exactly as received ([`Signed`]).
//! Nothing here verifies a signature or a stamp, and nothing knows what time it is: that is [`crate::validate`].
//!
//! Extension happens in two places only, an entry of `x` and a body key of a new kind. What this version does not know
//! there decodes, is flagged `forward_only`, and is forwarded but never shown.

pub mod body_fetch;
pub mod bytes;
pub mod catch;
pub mod claim;
pub mod fields;
pub mod header;
pub mod letter;
pub mod mail;
pub mod receipt;
pub mod scan;
pub mod signed;
pub mod sky;
pub mod sync;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use body_fetch::{BodyAnswer, BodyRequest};
pub use bytes::Bytes;
pub use catch::CatchMessage;
pub use claim::{Claim, Place, Recast, ThrowBack, Withdrawal};
pub use fields::{BodyKeyKind, Extensions, Gist, Lang, Mood};
pub use header::Header;
pub use letter::{Deposit, Envelope, Letter, LetterContent, Side};
pub use mail::{AddressPrefix, MailAnswer, MailRequest, RefuseReason};
pub use receipt::Receipt;
pub use signed::{Payload, Signed};
pub use sky::{Body, BodyBlock, SkyMessage};
pub use sync::{SyncAnswer, SyncEntry, SyncRequest};

/// Why bytes are not a value. [`crate::verdict::Verdict`] is made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than the type allows; nothing was parsed.
    #[error("{bytes} bytes, but at most {max} are allowed")]
    TooLarge {
        /// The length that came.
        bytes: usize,
        /// The length allowed.
        max: usize,
    },
    /// Lists and maps nested deeper than anything of ours.
    #[error("nested too deeply")]
    TooDeep,
    /// Cut off, trailing bytes, wrong types, missing or unknown fields.
    #[error("not an encoding of this type")]
    Malformed,
    /// Right, but not in the one allowed form.
    #[error("not the canonical encoding")]
    NotCanonical,
    /// A field has a value that it cannot have.
    #[error("the field {0} is out of range")]
    OutOfRange(&'static str),
    /// A kind of message that this version does not know.
    #[error("the message kind {0} is unknown")]
    UnknownKind(u8),
}

/// A value with exactly one encoding.
pub trait Wire: Serialize + DeserializeOwned {
    /// Bytes of an encoding at most.
    const BYTES_MAX: usize;

    /// Whether all fields have values that they can have.
    ///
    /// # Errors
    /// [`WireError::OutOfRange`] with the field's name.
    fn check(&self) -> Result<(), WireError>;

    /// The canonical bytes.
    ///
    /// # Panics
    /// Never: encoding into memory fails only when memory does.
    #[must_use]
    fn encode(&self) -> Vec<u8> {
        serde_ipld_dagcbor::to_vec(self).expect("encoding into memory does not fail")
    }

    /// The value of these bytes.
    ///
    /// # Errors
    /// A [`WireError`] that says which rule the bytes break.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(WireError::TooLarge {
                bytes: bytes.len(),
                max: Self::BYTES_MAX,
            });
        }
        scan::scan(bytes)?;
        let Ok(value) = serde_ipld_dagcbor::from_slice::<Self>(bytes) else {
            return Err(WireError::Malformed);
        };
        value.check()?;
        if value.encode() != bytes {
            return Err(WireError::NotCanonical);
        }
        Ok(value)
    }
}

/// `Ok` if `holds`, otherwise the field is out of range.
pub(crate) fn require(holds: bool, field: &'static str) -> Result<(), WireError> {
    if holds {
        Ok(())
    } else {
        Err(WireError::OutOfRange(field))
    }
}
