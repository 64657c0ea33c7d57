//! What a world is: pools of bottles, what each would please on average, and how rewards come.

use std::rc::Rc;

use meteorite_ml::matcher::features::Features;

use crate::config::{Kind, WorldConfig};
use crate::dice::Dice;
use crate::drifting::Messages;
use crate::gaussian::Gaussian;
use crate::vectors;

/// One pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// What a learner sees of each bottle.
    pub(crate) candidates: Vec<Features>,
    /// What each pleases on average; learners never see it.
    pub(crate) means: Vec<f64>,
}

/// A person and the bottles that drift by. Pools are the same for all learners; features may depend on what was chosen before.
pub(crate) trait World {
    /// The next pool.
    fn round(&mut self) -> Round;
    /// The reward of an earlier choice became known: its round counted from 0 and its index, its reward, and what was expected of it.
    fn settle(&mut self, choice: (usize, usize), reward: f64, expected: f64);
}

/// A person's life in a world.
pub(crate) fn open(config: &WorldConfig, seed: u64, person: u64) -> Box<dyn World> {
    match config.kind {
        Kind::Gaussian => Box::new(Gaussian::new(config, seed, person)),
        Kind::Vectors => Box::new(Messages::new(config, Rc::new(vectors::shipped()), seed, person)),
    }
}

/// How rewards come: drawn, corrupted, delayed.
pub(crate) struct Rewards {
    delay: f64,
    corrupt: f64,
    dice: Dice,
}

impl Rewards {
    pub(crate) fn new(config: &WorldConfig, seed: u64, person: u64) -> Self {
        Self {
            delay: config.delay,
            corrupt: config.corrupt,
            dice: Dice::new(seed ^ 0x5EED, person),
        }
    }

    /// A reward of this mean, and the rounds until it comes.
    pub(crate) fn draw(&mut self, mean: f64) -> (f64, usize) {
        let pleased = self.dice.chance(mean);
        let trick = self.dice.unit();
        let turned = trick < self.corrupt;
        let absurd = !turned && trick < 2.0 * self.corrupt;
        let number = self.dice.below(ABSURD.len());
        let wait = self.dice.waiting(self.delay).min(4.0 * self.delay) as usize;
        let reward = if absurd {
            ABSURD[number]
        } else {
            f64::from(u8::from(pleased != turned))
        };
        (reward, wait)
    }
}

/// What a broken or hostile caller could say.
const ABSURD: [f64; 5] = [f64::NAN, f64::INFINITY, -1e9, 1e9, -1.0];
