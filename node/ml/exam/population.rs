//! Learning a prior from a population: empirical Bayes for Gaussian weights.
//!
//! Each person of the population plays with random choices; what they teach is summed up as a Gaussian likelihood, and expectation
//! maximisation (Dempster, Laird and Rubin 1977) finds the mean and covariance of tastes that explain all of them.

use meteorite_ml::matcher::features::D;
use meteorite_ml::matcher::matrix::{Matrix, diagonal, inverse};
use meteorite_ml::matcher::model::Model;
use meteorite_ml::matcher::prior::Prior;

use crate::config::WorldConfig;
use crate::world::{self, Rewards};

/// What one person taught: precision and information without any prior.
type Taught = (Matrix, [f64; D]);

/// The prior of a world, learned from people who take no exam.
pub(crate) fn learn(config: &WorldConfig, seed: u64, people: u64, rounds: usize) -> Prior {
    let taught: Vec<Taught> = (0..people)
        .map(|person| teach(config, seed, PEOPLE_FROM + person, rounds))
        .collect();
    let mut prior = Prior {
        mean: [0.0; D],
        precision: diagonal(1.0),
    };
    for _ in 0..STEPS {
        if let Some(better) = step(&prior, &taught) {
            prior = better;
        }
    }
    prior
}

fn teach(config: &WorldConfig, seed: u64, person: u64, rounds: usize) -> Taught {
    let weak = Prior {
        mean: [0.0; D],
        precision: diagonal(WEAK),
    };
    let mut model = Model::new(&weak);
    // A random one of a pool is as good as a pool of one.
    let clean = WorldConfig {
        delay: 0.0,
        corrupt: 0.0,
        candidates: 1,
        changes: Vec::new(),
        ..config.clone()
    };
    let mut world = world::open(&clean, seed, person);
    let mut rewards = Rewards::new(&clean, seed, person);
    for number in 0..rounds {
        let round = world.round();
        let (reward, _) = rewards.draw(round.means[0]);
        let expected = model.expect(&round.candidates[0]);
        model.learn(&round.candidates[0], reward);
        world.settle((number, 0), reward, expected);
    }
    let stored = model.stored();
    let mut precision =
        meteorite_ml::matcher::matrix::from_triangle(&stored.precision).unwrap_or(diagonal(0.0));
    for (at, row) in precision.iter_mut().enumerate() {
        row[at] -= WEAK;
    }
    (precision, stored.information.try_into().unwrap_or([0.0; D]))
}

/// One step of expectation maximisation.
fn step(prior: &Prior, taught: &[Taught]) -> Option<Prior> {
    let home = times(&prior.precision, &prior.mean);
    let mut people = Vec::new();
    let mut mean = [0.0; D];
    for (precision, information) in taught {
        let mut both = prior.precision;
        let mut sum = home;
        for row in 0..D {
            sum[row] += information[row];
            for column in 0..D {
                both[row][column] += precision[row][column];
            }
        }
        let covariance = inverse(&both)?;
        let weights = times(&covariance, &sum);
        for at in 0..D {
            mean[at] += weights[at] / taught.len() as f64;
        }
        people.push((weights, covariance));
    }
    // A little of a unit's variance keeps directions that nobody showed from vanishing.
    let mut covariance = diagonal(VARIANCE_MIN);
    for (weights, own) in &people {
        for row in 0..D {
            for column in 0..D {
                let apart = (weights[row] - mean[row]) * (weights[column] - mean[column]);
                covariance[row][column] += (own[row][column] + apart) / people.len() as f64;
            }
        }
    }
    Some(Prior {
        mean,
        precision: inverse(&covariance)?,
    })
}

fn times(matrix: &Matrix, vector: &[f64; D]) -> [f64; D] {
    std::array::from_fn(|row| matrix[row].iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// People from this number on take no exam.
const PEOPLE_FROM: u64 = 1_000_000;
const STEPS: usize = 20;
const WEAK: f64 = 0.1;
const VARIANCE_MIN: f64 = 1e-3;
