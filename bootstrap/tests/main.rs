//! The bootstrap server from outside: over HTTP, over the network, and as the real binary that gets killed.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets the unexpected has to fail"
)]

mod binary;
mod bottles;
mod client;
mod harness;
mod http;
mod lifecycle;
mod mail;
mod sky;
