//! The stored state of one outgoing letter and what is proven of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BottleId, LetterId, MailAddress, Peer};
use crate::limits::LETTER_KEEP_MS;
use crate::time::{DAY_MS, UnixMillis};
use crate::validate;
use crate::wire::{Deposit, MailRequest, Receipt, RefuseReason, Signed};

/// Mailboxes remembered per letter: every target, those of a changed network, and those of a shutdown. Further ones are
/// asked but their receipts are not kept.
pub(super) const RECEIPTS_MAX: usize = 32;
/// A receipt that was not confirmed for this long no longer counts: two daily questions went unanswered.
pub(super) const RECEIPT_FRESH_MS: u64 = 2 * DAY_MS;

/// A letter to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingLetter {
    /// Its id.
    pub letter: LetterId,
    /// The bottle that it is about.
    pub bottle: BottleId,
    /// Where it is left.
    pub address: MailAddress,
    /// The encoded signed deposit.
    #[serde(with = "serde_bytes")]
    pub deposit: Vec<u8>,
    /// No mailbox keeps letters about this bottle longer.
    pub letters_end: UnixMillis,
}

impl OutgoingLetter {
    /// The letter in an own, already signed deposit.
    pub fn of(deposit: &Signed<Deposit>) -> Self {
        let value = deposit.value();
        Self {
            letter: deposit.letter_id(),
            bottle: value.envelope.bottle,
            address: value.address(),
            deposit: deposit.encode(),
            letters_end: validate::time_rules::letters_end(value.header.value().expires_at()),
        }
    }
}

/// A mailbox's promise, verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldReceipt {
    /// Until when it keeps the letter.
    pub until: UnixMillis,
    /// When it last said so.
    pub checked_at: UnixMillis,
    /// The encoded signed receipt.
    #[serde(with = "serde_bytes")]
    pub receipt: Vec<u8>,
}

/// Why a mailbox is not asked again for this letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TargetEnd {
    /// It said so, for a reason that will not pass.
    Refused(RefuseReason),
    /// It sent a receipt that is not right.
    FalseReceipt,
}

/// Why a letter failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FailReason {
    /// No mailbox could be reached in its whole time.
    NoMailbox,
    /// Every mailbox that answered refused it.
    Refused(RefuseReason),
    /// Mailboxes kept it until its time was over, and the other side never showed that it has it. It may have been read.
    Unclaimed,
}

/// What is proven of an outgoing letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LetterTruth {
    /// Stored here.
    Queued,
    /// This many mailboxes signed for it, and confirmed within two days.
    InMailbox(u8),
    /// The other side's own letter shows that it has it.
    Collected,
    /// Its time is over.
    Failed(FailReason),
}

/// One outgoing letter as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// What is sent.
    pub letter: OutgoingLetter,
    /// When it was queued.
    pub queued_at: UnixMillis,
    /// Verified receipts by mailbox, at most 32.
    #[serde(with = "crate::rows::pairs")]
    pub receipts: BTreeMap<Peer, HeldReceipt>,
    /// Mailboxes that are not asked again, at most 32.
    #[serde(with = "crate::rows::pairs")]
    pub ended: BTreeMap<Peer, TargetEnd>,
    /// Whether any mailbox ever signed for it.
    pub was_deposited: bool,
    /// The other side has it.
    pub collected: bool,
    /// It failed.
    pub failed: Option<FailReason>,
    /// Nothing is sent any more; kept for the history. The deposit's bytes are gone.
    pub archived: bool,
}

impl LetterRow {
    pub(super) fn new(letter: OutgoingLetter, queued_at: UnixMillis) -> Self {
        Self {
            letter,
            queued_at,
            receipts: BTreeMap::new(),
            ended: BTreeMap::new(),
            was_deposited: false,
            collected: false,
            failed: None,
            archived: false,
        }
    }

    /// What is proven at this instant.
    pub fn truth(&self, wall: UnixMillis) -> LetterTruth {
        if self.collected {
            return LetterTruth::Collected;
        }
        if let Some(reason) = self.failed {
            return LetterTruth::Failed(reason);
        }
        match u8::try_from(self.fresh_receipts(wall)).unwrap_or(u8::MAX) {
            0 => LetterTruth::Queued,
            receipts => LetterTruth::InMailbox(receipts),
        }
    }

    /// When sending ends.
    pub fn until(&self) -> UnixMillis {
        self.queued_at
            .plus_ms(LETTER_KEEP_MS)
            .min(self.letter.letters_end)
    }

    /// Receipts that count: not over, and confirmed within two days.
    pub fn fresh_receipts(&self, wall: UnixMillis) -> usize {
        self.receipts
            .values()
            .filter(|receipt| receipt.is_fresh(wall))
            .count()
    }

    pub(super) fn request(&self) -> Box<MailRequest> {
        Box::new(MailRequest::Deposit(self.letter.deposit.clone().into()))
    }

    /// Takes a receipt if it is what this mailbox should have signed; otherwise the mailbox is never asked again.
    pub(super) fn add_receipt(&mut self, peer: &Peer, signed: Signed<Receipt>, wall: UnixMillis) -> bool {
        let receipt = signed.value();
        let right = receipt.mailbox == *peer
            && receipt.address == self.letter.address
            && receipt.letter == self.letter.letter
            && receipt.until > wall;
        let until = receipt.until.min(self.letter.letters_end);
        let encoded = signed.encode();
        if !right || validate::receipt(signed).is_err() {
            self.end_target(peer, TargetEnd::FalseReceipt);
            return false;
        }
        let room = self.receipts.len() < RECEIPTS_MAX || self.receipts.contains_key(peer);
        if room {
            self.receipts.insert(
                peer.clone(),
                HeldReceipt {
                    until,
                    checked_at: wall,
                    receipt: encoded,
                },
            );
            self.was_deposited = true;
        }
        room
    }

    /// A refusal: the mailbox does not have the letter, unless it was only busy.
    pub(super) fn add_refusal(&mut self, peer: &Peer, reason: RefuseReason) {
        match reason {
            RefuseReason::Busy => {}
            RefuseReason::Full => {
                self.receipts.remove(peer);
            }
            RefuseReason::Invalid
            | RefuseReason::Expired
            | RefuseReason::Taken
            | RefuseReason::Denied
            | RefuseReason::Other(_) => self.end_target(peer, TargetEnd::Refused(reason)),
        }
    }

    pub(super) fn end_target(&mut self, peer: &Peer, end: TargetEnd) {
        self.receipts.remove(peer);
        if self.ended.len() < RECEIPTS_MAX {
            self.ended.insert(peer.clone(), end);
        }
    }

    /// Ends the sending: collected, or its time is over.
    pub(super) fn settle(&mut self, wall: UnixMillis) {
        if !self.collected && self.failed.is_none() && wall >= self.until() {
            let refused = self.ended.values().find_map(|end| match end {
                TargetEnd::Refused(reason) => Some(*reason),
                TargetEnd::FalseReceipt => None,
            });
            self.failed = Some(match refused {
                _ if self.was_deposited => FailReason::Unclaimed,
                Some(reason) => FailReason::Refused(reason),
                None => FailReason::NoMailbox,
            });
        }
        if self.collected || self.failed.is_some() {
            self.archived = true;
            self.letter.deposit = Vec::new();
        }
    }
}

impl HeldReceipt {
    pub(super) fn is_fresh(&self, wall: UnixMillis) -> bool {
        wall < self.until && wall < self.checked_at.plus_ms(RECEIPT_FRESH_MS)
    }

    /// When this receipt stops counting unless it is confirmed.
    pub(super) fn stale_at(&self) -> UnixMillis {
        self.until.min(self.checked_at.plus_ms(RECEIPT_FRESH_MS))
    }
}
