//! How things are, at a glance.

use serde::{Deserialize, Serialize};

/// The state of a node that a status line or a screen shows; made anew when something changed, at most a few times a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// This node's peer id.
    pub peer: String,
    /// Addresses under which it listens.
    pub listening: Vec<String>,
    /// Addresses that others reported.
    pub external: Vec<String>,
    /// Can others dial it?
    pub reach: Reach,
    /// Neighbours.
    pub peers: u32,
    /// Of those, through a relay.
    pub relayed: u32,
    /// Bottles drifting in the sky.
    pub drifting: u32,
    /// Bodies in the block store.
    pub bodies: u32,
    /// Their bytes.
    pub body_bytes: u64,
    /// The most bytes that bodies may take.
    pub body_bytes_max: u64,
    /// Own bottles that still drift.
    pub own_drifting: u32,
    /// Stones in the hold, unopened.
    pub hold: u32,
    /// Letters not read yet.
    pub unread: u32,
    /// Letters in the outbox without two receipts.
    pub outbox: u32,
    /// Letters held for others.
    pub mailbox: u32,
    /// Peers that hold letters for others.
    pub mailboxes: u32,
    /// Throws left today.
    pub throws: Allowance,
    /// Opens left today.
    pub opens: Allowance,
    /// Stamp bits that the network asks for at present.
    pub stamp_bits: u8,
    /// Unix milliseconds of this picture.
    pub at_ms: u64,
}

/// A daily allowance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// How many are left.
    pub left: u8,
    /// How many there are today.
    pub of: u8,
    /// Unix milliseconds of the next renewal.
    pub renews_ms: u64,
}

/// Whether others can dial this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Not known yet.
    #[default]
    Unknown,
    /// From the internet.
    Public,
    /// Only through a relay.
    Relayed,
    /// Not from outside.
    Private,
}
