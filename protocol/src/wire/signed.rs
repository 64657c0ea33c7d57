//! A payload as received and the signature over it.
//!
//! The signature covers a domain label and the payload bytes, so the bytes are kept: encoding again after decoding would
//! be one more thing that must never differ. On the wire a signed value is the list `[payload, signature]` of two byte
//! strings. Holding a `Signed` means that it decodes, not that the signature holds.

use std::fmt;

use meteorite_crypto::sign::{Domain, SigningKey, verify};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bytes, Wire, WireError};
use crate::ids::{Signature, sha2_256};

/// A type that is signed.
pub trait Payload: Wire {
    /// The domain label of its signature.
    const DOMAIN: Domain;
}

/// A decoded payload with its bytes and its (unchecked) signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed<T> {
    value: T,
    payload: Bytes,
    signature: Signature,
}

impl<T: Wire> Signed<T> {
    /// Bytes of the list `[payload, signature]` at most.
    pub const BYTES_MAX: usize = T::BYTES_MAX + FRAME_BYTES;

    /// The bytes of the list `[payload, signature]`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        RawSigned(self.payload.clone(), self.signature).encode()
    }

    /// The value of a list `[payload, signature]`.
    ///
    /// # Errors
    /// Those of [`Wire::decode`], for the list and for the payload.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(WireError::TooLarge {
                bytes: bytes.len(),
                max: Self::BYTES_MAX,
            });
        }
        let RawSigned(payload, signature) = RawSigned::decode(bytes)?;
        Self::from_parts(payload.0, signature)
    }

    /// Decodes the payload and keeps its bytes.
    ///
    /// # Errors
    /// Those of [`Wire::decode`].
    pub fn from_parts(payload: Vec<u8>, signature: Signature) -> Result<Self, WireError> {
        let value = T::decode(&payload)?;
        Ok(Self {
            value,
            payload: Bytes(payload),
            signature,
        })
    }

    /// What was signed.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The payload bytes as received.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.payload.as_slice()
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// sha2-256 of the payload: the id of what was signed, whoever signed it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha2_256(self.payload())
    }

    /// The value, its bytes and the signature.
    #[must_use]
    pub fn into_parts(self) -> (T, Vec<u8>, Signature) {
        (self.value, self.payload.0, self.signature)
    }
}

impl<T: Payload> Signed<T> {
    /// Signs a value with the key of its signer.
    #[must_use]
    pub fn sign(value: T, key: &SigningKey) -> Self {
        let payload = value.encode();
        let signature = Signature(key.sign(T::DOMAIN, &payload));
        Self {
            value,
            payload: Bytes(payload),
            signature,
        }
    }

    /// Whether this is the signature of `key` over the payload in the domain of its type.
    #[must_use]
    pub fn is_signed_by(&self, key: &[u8; 32]) -> bool {
        verify(T::DOMAIN, key, self.payload(), self.signature.as_bytes())
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signed").field(&self.value).finish()
    }
}

impl<T> Serialize for Signed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.payload, &self.signature).serialize(serializer)
    }
}

impl<'de, T: Wire> Deserialize<'de> for Signed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (payload, signature) = <(Bytes, Signature)>::deserialize(deserializer)?;
        Self::from_parts(payload.0, signature).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct RawSigned(Bytes, Signature);

impl Wire for RawSigned {
    // The caller has checked the tighter bound of its own type.
    const BYTES_MAX: usize = usize::MAX;

    fn check(&self) -> Result<(), WireError> {
        Ok(())
    }
}

/// List head, two byte string heads of at most 3 and 2 bytes, and the signature.
const FRAME_BYTES: usize = 1 + 3 + 2 + 64;
