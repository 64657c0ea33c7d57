//! The product's benches: each measures one promise, on real nodes where the promise is about nodes, and prints name, value,
//! unit and conditions. Run with `cargo xtask bench [NAME] [--json]`. Nothing here is a test: a slow machine fails nothing.

mod delivery;
mod fleet;
mod join;
mod pure;
mod rest;
mod store;

pub use rest::{CHILD as IDLE_CHILD, idle};

use std::time::Duration;

use serde::Serialize;

/// One measured number.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Under which conditions.
    pub conditions: String,
}

impl Figure {
    /// A figure with its conditions.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        conditions: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            conditions: conditions.into(),
        }
    }
}

/// One bench by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bench {
    /// Headers validated per second; claims of 1,000 rivals merged.
    Pure,
    /// Throw to every other sky: 20 nodes over QUIC and TCP.
    Delivery,
    /// The same with 100 nodes.
    Delivery100,
    /// The same with 50 ms added to every link.
    Delay,
    /// A newcomer among 2,000 bottles.
    Join,
    /// 100,000 bottles in the database.
    Store,
    /// An idle node among 20 neighbours.
    Idle,
}

impl Bench {
    /// All benches in the order in which they run.
    pub const ALL: [Self; 7] = [
        Self::Pure,
        Self::Store,
        Self::Delivery,
        Self::Delay,
        Self::Join,
        Self::Idle,
        Self::Delivery100,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Delivery => "delivery",
            Self::Delivery100 => "delivery-100",
            Self::Delay => "delay",
            Self::Join => "join",
            Self::Store => "store",
            Self::Idle => "idle",
        }
    }

    /// Measures.
    ///
    /// # Errors
    /// Whatever keeps the bench from running; a slow result is no error.
    pub async fn run(self) -> anyhow::Result<Vec<Figure>> {
        match self {
            Self::Pure => Ok(pure::run()),
            Self::Delivery => {
                let mut figures = delivery::run(20, fleet::Link::Quic, None).await?;
                figures.extend(delivery::run(20, fleet::Link::Tcp, None).await?);
                Ok(figures)
            }
            Self::Delivery100 => delivery::run(100, fleet::Link::Quic, None).await,
            Self::Delay => delivery::run(20, fleet::Link::Quic, Some(Duration::from_millis(50))).await,
            Self::Join => join::run(2_000).await,
            Self::Store => store::run(100_000).await,
            Self::Idle => rest::run(20).await,
        }
    }
}

/// The value below which `share` of the sorted samples lie (nearest rank).
#[must_use]
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .or(sorted.last())
        .copied()
        .unwrap_or(f64::NAN)
}
