//! The simulator, cross-crate and end-to-end tests, and benches.
