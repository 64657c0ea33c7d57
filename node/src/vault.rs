//! Where plaintext and secret keys meet: composing and opening bottles, claims and letters.
//!
//! Everything else in the node handles sealed bytes. Nothing here reads a clock, touches a disk or a socket, or logs.

pub(crate) mod bottle;
pub(crate) mod claim;
pub(crate) mod letter;
