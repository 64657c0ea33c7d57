//! What is let in, decided cheap first.
//!
//! A message passes through states that are types, so that unchecked content cannot be reached by mistake:
//! `Unchecked → Shaped → Stamped → Verified`. Length, shape, shard, known id, time, stamp, signature, equivocation, budget:
//! each step costs more than the one before, so a flood is turned away where it is cheapest. A step that stops returns the
//! [`Verdict`] to report. `Reject` is used only where every honest peer decides the same from the same bytes; clocks, levels
//! and budgets differ between peers, so they only ever `Ignore`.
//!
//! What depends on state is asked through [`Known`], which the sky implements. Nothing here changes state.

pub mod bottle;
pub mod catch;
pub mod deposit;
pub mod time_rules;

use crate::ids::{AuthorKey, BottleId, ReplyKey};
use crate::limits;
use crate::time::{Epoch, Now};
use crate::verdict::{RejectReason, Verdict};
use crate::wire::{CatchMessage, Header, Payload, Signed};

pub use bottle::{VerifiedBottle, entry, sky};
pub use catch::{VerifiedCatch, catch};
pub use deposit::{VerifiedDeposit, deposit, receipt};

/// What a step gives: the next state, or the verdict with which it ends. The right side is no error of ours.
pub type Judged<T> = Result<T, Verdict>;

/// The numbers that the network agrees on and that tests lower, because mining takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    stamp_bits_floor: u32,
    claim_bits_floor: u32,
}

impl Params {
    /// The real network. The only parameters that a program may use.
    #[must_use]
    pub const fn mainnet() -> Self {
        Self {
            stamp_bits_floor: limits::STAMP_BITS_FLOOR,
            claim_bits_floor: limits::CLAIM_BITS_FLOOR,
        }
    }

    /// For tests and simulations: a few tries find a stamp, and one below the floor is still easy to make.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self {
            stamp_bits_floor: 4,
            claim_bits_floor: 3,
        }
    }

    /// For benches of delivery: stamps cost nothing, as if mined before, and claims cost what they do in the real network.
    #[must_use]
    pub const fn stamps_mined_before() -> Self {
        Self {
            stamp_bits_floor: Self::for_tests().stamp_bits_floor,
            claim_bits_floor: limits::CLAIM_BITS_FLOOR,
        }
    }

    /// Leading zero bits that every stamp has.
    #[must_use]
    pub const fn stamp_bits_floor(&self) -> u32 {
        self.stamp_bits_floor
    }

    /// Leading zero bits that every claim's work has.
    #[must_use]
    pub const fn claim_bits_floor(&self) -> u32 {
        self.claim_bits_floor
    }
}

/// The way by which something came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arrival {
    /// Live, on a topic.
    Gossip,
    /// In the answer of a neighbour whom we asked.
    Sync,
}

/// What is known of a bottle, as far as the validation of what follows it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BottleFacts {
    /// Who signs its withdrawal and recasts.
    pub author: AuthorKey,
    /// The key to which its letters are sealed.
    pub reply_to: ReplyKey,
    /// Its places.
    pub slots: u8,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// The first epoch in which it no longer drifts.
    pub expires_at: Epoch,
    /// Withdrawn, or sunk by equivocation.
    pub sunk: bool,
}

impl BottleFacts {
    /// The facts in a header. `sunk` is for the caller to know.
    #[must_use]
    pub const fn of(header: &Header) -> Self {
        Self {
            author: header.author,
            reply_to: header.reply_to,
            slots: header.slots,
            thrown_at: header.thrown_at,
            expires_at: header.expires_at(),
            sunk: false,
        }
    }
}

/// What one more message would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The way by which it came.
    pub arrival: Arrival,
    /// Bytes of header and body, or of the catch message.
    pub bytes: usize,
    /// The author whose shard it counts in; `None` for a catch message.
    pub author: Option<AuthorKey>,
}

/// The state that validation asks.
pub trait Known {
    /// Whether this header was seen before: drifting, over, or sunk.
    fn has_header(&self, id: &BottleId) -> bool;

    /// Another bottle by the same author key, which is proof that its author signed two.
    fn other_bottle(&self, author: &AuthorKey, id: &BottleId) -> Option<BottleId>;

    /// The facts of a bottle that is known.
    fn bottle(&self, id: &BottleId) -> Option<BottleFacts>;

    /// Whether this statement is in the claim state already.
    fn has_catch(&self, message: &CatchMessage) -> bool;

    /// Whether there is room and share for one more. Asked last, once for each message that is otherwise right.
    fn has_budget(&self, cost: &Cost) -> bool;
}

/// Everything that a decision depends on besides the bytes.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The network's numbers.
    pub params: &'a Params,
    /// The clocks.
    pub now: Now,
    /// The way by which it came.
    pub arrival: Arrival,
    /// Bits that the caller asks for at the moment in this shard or topic; below is ignored. Values under the floor mean
    /// the floor.
    pub admission_bits: u32,
    /// The state.
    pub known: &'a dyn Known,
}

impl std::fmt::Debug for Gate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("params", self.params)
            .field("now", &self.now)
            .field("arrival", &self.arrival)
            .field("admission_bits", &self.admission_bits)
            .finish_non_exhaustive()
    }
}

/// A signed value whose signature holds. Only validation makes one from a peer's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(Signed<T>);

impl<T: Payload> Verified<T> {
    /// Checks the signature of `key`.
    ///
    /// # Errors
    /// [`RejectReason::BadSignature`].
    pub fn check(signed: Signed<T>, key: &[u8; 32]) -> Judged<Self> {
        if signed.is_signed_by(key) {
            Ok(Self(signed))
        } else {
            reject(RejectReason::BadSignature)
        }
    }

    /// Takes what this node has signed or verified before (its own store), without checking again.
    #[must_use]
    pub const fn trust(signed: Signed<T>) -> Self {
        Self(signed)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &T {
        self.0.value()
    }

    /// The value with its bytes and signature.
    #[must_use]
    pub const fn signed(&self) -> &Signed<T> {
        &self.0
    }

    /// The value with its bytes and signature.
    #[must_use]
    pub fn into_signed(self) -> Signed<T> {
        self.0
    }
}

fn reject<T>(reason: RejectReason) -> Judged<T> {
    Err(Verdict::Reject(reason))
}

fn ignore<T>(reason: crate::verdict::IgnoreReason) -> Judged<T> {
    Err(Verdict::Ignore(reason))
}
