//! Cleaning: what is dropped, mapped and collapsed, in which order.
//!
//! 1. Line ends become `\n`, tabs become a space; controls, bidi embeddings, overrides and isolates (Unicode TR 36,
//!    "Trojan Source"), invisible operators, annotations, tag characters outside a flag and noncharacters are dropped.
//! 2. NFC (UAX #15).
//! 3. Beyond [`limits::COMBINING_MARKS_MAX`] marks in a row are dropped.
//! 4. Spaces at line ends go, more than one empty line becomes one, and the whole is trimmed.
//!
//! Joiners (ZWJ, ZWNJ), variation selectors and direction marks stay: emoji, Persian, Indic scripts and mixed lines need them.
//! No step undoes an earlier one, so cleaning is idempotent.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// Cleans text of several lines.
#[must_use]
pub fn clean(raw: &str) -> String {
    tidy_lines(&cap_marks(drop_unwanted(raw).nfc()))
}

/// Cleans text of one line: line ends become spaces.
#[must_use]
pub fn clean_line(raw: &str) -> String {
    let one_line: String = drop_unwanted(raw)
        .chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .collect();
    cap_marks(one_line.nfc())
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a character leaves a trace on the screen.
pub(super) fn is_visible(c: char) -> bool {
    let blank = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !blank && !c.is_whitespace() && !c.is_control()
}

fn drop_unwanted(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    // Tag characters spell the region of a flag after a black flag, and hide text everywhere else.
    let mut flag_left = 0_u8;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let kept = match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                Some('\n')
            }
            '\n' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' | '\u{85}' => Some('\n'),
            '\t' => Some(' '),
            BLACK_FLAG => Some(c),
            '\u{e0020}'..='\u{e007f}' => (flag_left > 0).then_some(c),
            c if is_unwanted(c) => None,
            c => Some(c),
        };
        let Some(kept) = kept else { continue };
        flag_left = match kept {
            BLACK_FLAG => FLAG_TAGS_MAX,
            '\u{e0020}'..='\u{e007e}' => flag_left.saturating_sub(1),
            _ => 0,
        };
        out.push(kept);
    }
    out
}

fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{e0000}'..='\u{e001f}'
        )
        || (u32::from(c) & 0xfffe) == 0xfffe
}

fn cap_marks(chars: impl Iterator<Item = char>) -> String {
    let mut marks = 0_usize;
    chars
        .filter(|c| {
            marks = if is_combining_mark(*c) { marks + 1 } else { 0 };
            marks <= limits::COMBINING_MARKS_MAX
        })
        .collect()
}

fn tidy_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0_usize;
    for line in text.trim().split('\n') {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

const BLACK_FLAG: char = '\u{1f3f4}';
/// Letters of a region in a flag (`gbeng`), with some room; the cancel tag ends it.
const FLAG_TAGS_MAX: u8 = 7;
