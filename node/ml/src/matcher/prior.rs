//! What a device expects before it knows its reader: the taste of a population, shipped with the program.
//!
//! It was learned from a simulated population (`matcher-exam --write-prior`), because nothing about a real reader ever leaves a device. It
//! is a Gaussian over the weights: where people differ, it is wide and gives way within a few bottles.

use serde::{Deserialize, Serialize};

use super::features::D;
use super::matrix::{Matrix, cholesky, diagonal, from_triangle};

/// A Gaussian over the weights of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// Mean weights.
    pub mean: [f64; D],
    /// How sure they are: the inverse of the covariance.
    pub precision: Matrix,
}

/// A prior as its file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorFile {
    /// Of this layout and these features.
    pub version: u32,
    /// Seed of the population that it was learned from.
    pub seed: u64,
    /// People in that population.
    pub people: u32,
    /// Mean weights.
    pub mean: Vec<f64>,
    /// Lower triangle of the precision, row by row.
    pub precision: Vec<f64>,
}

/// The version of the features that this program computes.
pub const PRIOR_VERSION: u32 = 1;

impl Prior {
    /// Nothing is expected, everything is open.
    #[must_use]
    pub fn flat() -> Self {
        Self {
            mean: [0.0; D],
            precision: diagonal(1.0),
        }
    }

    /// The prior built into the program; [`flat`](Self::flat) if it were damaged, which a test excludes.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).unwrap_or_else(Self::flat)
    }

    /// From the text of its file; `None` when it is of another version or no Gaussian.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let file: PriorFile = serde_json::from_str(text).ok()?;
        let mean: [f64; D] = file.mean.try_into().ok()?;
        let precision = from_triangle(&file.precision)?;
        let sound = file.version == PRIOR_VERSION && mean.iter().all(|weight| weight.is_finite());
        cholesky(&precision).filter(|_| sound)?;
        Some(Self { mean, precision })
    }
}

/// The text of the shipped file.
pub const SHIPPED: &str = include_str!("../../../../assets/matcher/prior.json");
