//! The simulator, cross-crate and end-to-end tests, and benches.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "benches and tests look for one answer among many"
)]

pub mod bench;
pub mod forge;
pub mod kill;
pub mod sim;

use meteorite_protocol::control::Request;

/// A throw without a second thought: what the parser makes of a text is not what these tests are about.
pub fn throw(words: impl Into<String>) -> Request {
    let mut request = Request::throw(words);
    if let Request::Throw { sure, .. } = &mut request {
        *sure = true;
    }
    request
}
