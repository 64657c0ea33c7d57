//! Do the estimators find the truth? Choices of one breadth are logged, other ways are asked about.

use meteorite_ml::matcher::estimate::{Estimate, Sample, dr, ips, snips, switch_dr};
use meteorite_ml::matcher::memory::Memory;
use meteorite_ml::matcher::softmax::{FLOOR, draw, propensities};

use super::worlds::prior;
use crate::config::WorldConfig;
use crate::dice::Dice;
use crate::figure::{Mean, Report};
use crate::world::{Rewards, open};

/// Estimates in this world.
pub(crate) fn run(world: &WorldConfig, (seed, people): (u64, u64), report: &mut Report) {
    let world = WorldConfig {
        delay: 0.0,
        corrupt: 0.0,
        changes: Vec::new(),
        ..world.clone()
    };
    for target in [10.0, 3.0, 2.0] {
        let runs: Vec<(Vec<Sample>, f64)> = (0..people)
            .map(|person| log(&world, (seed, person), target))
            .collect();
        let place = format!("{}: breadth {LOGGED} asked about breadth {target}", world.name);
        let truth: Vec<f64> = runs.iter().map(|(_, truth)| *truth).collect();
        report.note("estimators", [&place, "truth", "value"], Mean::of(&truth));
        for (name, estimator) in ESTIMATORS {
            let found: Vec<(Estimate, f64)> = runs
                .iter()
                .filter_map(|(samples, truth)| Some((estimator(samples)?, *truth)))
                .collect();
            let values: Vec<f64> = found.iter().map(|(estimate, _)| estimate.value).collect();
            report.note("estimators", [&place, name, "value"], Mean::of(&values));
            let errors: Vec<f64> = found
                .iter()
                .map(|(estimate, truth)| (estimate.value - truth) / estimate.error)
                .collect();
            let within =
                errors.iter().filter(|error| error.abs() <= 2.0).count() as f64 / errors.len().max(1) as f64;
            report.note(
                "estimators",
                [&place, name, "seeds within 2 errors"],
                Mean {
                    value: within,
                    half: None,
                },
            );
            // The mean of so many estimates has a root of that many times smaller error.
            let mean = (errors.iter().sum::<f64>() / (errors.len() as f64).sqrt()).abs();
            report.judge(
                "estimators",
                [&place, name, "errors of the mean off"],
                (
                    Mean {
                        value: mean,
                        half: None,
                    },
                    false,
                    2.0,
                ),
            );
        }
    }
}

/// A log of choices as samples about a breadth, and what that breadth earns in truth.
fn log(world: &WorldConfig, (seed, person): (u64, u64), target: f64) -> (Vec<Sample>, f64) {
    let mut life = open(world, seed, person);
    let mut rewards = Rewards::new(world, seed, person);
    let mut dice = Dice::new(seed ^ 0x106, person);
    let prior = prior(
        &WorldConfig {
            prior: false,
            ..world.clone()
        },
        seed,
    );
    let mut memory = Memory::new(&prior);
    let (mut samples, mut truth) = (Vec::new(), 0.0);
    for number in 0..LEARNED + SAMPLES {
        let round = life.round();
        let expected: Vec<f64> = round
            .candidates
            .iter()
            .map(|features| memory.model().expect(features))
            .collect();
        let shares = propensities(&expected, LOGGED, FLOOR);
        let chosen = draw(&shares, &mut dice.0);
        let (reward, _) = rewards.draw(round.means[chosen]);
        if number < LEARNED {
            memory.learn(&round.candidates[chosen], reward, &prior);
            continue;
        }
        let asked = propensities(&expected, target, 0.0);
        let over = |values: &[f64]| {
            asked
                .iter()
                .zip(values)
                .map(|(share, value)| share * value)
                .sum::<f64>()
        };
        truth += over(&round.means) / SAMPLES as f64;
        samples.push(Sample {
            propensity: shares[chosen],
            target: asked[chosen],
            reward,
            expected: expected[chosen],
            target_expected: over(&expected),
        });
    }
    (samples, truth)
}

type Estimator = fn(&[Sample]) -> Option<Estimate>;
const ESTIMATORS: [(&str, Estimator); 4] = [
    ("IPS", ips),
    ("SNIPS", snips),
    ("DR", dr),
    ("switch-DR", |samples| switch_dr(samples, SWITCH)),
];
/// Weights beyond it are left to the model.
const SWITCH: f64 = 100.0;
const LOGGED: f64 = 5.0;
const LEARNED: usize = 500;
const SAMPLES: usize = 5_000;
