//! Composing rules: what a person may write, and how it is cleaned.
//!
//! [`clean`] makes text harmless to lay out (no controls, no bidi overrides, no towers of marks, NFC); it never refuses and
//! cleaning twice changes nothing. [`compose`] cleans and then counts, in user-perceived characters (UAX #29 extended
//! grapheme clusters) and in bytes, and explains a refusal. [`advise`] nudges; advice is never an error.
//! The composer calls these before sealing; whoever shows a stranger's text calls [`clean`] again, because a stranger's
//! program need not have done so.

mod clean;

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::limits;

pub use clean::{clean, clean_line};

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// The text of a bottle.
    Bottle,
    /// The text of a letter.
    Letter,
    /// The name under a bottle.
    Nick,
    /// One tag.
    Tag,
}

impl TextKind {
    /// User-perceived characters at most; `None` where only bytes count.
    #[must_use]
    pub const fn graphemes_max(self) -> Option<usize> {
        match self {
            Self::Bottle => Some(limits::TEXT_GRAPHEMES_MAX),
            Self::Letter => None,
            Self::Nick => Some(limits::NICK_GRAPHEMES_MAX),
            Self::Tag => Some(limits::TAG_GRAPHEMES_MAX),
        }
    }

    /// UTF-8 bytes at most.
    #[must_use]
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Bottle => limits::TEXT_BYTES_MAX,
            Self::Letter => limits::LETTER_TEXT_BYTES_MAX,
            Self::Nick => limits::NICK_BYTES_MAX,
            Self::Tag => limits::TAG_BYTES_MAX,
        }
    }

    const fn is_one_line(self) -> bool {
        match self {
            Self::Bottle | Self::Letter => false,
            Self::Nick | Self::Tag => true,
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Bottle => "message",
            Self::Letter => "letter",
            Self::Nick => "nickname",
            Self::Tag => "tag",
        }
    }
}

/// Why a text cannot be sent, in words for its writer. Nothing was sent and nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing visible is in it.
    #[error("The {} is empty. Write at least one visible character.", .0.noun())]
    Empty(TextKind),
    /// Too many characters.
    #[error(
        "The {} is too long: it has {graphemes} characters, and {max} fit. Shorten it by {}.",
        kind.noun(),
        graphemes - max
    )]
    TooManyGraphemes {
        /// What it was.
        kind: TextKind,
        /// How many it has.
        graphemes: usize,
        /// How many fit.
        max: usize,
    },
    /// Too many bytes: some characters (emoji, accents, many scripts) take several.
    #[error(
        "The {} takes too much room: {bytes} bytes, and {max} fit. Emoji and letters of many scripts take 2 to 30 bytes \
         each; shorten it a little.",
        kind.noun()
    )]
    TooManyBytes {
        /// What it was.
        kind: TextKind,
        /// How many it has.
        bytes: usize,
        /// How many fit.
        max: usize,
    },
    /// Too many tags.
    #[error("There are {count} tags, and {max} fit. Remove {}.", count - max)]
    TooManyTags {
        /// How many there are.
        count: usize,
        /// How many fit.
        max: usize,
    },
}

/// A cleaned and counted text that may be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    text: String,
    graphemes: usize,
    changed: bool,
}

impl Composed {
    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The cleaned text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// How many user-perceived characters it has.
    #[must_use]
    pub const fn graphemes(&self) -> usize {
        self.graphemes
    }

    /// The number of characters as a header states it.
    #[must_use]
    pub fn length(&self) -> u16 {
        u16::try_from(self.graphemes).unwrap_or(u16::MAX)
    }

    /// Whether cleaning changed anything, so that the writer can be shown what will be sent.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.changed
    }
}

/// The text is never in a log.
impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Composed({} graphemes, {} bytes)",
            self.graphemes,
            self.text.len()
        )
    }
}

/// Cleans and counts a text.
///
/// # Errors
/// A [`TextError`] that can be shown to the writer.
pub fn compose(kind: TextKind, raw: &str) -> Result<Composed, TextError> {
    let text = if kind.is_one_line() {
        clean_line(raw)
    } else {
        clean(raw)
    };
    if !text.chars().any(clean::is_visible) {
        return Err(TextError::Empty(kind));
    }
    let graphemes = count_graphemes(&text);
    if let Some(max) = kind.graphemes_max()
        && graphemes > max
    {
        return Err(TextError::TooManyGraphemes { kind, graphemes, max });
    }
    let max = kind.bytes_max();
    if text.len() > max {
        return Err(TextError::TooManyBytes {
            kind,
            bytes: text.len(),
            max,
        });
    }
    Ok(Composed {
        changed: text != raw,
        text,
        graphemes,
    })
}

/// Cleans tags: without leading `#`, without empty ones and repetitions, in the order given.
///
/// # Errors
/// A [`TextError`] that can be shown to the writer.
pub fn compose_tags<'a>(raw: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, TextError> {
    let mut seen = BTreeSet::new();
    let mut tags = Vec::new();
    for tag in raw {
        let tag = clean_line(tag);
        let tag = tag.trim_start_matches(['#', ' ']);
        if !tag.chars().any(clean::is_visible) || !seen.insert(tag.to_lowercase()) {
            continue;
        }
        tags.push(compose(TextKind::Tag, tag)?.into_string());
    }
    if tags.len() > limits::TAGS_MAX {
        return Err(TextError::TooManyTags {
            count: tags.len(),
            max: limits::TAGS_MAX,
        });
    }
    Ok(tags)
}

/// A nudge for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// A stranger will have little to answer to.
    Short {
        /// How many characters it has.
        graphemes: usize,
        /// From how many on there is no nudge.
        enough: usize,
    },
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short { .. } => f.write_str(
                "This is quite short. A stranger finds more to answer when you add a detail or a question. \
                 You can also throw it as it is.",
            ),
        }
    }
}

/// Advice for the text of a bottle, if there is any.
#[must_use]
pub fn advise(text: &Composed) -> Option<Advice> {
    let enough = if is_mostly_cjk(text.as_str()) {
        limits::TEXT_SHORT_GRAPHEMES_CJK
    } else {
        limits::TEXT_SHORT_GRAPHEMES
    };
    let graphemes = text.graphemes();
    (graphemes < enough).then_some(Advice::Short { graphemes, enough })
}

/// How many user-perceived characters a text has.
#[must_use]
pub fn count_graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Whether at least half of the letters are Chinese, Japanese or Korean.
#[must_use]
pub fn is_mostly_cjk(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (cjk, all) = letters.fold((0_usize, 0_usize), |(cjk, all), c| {
        (cjk + usize::from(is_cjk(c)), all + 1)
    });
    all > 0 && cjk * 2 >= all
}

const fn is_cjk(c: char) -> bool {
    matches!(
        c,
        '\u{1100}'..='\u{11ff}'
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{3ffff}'
    )
}
