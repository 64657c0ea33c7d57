//! `/meteorite/body/1`: missing body blocks from one chosen peer.

use serde::{Deserialize, Serialize};

use super::bytes::{self, Bytes};
use super::{Wire, WireError, require};
use crate::ids::BodyId;
use crate::limits;

/// "Give me these blocks."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRequest {
    /// Which, at most [`limits::BODY_FETCH_MAX`].
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::BODY_FETCH_MAX }>")]
    pub ids: Vec<BodyId>,
}

impl Wire for BodyRequest {
    const BYTES_MAX: usize = limits::BODY_REQUEST_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.ids.len() <= limits::BODY_FETCH_MAX, "ids")
    }
}

/// The blocks that the peer has, in any order; what is missing it does not have. The id of each is its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyAnswer {
    /// At most [`limits::BODY_FETCH_MAX`].
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::BODY_FETCH_MAX }>")]
    pub blocks: Vec<Bytes>,
}

impl Wire for BodyAnswer {
    const BYTES_MAX: usize = limits::BODY_ANSWER_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.blocks.len() <= limits::BODY_FETCH_MAX, "blocks")?;
        require(
            self.blocks
                .iter()
                .all(|block| block.len() <= limits::BODY_BLOCK_BYTES_MAX),
            "blocks",
        )
    }
}
