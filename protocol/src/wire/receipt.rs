//! A mailbox's signed promise to keep a letter.

use serde::{Deserialize, Serialize};

use super::{Payload, Wire, WireError, require};
use crate::ids::{LetterId, MailAddress, Peer};
use crate::limits;
use crate::time::UnixMillis;

/// "I keep this letter until then": signed by the mailbox's libp2p key, which its Ed25519 peer id contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Where the letter waits.
    pub address: MailAddress,
    /// Which letter.
    pub letter: LetterId,
    /// Until when.
    pub until: UnixMillis,
    /// Who keeps it.
    pub mailbox: Peer,
}

impl Wire for Receipt {
    const BYTES_MAX: usize = limits::RECEIPT_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        require(self.mailbox.ed25519().is_some(), "mailbox")
    }
}

impl Payload for Receipt {
    const DOMAIN: meteorite_crypto::sign::Domain = meteorite_crypto::sign::Domain::Receipt;
}
