//! The one integration-test binary of this crate: known answers, golden values of our own layouts, and damage.

mod golden;
mod sealing;
mod sign;
mod stamp;
mod support;
mod vault;
mod vectors;
mod words;
