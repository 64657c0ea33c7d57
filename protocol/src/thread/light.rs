//! The six lights: the cheapest answer there is.

use serde::{Deserialize, Serialize};

use crate::limits::LIGHTS;

/// A sticker that says one thing. The names are keys of the text table; the wire carries the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Light {
    /// "I read this, and it is good that you wrote." 0.
    Warmth,
    /// "You made me laugh." 1.
    Laughter,
    /// "I had not known, or not seen it so." 2.
    Wonder,
    /// "I feel with you." 3.
    Comfort,
    /// "Go on, you can do it." 4.
    Courage,
    /// "Thank you." 5.
    Thanks,
}

impl Light {
    /// All lights, in the order of their numbers.
    pub const ALL: [Self; LIGHTS as usize] = [
        Self::Warmth,
        Self::Laughter,
        Self::Wonder,
        Self::Comfort,
        Self::Courage,
        Self::Thanks,
    ];

    /// The light with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Its number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Warmth => 0,
            Self::Laughter => 1,
            Self::Wonder => 2,
            Self::Comfort => 3,
            Self::Courage => 4,
            Self::Thanks => 5,
        }
    }

    /// Its name: a key of the text table and a word of the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warmth => "warmth",
            Self::Laughter => "laughter",
            Self::Wonder => "wonder",
            Self::Comfort => "comfort",
            Self::Courage => "courage",
            Self::Thanks => "thanks",
        }
    }

    /// The light with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|light| light.name() == name)
    }
}
