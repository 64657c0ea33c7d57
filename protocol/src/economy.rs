//! The daily allowance: how many bottles one may throw and how many stones one may open.
//!
//! The numbers are shown to the user, so a refusal is data (what was used, how many are allowed, when the next one is
//! due), never a sentence. The rule is a promise between a person and their own program: it keeps the sea readable and
//! costs nobody else anything, so it is not enforced against peers and refuses nothing from the network.
//!
//! A day is the local day. The caller gives the offset from UTC, because a core reads no clock and no time zone. When the
//! clock is set back the counters stay, so that setting it back gains nothing; when they lie more than
//! [`DAYS_AHEAD_MAX`] days in the future they are dropped, so that one wrong clock does not lock the program.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::schedule::mono_at;
use crate::time::{DAY_MS, MINUTE_MS, Now, UnixMillis};

/// Strangers remembered per day for the extra throws; further ones cannot raise the allowance and are not stored.
pub const STRANGERS_PER_DAY_MAX: usize = (THROWS_PER_DAY_MAX - THROWS_PER_DAY) as usize;
/// Counters further in the future than this are the work of a wrong clock and are dropped.
pub const DAYS_AHEAD_MAX: u32 = 2;
/// The furthest that any place on Earth is from UTC, in minutes; larger offsets are clamped.
pub const UTC_OFFSET_MINUTES_MAX: i16 = 14 * 60;

/// Offset of local time from UTC in minutes, east positive, clamped to ±[`UTC_OFFSET_MINUTES_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcOffset(i16);

impl UtcOffset {
    /// No offset.
    pub const UTC: Self = Self(0);

    /// An offset of `minutes`, clamped.
    pub fn from_minutes(minutes: i16) -> Self {
        Self(minutes.clamp(-UTC_OFFSET_MINUTES_MAX, UTC_OFFSET_MINUTES_MAX))
    }

    /// The offset in minutes.
    pub fn minutes(self) -> i16 {
        self.0
    }

    /// The minute of the local day, `0..1440`.
    pub fn minute_of_day(self, wall: UnixMillis) -> u16 {
        u16::try_from(self.local_ms(wall) % DAY_MS / MINUTE_MS).unwrap_or(0)
    }

    fn local_ms(self, wall: UnixMillis) -> u64 {
        wall.0
            .saturating_add_signed(i64::from(self.0) * i64::try_from(MINUTE_MS).unwrap_or(0))
    }
}

/// Days since 1970-01-01 on the user's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalDay(pub u32);

impl LocalDay {
    /// The local day at this instant.
    pub fn at(wall: UnixMillis, offset: UtcOffset) -> Self {
        Self(u32::try_from(offset.local_ms(wall) / DAY_MS).unwrap_or(u32::MAX))
    }

    /// The instant at which the day after this one begins.
    pub fn next_begins_at(self, offset: UtcOffset) -> UnixMillis {
        let local = u64::from(self.0).saturating_add(1).saturating_mul(DAY_MS);
        UnixMillis(local.saturating_add_signed(-i64::from(offset.0) * i64::try_from(MINUTE_MS).unwrap_or(0)))
    }
}

/// Whom one answered: the other side's author key (for a finder) or claimant key (for an author). Never sent anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stranger(pub [u8; 32]);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// Throwing a bottle.
    Throw,
    /// Opening a stone.
    Open,
}

/// How much of a daily allowance is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What this counts.
    pub spending: Spending,
    /// Used today.
    pub used: u8,
    /// Allowed today, extra throws included.
    pub allowed: u8,
    /// How many more strangers answered today would each add one (always 0 for opens).
    pub earnable: u8,
    /// When the counters start again: the next local midnight.
    pub renews_at: UnixMillis,
}

impl Allowance {
    /// How many are left today.
    pub fn left(&self) -> u8 {
        self.allowed.saturating_sub(self.used)
    }
}

/// Nothing is left today; the allowance says how many there were, when the next is due, and whether answering earns one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent(pub Allowance);

/// The counters of one local day, as stored (one row).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EconomyRow {
    /// The day that the counters belong to.
    pub day: LocalDay,
    /// Bottles thrown that day.
    pub throws: u8,
    /// Stones opened that day.
    pub opens: u8,
    /// Strangers answered that day, sorted, at most [`STRANGERS_PER_DAY_MAX`].
    pub answered: Vec<Stranger>,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EconomyEffect {
    /// Durable: replace the one row.
    Save(EconomyRow),
}

/// The counters of today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Economy {
    row: EconomyRow,
}

impl Economy {
    /// Continues from the stored row; none on first start. A row beyond its own limits is cut to them.
    pub fn restore(row: Option<EconomyRow>) -> Self {
        let mut row = row.unwrap_or_default();
        row.answered.sort_unstable();
        row.answered.dedup();
        row.answered.truncate(STRANGERS_PER_DAY_MAX);
        Self { row }
    }

    /// The state as it is stored.
    pub fn row(&self) -> &EconomyRow {
        &self.row
    }

    /// What is left of `spending` today.
    pub fn allowance(&self, spending: Spending, now: Now, offset: UtcOffset) -> Allowance {
        let row = self.current(now, offset);
        let answered = u8::try_from(row.answered.len()).unwrap_or(u8::MAX);
        let (used, allowed, earnable) = match spending {
            Spending::Throw => {
                let allowed = THROWS_PER_DAY.saturating_add(answered).min(THROWS_PER_DAY_MAX);
                (row.throws, allowed, THROWS_PER_DAY_MAX.saturating_sub(allowed))
            }
            Spending::Open => (row.opens, OPENS_PER_DAY, 0),
        };
        Allowance {
            spending,
            used,
            allowed,
            earnable,
            renews_at: row.day.next_begins_at(offset),
        }
    }

    /// Uses one of today's throws or opens, in the same transaction as the thing itself; what is left afterwards.
    pub fn handle_spend(
        &mut self,
        spending: Spending,
        now: Now,
        offset: UtcOffset,
        effects: &mut Vec<EconomyEffect>,
    ) -> Result<Allowance, Spent> {
        let before = self.allowance(spending, now, offset);
        if before.left() == 0 {
            return Err(Spent(before));
        }
        self.row = self.current(now, offset);
        *self.counter(spending) = before.used.saturating_add(1);
        effects.push(EconomyEffect::Save(self.row.clone()));
        Ok(self.allowance(spending, now, offset))
    }

    /// Gives back what `handle_spend` took because the thing never happened. `spent_on` is the day it was taken; a later
    /// day has forgotten it.
    pub fn handle_refund(
        &mut self,
        spending: Spending,
        spent_on: LocalDay,
        effects: &mut Vec<EconomyEffect>,
    ) {
        let counter = self.counter(spending);
        if *counter == 0 || spent_on != self.row.day {
            return;
        }
        let counter = self.counter(spending);
        *counter = counter.saturating_sub(1);
        effects.push(EconomyEffect::Save(self.row.clone()));
    }

    /// A stranger was answered: one more throw today, once per stranger.
    pub fn handle_answered(
        &mut self,
        stranger: Stranger,
        now: Now,
        offset: UtcOffset,
        effects: &mut Vec<EconomyEffect>,
    ) {
        let mut row = self.current(now, offset);
        if row.answered.len() >= STRANGERS_PER_DAY_MAX {
            return;
        }
        if let Err(place) = row.answered.binary_search(&stranger) {
            row.answered.insert(place, stranger);
            self.row = row;
            effects.push(EconomyEffect::Save(self.row.clone()));
        }
    }

    /// The day that counts now: what `handle_refund` wants back.
    pub fn day(&self, now: Now, offset: UtcOffset) -> LocalDay {
        self.current(now, offset).day
    }

    /// The mono instant at which the allowances renew.
    pub fn next_deadline(&self, now: Now, offset: UtcOffset) -> Option<u64> {
        Some(mono_at(self.day(now, offset).next_begins_at(offset), now))
    }

    /// The counters as they stand today: fresh after midnight, kept when the clock went back.
    fn current(&self, now: Now, offset: UtcOffset) -> EconomyRow {
        let today = LocalDay::at(now.wall, offset);
        let stored = self.row.day;
        if stored < today || stored.0.saturating_sub(today.0) > DAYS_AHEAD_MAX {
            return EconomyRow {
                day: today,
                ..EconomyRow::default()
            };
        }
        self.row.clone()
    }

    fn counter(&mut self, spending: Spending) -> &mut u8 {
        match spending {
            Spending::Throw => &mut self.row.throws,
            Spending::Open => &mut self.row.opens,
        }
    }
}

/// The named limits as the small counters that they bound.
const THROWS_PER_DAY: u8 = limits::THROWS_PER_DAY as u8;
const THROWS_PER_DAY_MAX: u8 = limits::THROWS_PER_DAY_MAX as u8;
const OPENS_PER_DAY: u8 = limits::OPENS_PER_DAY as u8;
const _: () = assert!(limits::THROWS_PER_DAY_MAX <= 255 && limits::OPENS_PER_DAY <= 255);
