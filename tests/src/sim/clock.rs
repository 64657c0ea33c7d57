//! The two clocks of one node, and the one true time behind them.
//!
//! World time counts milliseconds from the start of the world and is the only time that the simulator itself uses. What a
//! node reads may lie ahead or behind, and its monotonic clock begins anew with every start and may stand still in sleep.

use meteorite_protocol::time::{Epoch, Now, UnixMillis};

/// The wall time at which every world begins, as it would be read from a right clock.
pub(super) const BEGINNING: UnixMillis = UnixMillis(Epoch(2_945_000).start().0 + 95_000);

/// The clocks of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// By how much the wall clock is wrong.
    pub(super) skew_ms: i64,
    /// World time at which the monotonic clock stood at 0.
    zero_ms: u64,
}

impl Clock {
    pub(super) const fn new(skew_ms: i64) -> Self {
        Self { skew_ms, zero_ms: 0 }
    }

    /// The monotonic clock of a process that starts now.
    pub(super) const fn restart(&mut self, world_ms: u64) {
        self.zero_ms = world_ms;
    }

    /// The monotonic clock stood still for so long.
    pub(super) const fn slept(&mut self, ms: u64) {
        self.zero_ms += ms;
    }

    /// What the node reads.
    pub(super) fn now(&self, world_ms: u64) -> Now {
        let wall = (BEGINNING.0 + world_ms).saturating_add_signed(self.skew_ms);
        Now::new(world_ms.saturating_sub(self.zero_ms), UnixMillis(wall))
    }

    /// The world time at which the monotonic clock will read this.
    pub(super) const fn world_at(&self, mono_ms: u64) -> u64 {
        mono_ms.saturating_add(self.zero_ms)
    }
}

/// The right time.
pub(super) const fn true_wall(world_ms: u64) -> UnixMillis {
    UnixMillis(BEGINNING.0 + world_ms)
}
