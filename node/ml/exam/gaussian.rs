//! Worlds of normally distributed numbers: what a learner can do when nothing else is in the way.

use meteorite_ml::matcher::features::{D, Features};
use meteorite_ml::matcher::model::sigmoid;

use crate::config::WorldConfig;
use crate::dice::Dice;
use crate::world::{Round, World};

/// One person's life in such a world.
pub(crate) struct Gaussian {
    config: WorldConfig,
    taste: Vec<f64>,
    /// Pairs of numbers whose product counts, and numbers whose step counts.
    products: Vec<(usize, usize)>,
    steps: Vec<usize>,
    population: Vec<f64>,
    people: Dice,
    bottles: Dice,
    played: usize,
}

impl Gaussian {
    /// The person of this number.
    pub(crate) fn new(config: &WorldConfig, seed: u64, person: u64) -> Self {
        let dimensions = config.dimensions;
        assert!(dimensions < D, "{}: at most {} dimensions", config.name, D - 1);
        let mut shared = Dice::new(seed, POPULATION);
        let population = shared.direction(dimensions);
        let mut pick = || shared.below(dimensions);
        let products = (0..CURVES).map(|_| (pick(), pick())).collect();
        let steps = (0..CURVES).map(|_| pick()).collect();
        let mut world = Self {
            config: config.clone(),
            taste: Vec::new(),
            products,
            steps,
            population,
            people: Dice::new(seed, 2 * person + 1),
            bottles: Dice::new(seed, 2 * person),
            played: 0,
        };
        world.change();
        world
    }

    /// Draws the person's own part of the taste.
    fn change(&mut self) {
        let own = self.people.direction(self.config.dimensions);
        let (shared, apart) = (self.config.shared, (1.0 - self.config.shared.powi(2)).sqrt());
        let both = self.population.iter().zip(own);
        self.taste = both
            .map(|(population, own)| shared * population + apart * own)
            .collect();
        let length = self
            .taste
            .iter()
            .map(|weight| weight * weight)
            .sum::<f64>()
            .sqrt();
        self.taste.iter_mut().for_each(|weight| *weight /= length);
    }

    fn mean(&self, numbers: &[f64]) -> f64 {
        let line: f64 = numbers
            .iter()
            .zip(&self.taste)
            .map(|(x, weight)| x * weight)
            .sum();
        let at = |index: &usize| numbers.get(*index).copied().unwrap_or_default();
        let products: f64 = self
            .products
            .iter()
            .map(|(a, b)| {
                if a == b {
                    (at(a).powi(2) - 1.0) / 2.0_f64.sqrt()
                } else {
                    at(a) * at(b)
                }
            })
            .sum();
        // A step at one standard deviation, brought to mean 0 and variance 1.
        let steps: f64 = self
            .steps
            .iter()
            .map(|a| (f64::from(u8::from(at(a) > 1.0)) - 0.1587) / 0.3654)
            .sum();
        let curve = (products + steps) / (2.0 * CURVES as f64).sqrt();
        let curved = self.config.curved;
        sigmoid(self.config.base + self.config.norm * ((1.0 - curved).sqrt() * line + curved.sqrt() * curve))
    }
}

impl World for Gaussian {
    fn round(&mut self) -> Round {
        if self.config.changes.contains(&self.played) {
            self.change();
        }
        self.played += 1;
        let mut round = Round::default();
        for _ in 0..self.config.candidates {
            let numbers: Vec<f64> = (0..self.config.dimensions)
                .map(|_| self.bottles.normal())
                .collect();
            let mut features: Features = [0.0; D];
            features[0] = 1.0;
            for (slot, number) in features.iter_mut().skip(1).zip(&numbers) {
                *slot = *number as f32;
            }
            round.candidates.push(features);
            round.means.push(self.mean(&numbers));
        }
        round
    }

    fn settle(&mut self, _choice: (usize, usize), _reward: f64, _expected: f64) {}
}

const POPULATION: u64 = u64::MAX;
/// Products, and as many steps.
const CURVES: usize = 4;
