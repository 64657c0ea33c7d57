//! The file that describes the worlds.

use serde::Deserialize;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Rounds of each world.
    pub(crate) rounds: usize,
    /// Rounds at which cumulative rewards are printed.
    pub(crate) looks: Vec<usize>,
    /// Breadths are compared from here.
    pub(crate) breadth_from: usize,
    /// For so many rounds.
    pub(crate) breadth_rounds: usize,
    /// Breadths that are compared.
    pub(crate) breadths: Vec<f64>,
    /// The worlds.
    pub(crate) world: Vec<WorldConfig>,
    /// The network.
    pub(crate) sea: Option<SeaConfig>,
}

impl Config {
    /// Fewer rounds and a smaller network, for a look within seconds.
    pub(crate) fn make_quick(&mut self) {
        self.rounds = self.rounds.min(2_400);
        self.breadth_rounds = self.breadth_rounds.min(400);
        if let Some(sea) = &mut self.sea {
            let fewer = QUICK_NODES.min(sea.nodes) as f64 / sea.nodes as f64;
            // People stay as busy as they are in the whole network.
            sea.watches_most *= fewer.powf(sea.zipf);
            sea.nodes = sea.nodes.min(QUICK_NODES);
            sea.bottles = sea.bottles.min(1_500);
        }
    }
}

/// A network of nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeaConfig {
    /// How many.
    pub(crate) nodes: usize,
    /// Bottles thrown in all.
    pub(crate) bottles: usize,
    /// Days in which they are thrown.
    pub(crate) throwing_days: u64,
    /// Days played.
    pub(crate) days: u64,
    /// Watches a day of the busiest node.
    pub(crate) watches_most: f64,
    /// Watches a day of any node at least.
    pub(crate) watches_least: f64,
    /// Zipf's exponent.
    pub(crate) zipf: f64,
    /// Share of stones that are looked at.
    pub(crate) looked_at: f64,
    /// Logit of opening: constant and slope.
    pub(crate) open: [f64; 2],
    /// Logit of a light.
    pub(crate) light: [f64; 2],
    /// Logit of an answer.
    pub(crate) answer: [f64; 2],
    /// Chance of keeping.
    pub(crate) keep: f64,
    /// Chance of throwing back.
    pub(crate) throw_back: f64,
    /// Chance of a report.
    pub(crate) report: f64,
    /// Chance that an author is there in an hour.
    pub(crate) author_returns: f64,
    /// The attacker's cores.
    pub(crate) attack_cores: f64,
    /// Hashes a second of each.
    pub(crate) attack_hashes: f64,
    /// Everybody's knob.
    pub(crate) knob: f64,
    /// Share of tastes that people have in common.
    pub(crate) shared: f64,
}

/// One world.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorldConfig {
    /// Its name.
    pub(crate) name: String,
    /// Where its bottles come from.
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Bottles in each pool.
    pub(crate) candidates: usize,
    /// Numbers that tell bottles apart; of no use where bottles are vectors of real messages.
    #[serde(default)]
    pub(crate) dimensions: usize,
    /// Logit of an ordinary bottle's reward.
    pub(crate) base: f64,
    /// Standard deviation of the logit over bottles.
    pub(crate) norm: f64,
    /// Cosine between a person's taste and the population's.
    pub(crate) shared: f64,
    /// Whether learners begin with the population's prior.
    pub(crate) prior: bool,
    /// Share of the variance that no linear model can follow.
    #[serde(default)]
    pub(crate) curved: f64,
    /// Rounds at which a person's own taste is drawn anew.
    #[serde(default)]
    pub(crate) changes: Vec<usize>,
    /// Mean rounds until a reward comes.
    #[serde(default)]
    pub(crate) delay: f64,
    /// Share of rewards that are inverted, and share that are absurd.
    #[serde(default)]
    pub(crate) corrupt: f64,
}

/// What bottles are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Normally distributed numbers.
    #[default]
    Gaussian,
    /// Vectors of real messages through the real features.
    Vectors,
}

const QUICK_NODES: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_worlds_are_well_described() {
        let config: Config = toml::from_str(include_str!("worlds.toml")).unwrap();
        assert!(config.world.iter().any(|world| world.kind == Kind::Vectors));
        assert!(config.sea.is_some());
    }
}
