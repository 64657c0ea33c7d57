//! Who takes the exam: the matcher, its baselines and its ceiling.
//!
//! Every learner has the same model, the same memory and the same prior, so that only the way to choose is compared. LinUCB adds
//! `α` standard deviations to the logit, LinTS draws weights from the posterior widened `v` times; SquareCB chooses by inverse gap weighting with `γ` growing
//! with the square root of time, "inverse gap" with `γ` solved for the breadth.

use meteorite_ml::matcher::features::{D, Features};
use meteorite_ml::matcher::matrix::{Matrix, cholesky};
use meteorite_ml::matcher::memory::Memory;
use meteorite_ml::matcher::prior::Prior;
use meteorite_ml::matcher::softmax::{self, FLOOR};

use crate::dice::Dice;
use crate::world::Round;

/// How somebody chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// All alike.
    Random,
    /// Softmax on true rewards, of this breadth.
    Ceiling(f64),
    /// The matcher, of this breadth.
    Matcher(f64),
    /// The best expected reward.
    Greedy,
    /// The best, or any, of this breadth.
    EpsilonGreedy(f64),
    /// The truly best, or any, of this breadth: as far as ε-greedy can come.
    EpsilonTrue(f64),
    /// Inverse gap weighting of this breadth.
    InverseGap(f64),
    /// Inverse gap weighting whose γ grows from this.
    SquareCb(f64),
    /// The best upper bound, this many standard deviations above.
    LinUcb(f64),
    /// The best under drawn weights, this much wider than the posterior.
    LinTs(f64),
}

impl Way {
    /// As the tables call it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Random => "random".to_owned(),
            Self::Ceiling(breadth) => format!("ceiling, breadth {breadth}"),
            Self::Matcher(1.0) => "matcher, greedy".to_owned(),
            Self::Matcher(breadth) => format!("matcher, breadth {breadth}"),
            Self::Greedy => "greedy".to_owned(),
            Self::EpsilonGreedy(breadth) => format!("ε-greedy, breadth {breadth}"),
            Self::EpsilonTrue(breadth) => format!("true ε-greedy, breadth {breadth}"),
            Self::InverseGap(breadth) => format!("inverse gap, breadth {breadth}"),
            Self::SquareCb(gamma) => format!("SquareCB, γ {gamma}√t"),
            Self::LinUcb(alpha) => format!("LinUCB, α {alpha}"),
            Self::LinTs(width) => format!("LinTS, v {width}"),
        }
    }
}

/// A way with a memory.
pub(crate) struct Contender {
    way: Way,
    prior: Prior,
    memory: Memory,
    rounds: usize,
}

impl Contender {
    /// Begins with this prior.
    pub(crate) fn new(way: Way, prior: &Prior) -> Self {
        Self {
            way,
            prior: prior.clone(),
            memory: Memory::new(prior),
            rounds: 0,
        }
    }

    /// How likely each bottle of the pool is.
    pub(crate) fn shares(&mut self, round: &Round, dice: &mut Dice) -> Vec<f64> {
        self.rounds += 1;
        let model = self.memory.model();
        let expected = || -> Vec<f64> {
            round
                .candidates
                .iter()
                .map(|features| model.expect(features))
                .collect()
        };
        match self.way {
            Way::Random => vec![1.0 / round.means.len() as f64; round.means.len()],
            Way::Ceiling(breadth) => softmax::propensities(&round.means, breadth, 0.0),
            Way::Matcher(breadth) => softmax::propensities(&expected(), breadth, FLOOR),
            Way::Greedy => one_hot(&expected()),
            Way::EpsilonGreedy(breadth) => epsilon_greedy(&expected(), breadth),
            Way::EpsilonTrue(breadth) => epsilon_greedy(&round.means, breadth),
            Way::InverseGap(breadth) => inverse_gap_of_breadth(&expected(), breadth),
            Way::SquareCb(gamma) => inverse_gap(&expected(), gamma * (self.rounds as f64).sqrt()),
            Way::LinUcb(alpha) => {
                let bound =
                    |features: &Features| model.logit(features) + alpha * model.variance(features).sqrt();
                one_hot(&round.candidates.iter().map(bound).collect::<Vec<_>>())
            }
            Way::LinTs(width) => {
                let weights = drawn(model.weights(), model.covariance(), width, dice);
                let score = |features: &Features| -> f64 {
                    features
                        .iter()
                        .zip(weights)
                        .map(|(x, weight)| f64::from(*x) * weight)
                        .sum()
                };
                one_hot(&round.candidates.iter().map(score).collect::<Vec<_>>())
            }
        }
    }

    /// The reward it expects of a bottle.
    pub(crate) fn expect(&self, features: &Features) -> f64 {
        self.memory.model().expect(features)
    }

    /// A reward came.
    pub(crate) fn learn(&mut self, features: &Features, reward: f64) {
        match self.way {
            Way::Random | Way::Ceiling(_) | Way::EpsilonTrue(_) => {}
            Way::Matcher(_)
            | Way::Greedy
            | Way::EpsilonGreedy(_)
            | Way::InverseGap(_)
            | Way::SquareCb(_)
            | Way::LinUcb(_)
            | Way::LinTs(_) => {
                self.memory.learn(features, reward, &self.prior);
            }
        }
    }
}

fn best(scores: &[f64]) -> usize {
    let ranked = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    ranked.map_or(0, |(index, _)| index)
}

fn one_hot(scores: &[f64]) -> Vec<f64> {
    let best = best(scores);
    (0..scores.len())
        .map(|index| f64::from(u8::from(index == best)))
        .collect()
}

/// The ε of this breadth, found by bisection: breadth grows with ε.
fn epsilon_greedy(scores: &[f64], breadth: f64) -> Vec<f64> {
    let count = scores.len() as f64;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let epsilon = f64::midpoint(low, high);
        let (first, rest) = (1.0 - epsilon + epsilon / count, epsilon / count);
        let entropy = -first * first.ln() - (count - 1.0) * rest * rest.ln();
        if entropy < breadth.ln() {
            low = epsilon
        } else {
            high = epsilon
        }
    }
    let best = best(scores);
    (0..scores.len())
        .map(|index| high / count + if index == best { 1.0 - high } else { 0.0 })
        .collect()
}

/// γ of this breadth, found by bisection over its logarithm: breadth falls with γ.
fn inverse_gap_of_breadth(scores: &[f64], breadth: f64) -> Vec<f64> {
    bisect(breadth, |x| inverse_gap(scores, (30.0 * (1.0 - x) - 5.0).exp()))
}

/// `p(a) = 1/(K + γ gap)`, the rest to the best (Foster and Rakhlin 2020).
fn inverse_gap(scores: &[f64], gamma: f64) -> Vec<f64> {
    let best = best(scores);
    let top = scores.get(best).copied().unwrap_or_default();
    let mut shares: Vec<f64> = scores
        .iter()
        .map(|score| 1.0 / (scores.len() as f64 + gamma * (top - score)))
        .collect();
    let rest = 1.0 - shares.iter().sum::<f64>();
    if let Some(share) = shares.get_mut(best) {
        *share += rest;
    }
    shares
}

/// Shares of this breadth, out of a family whose breadth grows over 0 to 1.
fn bisect(breadth: f64, family: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..25 {
        let middle = f64::midpoint(low, high);
        if softmax::breadth(&family(middle)) < breadth {
            low = middle
        } else {
            high = middle
        }
    }
    family(high)
}

/// Weights of a Gaussian.
fn drawn(mean: &[f64; D], covariance: &Matrix, width: f64, dice: &mut Dice) -> [f64; D] {
    let mut weights = *mean;
    if let Some(root) = cholesky(covariance) {
        let noise: [f64; D] = std::array::from_fn(|_| dice.normal());
        for (weight, row) in weights.iter_mut().zip(&root) {
            *weight += width * row.iter().zip(&noise).map(|(a, b)| a * b).sum::<f64>();
        }
    }
    weights
}
