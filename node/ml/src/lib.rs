//! What a message feels, says and is about, found on the device, and the stone that is drawn for it.
//!
//! Pure: no network, no clock, no randomness, no global state. The models' files lie in `assets/parser` and `assets/generator`, made by the scripts in
//! `training/`.

pub mod generator;
pub mod matcher;
pub mod parser;
pub mod policy;
pub mod welcome;
