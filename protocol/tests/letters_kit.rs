//! What the tests of bottles, catches, letters and mailboxes share: small ids, clocks, deposits and a store in memory.

use std::collections::BTreeMap;
use std::fmt;

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{BottleId, ClaimantKey, LetterId, Peer, ReplyKey};
use meteorite_protocol::rows;
use meteorite_protocol::schedule::Jitter;
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::wire::{Deposit, Envelope, Place, Receipt, Side, Signed};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::samples::{self, Bottle};

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A clock that starts one second into the epoch of the samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) passed_ms: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { passed_ms: 0 }
    }

    pub(crate) fn now(self) -> Now {
        at(self.passed_ms)
    }

    pub(crate) fn pass(&mut self, ms: u64) -> Now {
        self.passed_ms += ms;
        self.now()
    }
}

/// So many milliseconds after the samples are thrown; the mono clock began at an unrelated number.
pub(crate) fn at(passed_ms: u64) -> Now {
    let start = samples::now();
    Now::new(7_000_000 + passed_ms, start.wall.plus_ms(passed_ms))
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new([9; 32])
}

pub(crate) fn bottle(n: u8) -> BottleId {
    BottleId([n; 32])
}

pub(crate) fn claimant(n: u8) -> ClaimantKey {
    ClaimantKey([n; 32])
}

pub(crate) fn letter_id(n: u8) -> LetterId {
    LetterId([n; 32])
}

pub(crate) fn reply_key(n: u8) -> ReplyKey {
    ReplyKey([n; 32])
}

pub(crate) fn mailbox_key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

pub(crate) fn peer(n: u8) -> Peer {
    Peer::from_ed25519(&mailbox_key(n).public())
}

/// The receipt that mailbox `n` would sign for this deposit.
pub(crate) fn receipt_for(deposit: &Signed<Deposit>, n: u8, until: UnixMillis) -> Signed<Receipt> {
    let receipt = Receipt {
        address: deposit.value().address(),
        letter: deposit.letter_id(),
        until,
        mailbox: peer(n),
    };
    Signed::sign(receipt, &mailbox_key(n))
}

/// What a deposit is made of; the ciphertext is not real, because no mailbox and no check opens it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) finder: u8,
    pub(crate) from: Side,
    pub(crate) seq: u8,
    pub(crate) to: Option<ReplyKey>,
    pub(crate) variant: u8,
    pub(crate) bytes: usize,
    /// How long after the start the claim was made.
    pub(crate) claimed_after_ms: u64,
}

impl Draft {
    /// The first letter of a finder.
    pub(crate) fn first(finder: u8) -> Self {
        Self {
            finder,
            from: Side::Finder,
            seq: 1,
            to: None,
            variant: 0,
            bytes: 512,
            claimed_after_ms: 0,
        }
    }

    pub(crate) fn sign(self, bottle: &Bottle) -> Signed<Deposit> {
        let header = bottle.header();
        let envelope = Envelope {
            v: Envelope::VERSION,
            nonce: header.nonce,
            bottle: bottle.message.header.bottle(),
            seq: self.seq,
            from: self.from,
            to: self.to.unwrap_or(header.reply_to),
            enc: ReplyKey([self.variant; 32]),
            ct: vec![self.variant; self.bytes].into(),
        };
        let t = at(self.claimed_after_ms).wall.tick();
        let claim = bottle.claim_at(self.finder, Place::Root, t);
        let deposit = Deposit {
            header: bottle.message.header.clone(),
            claim,
            envelope,
        };
        let finder_key = samples::finder_key(self.finder);
        match self.from {
            Side::Finder => Signed::sign(deposit, &finder_key),
            Side::Author => Signed::sign(deposit, &bottle.author),
        }
    }
}

/// Rows by key, as a store keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table<K: Ord, R>(pub(crate) BTreeMap<K, R>);

impl<K: Ord, R> Default for Table<K, R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, R: Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned> Table<K, R> {
    /// Keeps the row as it comes back from its bytes, which must be as it was.
    pub(crate) fn save(&mut self, key: K, row: R) {
        let stored: Option<R> = rows::decode(&rows::encode(&row));
        assert_eq!(stored.as_ref(), Some(&row), "the row changes in the store");
        self.0.insert(key, row);
    }

    pub(crate) fn rows(&self) -> Vec<R> {
        self.0.values().cloned().collect()
    }
}
