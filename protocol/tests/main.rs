//! The tests of this crate through its public surface, in one binary because linking is slow.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail")]

mod core_claims;
mod core_admission;
mod corpus;
mod diagnostic;
mod invite;
mod letters_economy;
mod letters_hold;
mod letters_thread;
mod letters_kit;
mod letters_mine;
mod limits;
mod samples;
mod text;
mod validate;
mod wire;
