//! What is decided about a message of a peer.
//!
//! Hostile or broken input is never an error and never a panic: it is a verdict with a reason. `Accept` forwards,
//! `Ignore` drops without blame (it may be fine for somebody else), `Reject` drops and costs the sender, so it is used
//! only where every honest peer would have come to the same conclusion from the same bytes.

/// The decision about one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a gossip message is held back until its verdict is reported"]
pub enum Verdict {
    /// Right, new and forwarded.
    Accept,
    /// Not forwarded, nobody blamed.
    Ignore(IgnoreReason),
    /// Not forwarded, the sender is blamed.
    Reject(RejectReason),
}

/// Why a message was ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IgnoreReason {
    /// We have it already.
    Known,
    /// Its time lies too far ahead of our clock.
    TooEarly,
    /// It should have come earlier by this way.
    TooLate,
    /// The bottle's time is over.
    Expired,
    /// Its stamp or work is valid, but below what we ask at the moment.
    BelowAdmission,
    /// The sender, the shard or the whole node has used up its share.
    OverBudget,
    /// It is about a bottle that we do not know.
    UnknownBottle,
    /// It is of a kind that this version does not know.
    Unsupported,
    /// It is valid, and does not change the state (a late claim, a throw-back of a claim that is not kept).
    NoEffect,
    /// The bottle was withdrawn, or sank because its author key signed two.
    Sunk,
    /// A rule of this user or operator (block, deny list).
    Blocked,
    /// There is no room for it, or no time.
    Full,
}

/// Why a message was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Longer than its kind allows.
    TooLarge,
    /// Not an encoding of its kind.
    Malformed,
    /// A valid encoding, but not the canonical one.
    NotCanonical,
    /// A field has a value that it cannot have.
    OutOfRange,
    /// It came on a topic where it does not belong.
    WrongTopic,
    /// The body does not belong to the header.
    BodyMismatch,
    /// The stamp is below the fixed floor.
    StampTooLow,
    /// The claim's work is below the fixed floor.
    WorkTooLow,
    /// The signature does not hold.
    BadSignature,
    /// Parts of the message contradict each other.
    Inconsistent,
}

impl Verdict {
    /// Whether the message is forwarded.
    #[must_use]
    pub const fn is_accept(self) -> bool {
        matches!(self, Self::Accept)
    }

    /// Whether the sender is blamed.
    #[must_use]
    pub const fn is_reject(self) -> bool {
        matches!(self, Self::Reject(_))
    }

    /// A short name for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Ignore(reason) => reason.name(),
            Self::Reject(reason) => reason.name(),
        }
    }
}

impl IgnoreReason {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::Known,
        Self::TooEarly,
        Self::TooLate,
        Self::Expired,
        Self::BelowAdmission,
        Self::OverBudget,
        Self::UnknownBottle,
        Self::Unsupported,
        Self::NoEffect,
        Self::Sunk,
        Self::Blocked,
        Self::Full,
    ];

    /// A short name for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::Expired => "expired",
            Self::BelowAdmission => "below_admission",
            Self::OverBudget => "over_budget",
            Self::UnknownBottle => "unknown_bottle",
            Self::Unsupported => "unsupported",
            Self::NoEffect => "no_effect",
            Self::Sunk => "sunk",
            Self::Blocked => "blocked",
            Self::Full => "full",
        }
    }
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::TooLarge,
        Self::Malformed,
        Self::NotCanonical,
        Self::OutOfRange,
        Self::WrongTopic,
        Self::BodyMismatch,
        Self::StampTooLow,
        Self::WorkTooLow,
        Self::BadSignature,
        Self::Inconsistent,
    ];

    /// A short name for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::NotCanonical => "not_canonical",
            Self::OutOfRange => "out_of_range",
            Self::WrongTopic => "wrong_topic",
            Self::BodyMismatch => "body_mismatch",
            Self::StampTooLow => "stamp_too_low",
            Self::WorkTooLow => "work_too_low",
            Self::BadSignature => "bad_signature",
            Self::Inconsistent => "inconsistent",
        }
    }
}

impl From<crate::wire::WireError> for Verdict {
    fn from(error: crate::wire::WireError) -> Self {
        use crate::wire::WireError;
        match error {
            WireError::TooLarge { .. } => Self::Reject(RejectReason::TooLarge),
            WireError::TooDeep | WireError::Malformed => Self::Reject(RejectReason::Malformed),
            WireError::NotCanonical => Self::Reject(RejectReason::NotCanonical),
            WireError::OutOfRange(_) => Self::Reject(RejectReason::OutOfRange),
            WireError::UnknownKind(_) => Self::Ignore(IgnoreReason::Unsupported),
        }
    }
}
