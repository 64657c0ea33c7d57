//! What a message feels, says and is about, found on the device.
//!
//! Pure: no network, no clock, no randomness, no global state. The models' files lie in `assets/parser`, made by the scripts in
//! `training/`.

pub mod matcher;
pub mod parser;
pub mod policy;
pub mod welcome;
