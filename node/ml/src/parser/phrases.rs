//! Phrases against a text: what is said so plainly that no model is needed.
//!
//! A phrase is whole words, `*` at its end lets the last word go on; scripts without spaces match anywhere in a run. Apostrophes are left
//! out, and every number is `#`. In the files beside this one a line is a phrase; `~` marks one that says little by itself: two of those
//! are needed.

use super::ngrams::Words;

/// Who offers, seeks or describes sex.
const SEXUAL: &str = include_str!("phrases/sexual.txt");
/// Who advertises, lures or wants to be passed on.
const SPAM: &str = include_str!("phrases/spam.txt");
/// Weight of a phrase that says enough.
const ENOUGH: usize = 2;

/// Whether a text offers, seeks or describes sex in plain words.
pub(super) fn sexual(plain: &str) -> bool {
    says(plain, SEXUAL)
}

/// Whether a text advertises or lures in plain words.
pub(super) fn spam(plain: &str) -> bool {
    says(plain, SPAM)
}

fn says(plain: &str, list: &str) -> bool {
    let lines = list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("//"));
    let mut found = 0;
    for line in lines {
        let (phrase, weight) = line
            .strip_prefix('~')
            .map_or((line, ENOUGH), |phrase| (phrase, 1));
        if contains(plain, phrase) {
            found += weight;
        }
        if found >= ENOUGH {
            return true;
        }
    }
    false
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
        for text in [
            "Earn 500 a day from home!",
            "日入五百，名额有限",
            "今だけ全品八割引き",
        ] {
            assert!(spam(&plain(text)), "{text}");
        }
        for text in [
            "I work from home.",
            "店里打折，我买了条围巾",
            "給料は安いけど楽しい",
        ] {
            assert!(!spam(&plain(text)), "{text}");
        }
        for text in ["looking for no strings fun", "求一夜情", "セフレ募集"] {
            assert!(sexual(&plain(text)), "{text}");
        }
        for text in ["we went skinny dipping as kids", "乳がん検診", "宝宝还在吃母乳"] {
            assert!(!sexual(&plain(text)), "{text}");
        }
    }
}
