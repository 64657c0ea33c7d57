//! Hashed n-grams: the input of every linear head.
//!
//! The training scripts compute the same features (`training/features.py`), and a test compares the two on fixed lines. A change here
//! needs new weights.
//!
//! Weinberger et al., "Feature hashing for large scale multitask learning" (2009); lengths and bucket counts were tuned on held-out data.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Features of one text at most; the first ones count.
pub const FEATURES_MAX: usize = 6_000;
/// Lengths of character n-grams, in code points.
const CHARACTERS: std::ops::RangeInclusive<usize> = 1..=5;
/// From here on a character alone counts too: scripts without spaces have words of one character.
pub(crate) const SINGLES_FROM: char = '\u{2e80}';
/// Stands before and after each word.
pub(crate) const EDGE: char = '\u{1}';

/// A text as words, normalised (NFKC, lower case).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

/// A sparse vector of length one (or empty): buckets ascending, with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparse(pub Vec<(u32, f32)>);

impl Words {
    /// Splits a text. Marks of exclamation and question are words of their own; other punctuation separates.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let lower: String = text.nfkc().collect::<String>().to_lowercase();
        let mut words = Vec::new();
        let mut word = String::new();
        for letter in lower.chars() {
            if !separates(letter) {
                word.push(letter);
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if matches!(letter, '!' | '?' | '¡' | '¿') {
                words.push(letter.to_string());
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        Self(words)
    }

    /// 64-bit hashes of all features, in order, at most [`FEATURES_MAX`].
    #[must_use]
    pub fn hashes(&self) -> Vec<u64> {
        let mut hashes = Vec::new();
        let mut before: Option<&str> = None;
        for word in &self.0 {
            hashes.push(Hash::new(b'w').text(word).end());
            if let Some(before) = before {
                hashes.push(Hash::new(b'b').text(before).text(" ").text(word).end());
            }
            before = Some(word);
            let padded: Vec<char> = std::iter::once(EDGE).chain(word.chars()).chain([EDGE]).collect();
            for length in CHARACTERS {
                let grams = padded.windows(length);
                let grams =
                    grams.filter(|gram| length > 1 || gram.iter().all(|letter| *letter >= SINGLES_FROM));
                hashes.extend(grams.map(|gram| Hash::new(b'c').letters(gram).end()));
            }
            if hashes.len() >= FEATURES_MAX {
                break;
            }
        }
        hashes.truncate(FEATURES_MAX);
        hashes
    }
}

impl Sparse {
    /// Counts hashes into `buckets` (a power of two), dampens the counts to `ln(1 + n)` and scales to length one.
    #[must_use]
    pub fn of(hashes: &[u64], buckets: u32) -> Self {
        let mask = u64::from(buckets).saturating_sub(1);
        let mut counts: HashMap<u32, u32> = HashMap::with_capacity(hashes.len());
        for hash in hashes {
            let bucket = u32::try_from(hash & mask).unwrap_or_default();
            *counts.entry(bucket).or_default() += 1;
        }
        let mut values: Vec<(u32, f32)> = counts
            .into_iter()
            .map(|(bucket, count)| (bucket, f64::from(count).ln_1p() as f32))
            .collect();
        values.sort_unstable_by_key(|(bucket, _)| *bucket);
        let length = values.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        for (_, value) in &mut values {
            *value /= length;
        }
        Self(values)
    }
}

fn separates(letter: char) -> bool {
    letter.is_whitespace()
        || (letter.is_ascii_punctuation() && letter != '\'')
        || matches!(letter, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '¡' | '¿' | '«' | '»' | '·')
        || matches!(
            letter.general_category(),
            GeneralCategory::Control | GeneralCategory::Format
        )
}

/// FNV-1a in 64 bits, folded.
#[derive(Clone)]
pub(crate) struct Hash(u64);

impl Hash {
    /// The first byte says what is hashed.
    pub(crate) fn new(kind: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).bytes(&[kind])
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn letters(self, letters: &[char]) -> Self {
        letters.iter().fold(self, |hash, letter| {
            hash.bytes(letter.encode_utf8(&mut [0; 4]).as_bytes())
        })
    }

    pub(crate) fn end(self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_words() {
        let check = |text: &str, expected: &[&str]| assert_eq!(Words::of(text).0, expected, "{text:?}");
        check("", &[]);
        check("  …—  ", &[]);
        check("Don't STOP!", &["don't", "stop", "!"]);
        check("¿Qué?", &["¿", "qué", "?"]);
        check("ＦＵＬＬ　ｗｉｄｔｈ", &["full", "width"]);
        check("今日は、いい天気。", &["今日は", "いい天気"]);
        check("a\u{200b}b\u{202e}c", &["a", "b", "c"]);
    }

    #[test]
    fn vector_has_length_one_and_a_bound() {
        let hashes = Words::of(&"one two ".repeat(5_000)).hashes();
        assert_eq!(hashes.len(), FEATURES_MAX);
        let sparse = Sparse::of(&hashes, 1 << 15);
        let length: f32 = sparse.0.iter().map(|(_, value)| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert_eq!(Sparse::of(&[], 1 << 15), Sparse::default());
    }
}
