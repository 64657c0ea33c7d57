//! Which language a text is in: scripts that only one of our languages uses decide by themselves; the rest is a linear model.

use super::ngrams::{Sparse, Words};
use super::weights::Weights;

/// A language with its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Language {
    /// Two letters (ISO 639-1), or `und` when the text has no letters, or those of a script that no language of ours uses.
    pub code: String,
    /// 0 to 1.
    pub p: f32,
}

impl Language {
    fn unknown() -> Self {
        Self {
            code: "und".to_owned(),
            p: 0.0,
        }
    }
}

pub(crate) fn of(text: &str, words: &Words, weights: &Weights) -> Language {
    let letters = Letters::count(text);
    if letters.all == 0 || letters.foreign * 2 > letters.all {
        return Language::unknown();
    }
    if let Some(code) = letters.decide() {
        return Language {
            code: code.to_owned(),
            p: 1.0,
        };
    }
    let input = Sparse::of(&words.hashes(), weights.language.rows.buckets());
    let logits = weights.language.apply(&input);
    let top = logits.iter().copied().fold(f32::MIN, f32::max);
    let powers: Vec<f32> = logits
        .iter()
        .map(|logit| ((logit - top) / weights.temperature).exp())
        .collect();
    let sum: f32 = powers.iter().sum();
    let best = powers
        .iter()
        .zip(&weights.languages)
        .max_by(|a, b| a.0.total_cmp(b.0));
    best.map_or_else(Language::unknown, |(power, code)| Language {
        code: code.clone(),
        p: power / sum,
    })
}

/// Letters by script.
#[derive(Default)]
struct Letters {
    all: u32,
    kana: u32,
    hangul: u32,
    han: u32,
    /// Of scripts that none of our languages is written in.
    foreign: u32,
}

impl Letters {
    fn count(text: &str) -> Self {
        let mut counted = Self::default();
        for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
            counted.all += 1;
            match letter {
                '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => {
                    counted.kana += 1
                }
                '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => {
                    counted.hangul += 1
                }
                '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' => {
                    counted.han += 1
                }
                'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {}
                '\u{400}'..='\u{52f}' | '\u{900}'..='\u{97f}' => {}
                _ => counted.foreign += 1,
            }
        }
        counted
    }

    /// Kana is Japanese, Hangul Korean, Han alone Chinese. Devanagari and Cyrillic serve several languages and go to the model.
    fn decide(&self) -> Option<&'static str> {
        let most = |count: u32| count * 2 > self.all;
        if most(self.hangul) {
            Some("ko")
        } else if most(self.kana + self.han) && self.kana * 20 >= self.han && self.kana > 0 {
            Some("ja")
        } else if most(self.han) && self.kana == 0 {
            Some("zh")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_decide_what_they_can() {
        let check = |text, expected| assert_eq!(Letters::count(text).decide(), expected, "{text}");
        check("今日はいい天気", Some("ja"));
        check("オーケー", Some("ja"));
        check("今天天气很好", Some("zh"));
        check("오늘 날씨가 좋다", Some("ko"));
        check("good morning", None);
        assert_eq!(Letters::count("Καλημέρα, καλέ μου").foreign, 15);
        check("доброе утро", None);
        check("I love ramen ラーメン very much", None);
    }
}
