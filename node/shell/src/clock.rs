//! Both clocks, read together: the only place in node and bootstrap server where the engine's time comes from.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use meteorite_protocol::time::{Now, UnixMillis};

/// A monotonic clock with a zero of its own, beside the computer's time of day.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Instant,
    wrong_by_ms: i64,
}

impl Clock {
    /// A clock that starts at zero, and whose time of day is wrong by so many milliseconds (0 but in tests).
    #[must_use]
    pub fn start(wrong_by_ms: i64) -> Self {
        Self {
            zero: Instant::now(),
            wrong_by_ms,
        }
    }

    /// Now, on both clocks. A time of day before 1970 counts as 1970.
    #[must_use]
    pub fn now(&self) -> Now {
        Now::new(
            millis(self.zero.elapsed()),
            UnixMillis(wall().0.saturating_add_signed(self.wrong_by_ms)),
        )
    }

    /// The instant of a monotonic reading.
    #[must_use]
    pub fn instant(&self, mono_ms: u64) -> tokio::time::Instant {
        (self.zero + Duration::from_millis(mono_ms)).into()
    }
}

fn wall() -> UnixMillis {
    UnixMillis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
