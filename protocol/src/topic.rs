//! Gossip topics and protocol ids as names on the network.

use std::fmt;
use std::str::FromStr;

use crate::ids::AuthorKey;
use crate::limits;

/// A gossip topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Headers and bodies of one shard, `0..SKY_SHARDS`.
    Sky(u8),
    /// Claims, throw-backs, withdrawals and recasts.
    Catch,
}

/// The text is not the name of a topic of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a topic of this program")]
pub struct UnknownTopic;

impl Topic {
    /// All topics: the shards in order, then `Catch`.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..limits::SKY_SHARDS).map(Self::Sky).chain([Self::Catch])
    }

    /// The topic on which a bottle of this author travels.
    #[must_use]
    pub const fn of_author(author: &AuthorKey) -> Self {
        Self::Sky(author.shard())
    }

    /// Bytes of a message on this topic at most.
    #[must_use]
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Sky(_) => limits::SKY_MESSAGE_BYTES_MAX,
            Self::Catch => limits::CATCH_MESSAGE_BYTES_MAX,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sky(shard) => write!(f, "{SKY_PREFIX}{shard}"),
            Self::Catch => f.write_str(CATCH_NAME),
        }
    }
}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, UnknownTopic> {
        Self::all()
            .find(|topic| topic.to_string() == name)
            .ok_or(UnknownTopic)
    }
}

/// Request-response: what does my neighbour know that I do not.
pub const SYNC_PROTOCOL: &str = "/meteorite/sync/1";
/// Request-response: missing bodies from one chosen peer.
pub const BODY_PROTOCOL: &str = "/meteorite/body/1";
/// Request-response: deposit and collect sealed letters.
pub const MAIL_PROTOCOL: &str = "/meteorite/mail/1";
/// The distributed hash table, for peers and mailboxes only.
pub const KAD_PROTOCOL: &str = "/meteorite/kad/1";

const SKY_PREFIX: &str = "/meteorite/1/sky/";
const CATCH_NAME: &str = "/meteorite/1/catch";
