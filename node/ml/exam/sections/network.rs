//! The bars of the sea: who is found, how evenly, and what an attacker can do.

use crate::config::SeaConfig;
use crate::figure::{Mean, Report};
use crate::sea::{Attack, Choosing, Outcome, Sea};
use crate::vectors;

/// Plays the network with each way to choose and each attack.
pub(crate) fn run(config: &SeaConfig, (seed, seeds): (u64, u64), report: &mut Report) {
    let vectors = vectors::shipped();
    for (name, choosing, attack) in SCENES {
        let outcomes: Vec<Outcome> = (0..seeds)
            .map(|more| Sea::new(config, &vectors, (choosing, attack), seed + more).play())
            .collect();
        let mean = |figure: fn(&Outcome) -> f64| Mean::of(&outcomes.iter().map(figure).collect::<Vec<_>>());
        let place = format!(
            "{} nodes, {} bottles, {seeds} seeds",
            config.nodes, config.bottles
        );
        let names = |what| [place.as_str(), name, what];
        let (own, attacked) = (
            choosing == Choosing::Matcher && attack == Attack::None,
            attack == Attack::OpenSea,
        );
        let mut line = |what, mean: Mean, bar: Option<(bool, f64)>| match bar {
            Some((least, bound)) => report.judge("network", names(what), (mean, least, bound)),
            None => report.note("network", names(what), mean),
        };
        line("thrown", mean(|outcome| outcome.thrown), None);
        line(
            "opened in 24 h",
            mean(|outcome| outcome.opened_day),
            own.then_some((true, 0.9)),
        );
        line(
            "in 48 h",
            mean(|outcome| outcome.opened_two_days),
            attacked.then_some((true, 0.9)),
        );
        line(
            "lit or answered",
            mean(|outcome| outcome.answered),
            own.then_some((true, 0.6)),
        );
        line(
            "seen by k",
            mean(|outcome| outcome.shown),
            own.then_some((true, 0.99)),
        );
        line("never seen", mean(|outcome| outcome.unseen), None);
        line("Gini", mean(|outcome| outcome.gini), own.then_some((false, 0.35)));
        line("median wait, h", mean(|outcome| outcome.wait_hours), None);
        line("looks at the most seen", mean(|outcome| outcome.most), None);
    }
}

const SCENES: [(&str, Choosing, Attack); 5] = [
    ("matcher", Choosing::Matcher, Attack::None),
    ("random", Choosing::Random, Attack::None),
    ("pure relevance", Choosing::Relevance, Attack::None),
    ("matcher, attacked", Choosing::Matcher, Attack::OpenSea),
    ("attacked, places as locks", Choosing::Matcher, Attack::Locked),
];
