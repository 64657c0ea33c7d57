//! Whether a letter is kept, and at whose expense.

use std::cmp::Reverse;

use crate::ids::{BottleId, ClaimantKey, LetterId, MailAddress, Peer};
use crate::limits::{LETTER_KEEP_MS, LETTERS_PER_BOTTLE_MAX};
use crate::mailbox::MailboxPolicy;
use crate::time::{DAY_MS, Now, UnixMillis};
use crate::validate::{VerifiedDeposit, time_rules};
use crate::verdict::{IgnoreReason, Verdict};
use crate::wire::{Receipt, RefuseReason, Side};

/// Everything about a valid deposit that the decision and the store need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositFacts {
    /// Its id.
    pub letter: LetterId,
    /// Where it waits.
    pub address: MailAddress,
    /// The bottle that it is about.
    pub bottle: BottleId,
    /// The claim that it comes with.
    pub claimant: ClaimantKey,
    /// Who wrote it.
    pub from: Side,
    /// Its turn.
    pub seq: u8,
    /// Leading zero bits of the claim's work.
    pub work_bits: u32,
    /// Its length as kept.
    pub bytes: u32,
    /// No letter about this bottle is kept longer.
    pub letters_end: UnixMillis,
}

impl DepositFacts {
    /// The facts of a valid deposit.
    pub fn of(deposit: &VerifiedDeposit) -> Self {
        let value = deposit.deposit.value();
        let bytes = deposit.deposit.signed().encode().len();
        Self {
            letter: deposit.id,
            address: deposit.address,
            bottle: value.envelope.bottle,
            claimant: value.claim.value().claimant,
            from: value.envelope.from,
            seq: value.envelope.seq,
            work_bits: deposit.work_bits,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            letters_end: time_rules::letters_end(value.header.value().expires_at()),
        }
    }

    /// How well it holds its place among the letters of its bottle.
    pub fn strength(&self) -> Strength {
        Strength {
            work_bits: self.work_bits,
            turn: Reverse(self.seq),
        }
    }

    /// Until when it would be kept.
    pub fn until(&self, now: Now) -> UnixMillis {
        now.wall.plus_ms(LETTER_KEEP_MS).min(self.letters_end)
    }
}

/// What decides who makes room: more claim work stays; with equal work the earlier turn, so that one claim cannot crowd
/// first letters out with a long thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength {
    /// Leading zero bits of the claim's work.
    pub work_bits: u32,
    /// Its turn; the later, the weaker.
    pub turn: Reverse<u8>,
}

/// The letter of a bottle that would make room first: the least [`Strength`], and of those the latest kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weakest {
    /// Its id.
    pub letter: LetterId,
    /// Its strength.
    pub strength: Strength,
    /// Its length as kept.
    pub bytes: u32,
}

/// What is kept for one bottle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BottleUse {
    /// Letters.
    pub letters: u32,
    /// Their bytes.
    pub bytes: u64,
    /// Who would make room. Only needed when there are 64.
    pub weakest: Option<Weakest>,
}

/// What one peer left on one UTC day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerUse {
    /// Days since 1970; another day begins at nothing.
    pub day: u64,
    /// New letters.
    pub letters: u32,
    /// Their bytes.
    pub bytes: u64,
}

impl PeerUse {
    /// The use of today: this one, or none yet.
    pub fn today(self, now: Now) -> Self {
        let day = now.wall.0 / DAY_MS;
        if self.day == day {
            self
        } else {
            Self {
                day,
                ..Self::default()
            }
        }
    }
}

/// What is kept in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TotalUse {
    /// Letters.
    pub letters: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a store looks up for one deposit, in the transaction that will carry out the decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DepositView {
    /// This very letter is kept, until then.
    pub kept_until: Option<UnixMillis>,
    /// Another letter is kept for the same bottle, claimant, side and turn.
    pub turn_taken: bool,
    /// What is kept for the bottle.
    pub bottle: BottleUse,
    /// What the peer left.
    pub peer: PeerUse,
    /// What is kept in all.
    pub total: TotalUse,
}

/// What to do with a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is kept already: promise it again.
    Known {
        /// As before.
        until: UnixMillis,
    },
    /// Keep it, count it for its peer, and promise it.
    Keep {
        /// Until then.
        until: UnixMillis,
        /// After deleting this letter of the same bottle.
        evict: Option<LetterId>,
    },
    /// Do not keep it.
    Refuse(RefuseReason),
}

/// Decides about a valid deposit. Pure: the same facts, numbers and time give the same decision at every store.
pub fn decide(facts: &DepositFacts, view: &DepositView, policy: &MailboxPolicy, now: Now) -> Decision {
    if let Some(until) = view.kept_until {
        return Decision::Known { until };
    }
    if now.wall >= facts.letters_end {
        return Decision::Refuse(RefuseReason::Expired);
    }
    if view.turn_taken {
        return Decision::Refuse(RefuseReason::Taken);
    }
    let bytes = u64::from(facts.bytes);
    let peer = view.peer.today(now);
    let peer_full = peer.letters >= policy.peer_letters_per_day
        || peer.bytes.saturating_add(bytes) > policy.peer_bytes_per_day;
    if peer_full {
        return Decision::Refuse(RefuseReason::Busy);
    }
    let crowded = usize::try_from(view.bottle.letters).unwrap_or(usize::MAX) >= LETTERS_PER_BOTTLE_MAX;
    let evict = view
        .bottle
        .weakest
        .filter(|weakest| crowded && weakest.strength < facts.strength());
    if crowded && evict.is_none() {
        return Decision::Refuse(RefuseReason::Full);
    }
    let freed = evict.map_or(0, |weakest| u64::from(weakest.bytes));
    let after = |used: u64| used.saturating_sub(freed).saturating_add(bytes);
    let letters_after = view
        .total
        .letters
        .saturating_sub(u64::from(evict.is_some()))
        .saturating_add(1);
    let full = after(view.bottle.bytes) > policy.bottle_bytes_max
        || after(view.total.bytes) > policy.bytes_max
        || letters_after > policy.letters_max;
    if full {
        return Decision::Refuse(RefuseReason::Full);
    }
    Decision::Keep {
        until: facts.until(now),
        evict: evict.map(|weakest| weakest.letter),
    }
}

/// The promise to sign with the key of `mailbox`.
pub fn receipt(facts: &DepositFacts, until: UnixMillis, mailbox: Peer) -> Receipt {
    Receipt {
        address: facts.address,
        letter: facts.letter,
        until,
        mailbox,
    }
}

/// What to tell the sender of a deposit that is not valid.
pub fn refusal_of(verdict: Verdict) -> RefuseReason {
    match verdict {
        Verdict::Ignore(IgnoreReason::Expired) => RefuseReason::Expired,
        Verdict::Ignore(IgnoreReason::Blocked) => RefuseReason::Denied,
        Verdict::Ignore(IgnoreReason::TooEarly | IgnoreReason::OverBudget | IgnoreReason::Full) => {
            RefuseReason::Busy
        }
        Verdict::Accept | Verdict::Ignore(_) | Verdict::Reject(_) => RefuseReason::Invalid,
    }
}
