//! Where peers reach this server, and the invite code that says so.
//!
//! Configured external addresses count first; without any, the addresses that the sockets really listen on. An invite is
//! made when somebody asks for it, so that its end always lies the configured days ahead.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use meteorite_net::{Multiaddr, PeerId};
use meteorite_protocol::invite::Invite;
use meteorite_protocol::limits::INVITE_ADDRS_MAX;
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::WireError;

/// The addresses of a running server.
#[derive(Debug)]
pub(crate) struct Addresses {
    peer: PeerId,
    external: Vec<Multiaddr>,
    listening: RwLock<BTreeSet<Multiaddr>>,
    invite_ms: u64,
}

impl Addresses {
    /// No listener yet. `invite_days` is how long an invite holds.
    pub(crate) fn new(peer: PeerId, external: Vec<Multiaddr>, invite_days: u32) -> Self {
        let invite_ms = u64::from(invite_days).saturating_mul(DAY_MS);
        Self {
            peer,
            external,
            listening: RwLock::default(),
            invite_ms,
        }
    }

    /// A socket listens on this address. The network bounds how many there are.
    pub(crate) fn listens(&self, address: Multiaddr) {
        self.listening
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(address);
    }

    /// A socket no longer listens.
    pub(crate) fn ended(&self, address: &Multiaddr) {
        self.listening
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(address);
    }

    /// Every address that peers may use, each ending in this server's peer id.
    pub(crate) fn full(&self) -> Vec<String> {
        let suffix = format!("/p2p/{}", self.peer);
        let named = |address: &Multiaddr| format!("{address}{suffix}");
        if !self.external.is_empty() {
            return self.external.iter().map(named).collect();
        }
        self.listening
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(named)
            .collect()
    }

    /// An invite code and its end; `None` while nothing listens.
    ///
    /// # Errors
    /// When an address does not fit into an invite.
    pub(crate) fn invite(&self, now: UnixMillis) -> Result<Option<(String, u64)>, WireError> {
        let mut addrs = self.full();
        addrs.truncate(INVITE_ADDRS_MAX);
        if addrs.is_empty() {
            return Ok(None);
        }
        let expires = now.plus_ms(self.invite_ms);
        let invite = Invite {
            addrs,
            expires,
            notice: None,
        };
        Ok(Some((invite.to_code()?, expires.0)))
    }
}

const DAY_MS: u64 = 24 * 3_600 * 1_000;
