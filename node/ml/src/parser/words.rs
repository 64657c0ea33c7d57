//! The word list: which terms lift a text's tone whatever a model thinks, and which are sexual.
//!
//! Only hashes are shipped (`training/words.py` makes them from public lists). Scripts with spaces are matched word by word, up to four
//! words; the others by any run of letters inside a word.

use super::ngrams::{Hash, Words};
use super::weights::LoadError;

/// Words of a term at most.
const TERM_WORDS_MAX: usize = 4;
/// Letters of a term in a script without spaces at most.
const TERM_LETTERS_MAX: usize = 8;
/// Hash, floor, flags.
const ENTRY_BYTES: usize = 10;
const SEXUAL: u8 = 1;

/// The list, sorted by hash.
#[derive(Debug)]
pub(crate) struct List(Vec<(u64, u8, u8)>);

/// What the list says about a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    /// The tone of the worst term, 0 when none is listed.
    pub(crate) floor: f32,
    /// At least one term is sexual.
    pub(crate) sexual: bool,
}

impl List {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        let read = |entry: &[u8; ENTRY_BYTES]| {
            let [a, b, c, d, e, f, g, h, floor, flags] = *entry;
            (u64::from_le_bytes([a, b, c, d, e, f, g, h]), floor, flags)
        };
        let list: Vec<_> = entries.iter().map(read).collect();
        if !rest.is_empty() || !list.is_sorted_by_key(|entry| entry.0) {
            return Err(LoadError::Malformed("the word list is not in order".to_owned()));
        }
        Ok(Self(list))
    }

    /// Looks every term of a text up.
    pub(crate) fn look(&self, words: &Words) -> Listed {
        let mut listed = Listed::default();
        for (at, word) in words.0.iter().enumerate() {
            if word.chars().any(|letter| letter >= '\u{2e80}') {
                self.inside(word, &mut listed);
            }
            let mut hash = Hash::new(b'l');
            for (nth, part) in words.0.iter().skip(at).take(TERM_WORDS_MAX).enumerate() {
                hash = if nth == 0 { hash } else { hash.text(" ") }.text(part);
                self.add(hash.clone().end(), &mut listed);
            }
        }
        listed
    }

    fn inside(&self, word: &str, listed: &mut Listed) {
        let letters: Vec<char> = word.chars().collect();
        for start in 0..letters.len() {
            let mut hash = Hash::new(b'l');
            for letter in letters.iter().skip(start).take(TERM_LETTERS_MAX) {
                hash = hash.letters(&[*letter]);
                self.add(hash.clone().end(), listed);
            }
        }
    }

    fn add(&self, hash: u64, listed: &mut Listed) {
        let found = self.0.binary_search_by_key(&hash, |entry| entry.0);
        if let Some((_, floor, flags)) = found.ok().and_then(|at| self.0.get(at)) {
            listed.floor = listed.floor.max(f32::from(*floor) / 255.0);
            listed.sexual |= flags & SEXUAL != 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(terms: &[(&str, u8, u8)]) -> List {
        let hash = |term: &str| Hash::new(b'l').text(term).end();
        let mut entries: Vec<_> = terms
            .iter()
            .map(|(term, floor, flags)| (hash(term), *floor, *flags))
            .collect();
        entries.sort_unstable();
        let bytes: Vec<u8> = entries
            .iter()
            .flat_map(|(hash, floor, flags)| hash.to_le_bytes().into_iter().chain([*floor, *flags]))
            .collect();
        List::read(&bytes).unwrap()
    }

    #[test]
    fn terms_are_whole_words_where_words_have_edges() {
        let list = list(&[
            ("drat", 51, 0),
            ("blow it all", 102, 0),
            ("坏蛋", 153, 0),
            ("naughty", 0, SEXUAL),
        ]);
        let floor = |text: &str| list.look(&Words::of(text)).floor;
        assert_eq!((floor(""), floor("hydrate"), floor("Drat!")), (0.0, 0.0, 0.2));
        assert_eq!((floor("blow it"), floor("Oh, blow it all.")), (0.0, 0.4));
        assert_eq!((floor("好蛋"), floor("你是坏蛋吗")), (0.0, 0.6));
        assert!(list.look(&Words::of("so NAUGHTY")).sexual);
    }

    #[test]
    fn a_damaged_list_is_refused() {
        assert!(List::read(&[0; 11]).is_err());
        assert!(List::read(&[[1; 10], [0; 10]].concat()).is_err());
    }
}
