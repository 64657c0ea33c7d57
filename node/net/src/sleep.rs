//! Notices that the machine slept: the wall clock moved on while the monotonic clock, or our own heartbeat, stood still.
//!
//! Pure: both clocks come in as arguments. On Linux and macOS the monotonic clock stops in sleep; on Windows it runs on, but then the gap
//! shows between two heartbeats.

use std::time::{Duration, Instant, SystemTime};

use crate::limits;

/// The clocks at the last heartbeat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SleepWatch {
    instant: Instant,
    wall: SystemTime,
}

impl SleepWatch {
    pub(crate) fn new(instant: Instant, wall: SystemTime) -> Self {
        Self { instant, wall }
    }

    /// Takes the clocks at a heartbeat; returns for how long the machine slept before it, if it did. A wall clock set backwards is no sleep.
    pub(crate) fn beat(&mut self, instant: Instant, wall: SystemTime) -> Option<Duration> {
        let awake = instant.saturating_duration_since(self.instant);
        let elapsed = wall.duration_since(self.wall).unwrap_or_default();
        *self = Self { instant, wall };
        let stalled = awake.saturating_sub(limits::TICK);
        let slept = elapsed.saturating_sub(awake).max(stalled);
        (slept >= limits::SLEEP_GAP_MIN).then_some(slept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(awake_secs: u64, elapsed_secs: i64, expected: Option<u64>) {
        let (instant, wall) = (Instant::now(), SystemTime::now());
        let later = if elapsed_secs < 0 {
            wall - Duration::from_secs(elapsed_secs.unsigned_abs())
        } else {
            wall + Duration::from_secs(elapsed_secs.unsigned_abs())
        };
        let slept = SleepWatch::new(instant, wall).beat(instant + Duration::from_secs(awake_secs), later);
        assert_eq!(
            slept.map(|slept| slept.as_secs()),
            expected,
            "awake {awake_secs}, elapsed {elapsed_secs}"
        );
    }

    #[test]
    fn only_a_gap_is_a_sleep() {
        check(0, 0, None);
        check(1, 1, None);
        check(1, 9, None);
        check(1, 3_601, Some(3_600));
        check(40, 40, Some(39));
        check(1, -500, None);
    }
}
