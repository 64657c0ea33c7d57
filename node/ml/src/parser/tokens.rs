//! The words of a window as tokens of the Transformer: each is the bag of its n-grams' hashes.
//!
//! There is no vocabulary: a token's vector is the mean of hashed rows (Bojanowski et al., "Enriching word vectors with subword
//! information", 2017), so that no word is unknown and a misspelt one lies near the right one. Scripts whose words have no edges give a
//! token for each character. `training/tokens.py` does the same, and a test compares the two.

use super::ngrams::{EDGE, Hash, SINGLES_FROM, Words};

/// Tokens of a window at most; the first ones count.
pub const TOKENS_MAX: usize = 128;
/// Features of a token at most; the first ones count.
const FEATURES_MAX: usize = 64;
/// Lengths of n-grams in a token with letters.
const LETTERS: std::ops::RangeInclusive<usize> = 1..=5;
/// Lengths of the n-grams around an ideograph.
const AROUND: std::ops::RangeInclusive<usize> = 1..=3;

/// The hashes of each token's features.
#[must_use]
pub fn tokens(words: &Words) -> Vec<Vec<u64>> {
    let mut found = Vec::new();
    for word in &words.0 {
        if found.len() >= TOKENS_MAX {
            break;
        }
        let letters: Vec<char> = word.chars().collect();
        split(&letters, &mut found);
    }
    found.truncate(TOKENS_MAX);
    found
}

/// A run of letters is a token, and so is each ideograph.
fn split(word: &[char], found: &mut Vec<Vec<u64>>) {
    let padded: Vec<char> = std::iter::once(EDGE)
        .chain(word.iter().copied())
        .chain([EDGE])
        .collect();
    let mut at = 0;
    for part in word.chunk_by(|left, right| !is_ideograph(*left) && !is_ideograph(*right)) {
        match part {
            [one] if is_ideograph(*one) => found.push(ideograph(&padded, at + 1)),
            letters => found.push(run(letters)),
        }
        at += part.len();
    }
}

fn run(letters: &[char]) -> Vec<u64> {
    let padded: Vec<char> = std::iter::once(EDGE)
        .chain(letters.iter().copied())
        .chain([EDGE])
        .collect();
    let mut hashes = vec![Hash::new(b'w').letters(letters).end()];
    for length in LETTERS {
        let grams = padded.windows(length);
        let grams = grams.filter(|gram| length > 1 || gram.iter().all(|letter| *letter >= SINGLES_FROM));
        hashes.extend(grams.map(|gram| Hash::new(b'c').letters(gram).end()));
    }
    hashes.truncate(FEATURES_MAX);
    hashes
}

/// All n-grams of the padded word that contain the character at `place`.
fn ideograph(padded: &[char], place: usize) -> Vec<u64> {
    let mut hashes = Vec::new();
    for length in AROUND {
        let starts = (place + 1).saturating_sub(length)..=place;
        let grams = starts.filter_map(|start| padded.get(start..start + length));
        hashes.extend(grams.map(|gram| Hash::new(b'c').letters(gram).end()));
    }
    hashes
}

/// Han, kana and their kin; not Hangul, whose words have edges.
const fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        tokens(&Words::of(text)).len()
    }

    #[test]
    fn words_with_edges_are_tokens_and_others_fall_into_characters() {
        assert_eq!((count(""), count("one two!"), count("안녕 친구")), (0, 3, 2));
        assert_eq!((count("今日は"), count("gps付き"), count("t恤衫x")), (3, 3, 4));
        assert_eq!(count(&"字".repeat(500)), TOKENS_MAX);
    }

    #[test]
    fn a_token_has_bounded_features() {
        let long = tokens(&Words::of(&"x".repeat(5_000)));
        assert_eq!(long[0].len(), FEATURES_MAX);
        // One character, two pairs, and the triples that hold it: three in the middle, fewer at an edge.
        let run: Vec<usize> = tokens(&Words::of("今日は")).iter().map(Vec::len).collect();
        assert_eq!(run, [5, 6, 5]);
    }
}
