//! Regret, the frontier of reward at equal breadth, recovery, and the bars of each world.

use meteorite_ml::matcher::Prior;

use crate::config::{Config, Kind, WorldConfig};
use crate::contenders::{Contender, Way};
use crate::figure::{Mean, Report};
use crate::play::{Life, for_all, play};
use crate::population;

/// Plays every world with so many people.
pub(crate) fn run(config: &Config, (seed, people): (u64, u64), report: &mut Report) {
    for world in &config.world {
        let prior = prior(world, seed);
        let ways = ways(config);
        let by_person = for_all(people, |person| {
            let mut contenders: Vec<Contender> =
                ways.iter().map(|way| Contender::new(*way, &prior)).collect();
            play(world, (seed, person), &mut contenders, config.rounds)
        });
        let mut lives: Vec<Vec<Life>> = ways.iter().map(|_| Vec::new()).collect();
        for person in by_person {
            for (all, life) in lives.iter_mut().zip(person) {
                all.push(life);
            }
        }
        let table = Table {
            config,
            world,
            ways: &ways,
            lives: &lives,
        };
        table.regret(report);
        table.frontier(report);
        table.bars(report);
    }
}

/// What everybody in a world begins with.
pub(crate) fn prior(world: &WorldConfig, seed: u64) -> Prior {
    match (world.prior, world.kind) {
        (false, _) => Prior::flat(),
        (true, Kind::Vectors) => Prior::shipped(),
        (true, Kind::Gaussian) => population::learn(world, seed, PEOPLE, ROUNDS),
    }
}

/// All contenders.
fn ways(config: &Config) -> Vec<Way> {
    let mut ways = vec![Way::Random];
    ways.extend(NARROW);
    for breadth in &config.breadths {
        ways.extend([
            Way::Ceiling(*breadth),
            Way::EpsilonTrue(*breadth),
            Way::Matcher(*breadth),
            Way::EpsilonGreedy(*breadth),
            Way::InverseGap(*breadth),
        ]);
    }
    ways
}

struct Table<'a> {
    config: &'a Config,
    world: &'a WorldConfig,
    ways: &'a [Way],
    lives: &'a [Vec<Life>],
}

impl Table<'_> {
    fn each(&self, way: Way, figure: impl Fn(&Life) -> f64) -> Vec<f64> {
        let at = self.ways.iter().position(|known| *known == way);
        at.and_then(|at| self.lives.get(at))
            .map(|lives| lives.iter().map(figure).collect())
            .unwrap_or_default()
    }

    /// Share of the oracle's reward up to each look, and the regret at the last one.
    fn regret(&self, report: &mut Report) {
        for way in self.ways {
            let name = way.name();
            let looks = self
                .config
                .looks
                .iter()
                .filter(|look| **look <= self.config.rounds);
            for look in looks.clone() {
                let shares = self.each(*way, |life| life.share(0, *look));
                report.note(
                    "share of oracle reward",
                    [&self.world.name, &name, &format!("@{look}")],
                    Mean::of(&shares),
                );
            }
            let regret = self.each(*way, |life| life.regret(self.config.rounds));
            report.note(
                "share of oracle reward",
                [&self.world.name, &name, "regret"],
                Mean::of(&regret),
            );
        }
    }

    fn window(&self) -> (usize, usize) {
        let from = self.config.breadth_from.min(self.config.rounds.saturating_sub(1));
        (from, (from + self.config.breadth_rounds).min(self.config.rounds))
    }

    /// Reward at equal breadth, after learning.
    fn frontier(&self, report: &mut Report) {
        let (from, to) = self.window();
        for way in self.ways {
            let name = way.name();
            let shares = self.each(*way, |life| life.share(from, to));
            let breadths = self.each(*way, |life| life.breadth(from, to));
            let place = format!("{}, rounds {from} to {to}", self.world.name);
            report.note("frontier", [&place, &name, "share"], Mean::of(&shares));
            report.note("frontier", [&place, &name, "breadth"], Mean::of(&breadths));
        }
    }

    fn bars(&self, report: &mut Report) {
        let (from, to) = self.window();
        let share = |way: Way| self.each(way, |life| life.share(from, to));
        let less = |a: &[f64], b: &[f64]| {
            Mean::of(&a.iter().zip(b).map(|(a, b)| 100.0 * (a - b)).collect::<Vec<_>>())
        };
        let place = self.world.name.as_str();
        for breadth in &self.config.breadths {
            let own = share(Way::Matcher(*breadth));
            let who = Way::Matcher(*breadth).name();
            let ceiling = share(Way::Ceiling(*breadth));
            report.judge(
                "bars",
                [place, &who, "points under the ceiling"],
                (less(&ceiling, &own), false, 1.0),
            );
            let epsilon = share(Way::EpsilonGreedy(*breadth));
            report.judge(
                "bars",
                [place, &who, "points above ε-greedy"],
                (less(&own, &epsilon), true, 5.0),
            );
            let possible = less(&ceiling, &share(Way::EpsilonTrue(*breadth)));
            report.note(
                "bars",
                [place, &who, "(ceiling above ε-greedy on true rewards)"],
                possible,
            );
            let gap = share(Way::InverseGap(*breadth));
            report.judge(
                "bars",
                [place, &who, "points above inverse gap"],
                (less(&own, &gap), true, -1.0),
            );
        }
        let greedy = share(Way::Matcher(1.0));
        for way in NARROW.iter().filter(|way| **way != Way::Matcher(1.0)) {
            let what = format!("points above {}", way.name());
            report.judge(
                "bars",
                [place, "matcher, greedy", &what],
                (less(&greedy, &share(*way)), true, -1.0),
            );
        }
        self.greedy_bars(report);
        self.recovery(report);
    }

    fn greedy_bars(&self, report: &mut Report) {
        let share = |from, to| Mean::of(&self.each(Way::Matcher(1.0), |life| life.share(from, to)));
        let place = self.world.name.as_str();
        if place == "well-specified" && self.config.rounds >= 10_000 {
            report.judge(
                "bars",
                [place, "matcher, greedy", "@10000"],
                (share(0, 10_000), true, 0.98),
            );
        }
        if self.world.prior && self.config.rounds >= 110 {
            report.judge(
                "bars",
                [place, "matcher, greedy", "rounds 1 to 25"],
                (share(0, 25), true, 0.60),
            );
            report.judge(
                "bars",
                [place, "matcher, greedy", "rounds 91 to 110"],
                (share(90, 110), true, 0.75),
            );
        }
    }

    /// After each change of taste: the share in rounds 400 to 500 after it, beside that in the 200 before.
    fn recovery(&self, report: &mut Report) {
        for change in self
            .world
            .changes
            .iter()
            .filter(|change| **change >= 200 && **change + 500 <= self.config.rounds)
        {
            let ratio = self.each(Way::Matcher(1.0), |life| {
                life.share(change + 400, change + 500) / life.share(change - 200, *change)
            });
            let what = format!("share 400 to 500 rounds after the change at {change}, to that before");
            report.judge(
                "bars",
                [&self.world.name, "matcher, greedy", &what],
                (Mean::of(&ratio), true, 0.9),
            );
        }
    }
}

/// Contenders that are as narrow as they like.
const NARROW: [Way; 8] = [
    Way::Matcher(1.0),
    Way::Greedy,
    Way::LinUcb(0.25),
    Way::LinUcb(1.0),
    Way::LinTs(0.3),
    Way::LinTs(1.0),
    Way::SquareCb(10.0),
    Way::SquareCb(40.0),
];
/// People and rounds that a prior is learned from.
const PEOPLE: u64 = 100;
const ROUNDS: usize = 1_500;
