//! What became of the bottles.

use meteorite_protocol::limits::SLOTS_DEFAULT;

use super::shore::Stone;

/// The figures of one network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Bottles thrown.
    pub(crate) thrown: f64,
    /// Share opened by a stranger within 24 hours.
    pub(crate) opened_day: f64,
    /// Within 48 hours.
    pub(crate) opened_two_days: f64,
    /// Share lit or answered.
    pub(crate) answered: f64,
    /// Share looked at by as many strangers as they had places.
    pub(crate) shown: f64,
    /// Share never looked at.
    pub(crate) unseen: f64,
    /// Gini coefficient of the times they were looked at.
    pub(crate) gini: f64,
    /// Median hours from throw to first open; those never opened count as forever.
    pub(crate) wait_hours: f64,
    /// Looks at the one looked at most.
    pub(crate) most: f64,
}

impl Outcome {
    /// Of bottles that have sunk by `end`.
    pub(super) fn of(stones: &[Stone], end: u64) -> Self {
        let done: Vec<&Stone> = stones.iter().filter(|stone| stone.sinks_at <= end).collect();
        let share = |is: &dyn Fn(&Stone) -> bool| {
            done.iter().filter(|stone| is(stone)).count() as f64 / done.len().max(1) as f64
        };
        let within = |hours: u64| {
            share(&|stone: &Stone| {
                stone
                    .first_open
                    .is_some_and(|at| at <= stone.thrown_at + hours * HOUR_MS)
            })
        };
        let mut waits: Vec<f64> = done
            .iter()
            .map(|stone| {
                stone
                    .first_open
                    .map_or(f64::INFINITY, |at| (at - stone.thrown_at) as f64 / HOUR_MS as f64)
            })
            .collect();
        waits.sort_by(f64::total_cmp);
        let shows: Vec<f64> = done.iter().map(|stone| f64::from(stone.shows)).collect();
        Self {
            thrown: done.len() as f64,
            opened_day: within(24),
            opened_two_days: within(48),
            answered: share(&|stone| stone.answered),
            shown: share(&|stone| stone.strangers.len() >= usize::from(SLOTS_DEFAULT)),
            unseen: share(&|stone| stone.shows == 0),
            gini: gini(&shows),
            wait_hours: waits.get(waits.len() / 2).copied().unwrap_or_default(),
            most: shows.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// Gini's coefficient: 0 when all have alike, near 1 when one has all.
pub(crate) fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let sum: f64 = sorted.iter().sum();
    let ranked: f64 = sorted
        .iter()
        .enumerate()
        .map(|(rank, value)| (rank as f64 + 1.0) * value)
        .sum();
    let count = sorted.len() as f64;
    if sum > 0.0 {
        2.0 * ranked / (count * sum) - (count + 1.0) / count
    } else {
        0.0
    }
}

const HOUR_MS: u64 = 3_600_000;

#[cfg(test)]
mod tests {
    use super::gini;

    #[test]
    fn gini_knows_equality_and_monopoly() {
        assert!(gini(&[3.0; 8]).abs() < 1e-12);
        assert!((gini(&[0.0, 0.0, 0.0, 5.0]) - 0.75).abs() < 1e-12);
        assert!(gini(&[0.0; 3]).abs() < 1e-12);
    }
}
