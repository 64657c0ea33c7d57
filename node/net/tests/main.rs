//! Tests of the swarm through its public door: real transports on loopback and in memory, hostile peers made of bare libp2p swarms.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets the unexpected has to fail"
)]

mod content;
mod discovery;
mod floods;
mod gossip;
mod harness;
mod hostile;
mod lifecycle;
mod relay;
mod requests;
