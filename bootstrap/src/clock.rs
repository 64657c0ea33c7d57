//! Both clocks, read together. The only place of this crate that tells the cores what time it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use meteorite_protocol::time::{Now, UnixMillis};

/// A clock whose monotonic zero is the moment it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Monotonic milliseconds and the time of day.
    pub(crate) fn now(self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now::new(millis(self.started.elapsed()), UnixMillis(millis(wall)))
    }

    /// The instant of a monotonic deadline.
    pub(crate) fn instant(self, mono_ms: u64) -> Instant {
        self.started
            .checked_add(std::time::Duration::from_millis(mono_ms))
            .unwrap_or(self.started)
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
