//! The 24 words a person writes on paper: BIP-39, English, 256 bits.
//!
//! The words *are* the [`Root`]: its 32 bytes with an 8-bit checksum, in groups of 11 bits. BIP-39's own way from words
//! to a key (PBKDF2 and an optional passphrase) is not used: a second secret beside the words is one more thing to lose.
//!
//! Reading is tolerant, because people copy by hand and paste from anywhere: case, line breaks, numbering, full-width
//! letters and stray accents are all forgiven, since the checksum decides in the end. It refuses other languages, other
//! lengths and abbreviated words. An error names the place of a word and never the word itself, so that it can be logged.
//!
//! Called at first run, at restore, and when the user asks to see the words again.

use std::fmt;

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::{Zeroize, Zeroizing};

use crate::root::Root;

/// How many words there are: 24, which is 256 bits and an 8-bit checksum.
pub const WORD_COUNT: usize = 24;

/// The longest text [`Words::parse`] looks at, in bytes; longer text is refused unread. 24 words need at most 215.
pub const INPUT_BYTES_MAX: usize = 4_096;

/// 24 valid words, wiped when dropped.
#[derive(Clone)]
pub struct Words {
    phrase: Zeroizing<String>,
    root: Root,
}

impl Words {
    /// Draws 256 fresh bits and spells them.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_root(&Root::generate(rng))
    }

    /// Spells a root again, for the screen "show my words".
    pub fn from_root(root: &Root) -> Self {
        let mnemonic =
            Mnemonic::from_entropy_in(Language::English, root.expose()).expect("BIP-39 spells any 256 bits");
        Self::spell(&mnemonic, root.clone())
    }

    /// Reads words that a person typed or pasted.
    ///
    /// # Errors
    /// [`WordsError`] says what to look at: how many words there are, which one is unknown, or that the checksum fails.
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        if text.len() > INPUT_BYTES_MAX {
            return Err(WordsError::TooLong);
        }
        let tidy = tidy(text);
        let found = tidy.split(' ').filter(|word| !word.is_empty()).count();
        if found != WORD_COUNT {
            return Err(WordsError::Count { found });
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &tidy).map_err(explain)?;
        let (mut entropy, _) = mnemonic.to_entropy_array();
        let root = entropy.first_chunk::<32>().map(Root::from_bytes);
        entropy.zeroize();
        let root = root.ok_or(WordsError::Checksum)?;
        Ok(Self::spell(&mnemonic, root))
    }

    /// The words in lower case with single spaces between them. Show them; never log or send them.
    pub fn expose(&self) -> &str {
        &self.phrase
    }

    /// The root that these words spell.
    pub fn root(&self) -> Root {
        self.root.clone()
    }

    fn spell(mnemonic: &Mnemonic, root: Root) -> Self {
        let mut phrase = Zeroizing::new(String::with_capacity(PHRASE_BYTES_MAX));
        for word in mnemonic.words() {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        Self { phrase, root }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

/// Why a text is not a set of words; each variant tells the reader where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// The text is longer than [`INPUT_BYTES_MAX`]: something else was pasted.
    #[error("this text is far too long for 24 words; paste only the words")]
    TooLong,
    /// A word is missing or there is one too many.
    #[error("there are {found} words here and 24 are needed; check for a missing or doubled word")]
    Count {
        /// How many words the text holds.
        found: usize,
    },
    /// One word is not in the list: a slip of the pen.
    #[error("word {position} is not one of the list's words; check its spelling")]
    Unknown {
        /// Which word it is, counted from 1.
        position: usize,
    },
    /// Every word exists, but together they cannot be right.
    #[error("every word is in the list but they do not fit together; check for a swapped or misread word")]
    Checksum,
}

/// The list's words that begin with `prefix` (lower case), in its order: completion while typing.
pub fn completions(prefix: &str) -> impl Iterator<Item = &'static str> + '_ {
    Language::English.words_by_prefix_iter(prefix)
}

/// Lower-case words with one space between them, whatever stood between them before.
///
/// NFKD turns full-width letters into plain ones and splits accents off, which are then dropped.
fn tidy(text: &str) -> Zeroizing<String> {
    // Reserved in full, because a growing string leaves copies of the words behind: English letters never get longer
    // here, and what does (U+FDFA becomes 33 bytes) is no secret of ours and bounded by the limit on the input.
    let mut tidy = Zeroizing::new(String::with_capacity(text.len()));
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        if letter.is_alphabetic() {
            tidy.extend(letter.to_lowercase());
        } else if !tidy.is_empty() && !tidy.ends_with(' ') {
            tidy.push(' ');
        }
    }
    tidy
}

fn explain(error: bip39::Error) -> WordsError {
    match error {
        bip39::Error::BadWordCount(found) => WordsError::Count { found },
        bip39::Error::UnknownWord(index) => WordsError::Unknown {
            position: index.saturating_add(1),
        },
        bip39::Error::BadEntropyBitCount(_)
        | bip39::Error::InvalidChecksum
        | bip39::Error::AmbiguousLanguages(_) => WordsError::Checksum,
    }
}

/// 24 words of at most 8 letters and the spaces between them.
const PHRASE_BYTES_MAX: usize = WORD_COUNT * 8 + WORD_COUNT - 1;
