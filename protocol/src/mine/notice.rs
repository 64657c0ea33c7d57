//! One notice per bottle and hour, and none in the quiet hours.

use serde::{Deserialize, Serialize};

use crate::economy::UtcOffset;
use crate::time::{HOUR_MS, MINUTE_MS, UnixMillis};

/// Milliseconds between two notices about one bottle.
pub const NOTICE_EVERY_MS: u64 = HOUR_MS;

/// What happened to a bottle since its last notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Catches that settled.
    pub caught: u16,
    /// Finders that threw it back.
    pub thrown_back: u16,
    /// Lights that came.
    pub lights: u16,
    /// Letters that came.
    pub letters: u16,
}

impl Notice {
    /// Nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// When it should be told: at once if the last is an hour old, but not in the quiet hours. None if empty.
    pub(super) fn due_at(
        &self,
        last: Option<UnixMillis>,
        quiet: Option<QuietHours>,
        wall: UnixMillis,
    ) -> Option<UnixMillis> {
        if self.is_empty() {
            return None;
        }
        // A last notice in the future means that the clock was set back: it must not silence the bottle.
        let after_last = last
            .filter(|last| *last <= wall)
            .map_or(wall, |last| last.plus_ms(NOTICE_EVERY_MS));
        let due = after_last.max(wall);
        Some(quiet.map_or(due, |quiet| quiet.end_after(due)))
    }
}

/// The part of the local day in which the user is left alone; it may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minute of the day at which they begin, `0..1440`.
    pub from_minute: u16,
    /// Minute of the day at which they end; equal to `from_minute` means never quiet.
    pub to_minute: u16,
    /// Local time.
    pub offset: UtcOffset,
}

impl QuietHours {
    /// `at` itself, or the end of the quiet hours that contain it.
    fn end_after(&self, at: UnixMillis) -> UnixMillis {
        let minute = self.offset.minute_of_day(at);
        let since_start = (minute + DAY_MINUTES - self.from_minute % DAY_MINUTES) % DAY_MINUTES;
        let length =
            (self.to_minute % DAY_MINUTES + DAY_MINUTES - self.from_minute % DAY_MINUTES) % DAY_MINUTES;
        if since_start >= length {
            return at;
        }
        let into_minute = at.0 % MINUTE_MS;
        UnixMillis(at.0 - into_minute).plus_ms(u64::from(length - since_start) * MINUTE_MS)
    }
}

const DAY_MINUTES: u16 = 24 * 60;
