//! The parts of a header that have rules of their own: mood, gist, language, body key, extensions.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::{self, Bytes};
use super::{WireError, require};
use crate::limits;

/// Eight intensities on Plutchik's wheel, in the order of [`MOODS`](crate::mood::MOODS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mood(#[serde(with = "bytes::array")] pub [u8; 8]);

/// A 64-dimensional embedding of the text, quantised by its author.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gist(pub [i8; 64]);

impl Default for Gist {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl fmt::Debug for Gist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gist({:?}…)", self.0.get(..4).unwrap_or_default())
    }
}

impl Serialize for Gist {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.map(i8::cast_unsigned))
    }
}

impl<'de> Deserialize<'de> for Gist {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes::array::deserialize(deserializer).map(|raw: [u8; 64]| Self(raw.map(u8::cast_signed)))
    }
}

/// A primary language subtag (BCP 47): two to eight lowercase letters, `und` when unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lang {
    letters: [u8; limits::LANG_BYTES_MAX],
    len: u8,
}

impl Lang {
    /// The language is not known.
    pub const UNDETERMINED: Self = Self {
        letters: *b"und\0\0\0\0\0",
        len: 3,
    };

    /// The tag, if it is two to eight lowercase ASCII letters.
    #[must_use]
    pub fn new(tag: &str) -> Option<Self> {
        let raw = tag.as_bytes();
        let fits =
            (2..=limits::LANG_BYTES_MAX).contains(&raw.len()) && raw.iter().all(u8::is_ascii_lowercase);
        if !fits {
            return None;
        }
        let mut letters = [0; limits::LANG_BYTES_MAX];
        for (to, from) in letters.iter_mut().zip(raw) {
            *to = *from;
        }
        Some(Self {
            letters,
            len: u8::try_from(raw.len()).ok()?,
        })
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or("und")
    }

    /// Whether this language is usually written without spaces and with few characters.
    #[must_use]
    pub fn is_cjk(&self) -> bool {
        matches!(self.as_str(), "zh" | "ja" | "ko" | "yue" | "wuu")
    }
}

impl Default for Lang {
    fn default() -> Self {
        Self::UNDETERMINED
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lang({})", self.as_str())
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Lang {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Lang {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&tag).ok_or_else(|| D::Error::custom("not a primary language subtag"))
    }
}

/// How the body is locked. On the wire the list `[kind, bytes]`.
#[derive(Clone, PartialEq, Eq)]
pub enum BodyKeyKind {
    /// The key itself: whoever holds the message can read it. Kind 0, 32 bytes.
    Open([u8; 32]),
    /// A lock of a later version, which this one forwards and does not show.
    Unknown {
        /// Its kind, 1 to 255.
        kind: u8,
        /// What it carries.
        data: Bytes,
    },
}

impl BodyKeyKind {
    const OPEN: u8 = 0;

    /// Whether this version knows the kind.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        match self {
            Self::Open(_) => true,
            Self::Unknown { .. } => false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Open(_) => Ok(()),
            Self::Unknown { kind, data } => require(
                *kind != Self::OPEN && data.len() <= limits::UNKNOWN_KEY_BYTES_MAX,
                "key",
            ),
        }
    }
}

impl fmt::Debug for BodyKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) => f.write_str("Open(…)"),
            Self::Unknown { kind, data } => write!(f, "Unknown({kind}, {} bytes)", data.len()),
        }
    }
}

impl Serialize for BodyKeyKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Open(key) => (Self::OPEN, Bytes(key.to_vec())).serialize(serializer),
            Self::Unknown { kind, data } => (kind, data).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BodyKeyKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, data) = <(u8, Bytes)>::deserialize(deserializer)?;
        if kind != Self::OPEN {
            return Ok(Self::Unknown { kind, data });
        }
        match data.as_slice().try_into() {
            Ok(key) => Ok(Self::Open(key)),
            Err(_) => Err(D::Error::invalid_length(data.len(), &"32 bytes")),
        }
    }
}

/// What is not invented yet: numbered byte strings, in strictly rising order. Maps of dag-cbor have text keys only, so on
/// the wire this is a list of pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extensions(
    #[serde(deserialize_with = "bytes::list::<_, _, { limits::EXTENSIONS_MAX }>")] Vec<(u16, Bytes)>,
);

impl Extensions {
    /// Numbers that this version knows. None yet.
    pub const KNOWN: [u16; 0] = [];

    /// The entries, put in order.
    ///
    /// # Errors
    /// [`WireError::OutOfRange`] for a number twice, too many entries or too many bytes.
    pub fn new(mut entries: Vec<(u16, Vec<u8>)>) -> Result<Self, WireError> {
        entries.sort();
        let made = Self(
            entries
                .into_iter()
                .map(|(number, data)| (number, Bytes(data)))
                .collect(),
        );
        made.check()?;
        Ok(made)
    }

    /// The value with this number.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(n, _)| *n == number)
            .map(|(_, data)| data.as_slice())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this version knows all numbers in it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.iter().all(|(number, _)| Self::KNOWN.contains(number))
    }

    pub(crate) fn check(&self) -> Result<(), WireError> {
        let rising = self
            .0
            .iter()
            .zip(self.0.iter().skip(1))
            .all(|((a, _), (b, _))| a < b);
        let bytes: usize = self.0.iter().map(|(_, data)| data.len() + 4).sum();
        require(rising, "x")?;
        require(
            self.0.len() <= limits::EXTENSIONS_MAX && bytes <= limits::EXTENSION_BYTES_MAX,
            "x",
        )
    }
}
