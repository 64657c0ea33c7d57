//! Real nodes on loopback, with their own folders, keys, databases and sockets.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod clock;
mod drift;
mod falls;
mod folder;
mod harness;
mod screen;
