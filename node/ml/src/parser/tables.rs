//! Hashed features against int8 tables: the linear heads, and the rows that tokens are made of.

use std::fmt;

use super::ngrams::Sparse;

/// A row of int8 numbers for each bucket, with one scale for each column.
pub(crate) struct Rows {
    buckets: u32,
    weights: Vec<i8>,
    scale: Vec<f32>,
}

/// A linear map from hashed features to a few outputs.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Rows,
    bias: Vec<f32>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Rows({} × {})", self.buckets, self.columns())
    }
}

impl Rows {
    /// `weights` holds `scale.len()` numbers for each of `buckets`, a power of two.
    pub(crate) fn new(buckets: u32, weights: &[u8], scale: Vec<f32>) -> Self {
        let weights = weights.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        Self {
            buckets,
            weights,
            scale,
        }
    }

    pub(crate) const fn buckets(&self) -> u32 {
        self.buckets
    }

    pub(crate) fn columns(&self) -> usize {
        self.scale.len()
    }

    /// The mean of the rows of some hashes; zero for none.
    pub(crate) fn mean(&self, hashes: &[u64]) -> Vec<f32> {
        let mask = u64::from(self.buckets).saturating_sub(1);
        let buckets = hashes
            .iter()
            .map(|hash| (u32::try_from(hash & mask).unwrap_or_default(), 1.0));
        let mut mean = self.sum(buckets);
        let count = hashes.len().max(1) as f32;
        for (value, scale) in mean.iter_mut().zip(&self.scale) {
            *value *= scale / count;
        }
        mean
    }

    /// Σ value · row, without the scale.
    fn sum(&self, input: impl Iterator<Item = (u32, f32)>) -> Vec<f32> {
        let columns = self.columns();
        let mut sums = vec![0.0_f32; columns];
        for (bucket, value) in input {
            let start = usize::try_from(bucket)
                .unwrap_or(usize::MAX)
                .saturating_mul(columns);
            let row = self.weights.get(start..start.saturating_add(columns));
            for (sum, weight) in sums.iter_mut().zip(row.unwrap_or_default()) {
                *sum += value * f32::from(*weight);
            }
        }
        sums
    }
}

impl Table {
    pub(crate) const fn new(rows: Rows, bias: Vec<f32>) -> Self {
        Self { rows, bias }
    }

    /// bias + scale · Σ value · weight, for each output.
    pub(crate) fn apply(&self, input: &Sparse) -> Vec<f32> {
        let sums = self.rows.sum(input.0.iter().copied());
        let scaled = sums.iter().zip(&self.rows.scale).zip(&self.bias);
        scaled.map(|((sum, scale), bias)| bias + scale * sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows::new(2, &[1, 2, 0xff, 4], vec![0.5, 2.0])
    }

    #[test]
    fn a_table_is_linear_and_rows_have_a_mean() {
        let table = Table::new(rows(), vec![1.0, 0.0]);
        assert_eq!(table.apply(&Sparse(vec![(0, 2.0), (1, 1.0)])), [1.5, 16.0]);
        assert_eq!(rows().mean(&[0, 3]), [0.0, 6.0]);
        assert_eq!(rows().mean(&[]), [0.0, 0.0]);
    }
}
