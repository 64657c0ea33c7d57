//! Symmetric matrices of the model's size: product, inverse, and their triangle as it is stored.
#![expect(clippy::indexing_slicing, reason = "loops over the fixed size of the arrays")]

use super::features::D;

/// A square matrix, row by row.
pub type Matrix = [[f64; D]; D];

/// Matrix times vector.
pub(crate) fn product(matrix: &Matrix, vector: &[f64; D]) -> [f64; D] {
    let mut result = [0.0; D];
    for (sum, row) in result.iter_mut().zip(matrix) {
        *sum = row.iter().zip(vector).map(|(a, b)| a * b).sum();
    }
    result
}

/// The inverse by Cholesky's decomposition, exactly symmetric; `None` when the matrix is not positive definite.
#[must_use]
pub fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let lower = cholesky(matrix)?;
    // The inverse of the lower triangle, column by column.
    let mut root = [[0.0; D]; D];
    for column in 0..D {
        root[column][column] = 1.0 / lower[column][column];
        for row in column + 1..D {
            let sum: f64 = (column..row).map(|k| lower[row][k] * root[k][column]).sum();
            root[row][column] = -sum / lower[row][row];
        }
    }
    let mut inverse = [[0.0; D]; D];
    for row in 0..D {
        for column in 0..=row {
            let sum: f64 = (row..D).map(|k| root[k][row] * root[k][column]).sum();
            inverse[row][column] = sum;
            inverse[column][row] = sum;
        }
    }
    inverse
        .iter()
        .flatten()
        .all(|value| value.is_finite())
        .then_some(inverse)
}

/// The lower triangle whose product with its transpose is the matrix; `None` when the matrix is not positive definite.
#[must_use]
pub fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let mut lower = [[0.0; D]; D];
    for row in 0..D {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - dot;
            if row == column {
                // Also refuses what is not a number.
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// The symmetric matrix of a lower triangle; `None` when its size is wrong.
#[must_use]
pub fn from_triangle(triangle: &[f64]) -> Option<Matrix> {
    if triangle.len() != D * (D + 1) / 2 {
        return None;
    }
    let mut matrix = diagonal(0.0);
    let places = (0..D).flat_map(|row| (0..=row).map(move |column| (row, column)));
    for ((row, column), value) in places.zip(triangle) {
        matrix[row][column] = *value;
        matrix[column][row] = *value;
    }
    Some(matrix)
}

/// Ones on the diagonal, times a factor.
#[must_use]
pub fn diagonal(value: f64) -> Matrix {
    let mut matrix = [[0.0; D]; D];
    for (at, row) in matrix.iter_mut().enumerate() {
        row[at] = value;
    }
    matrix
}
