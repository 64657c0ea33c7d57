//! The one integration-test binary of the workspace: linking is slow, so there is one, with a module per subject.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod author;
mod floods;
mod harness;
mod kill;
mod mailbox;
mod sim;
mod tidy;
