//! Phrases against a text: what is said so plainly that no model is needed.
//!
//! A phrase is whole words, `*` at its end lets the last word go on; scripts without spaces match anywhere in a run. Apostrophes are left
//! out, and every number is `#`. In the files beside this one a line is a phrase; `~` marks one that says little by itself: two of those
//! are needed.

use std::collections::BTreeMap;
use std::fmt;

use super::ngrams::Words;

/// Who offers, seeks or describes sex.
const SEXUAL: &str = include_str!("phrases/sexual.txt");
/// Who advertises, lures or wants to be passed on.
const SPAM: &str = include_str!("phrases/spam.txt");
/// Weight of a phrase that says enough.
const ENOUGH: usize = 2;

/// Both lists, ready to be looked up.
pub(super) struct Phrases {
    sexual: List,
    spam: List,
}

/// Phrases by their first letter, as they stand in plain text, with their weight.
struct List(BTreeMap<char, Vec<(String, usize)>>);

impl Default for Phrases {
    fn default() -> Self {
        Self {
            sexual: List::of(SEXUAL),
            spam: List::of(SPAM),
        }
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phrases")
    }
}

impl Phrases {
    /// Whether a plain text offers, seeks or describes sex in plain words.
    pub(super) fn sexual(&self, plain: &str) -> bool {
        self.sexual.says(plain)
    }

    /// Whether a plain text advertises or lures in plain words.
    pub(super) fn spam(&self, plain: &str) -> bool {
        self.spam.says(plain)
    }
}

impl List {
    fn of(lines: &str) -> Self {
        let mut list: BTreeMap<char, Vec<(String, usize)>> = BTreeMap::new();
        for line in lines.lines().filter(|line| !line.starts_with("//")) {
            let (phrase, weight) = line
                .strip_prefix('~')
                .map_or((line, ENOUGH), |phrase| (phrase, 1));
            let phrase = edged(phrase);
            if let Some(first) = phrase.chars().find(|letter| *letter != ' ') {
                list.entry(first).or_default().push((phrase, weight));
            }
        }
        for phrases in list.values_mut() {
            phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        }
        Self(list)
    }

    /// Whether the weights of the phrases in a text are enough; each counts once, and of phrases within one another the first.
    fn says(&self, plain: &str) -> bool {
        let mut found: Vec<&str> = Vec::new();
        let (mut sum, mut covered) = (0, 0);
        let mut before = None;
        for (at, letter) in plain.char_indices() {
            // Phrases of whole words begin with the space before them.
            let spaced = before.filter(|_| letter != ' ').and_then(|at| plain.get(at..));
            let here = plain.get(at..);
            for (phrase, weight) in self.0.get(&letter).into_iter().flatten() {
                let rest = if phrase.starts_with(' ') { spaced } else { here };
                let stands = rest.is_some_and(|rest| rest.starts_with(phrase));
                let alone = *weight >= ENOUGH || at >= covered;
                if stands && alone && !found.contains(&phrase.as_str()) {
                    found.push(phrase);
                    sum += weight;
                    covered = at + phrase.trim().len();
                }
            }
            if sum >= ENOUGH {
                return true;
            }
            before = (letter == ' ').then_some(at);
        }
        false
    }
}

/// Words with one space around each, without apostrophes, numbers as `#`.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace(['\'', '’', '‘', '`'], "");
    let mut plain = String::with_capacity(text.len() + 2);
    for word in &Words::of(&text).0 {
        plain.push(' ');
        let mut digits = false;
        for letter in word.chars() {
            let digit = letter.is_ascii_digit();
            if !digit || !digits {
                plain.push(if digit { '#' } else { letter });
            }
            digits = digit;
        }
    }
    plain.push(' ');
    plain
}

/// Whether the phrase stands in a plain text.
pub(super) fn contains(plain: &str, phrase: &str) -> bool {
    plain.contains(&edged(phrase))
}

/// A phrase as it stands in plain text.
pub(super) fn edged(phrase: &str) -> String {
    let runs_on = phrase
        .chars()
        .any(|letter| matches!(letter, '\u{2e80}'..='\u{a4cf}'));
    match (phrase.strip_suffix('*'), runs_on) {
        (_, true) => phrase.to_owned(),
        (Some(start), false) => format!(" {start}"),
        (None, false) => format!(" {phrase} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_can_match() {
        for line in SEXUAL
            .lines()
            .chain(SPAM.lines())
            .filter(|line| !line.starts_with("//"))
        {
            let phrase = line
                .trim_start_matches('~')
                .trim_end_matches('*')
                .replace('#', "7");
            let words = plain(&phrase);
            assert!(
                line.is_empty() || contains(&words, &edged_back(line)),
                "{line} in {words:?}"
            );
        }
    }

    fn edged_back(line: &str) -> String {
        line.trim_start_matches('~').to_owned()
    }

    #[test]
    fn plain_offers_are_found_and_everyday_lines_are_not() {
        let phrases = Phrases::default();
        for text in [
            "Earn 500 a day from home!",
            "日入五百，名额有限",
            "今だけ全品八割引き",
        ] {
            assert!(phrases.spam(&plain(text)), "{text}");
        }
        for text in [
            "I work from home.",
            "店里打折，我买了条围巾",
            "給料は安いけど楽しい",
        ] {
            assert!(!phrases.spam(&plain(text)), "{text}");
        }
        for text in ["looking for no strings fun", "求一夜情", "セフレ募集"] {
            assert!(phrases.sexual(&plain(text)), "{text}");
        }
        for text in ["we went skinny dipping as kids", "乳がん検診", "宝宝还在吃母乳"] {
            assert!(!phrases.sexual(&plain(text)), "{text}");
        }
    }
}
