//! The matcher's state as bytes: a line with version and checksum, then JSON.
//!
//! Anything that is not exactly what this version wrote is refused, and the matcher starts fresh and says why. It never fails to start.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Matcher;
use super::fairness::{Falls, NEIGHBOUR_WINDOW};
use super::memory::{Memory, StoredMemory};
use super::prior::Prior;
use super::reward::{OPEN_MAX, Watch};
use super::taste::Taste;

/// Bytes of the state at most; more are refused before they are read.
pub const STATE_BYTES_MAX: usize = 64 * 1024;

/// Why a matcher knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// The state is longer than any can be.
    TooLong,
    /// It was written by another version.
    OtherVersion,
    /// Its checksum is wrong, or what it says cannot be.
    Damaged,
}

/// A sentence for people.
impl fmt::Display for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong | Self::Damaged => {
                "What it had learned about your taste was damaged; it starts anew. Your bottles are safe."
            }
            Self::OtherVersion => {
                "What it had learned about your taste is from another version; it starts anew. Your bottles are safe."
            }
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    memory: StoredMemory,
    taste: Taste,
    watch: Watch,
    falls: Falls,
    learned: u64,
}

impl Matcher {
    /// The state as bytes, at most [`STATE_BYTES_MAX`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let stored = Stored {
            memory: self.memory.stored(),
            taste: self.taste.clone(),
            watch: self.watch.clone(),
            falls: self.falls.clone(),
            learned: self.learned,
        };
        // All of it are numbers and lists, which JSON always takes; an empty body would be refused on reading and start fresh.
        let body = serde_json::to_vec(&stored).unwrap_or_default();
        let mut bytes = format!("{MAGIC} {VERSION} {}\n", blake3::hash(&body)).into_bytes();
        bytes.extend(body);
        bytes
    }

    /// From bytes that [`to_bytes`](Self::to_bytes) wrote. When they cannot be used the matcher is new, and the reason is told.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], prior: Prior) -> (Self, Option<Fresh>) {
        match read(bytes) {
            Ok((memory, stored)) => {
                let matcher = Self {
                    prior,
                    memory,
                    taste: stored.taste,
                    watch: stored.watch,
                    falls: stored.falls,
                    learned: stored.learned,
                };
                (matcher, None)
            }
            Err(why) => (Self::new(prior), Some(why)),
        }
    }
}

fn read(bytes: &[u8]) -> Result<(Memory, Stored), Fresh> {
    if bytes.len() > STATE_BYTES_MAX {
        return Err(Fresh::TooLong);
    }
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or(Fresh::Damaged)?;
    let (head, body) = bytes.split_at_checked(end).ok_or(Fresh::Damaged)?;
    let body = body.get(1..).ok_or(Fresh::Damaged)?;
    let head = std::str::from_utf8(head).or(Err(Fresh::Damaged))?;
    let mut words = head.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(Fresh::Damaged);
    }
    if words.next() != Some(VERSION) {
        return Err(Fresh::OtherVersion);
    }
    if words.next() != Some(blake3::hash(body).to_hex().as_str()) {
        return Err(Fresh::Damaged);
    }
    let mut stored: Stored = serde_json::from_slice(body).or(Err(Fresh::Damaged))?;
    let memory = Memory::restore(&stored.memory).ok_or(Fresh::Damaged)?;
    if !stored.taste.is_sound() || stored.watch.len() > OPEN_MAX {
        return Err(Fresh::Damaged);
    }
    stored.falls.truncate(NEIGHBOUR_WINDOW);
    Ok((memory, stored))
}

const MAGIC: &str = "meteorite-matcher";
const VERSION: &str = "1";
