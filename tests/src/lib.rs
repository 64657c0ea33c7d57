//! The simulator, cross-crate and end-to-end tests, and benches.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "benches and tests look for one answer among many"
)]

pub mod bench;
pub mod forge;
pub mod kill;
pub mod sim;
