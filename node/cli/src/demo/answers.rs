//! What scripted ships answer: texts of this project, each signed as scripted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lines `place | language | text`; what stands in front of the first bar says where the text is used.
const TEXTS: &str = include_str!("../../../../assets/demo/answers.txt");

/// The language that serves every other one.
const COMMON: &str = "en";

/// Where an answer is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The first letter to an author.
    First,
    /// A letter later in the thread.
    Then,
    /// The line under each letter that says who writes.
    Sign,
}

/// All answers, used one after the other.
#[derive(Debug)]
pub(super) struct Answers {
    texts: BTreeMap<(Place, &'static str), Vec<&'static str>>,
    used: AtomicUsize,
}

impl Answers {
    /// The answers that come with the program.
    pub(super) fn load() -> Self {
        let mut texts: BTreeMap<(Place, &str), Vec<&str>> = BTreeMap::new();
        for line in TEXTS.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.splitn(3, '|').map(str::trim);
            let place = parts.next().and_then(place);
            if let (Some(place), Some(lang), Some(text)) = (place, parts.next(), parts.next()) {
                texts.entry((place, lang)).or_default().push(text);
            }
        }
        Self {
            texts,
            used: AtomicUsize::new(0),
        }
    }

    /// A whole letter in this language, or in the common one, with its signature.
    pub(super) fn letter(&self, place: Place, lang: &str) -> String {
        let turn = self.used.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}\n{}",
            self.pick(place, lang, turn),
            self.pick(Place::Sign, lang, turn)
        )
    }

    fn pick(&self, place: Place, lang: &str, turn: usize) -> &'static str {
        let texts = self
            .texts
            .get(&(place, lang))
            .or_else(|| self.texts.get(&(place, COMMON)));
        texts
            .and_then(|texts| texts.get(turn.checked_rem(texts.len())?).copied())
            .unwrap_or_default()
    }
}

fn place(name: &str) -> Option<Place> {
    match name {
        "first" => Some(Place::First),
        "then" => Some(Place::Then),
        "sign" => Some(Place::Sign),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use meteorite_protocol::limits::LETTER_TEXT_BYTES_MAX;

    use super::*;

    #[test]
    fn every_letter_says_that_it_is_scripted_and_fits() {
        let answers = Answers::load();
        for place in [Place::First, Place::Then] {
            for lang in ["en", "zh", "ja", "es", "xx"] {
                let letter = answers.letter(place, lang);
                let (text, sign) = letter.split_once('\n').unwrap();
                assert!(!text.is_empty() && !sign.is_empty(), "{place:?} {lang}");
                assert!(letter.len() < LETTER_TEXT_BYTES_MAX);
            }
        }
        assert!(
            answers
                .letter(Place::First, "xx")
                .ends_with("scripted ship of the demo")
        );
    }

    #[test]
    fn every_line_of_the_file_is_understood() {
        let lines = TEXTS.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(Answers::load().texts.values().map(Vec::len).sum::<usize>(), lines);
    }
}
