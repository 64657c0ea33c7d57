//! Time as plain numbers.
//!
//! The shell reads the clocks and passes [`Now`] in. Wall time decides what the network must agree on (epochs, ticks,
//! expiry); monotonic time decides when we act again. Arithmetic saturates: a peer's number must never panic.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// Ten minutes of wall time, counted from 1970: the unit of throwing and expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// Two seconds of wall time, counted from 1970: the unit in which claims are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tick(pub u64);

/// Both clocks, read together by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds on a clock that never goes back; its zero means nothing.
    pub mono_ms: u64,
    /// The time of day as this computer believes it.
    pub wall: UnixMillis,
}

impl Now {
    /// A pair of clock readings.
    #[must_use]
    pub const fn new(mono_ms: u64, wall: UnixMillis) -> Self {
        Self { mono_ms, wall }
    }
}

impl UnixMillis {
    /// The epoch that contains this moment.
    #[must_use]
    pub fn epoch(self) -> Epoch {
        Epoch(u32::try_from(self.0 / EPOCH_MS).unwrap_or(u32::MAX))
    }

    /// The tick that contains this moment.
    #[must_use]
    pub const fn tick(self) -> Tick {
        Tick(self.0 / TICK_MS)
    }

    /// This moment plus some milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This moment minus some milliseconds, not before 1970.
    #[must_use]
    pub const fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to this moment, zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Epoch {
    /// The first moment of this epoch.
    #[must_use]
    pub const fn start(self) -> UnixMillis {
        UnixMillis((self.0 as u64).saturating_mul(EPOCH_MS))
    }

    /// This epoch plus some epochs.
    #[must_use]
    pub const fn plus(self, epochs: u32) -> Self {
        Self(self.0.saturating_add(epochs))
    }

    /// This epoch minus some epochs.
    #[must_use]
    pub const fn minus(self, epochs: u32) -> Self {
        Self(self.0.saturating_sub(epochs))
    }
}

impl Tick {
    /// The first moment of this tick.
    #[must_use]
    pub const fn start(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(TICK_MS))
    }

    /// The first moment after this tick.
    #[must_use]
    pub const fn end(self) -> UnixMillis {
        UnixMillis(self.0.saturating_add(1).saturating_mul(TICK_MS))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}", self.0)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tick {}", self.0)
    }
}

/// Milliseconds in a second.
pub const SECOND_MS: u64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Milliseconds in a day.
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// Milliseconds in an epoch.
pub const EPOCH_MS: u64 = 10 * MINUTE_MS;
/// Milliseconds in a tick.
pub const TICK_MS: u64 = 2 * SECOND_MS;
/// Epochs in a day.
pub const EPOCHS_PER_DAY: u32 = 144;
