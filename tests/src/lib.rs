//! The simulator, cross-crate and end-to-end tests, and benches.

pub mod bench;
pub mod kill;
pub mod sim;
