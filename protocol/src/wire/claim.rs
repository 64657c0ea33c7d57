//! Claims, throw-backs, withdrawals and recasts: what happens to a bottle after it was thrown.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::Bytes;
use super::{Payload, Signed, Wire, WireError, require};
use crate::claims::{ClaimKey, throw_back_id};
use crate::ids::{BottleId, ClaimantKey, ThrowBackId};
use crate::limits;
use crate::time::Tick;

/// Where in a bottle's tree of places a claim stands.
///
/// On the wire and in hashes it is one byte string: `00`, `01 ‖ throw-back id`, `02 ‖ n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// One of the k first places.
    Root,
    /// The place that a throw-back opened.
    After(ThrowBackId),
    /// One of the k places of the n-th recast, 1 to [`limits::RECASTS_MAX`].
    Recast(u8),
}

impl Place {
    /// The byte form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Root => vec![0],
            Self::After(id) => [&[1], id.as_bytes().as_slice()].concat(),
            Self::Recast(n) => vec![2, *n],
        }
    }

    /// The place of a byte form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, []) => Some(Self::Root),
            (1, id) => ThrowBackId::try_from(id).ok().map(Self::After),
            (2, [n]) => (1..=limits::RECASTS_MAX).contains(n).then_some(Self::Recast(*n)),
            _ => None,
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Bytes::deserialize(deserializer)?;
        Self::from_bytes(raw.as_slice()).ok_or_else(|| D::Error::custom("not a place"))
    }
}

/// "I opened this bottle": signed by the fresh key `claimant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The bottle.
    pub bottle: BottleId,
    /// Which place it claims.
    pub place: Place,
    /// A key made for this claim alone.
    pub claimant: ClaimantKey,
    /// When.
    pub t: Tick,
    /// The counter found by mining over bottle, place and claimant.
    pub work: u64,
}

impl Wire for Claim {
    const BYTES_MAX: usize = limits::CLAIM_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        match self.place {
            Place::Root | Place::After(_) => Ok(()),
            Place::Recast(n) => require((1..=limits::RECASTS_MAX).contains(&n), "place"),
        }
    }
}

impl Payload for Claim {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Claim;
}

/// "Somebody else may have it": embeds its claim, signed by the same claimant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrowBack {
    /// The claim that is given up.
    pub claim: Signed<Claim>,
    /// 1 for a claim at the root or a recast, one more for each throw-back before it.
    pub depth: u8,
}

impl ThrowBack {
    /// The bottle.
    #[must_use]
    pub const fn bottle(&self) -> BottleId {
        self.claim.value().bottle
    }

    /// The id by which the place that it opens is named. It depends on the claim's bottle, place, claimant and tick only,
    /// so that a claimant who signs many throw-backs opens one place.
    #[must_use]
    pub fn id(&self) -> ThrowBackId {
        let claim = self.claim.value();
        throw_back_id(&claim.bottle, &ClaimKey::of(claim))
    }
}

impl Wire for ThrowBack {
    const BYTES_MAX: usize = limits::CATCH_PAYLOAD_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        let depth = self.depth;
        let fits = match self.claim.value().place {
            Place::Root | Place::Recast(_) => depth == 1,
            Place::After(_) => (2..=limits::THROW_BACK_DEPTH_MAX).contains(&depth),
        };
        require(fits, "depth")
    }
}

impl Payload for ThrowBack {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::ThrowBack;
}

/// "I take it back": signed by the bottle's author, cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The bottle.
    pub bottle: BottleId,
}

impl Wire for Withdrawal {
    const BYTES_MAX: usize = limits::CATCH_PAYLOAD_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        Ok(())
    }
}

impl Payload for Withdrawal {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Withdrawal;
}

/// "k more places": signed by the bottle's author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recast {
    /// The bottle.
    pub bottle: BottleId,
    /// Which recast, 1 to [`limits::RECASTS_MAX`].
    pub n: u8,
}

impl Wire for Recast {
    const BYTES_MAX: usize = limits::CATCH_PAYLOAD_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require((1..=limits::RECASTS_MAX).contains(&self.n), "n")
    }
}

impl Payload for Recast {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Recast;
}
