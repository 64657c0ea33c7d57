//! The tests of this crate through its public surface, in one binary because linking is slow.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail")]

mod core_admission;
mod core_chaos;
mod core_claims;
mod core_disk;
mod core_engine;
mod core_hostile;
mod core_make;
mod core_net;
mod core_scene;
mod core_sky;
mod core_sync;
mod corpus;
mod diagnostic;
mod invite;
mod letters_collect;
mod letters_economy;
mod letters_hold;
mod letters_kit;
mod letters_mailbox;
mod letters_mine;
mod letters_post;
mod letters_query;
mod letters_thread;
mod letters_thread_hostile;
mod letters_world;
mod limits;
mod samples;
mod text;
mod validate;
mod wire;
