//! The one integration-test binary of the workspace: linking is slow, so there is one, with a module per subject.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod kill;
mod sim;
mod tidy;
