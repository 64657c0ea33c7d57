//! `/meteorite/sync/1`: what does my neighbour know that I do not.

use serde::{Deserialize, Serialize};

use super::bytes::{self, Bytes};
use super::{Wire, WireError, require};
use crate::ids::{ItemHash, Signature};
use crate::limits;

/// A question to a neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SyncRequest {
    /// One message of set reconciliation.
    Reconcile {
        /// The negentropy message.
        msg: Bytes,
    },
    /// Give me what these items stand for.
    Fetch {
        /// At most [`limits::SYNC_FETCH_ITEMS_MAX`].
        #[serde(deserialize_with = "bytes::list::<_, _, { limits::SYNC_FETCH_ITEMS_MAX }>")]
        items: Vec<ItemHash>,
    },
}

impl Wire for SyncRequest {
    const BYTES_MAX: usize = limits::SYNC_REQUEST_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Reconcile { msg } => require(msg.len() <= limits::RECONCILE_BYTES_MAX, "msg"),
            Self::Fetch { items } => require(items.len() <= limits::SYNC_FETCH_ITEMS_MAX, "items"),
        }
    }
}

/// The answer to a [`SyncRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SyncAnswer {
    /// The next message of set reconciliation.
    Reconcile {
        /// The negentropy message.
        msg: Bytes,
    },
    /// Bottles and their claims; those that did not fit can be asked for again.
    Entries(#[serde(deserialize_with = "bytes::list::<_, _, { limits::SYNC_ENTRIES_MAX }>")] Vec<SyncEntry>),
    /// Not now.
    Busy,
}

impl Wire for SyncAnswer {
    const BYTES_MAX: usize = limits::SYNC_ANSWER_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Reconcile { msg } => require(msg.len() <= limits::RECONCILE_BYTES_MAX, "msg"),
            Self::Entries(entries) => {
                require(entries.len() <= limits::SYNC_ENTRIES_MAX, "entries")?;
                entries.iter().try_for_each(SyncEntry::check)
            }
            Self::Busy => Ok(()),
        }
    }
}

/// One bottle: its header and all catch messages that are kept, each decoded on its own, so that one bad part does not
/// spoil the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncEntry(
    /// The header payload.
    pub Bytes,
    /// The signature over it.
    pub Signature,
    /// Encoded [`super::CatchMessage`]s, at most [`limits::SYNC_CATCH_MAX`].
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::SYNC_CATCH_MAX }>")]
    pub Vec<Bytes>,
);

impl SyncEntry {
    /// The header payload.
    #[must_use]
    pub fn header_payload(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The signature over the header payload.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.1
    }

    /// The encoded catch messages.
    #[must_use]
    pub fn catch(&self) -> &[Bytes] {
        &self.2
    }

    /// About how many bytes it takes in an answer (never less than it really takes).
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let catch: usize = self.2.iter().map(|message| message.len() + 5).sum();
        self.0.len() + 5 + 66 + 10 + catch
    }

    fn check(&self) -> Result<(), WireError> {
        require(self.0.len() <= limits::HEADER_BYTES_MAX, "header")?;
        require(self.2.len() <= limits::SYNC_CATCH_MAX, "catch")?;
        require(
            self.2
                .iter()
                .all(|message| message.len() <= limits::CATCH_MESSAGE_BYTES_MAX),
            "catch",
        )
    }
}
