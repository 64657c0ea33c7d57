//! When an author may take a bottle back, and when recast it.

use crate::limits::{RECAST_AFTER_MS, RECASTS_MAX};
use crate::mine::{End, OwnBottleRow};
use crate::time::UnixMillis;
use crate::wire::Place;

/// Why a bottle cannot be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawRefusal {
    /// Not an own bottle that is followed.
    Unknown,
    /// It has already ended so.
    Ended(End),
    /// Someone caught it: this many claims are kept.
    Caught(u16),
}

/// Why a bottle cannot be recast now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecastRefusal {
    /// Not an own bottle that is followed.
    Unknown,
    /// It has ended.
    Ended(End),
    /// A light or a letter came: it was found by someone who answers.
    Answered,
    /// All recasts are used.
    Spent,
    /// Places of the last cast are still open: `caught` of `places` are taken.
    Open {
        /// Claims kept in the last cast.
        caught: u8,
        /// Places of one cast.
        places: u8,
    },
    /// The last place was taken less than a day ago; possible from then on.
    NotBefore(UnixMillis),
}

/// Only before the first catch.
pub(super) fn check_withdraw(row: Option<&OwnBottleRow>, wall: UnixMillis) -> Result<(), WithdrawRefusal> {
    let row = row.ok_or(WithdrawRefusal::Unknown)?;
    if let Some(end) = ended(row, wall) {
        return Err(WithdrawRefusal::Ended(end));
    }
    match u16::try_from(row.claims.len()).unwrap_or(u16::MAX) {
        0 if row.answers.is_empty() => Ok(()),
        caught => Err(WithdrawRefusal::Caught(caught.max(1))),
    }
}

/// A day after the k-th claim of the last cast, while no light nor letter came; the number of the recast. Claims of
/// that cast that were thrown back count as taken: the rule is about finders, and the places behind them stay open.
pub(super) fn check_recast(row: Option<&OwnBottleRow>, wall: UnixMillis) -> Result<u8, RecastRefusal> {
    let row = row.ok_or(RecastRefusal::Unknown)?;
    if let Some(end) = ended(row, wall) {
        return Err(RecastRefusal::Ended(end));
    }
    if !row.answers.is_empty() {
        return Err(RecastRefusal::Answered);
    }
    if row.recasts >= RECASTS_MAX {
        return Err(RecastRefusal::Spent);
    }
    let cast = if row.recasts == 0 {
        Place::Root
    } else {
        Place::Recast(row.recasts)
    };
    let taken = row.claims.iter().filter(|claim| claim.place == cast);
    let caught = u8::try_from(taken.clone().count()).unwrap_or(u8::MAX);
    if caught < row.bottle.slots {
        return Err(RecastRefusal::Open {
            caught,
            places: row.bottle.slots,
        });
    }
    let last = taken.map(|claim| claim.t).max().unwrap_or_default();
    let due = last.start().plus_ms(RECAST_AFTER_MS);
    if wall < due {
        return Err(RecastRefusal::NotBefore(due));
    }
    Ok(row.recasts + 1)
}

fn ended(row: &OwnBottleRow, wall: UnixMillis) -> Option<End> {
    let expired = (wall >= row.bottle.expires_at).then_some(End::Expired);
    row.end.map(|(end, _)| end).or(expired)
}
