//! The rising admission level of a topic: how many bits of work a message must show at the moment.
//!
//! Below the fixed floor a message is rejected by everybody. Above it each node asks for one bit more whenever more
//! messages than the threshold are let in within a minute, and for one bit less after each calm minute. A flood of valid
//! messages therefore pays twice the work for every further threshold's worth, while authors, who mine one bit above the
//! highest level they see, stay above it. What lies below the level is ignored, never blamed: another node may see less
//! traffic. Nothing here is punished and nobody is named.
//!
//! Called by the engine before and after each validated header and catch message.

use std::collections::BTreeMap;

use crate::limits::{
    ADMISSION_CALM_DIVISOR, ADMISSION_RISE_MAX, ADMISSION_WINDOW_MS, CATCH_MESSAGES_PER_MINUTE,
    SHARD_HEADERS_PER_MINUTE,
};
use crate::topic::Topic;
use crate::validate::Params;

/// The levels of all topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    params: Params,
    // One entry for each topic that had traffic: at most the number of topics.
    gauges: BTreeMap<Topic, Gauge>,
}

/// Arrivals in the current window, and how far the level stands above the floor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Gauge {
    rise: u32,
    window_start_ms: u64,
    arrivals: u32,
}

impl Admission {
    /// All levels at their floors.
    #[must_use]
    pub const fn new(params: Params) -> Self {
        Self {
            params,
            gauges: BTreeMap::new(),
        }
    }

    /// The bits that a message on this topic must show now.
    #[must_use]
    pub fn required_bits(&self, topic: Topic, mono_ms: u64) -> u32 {
        let gauge = self
            .gauges
            .get(&topic)
            .map(|gauge| gauge.at(topic, mono_ms))
            .unwrap_or_default();
        self.floor(topic) + gauge.rise
    }

    /// The bits to mine for a message on this topic: one above the level seen here.
    #[must_use]
    pub fn mining_bits(&self, topic: Topic, mono_ms: u64) -> u32 {
        self.required_bits(topic, mono_ms) + 1
    }

    /// Counts a new message that was let in. True if the level rose.
    pub fn arrived(&mut self, topic: Topic, mono_ms: u64) -> bool {
        let gauge = self.gauges.entry(topic).or_insert(Gauge {
            window_start_ms: mono_ms,
            ..Gauge::default()
        });
        *gauge = gauge.at(topic, mono_ms);
        gauge.arrivals = gauge.arrivals.saturating_add(1);
        let rises = gauge.arrivals > threshold(topic) && gauge.rise < ADMISSION_RISE_MAX;
        if rises {
            gauge.rise += 1;
            gauge.arrivals = 0;
            gauge.window_start_ms = mono_ms;
        }
        rises
    }

    /// The highest level above the floor on any topic, for display.
    #[must_use]
    pub fn highest_rise(&self, mono_ms: u64) -> u32 {
        self.gauges
            .iter()
            .map(|(topic, gauge)| gauge.at(*topic, mono_ms).rise)
            .max()
            .unwrap_or(0)
    }

    const fn floor(&self, topic: Topic) -> u32 {
        match topic {
            Topic::Sky(_) => self.params.stamp_bits_floor(),
            Topic::Catch => self.params.claim_bits_floor(),
        }
    }
}

impl Gauge {
    /// The gauge after the windows that have passed by now. Closed form, so that a long silence costs nothing.
    fn at(self, topic: Topic, mono_ms: u64) -> Self {
        let windows = mono_ms.saturating_sub(self.window_start_ms) / ADMISSION_WINDOW_MS;
        if windows == 0 {
            return self;
        }
        let first_was_calm = self.arrivals < threshold(topic) / ADMISSION_CALM_DIVISOR;
        let calm = windows - u64::from(!first_was_calm);
        let fall = u32::try_from(calm).unwrap_or(u32::MAX);
        Self {
            rise: self.rise.saturating_sub(fall),
            window_start_ms: self.window_start_ms + windows * ADMISSION_WINDOW_MS,
            arrivals: 0,
        }
    }
}

const fn threshold(topic: Topic) -> u32 {
    match topic {
        Topic::Sky(_) => SHARD_HEADERS_PER_MINUTE,
        Topic::Catch => CATCH_MESSAGES_PER_MINUTE,
    }
}
