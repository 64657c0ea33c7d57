//! What may be said about an own bottle: counts of proven things, and the one word for them.

use serde::{Deserialize, Serialize};

use crate::limits::RECASTS_MAX;
use crate::mine::{AnswerKind, OwnBottleRow};
use crate::time::UnixMillis;

/// How a bottle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum End {
    /// Its time is over.
    Expired,
    /// Its author took it back.
    Withdrawn,
    /// Two headers by its author key are about; both sank.
    Equivocated,
}

/// The furthest proven stage, weakest first; an end outranks everything but an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Stored here, with no neighbour yet.
    Queued,
    /// Handed to neighbours.
    Handed,
    /// Neighbours are proven to have it.
    Held,
    /// Caught at least once.
    Caught,
    /// A light or a letter came.
    Answered,
    /// It sank.
    Sunk,
    /// Its author took it back.
    Withdrawn,
}

/// Everything proven about one own bottle. Counts at their limits read "at least".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryTruth {
    /// The most neighbours that the message was handed to at once.
    pub handed: u16,
    /// Neighbours that offered it to us, or said in sync that they have what we have. One that lies about it counts too.
    pub held: u16,
    /// Catches that are kept and settled, not thrown back.
    pub caught: u16,
    /// Catches whose tick has not settled yet.
    pub caught_provisional: u16,
    /// Places in all casts so far.
    pub places: u16,
    /// Finders that threw it back.
    pub thrown_back: u16,
    /// Lights that came.
    pub lights: u16,
    /// Letters that came.
    pub letters: u16,
    /// Recasts made.
    pub recasts: u8,
    /// How it ended.
    pub end: Option<End>,
}

impl DeliveryTruth {
    /// The one word for it.
    pub fn stage(&self) -> Stage {
        match self.end {
            Some(End::Withdrawn) => return Stage::Withdrawn,
            Some(End::Equivocated) => return Stage::Sunk,
            Some(End::Expired) | None => {}
        }
        if self.lights > 0 || self.letters > 0 {
            return Stage::Answered;
        }
        if self.end.is_some() {
            return Stage::Sunk;
        }
        if self.caught > 0 || self.caught_provisional > 0 || self.thrown_back > 0 {
            return Stage::Caught;
        }
        if self.held > 0 {
            return Stage::Held;
        }
        if self.handed > 0 {
            Stage::Handed
        } else {
            Stage::Queued
        }
    }
}

/// The truth of a row at this instant.
pub(super) fn of(row: &OwnBottleRow, wall: UnixMillis) -> DeliveryTruth {
    let caught = |confirmed: bool| {
        let kept = row.claims.iter().filter(|claim| !claim.thrown_back);
        count(
            kept.filter(|claim| (claim.confirmed_at() <= wall) == confirmed)
                .count(),
        )
    };
    let answers = |kind: AnswerKind| count(row.answers.iter().filter(|(_, seen)| *seen == kind).count());
    DeliveryTruth {
        handed: row.handed,
        held: count(row.held.len()),
        caught: caught(true),
        caught_provisional: caught(false),
        places: u16::from(row.bottle.slots) * u16::from(row.recasts.min(RECASTS_MAX) + 1),
        thrown_back: count(row.claims.iter().filter(|claim| claim.thrown_back).count()),
        lights: answers(AnswerKind::Light),
        letters: answers(AnswerKind::Letter),
        recasts: row.recasts,
        end: row.end.map(|(end, _)| end),
    }
}

fn count(items: usize) -> u16 {
    u16::try_from(items).unwrap_or(u16::MAX)
}
