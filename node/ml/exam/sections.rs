//! The parts of the exam.

pub(crate) mod costs;
pub(crate) mod estimators;
pub(crate) mod network;
pub(crate) mod open_bandit;
pub(crate) mod worlds;
