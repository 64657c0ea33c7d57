//! Playing a world: one person, one contender, all rounds.

use std::collections::BTreeMap;

use meteorite_ml::matcher::features::Features;
use meteorite_ml::matcher::softmax;

use crate::config::{Kind, WorldConfig};
use crate::contenders::Contender;
use crate::dice::Dice;
use crate::world::{self, Rewards, Round};

/// What happened, round by round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// Expected reward of the choice, over its propensities.
    pub(crate) rewards: Vec<f64>,
    /// The best possible.
    pub(crate) oracle: Vec<f64>,
    /// Effective breadth of the choice.
    pub(crate) breadth: Vec<f64>,
}

impl Life {
    /// Share of the oracle's reward over rounds from..to.
    pub(crate) fn share(&self, from: usize, to: usize) -> f64 {
        let sum = |values: &[f64]| values.iter().take(to).skip(from).sum::<f64>();
        sum(&self.rewards) / sum(&self.oracle)
    }

    /// Reward that the oracle had more, over so many rounds.
    pub(crate) fn regret(&self, rounds: usize) -> f64 {
        let both = self.oracle.iter().zip(&self.rewards).take(rounds);
        both.map(|(oracle, reward)| oracle - reward).sum()
    }

    /// Mean breadth over rounds from..to.
    pub(crate) fn breadth(&self, from: usize, to: usize) -> f64 {
        let values = self.breadth.iter().take(to).skip(from);
        values.clone().sum::<f64>() / values.count().max(1) as f64
    }
}

/// Plays so many rounds: what each contender lived through. All of them meet the same bottles.
pub(crate) fn play(
    config: &WorldConfig,
    (seed, person): (u64, u64),
    contenders: &mut [Contender],
    rounds: usize,
) -> Vec<Life> {
    // Where features do not depend on what was chosen, one world serves all.
    let worlds = match config.kind {
        Kind::Gaussian => 1,
        Kind::Vectors => contenders.len(),
    };
    let mut worlds: Vec<_> = (0..worlds).map(|_| world::open(config, seed, person)).collect();
    let mut minds: Vec<Mind> = contenders
        .iter()
        .map(|_| Mind::new(config, seed, person))
        .collect();
    for now in 0..rounds {
        let mut pools = worlds
            .iter_mut()
            .map(|world| world.round())
            .collect::<Vec<_>>()
            .into_iter();
        let mut round = pools.next();
        for (at, (contender, mind)) in contenders.iter_mut().zip(&mut minds).enumerate() {
            if at > 0 && worlds.len() > 1 {
                round = pools.next();
            }
            let Some(round) = &round else { continue };
            let settled = mind.live(now, round, contender);
            for (choice, reward, expected) in settled {
                if let Some(world) = worlds.get_mut(at) {
                    world.settle(choice, reward, expected);
                }
            }
        }
    }
    minds.into_iter().map(|mind| mind.life).collect()
}

/// What a contender goes through.
struct Mind {
    rewards: Rewards,
    dice: Dice,
    coming: BTreeMap<usize, Vec<(usize, usize, Features, f64)>>,
    life: Life,
}

impl Mind {
    fn new(config: &WorldConfig, seed: u64, person: u64) -> Self {
        Self {
            rewards: Rewards::new(config, seed, person),
            dice: Dice::new(seed ^ 0xD1CE, person),
            coming: BTreeMap::new(),
            life: Life::default(),
        }
    }

    /// One round; returns what became known in it.
    fn live(
        &mut self,
        now: usize,
        round: &Round,
        contender: &mut Contender,
    ) -> Vec<((usize, usize), f64, f64)> {
        let shares = contender.shares(round, &mut self.dice);
        let expected = shares
            .iter()
            .zip(&round.means)
            .map(|(share, mean)| share * mean)
            .sum();
        self.life.rewards.push(expected);
        self.life
            .oracle
            .push(round.means.iter().copied().fold(0.0, f64::max));
        self.life.breadth.push(softmax::breadth(&shares));
        let chosen = softmax::draw(&shares, &mut self.dice.0);
        let (reward, wait) = self.rewards.draw(round.means[chosen]);
        let coming = self.coming.entry(now + wait).or_default();
        coming.push((now, chosen, round.candidates[chosen], reward));
        let due = self.coming.remove(&now).unwrap_or_default();
        let learned = due.into_iter().map(|(number, chosen, features, reward)| {
            let expected = contender.expect(&features);
            contender.learn(&features, reward);
            ((number, chosen), reward, expected)
        });
        learned.collect()
    }
}

/// Does something for each number below `count`, on two threads; results in the order of the numbers.
pub(crate) fn for_all<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let share = |first: u64| -> Vec<(u64, T)> {
        let numbers = (first..count).step_by(THREADS);
        numbers.map(|number| (number, work(number))).collect()
    };
    let mut done = std::thread::scope(|scope| {
        let other = std::thread::Builder::new()
            .name("exam".to_owned())
            .spawn_scoped(scope, || share(1));
        let mut done = share(0);
        match other.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(more)) => done.extend(more),
            // No second thread: the first does its share too.
            Ok(Err(_)) | Err(_) => done.extend(share(1)),
        }
        done
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

const THREADS: usize = 2;
