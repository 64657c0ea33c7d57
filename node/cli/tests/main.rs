//! The command line as its users meet it: the built binary, its output, its exit codes.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod analyse;
mod conditions;
mod demo;
mod forge;
mod harness;
mod help;
mod input;
mod journey;
mod json;
mod keys;
mod node;
