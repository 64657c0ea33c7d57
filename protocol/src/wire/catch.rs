//! What travels on the catch topic: the list `[kind, payload, signature]`.

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::{Claim, Recast, Signed, ThrowBack, Wire, WireError, Withdrawal};
use crate::ids::{BottleId, Signature, sha2_256};
use crate::limits;

/// A message on the catch topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatchMessage {
    /// Kind 0.
    Claim(Signed<Claim>),
    /// Kind 1.
    ThrowBack(Signed<ThrowBack>),
    /// Kind 2.
    Withdrawal(Signed<Withdrawal>),
    /// Kind 3.
    Recast(Signed<Recast>),
}

impl CatchMessage {
    /// The bottle it is about.
    #[must_use]
    pub const fn bottle(&self) -> BottleId {
        match self {
            Self::Claim(claim) => claim.value().bottle,
            Self::ThrowBack(back) => back.value().bottle(),
            Self::Withdrawal(withdrawal) => withdrawal.value().bottle,
            Self::Recast(recast) => recast.value().bottle,
        }
    }

    /// The kind on the wire.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Claim(_) => 0,
            Self::ThrowBack(_) => 1,
            Self::Withdrawal(_) => 2,
            Self::Recast(_) => 3,
        }
    }

    /// The bytes to publish, or to put into a sync entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (payload, signature) = match self {
            Self::Claim(signed) => (signed.payload(), signed.signature()),
            Self::ThrowBack(signed) => (signed.payload(), signed.signature()),
            Self::Withdrawal(signed) => (signed.payload(), signed.signature()),
            Self::Recast(signed) => (signed.payload(), signed.signature()),
        };
        RawCatch(self.kind(), payload.into(), *signature).encode()
    }

    /// The message of these bytes.
    ///
    /// # Errors
    /// Those of [`Wire::decode`], and [`WireError::UnknownKind`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let RawCatch(kind, payload, signature) = RawCatch::decode(bytes)?;
        match kind {
            0 => Signed::from_parts(payload.0, signature).map(Self::Claim),
            1 => Signed::from_parts(payload.0, signature).map(Self::ThrowBack),
            2 => Signed::from_parts(payload.0, signature).map(Self::Withdrawal),
            3 => Signed::from_parts(payload.0, signature).map(Self::Recast),
            unknown => Err(WireError::UnknownKind(unknown)),
        }
    }

    /// sha2-256 of the kind and payload: names the statement, whatever its signature.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let payload = match self {
            Self::Claim(signed) => signed.payload(),
            Self::ThrowBack(signed) => signed.payload(),
            Self::Withdrawal(signed) => signed.payload(),
            Self::Recast(signed) => signed.payload(),
        };
        sha2_256(&[&[self.kind()], payload].concat())
    }
}

#[derive(Serialize, Deserialize)]
struct RawCatch(u8, Bytes, Signature);

impl Wire for RawCatch {
    const BYTES_MAX: usize = limits::CATCH_MESSAGE_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        Ok(())
    }
}
