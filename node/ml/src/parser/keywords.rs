//! What a short message is about: the few words and phrases that carry it.
//!
//! Candidates are runs between stop words and punctuation (as in RAKE, Rose et al. 2010); in Japanese runs of one script, in Chinese words
//! of a dictionary. The score follows YAKE's ideas (Campos et al. 2020) as far as a few sentences allow: early, repeated, written with a
//! capital inside a sentence, and long enough to mean something.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use jieba_rs::Jieba;
use stop_words::{Language, get};

/// Keywords at most.
pub const KEYWORDS_MAX: usize = 10;
/// Words of a phrase at most.
const PHRASE_WORDS_MAX: usize = 3;
/// From so many words on a text repeats what it is about, and its terms are phrases.
const LONG_FROM: usize = 80;
/// What a phrase of one, two or three words says, in a few sentences and in a long text; the latter tuned on half of SemEval 2017 task 10.
const PHRASES_SHORT: [f32; PHRASE_WORDS_MAX] = [1.0, 1.15, 1.05];
const PHRASES_LONG: [f32; PHRASE_WORDS_MAX] = [0.5, 1.2, 1.3];
/// What a phrase between stop words says more than a part of one.
const WHOLE: f32 = 2.5;
/// Text beyond this adds nothing (characters).
const READ_MAX: usize = 8_000;

/// Finds keywords, best first.
#[derive(Default)]
pub(crate) struct Finder {
    chinese: OnceLock<Jieba>,
    stops: OnceLock<HashMap<&'static str, HashSet<String>>>,
}

impl std::fmt::Debug for Finder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Finder")
    }
}

/// A word as written, where it stands.
struct Token {
    shown: String,
    key: String,
    /// Begins a sentence, where a capital says nothing.
    first: bool,
}

/// What is known of a candidate.
#[derive(Default)]
struct Seen {
    shown: String,
    words: usize,
    count: usize,
    first_at: usize,
    capital: bool,
    /// Stood at least once between stop words or marks by itself.
    whole: bool,
}

impl Finder {
    /// Keywords of a text in `language` (two letters), at most [`KEYWORDS_MAX`].
    pub(crate) fn find(&self, text: &str, language: &str) -> Vec<String> {
        let text: String = text.chars().take(READ_MAX).collect();
        let runs = match language {
            "zh" => self.chinese_runs(&text),
            "ja" => japanese_runs(&text),
            _ => spaced_runs(&text),
        };
        let stops = self.stops(language);
        let mut seen: HashMap<String, Seen> = HashMap::new();
        let mut at = 0;
        for run in runs {
            for part in run.split(|token| is_stop(&token.key, stops)) {
                note(part, at, language, &mut seen);
                at += part.len() + 1;
            }
        }
        rank(seen, at.max(1))
    }

    fn stops(&self, language: &str) -> Option<&HashSet<String>> {
        let all = self.stops.get_or_init(|| {
            let of = |(code, language)| {
                (
                    code,
                    get(language).iter().map(|word| (*word).to_lowercase()).collect(),
                )
            };
            STOPS.into_iter().map(of).collect()
        });
        all.get(language)
    }

    /// Words of the dictionary; a run ends at punctuation.
    fn chinese_runs(&self, text: &str) -> Vec<Vec<Token>> {
        let jieba = self.chinese.get_or_init(Jieba::new);
        let pieces = text.split(|letter: char| !letter.is_alphanumeric());
        let runs = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
            let words = jieba.cut(piece, true).into_iter();
            words.map(|word| Token::new(word.word, false)).collect()
        });
        runs.collect()
    }
}

impl Token {
    fn new(shown: &str, first: bool) -> Self {
        Self {
            shown: shown.to_owned(),
            key: shown.to_lowercase(),
            first,
        }
    }
}

/// Words between spaces; a run ends at punctuation.
fn spaced_runs(text: &str) -> Vec<Vec<Token>> {
    let mut runs = Vec::new();
    let mut begins = true;
    for piece in text.split_inclusive(|letter: char| {
        !(letter.is_alphanumeric()
            || letter.is_whitespace()
            || matches!(letter, '\'' | '’' | '-' | '_')
            || is_mark(letter))
    }) {
        let end = piece.chars().next_back();
        let words = piece.split(|letter: char| {
            !(letter.is_alphanumeric() || matches!(letter, '\'' | '’' | '-') || is_mark(letter))
        });
        let words = words
            .map(|word| word.trim_matches(['\'', '’', '-']))
            .filter(|word| !word.is_empty());
        let mut run = Vec::new();
        for word in words {
            run.push(Token::new(word, begins));
            begins = false;
        }
        begins |= matches!(end, Some('.' | '!' | '?' | '¿' | '¡' | '\n' | '…' | '।'));
        runs.push(run);
    }
    runs
}

/// Vowel signs and the like, which belong to the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{951}'..='\u{957}' | '\u{962}' | '\u{963}')
}

/// Japanese writes what a sentence is about in kanji, katakana or Latin letters, and binds it with hiragana.
fn japanese_runs(text: &str) -> Vec<Vec<Token>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Script {
        Kanji,
        Katakana,
        Latin,
        Other,
    }
    let script = |letter: char| match letter {
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '々' => Script::Kanji,
        '\u{30a1}'..='\u{30ff}' => Script::Katakana,
        _ if letter.is_alphanumeric() && !matches!(letter, '\u{3041}'..='\u{309f}') => Script::Latin,
        _ => Script::Other,
    };
    let mut runs: Vec<Vec<Token>> = Vec::new();
    let mut word = String::new();
    let mut now = Script::Other;
    for letter in text.chars().chain(['\n']) {
        let next = script(letter);
        if next != now && !word.is_empty() {
            runs.push(vec![Token::new(&std::mem::take(&mut word), false)]);
        }
        now = next;
        if next != Script::Other {
            word.push(letter);
        }
    }
    runs
}

fn is_stop(key: &str, stops: Option<&HashSet<String>>) -> bool {
    let plain = key.replace('’', "'");
    let short = key.chars().count() < 2 && key.is_ascii();
    short
        || key.chars().all(|letter| letter.is_numeric())
        || stops.is_some_and(|stops| stops.contains(&plain))
}

/// Every phrase of one to three words of a run becomes a candidate.
fn note(run: &[Token], at: usize, language: &str, seen: &mut HashMap<String, Seen>) {
    let spaced = !matches!(language, "zh" | "ja");
    for length in 1..=PHRASE_WORDS_MAX.min(run.len()) {
        for (from, phrase) in run.windows(length).enumerate() {
            let between = if spaced { " " } else { "" };
            let join = |pick: fn(&Token) -> &str| phrase.iter().map(pick).collect::<Vec<_>>().join(between);
            let candidate = seen.entry(join(|token| &token.key)).or_insert_with(|| Seen {
                shown: join(|token| &token.shown),
                words: length,
                first_at: at + from,
                ..Seen::default()
            });
            candidate.count += 1;
            candidate.whole |= length == run.len();
            candidate.capital |= phrase
                .iter()
                .all(|token| !token.first && token.shown.chars().next().is_some_and(char::is_uppercase));
        }
    }
}

fn rank(seen: HashMap<String, Seen>, length: usize) -> Vec<String> {
    let long_text = length > LONG_FROM;
    let score = |key: &str, seen: &Seen| {
        let letters = key.chars().filter(|letter| !letter.is_whitespace()).count();
        let wide = key.chars().next().is_some_and(|letter| letter > '\u{2e7f}');
        let long = (letters as f32 * if wide { 2.5 } else { 1.0 } / 6.0).min(1.5);
        let early = 1.0 - 0.5 * seen.first_at as f32 / length as f32;
        let often = 1.0 + (seen.count as f32).ln();
        let phrases = if long_text { PHRASES_LONG } else { PHRASES_SHORT };
        let phrase = phrases.get(seen.words - 1).copied().unwrap_or(1.0);
        let phrase = if long_text && seen.whole {
            phrase * WHOLE
        } else {
            phrase
        };
        let capital = if seen.capital { 1.4 } else { 1.0 };
        long * early * often * phrase * capital
    };
    let mut ranked: Vec<(f32, String, Seen)> = seen
        .into_iter()
        .map(|(key, seen)| (score(&key, &seen), key, seen))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut chosen: Vec<(String, String, usize)> = Vec::new();
    for (_, key, seen) in ranked {
        // In a long text a part that is said more often than the whole, or a longer form of what was said, is a keyword of its own.
        let repeats = chosen.iter().any(|(other, _, count)| {
            covers(other, &key) && (!long_text || *count >= seen.count) || !long_text && covers(&key, other)
        });
        if !repeats {
            chosen.push((key, seen.shown, seen.count));
        }
        if chosen.len() == KEYWORDS_MAX {
            break;
        }
    }
    chosen.into_iter().map(|(_, shown, _)| shown).collect()
}

/// One phrase holds the other, word for word or letter for letter.
fn covers(long: &str, short: &str) -> bool {
    long.contains(short)
}

const STOPS: [(&str, Language); 12] = [
    ("en", Language::English),
    ("zh", Language::Chinese),
    ("es", Language::Spanish),
    ("de", Language::German),
    ("fr", Language::French),
    ("pt", Language::Portuguese),
    ("it", Language::Italian),
    ("ru", Language::Russian),
    ("hi", Language::Hindi),
    ("ja", Language::Japanese),
    ("ko", Language::Korean),
    ("tr", Language::Turkish),
];
