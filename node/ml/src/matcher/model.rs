//! What reward to expect of a bottle: Bayesian logistic regression, one small update for each reward.
//!
//! The model says `reward ≈ σ(w·x)`, linear in 24 features under one shared `w`. It keeps the natural parameters of a Gaussian over
//! `w`, the precision `Λ` and the information `h = Λw`, and the covariance `P = Λ⁻¹`. A reward is one step of the extended Kalman
//! filter (Fahrmeir 1992): with `η = w·x`, `p = σ(η)` and `v = p(1 − p)`,
//!
//! ```text
//! Λ ← Λ + v x xᵀ      h ← h + (v η + r − p) x      P ← P − v Px (Px)ᵀ / (1 + v xᵀPx)      w ← P h
//! ```
//!
//! where the third is Sherman and Morrison's formula (1950). Forgetting pulls both natural parameters towards the prior by a factor
//! (stabilised forgetting, Kulhavý and Zarrop 1993; a power prior), so that what is forgotten becomes the population's taste again and
//! not nothing. `P` is made anew from `Λ` by a Cholesky decomposition now and then: it stays symmetric, and rounding does not add up.

use serde::{Deserialize, Serialize};

use super::features::{D, Features, UNFOUND};
use super::matrix::{Matrix, inverse, product};
use super::prior::Prior;

/// The least reward there is, for a report.
pub const REWARD_MIN: f64 = -1.0;
/// The largest, for an answer.
pub const REWARD_MAX: f64 = 1.0;

/// A Gaussian over the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    precision: Matrix,
    information: [f64; D],
    covariance: Matrix,
    weights: [f64; D],
    updates: u32,
}

/// The natural parameters, as stored; the rest follows from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Lower triangle of the precision, row by row.
    #[serde(with = "super::bytes::floats")]
    pub precision: Vec<f64>,
    /// Precision times weights.
    #[serde(with = "super::bytes::floats")]
    pub information: Vec<f64>,
}

impl Model {
    /// Knows what the population likes, nothing more.
    #[must_use]
    pub fn new(prior: &Prior) -> Self {
        let mut model = Self {
            precision: prior.precision,
            information: product(&prior.precision, &prior.mean),
            covariance: prior.precision,
            weights: prior.mean,
            updates: 0,
        };
        model.rebuild();
        model
    }

    /// The expected reward, 0 to 1.
    #[must_use]
    pub fn expect(&self, features: &Features) -> f64 {
        sigmoid(self.logit(features))
    }

    /// What the expected reward is a curve of; it alone decides about the order of bottles.
    #[must_use]
    pub fn logit(&self, features: &Features) -> f64 {
        self.parts(features).iter().sum()
    }

    /// What each feature adds to the logit. Free places never count against a bottle, so that popularity never counts for one.
    #[must_use]
    pub fn parts(&self, features: &Features) -> [f64; D] {
        let mut parts = [0.0; D];
        for ((part, weight), value) in parts.iter_mut().zip(self.weights).zip(features) {
            *part = weight * f64::from(*value);
        }
        if let Some(part) = parts.get_mut(UNFOUND) {
            *part = part.max(0.0);
        }
        parts
    }

    /// Variance of the logit: how little is known about such a bottle.
    #[must_use]
    pub fn variance(&self, features: &Features) -> f64 {
        let x = features.map(f64::from);
        dot(&x, &product(&self.covariance, &x))
    }

    /// Learns from one reward. What no act can earn is refused: whoever says so is broken or lies.
    pub fn learn(&mut self, features: &Features, reward: f64) {
        let x = features.map(f64::from);
        let possible = (REWARD_MIN..=REWARD_MAX).contains(&reward);
        if !possible || x.iter().any(|value| !value.is_finite()) {
            return;
        }
        let logit = dot(&self.weights, &x).clamp(-LOGIT_MAX, LOGIT_MAX);
        let p = sigmoid(logit);
        let weight = (p * (1.0 - p)).max(WEIGHT_MIN);
        let push = weight * logit + reward - p;
        let spread = product(&self.covariance, &x);
        let scale = weight / (1.0 + weight * dot(&x, &spread));
        for row in 0..D {
            let (Some(x_row), Some(spread_row)) = (x.get(row), spread.get(row)) else {
                continue;
            };
            add_scaled(self.precision.get_mut(row), &x, weight * x_row);
            add_scaled(self.covariance.get_mut(row), &spread, -scale * spread_row);
        }
        add_scaled(Some(&mut self.information), &x, push);
        self.updates += 1;
        if self.updates >= REBUILD_EVERY {
            self.rebuild();
        }
        self.weights = product(&self.covariance, &self.information);
    }

    /// Keeps this share of what was learned and takes the rest from the prior.
    pub fn forget(&mut self, kept: f64, prior: &Prior) {
        let home = product(&prior.precision, &prior.mean);
        for (row, prior_row) in self.precision.iter_mut().zip(&prior.precision) {
            blend(row, prior_row, kept);
        }
        blend(&mut self.information, &home, kept);
        // Right but for the prior's share, which the next rebuilding adds.
        for value in self.covariance.iter_mut().flatten() {
            *value /= kept;
        }
        self.updates += FORGETTING_WEARS;
    }

    /// The weights: the mean of the Gaussian.
    #[must_use]
    pub fn weights(&self) -> &[f64; D] {
        &self.weights
    }

    /// The covariance of the weights, the inverse of the precision.
    #[must_use]
    pub fn covariance(&self) -> &Matrix {
        &self.covariance
    }

    /// As it is stored.
    #[must_use]
    pub fn stored(&self) -> Stored {
        let triangle = self.precision.iter().enumerate();
        Stored {
            precision: triangle
                .flat_map(|(row, values)| values.iter().take(row + 1).copied())
                .collect(),
            information: self.information.to_vec(),
        }
    }

    /// From its stored form; `None` when that is no Gaussian.
    #[must_use]
    pub fn restore(stored: &Stored) -> Option<Self> {
        let information: [f64; D] = stored.information.clone().try_into().ok()?;
        let precision = super::matrix::from_triangle(&stored.precision)?;
        let covariance = inverse(&precision)?;
        let weights = product(&covariance, &information);
        let model = Self {
            precision,
            information,
            covariance,
            weights,
            updates: 0,
        };
        weights.iter().all(|weight| weight.is_finite()).then_some(model)
    }

    /// The covariance from the precision.
    fn rebuild(&mut self) {
        self.updates = 0;
        if let Some(covariance) = inverse(&self.precision) {
            self.covariance = covariance;
        }
        self.weights = product(&self.covariance, &self.information);
    }
}

/// The logistic function.
#[must_use]
pub fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

pub(crate) fn dot(left: &[f64; D], right: &[f64; D]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

fn add_scaled(to: Option<&mut [f64; D]>, what: &[f64; D], factor: f64) {
    for (sum, value) in to.into_iter().flatten().zip(what) {
        *sum += factor * value;
    }
}

fn blend(to: &mut [f64; D], home: &[f64; D], kept: f64) {
    for (value, home) in to.iter_mut().zip(home) {
        *value = kept * *value + (1.0 - kept) * home;
    }
}

/// Beyond it a reward says nothing more about the slope.
const LOGIT_MAX: f64 = 8.0;
/// Least weight of an observation: a wrong certainty can be unlearned.
const WEIGHT_MIN: f64 = 0.02;
/// Updates between two makings of the covariance.
const REBUILD_EVERY: u32 = 256;
/// Forgetting uses the covariance up faster.
const FORGETTING_WEARS: u32 = 15;
