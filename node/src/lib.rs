//! The node: everything between the pure cores of `meteorite-protocol` and the world.
//!
//! [`Node`] is the only door: a [`Request`](meteorite_protocol::control::Request) goes in, a reply comes out, a snapshot says
//! how things are and notices say what happened. Behind it one actor owns the engine, the vault of secrets and the store, and
//! executes the engine's effects: durable rows first, in one transaction, then everything that leaves this computer.
//!
//! Code map: [`config`] and [`data_dir`] (what a node is given), [`keys`] and [`backup`] (files of secrets), [`node`] (the
//! handle), `actor` (the loop and its effects), `vault` (composing and opening: the only code that sees plaintext and secret
//! keys together), `content` (bodies in IPFS), [`socket`] (the door for other programs of the same user), `doctor`.

#![warn(missing_docs)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the actor picks a few of many events and refusals; what is not named has one common answer"
)]

mod actor;
mod analyst;
pub mod backup;
pub mod config;
pub mod data_dir;
pub mod keys;
mod mining;
pub mod node;
pub mod socket;
mod vault;

pub use config::NodeConfig;
pub use node::Node;
