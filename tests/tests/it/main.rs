//! The one integration-test binary of the workspace: linking is slow, so there is one, with a module per subject.

mod kill;
mod sim;
mod tidy;
