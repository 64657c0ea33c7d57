//! What happened, as it happens.

use serde::{Deserialize, Serialize};

use super::{BottleFate, HoldView, LetterView, OwnBottleView, StoneView};

/// Something that happened in a node and that its user may want to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", content = "value", rename_all = "kebab-case")]
pub enum Notice {
    /// A bottle came into the sky.
    Fell(StoneView),
    /// An own bottle's proven state changed.
    Bottle(OwnBottleView),
    /// A catch was confirmed, displaced, or ended.
    Hold(HoldView),
    /// A bottle of the sky is over.
    Ended {
        /// Which one.
        bottle: String,
        /// How.
        fate: BottleFate,
    },
    /// A letter came, or the state of a sent one changed.
    Letter(LetterView),
    /// A neighbour came.
    PeerUp {
        /// Its peer id.
        peer: String,
        /// How many there are now.
        peers: u32,
    },
    /// A neighbour left.
    PeerDown {
        /// Its peer id.
        peer: String,
        /// How many there are now.
        peers: u32,
    },
    /// A listening address is ready.
    Listening {
        /// The address with the peer id.
        address: String,
    },
    /// The proof of work of a throw or an opening goes on.
    Mining {
        /// Tries so far.
        tries: u64,
        /// Tries to expect.
        expected: u64,
    },
    /// The listener was too slow and missed this many notices.
    Missed(u64),
    /// The node ends.
    Stopping,
}
