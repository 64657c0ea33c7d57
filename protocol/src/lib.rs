//! Wire types, limits, validation and the pure state machines.
//!
//! This crate decides what bytes mean and what to do about them. It performs no I/O, reads no clock and no global
//! randomness: time comes in as [`time::Now`] and random numbers as arguments, so every run can be replayed.
//! Start reading at [`wire`] (what travels), then [`validate`] (what is let in), then [`engine`] (what is done).
//! `docs/PROTOCOL.md` describes the same bytes for another implementation.

#![warn(missing_docs)]

pub mod admission;
pub mod claims;
pub mod clock_watch;
pub mod control;
pub mod economy;
pub mod engine;
#[doc(hidden)]
pub mod fuzzing;
pub mod hold;
pub mod ids;
pub mod invite;
pub mod limits;
pub mod mailbox;
pub mod mine;
pub mod mood;
pub mod post;
pub mod reconcile;
pub mod reputation;
pub mod rows;
pub mod schedule;
pub mod sky;
pub mod text;
pub mod thread;
pub mod time;
pub mod topic;
pub mod validate;
pub mod verdict;
pub mod wire;
