//! How likely each bottle is: softmax over expected rewards with a floor, its temperature solved for each choice.
//!
//! Among all ways to choose with a given entropy, softmax has the largest expected reward (the Gibbs variational principle; Jaynes
//! 1957), so the one thing to ask for is how wide the choice shall be. The **effective breadth** of a choice is `exp(H)`, `H` being
//! the entropy of its propensities: 1 when one bottle is certain, the size of the pool when all are alike. The temperature is found
//! by Newton's method inside a bracket; the floor is part of what is solved for, so the breadth asked for is the breadth given.

use rand_core::Rng;

/// What all bottles of a pool share alike: each has at least this divided by the size of the pool.
pub const FLOOR: f64 = 0.002;

/// How wide a choice shall be: from 0, "surprise me", to 1, "like me".
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Knob(f64);

impl Knob {
    /// All bottles alike.
    pub const SURPRISE_ME: Self = Self(0.0);
    /// Almost always the one that should please most.
    pub const LIKE_ME: Self = Self(1.0);

    /// Between the two; out of range is clamped, what is no number becomes the default.
    #[must_use]
    pub fn new(position: f64) -> Self {
        if position.is_finite() {
            Self(position.clamp(0.0, 1.0))
        } else {
            Self::default()
        }
    }

    /// Where it stands, 0 to 1.
    #[must_use]
    pub fn position(self) -> f64 {
        self.0
    }

    /// The breadth it asks for in a pool of this size: the pool's size to the square of what is left to "like me". In the middle it is 3 of 100
    /// and 6 of 1,000.
    #[must_use]
    pub fn breadth(self, pool: usize) -> f64 {
        (pool.max(1) as f64).powf((1.0 - self.0).powi(2))
    }
}

impl Default for Knob {
    fn default() -> Self {
        Self(0.5)
    }
}

/// Propensities of this breadth: they sum to 1, none is below `floor / scores.len()`. Narrower than the floor or ties at the top allow is as narrow as they
/// allow; scores that are no numbers count as the lowest.
#[must_use]
pub fn propensities(scores: &[f64], breadth: f64, floor: f64) -> Vec<f64> {
    let count = scores.len() as f64;
    let lowest = scores
        .iter()
        .copied()
        .filter(|score| score.is_finite())
        .fold(f64::INFINITY, f64::min);
    let highest = scores
        .iter()
        .copied()
        .filter(|score| score.is_finite())
        .fold(f64::NEG_INFINITY, f64::max);
    let spread = highest - lowest;
    let breadth = if breadth.is_finite() {
        breadth.max(1.0)
    } else {
        count
    };
    // When no score is a number the spread is minus infinity.
    if spread <= SPREAD_MIN || breadth >= count {
        return vec![1.0 / count; scores.len()];
    }
    let gaps = scores.iter().map(|score| {
        if score.is_finite() {
            (highest - score) / spread
        } else {
            1.0
        }
    });
    let gaps: Vec<f64> = gaps.collect();
    let mut shares = vec![0.0; gaps.len()];
    solve(&gaps, breadth.ln(), floor.clamp(0.0, 1.0), &mut shares);
    shares
}

/// The effective breadth of propensities: `exp(H)`.
#[must_use]
pub fn breadth(propensities: &[f64]) -> f64 {
    entropy(propensities).exp()
}

/// Draws an index. `propensities` must sum to 1 and not be empty; what rounding leaves over falls to the last that can be drawn.
pub fn draw(propensities: &[f64], rng: &mut dyn Rng) -> usize {
    let mut left = unit(rng);
    let mut last = 0;
    for (index, share) in propensities.iter().enumerate() {
        if *share > 0.0 {
            last = index;
        }
        left -= share;
        if left < 0.0 {
            return index;
        }
    }
    last
}

/// Uniform in [0, 1), of 53 bits.
pub fn unit(rng: &mut dyn Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn entropy(shares: &[f64]) -> f64 {
    let terms = shares
        .iter()
        .filter(|share| **share > 0.0)
        .map(|share| share * share.ln());
    -terms.sum::<f64>()
}

/// Finds the inverse temperature at which the entropy of `shares` is `wanted`. `gaps` are the distances to the best score, 0 to 1.
fn solve(gaps: &[f64], wanted: f64, floor: f64, shares: &mut [f64]) {
    // In the logarithm of the inverse temperature: the entropy falls from all alike to the best alone.
    let (mut low, mut high) = (LOG_BETA_MIN, LOG_BETA_MAX);
    let mut at = START;
    for _ in 0..STEPS_MAX {
        let beta = f64::exp(at);
        let variance = fill(gaps, beta, floor, shares);
        let miss = entropy(shares) - wanted;
        if miss.abs() < TOLERANCE {
            return;
        }
        if miss > 0.0 {
            low = at
        } else {
            high = at
        }
        if high - low < TOLERANCE {
            return;
        }
        // The slope of the entropy is −β² times the variance of the scores; the floor bends it a little, the bracket catches that.
        let newton = at + miss / (beta * beta * variance).max(f64::MIN_POSITIVE);
        let inside = newton > low && newton < high;
        at = if inside { newton } else { f64::midpoint(low, high) };
    }
}

/// Shares at this inverse temperature; returns the variance of the gaps under the softmax.
fn fill(gaps: &[f64], beta: f64, floor: f64, shares: &mut [f64]) -> f64 {
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    for (share, gap) in shares.iter_mut().zip(gaps) {
        *share = (-beta * gap).exp();
        sum += *share;
        first += *share * gap;
        second += *share * gap * gap;
    }
    let least = floor / gaps.len() as f64;
    for share in shares.iter_mut() {
        *share = (1.0 - floor) * *share / sum + least;
    }
    let mean = first / sum;
    (second / sum - mean * mean).max(0.0)
}

/// Scores closer together than this are alike.
const SPREAD_MIN: f64 = 1e-12;
const LOG_BETA_MIN: f64 = -12.0;
const LOG_BETA_MAX: f64 = 25.0;
/// About where pools of ordinary scores end.
const START: f64 = 2.0;
/// Of the entropy, in nats: a ten-thousandth of the breadth.
const TOLERANCE: f64 = 1e-4;
/// Bisection alone needs half of it.
const STEPS_MAX: u32 = 60;
