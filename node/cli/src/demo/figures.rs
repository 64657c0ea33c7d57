//! The demo in numbers.

use serde::Serialize;

/// What the demo comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    /// Nodes.
    pub(super) ships: usize,
    /// Lines that were to be thrown.
    pub(super) lines: usize,
    /// Bottles thrown, those of the user included.
    pub(super) thrown: usize,
    /// Lines that no ship was allowed to throw any more.
    pub(super) ashore: usize,
    /// Bottles that every other sky showed.
    pub(super) everywhere: usize,
    /// Bottles that at least one stranger caught and read.
    pub(super) read: usize,
    /// Readings in all.
    pub(super) readings: usize,
    /// Stickers sent.
    pub(super) lights: usize,
    /// Letters sent.
    pub(super) letters: usize,
    /// Stickers and letters that came.
    pub(super) arrived: usize,
    /// Work for the stamp.
    pub(super) stamp: Figures,
    /// From the throw to one other sky, each counted.
    pub(super) one_sky: Figures,
    /// From the throw to the last of the other skies.
    pub(super) every_sky: Figures,
    /// From the throw to its first reading, the reader's work for the claim included.
    pub(super) first_read: Figures,
    /// Milliseconds from start to end.
    pub(super) took_ms: u64,
}

/// Percentiles in milliseconds (nearest rank).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// How many values.
    pub(super) count: usize,
    /// Half of them took no longer.
    pub(super) p50_ms: u64,
    /// Nine of ten took no longer.
    pub(super) p90_ms: u64,
    /// None took longer.
    pub(super) max_ms: u64,
}

impl Figures {
    /// From values in any order.
    pub(super) fn new(mut values_ms: Vec<u64>) -> Self {
        values_ms.sort_unstable();
        let rank = |percent: usize| {
            let rank = (values_ms.len() * percent).div_ceil(100).saturating_sub(1);
            values_ms.get(rank).copied().unwrap_or(0)
        };
        Self {
            count: values_ms.len(),
            p50_ms: rank(50),
            p90_ms: rank(90),
            max_ms: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let check = |values: &[u64], p50_ms, p90_ms, max_ms| {
            let expected = Figures {
                count: values.len(),
                p50_ms,
                p90_ms,
                max_ms,
            };
            assert_eq!(Figures::new(values.to_vec()), expected);
        };
        check(&[], 0, 0, 0);
        check(&[7], 7, 7, 7);
        check(&[4, 1, 3, 2], 2, 4, 4);
        check(&(1..=10).collect::<Vec<_>>(), 5, 9, 10);
    }
}
