//! When something may arrive.
//!
//! A header by gossip is fresh: thrown in this epoch or a neighbouring one. By sync it may be any age while it drifts. A
//! claim by gossip is at most ten seconds old and five ahead; by sync only not ahead. Our clock may be wrong, so these rules
//! only ignore. Independent of clocks, a claim must lie within its bottle's life; that rule is the same for everyone.

use super::{Arrival, BottleFacts, Judged, ignore, reject};
use crate::limits;
use crate::time::{Epoch, Now, Tick, UnixMillis};
use crate::verdict::{IgnoreReason, RejectReason};
use crate::wire::Header;

/// Whether a header may arrive now, by this way.
///
/// # Errors
/// Ignored as expired, too early or too late.
pub fn header(header: &Header, arrival: Arrival, now: Now) -> Judged<()> {
    let epoch = now.wall.epoch();
    if header.expires_at() <= epoch {
        return ignore(IgnoreReason::Expired);
    }
    if header.thrown_at > epoch.plus(limits::THROWN_AT_SLACK_EPOCHS) {
        return ignore(IgnoreReason::TooEarly);
    }
    match arrival {
        Arrival::Gossip if header.thrown_at < epoch.minus(limits::THROWN_AT_SLACK_EPOCHS) => {
            ignore(IgnoreReason::TooLate)
        }
        Arrival::Gossip | Arrival::Sync => Ok(()),
    }
}

/// Whether anything about this bottle still matters.
///
/// # Errors
/// Ignored as expired or sunk.
pub fn drifting(facts: &BottleFacts, now: Now) -> Judged<()> {
    if facts.expires_at <= now.wall.epoch() {
        return ignore(IgnoreReason::Expired);
    }
    if facts.sunk {
        return ignore(IgnoreReason::Sunk);
    }
    Ok(())
}

/// Whether a claim with this tick may arrive now, by this way.
///
/// # Errors
/// Ignored as too early or too late.
pub fn claim(tick: Tick, arrival: Arrival, now: Now) -> Judged<()> {
    if tick.start() > now.wall.plus_ms(limits::CLAIM_FUTURE_MS) {
        return ignore(IgnoreReason::TooEarly);
    }
    match arrival {
        Arrival::Gossip if tick.start() < now.wall.minus_ms(limits::CLAIM_PAST_MS) => {
            ignore(IgnoreReason::TooLate)
        }
        Arrival::Gossip | Arrival::Sync => Ok(()),
    }
}

/// Whether a claim's tick lies within the life of its bottle: not more than one epoch before it was thrown (clocks differ)
/// and before its end. Without this rule a claim of the year 1970 would win every place by way of sync.
///
/// # Errors
/// Rejected as out of range.
pub fn claim_in_life(tick: Tick, thrown_at: Epoch, expires_at: Epoch) -> Judged<()> {
    let first = thrown_at.minus(limits::THROWN_AT_SLACK_EPOCHS).start();
    if tick.start() < first || tick.start() >= expires_at.start() {
        return reject(RejectReason::OutOfRange);
    }
    Ok(())
}

/// When a mailbox has no more reason to keep letters about this bottle: its life and the keeping time of a last letter.
#[must_use]
pub const fn letters_end(expires_at: Epoch) -> UnixMillis {
    expires_at.start().plus_ms(limits::LETTER_KEEP_MS)
}

/// Whether letters about this bottle are still kept.
///
/// # Errors
/// Ignored as expired or too early.
pub fn letter(header: &Header, now: Now) -> Judged<()> {
    if now.wall >= letters_end(header.expires_at()) {
        return ignore(IgnoreReason::Expired);
    }
    if header.thrown_at > now.wall.epoch().plus(limits::THROWN_AT_SLACK_EPOCHS) {
        return ignore(IgnoreReason::TooEarly);
    }
    Ok(())
}
