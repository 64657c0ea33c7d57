//! A long text as overlapping windows.

use super::ngrams::Words;

/// Length of a window, in units: a word of an alphabet is one, of other scripts every second character.
pub const WINDOW: usize = 64;
/// How far the next window begins behind the one before, in units.
pub const STRIDE: usize = 48;

/// A part of a text.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) words: Words,
    /// Its part of all windows' units; the shares add up to one.
    pub(crate) share: f32,
}

/// The first `bytes` of a text, cut at a character.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// Windows over the whole text; a text of one window is not cut. An empty text has one empty window.
pub(crate) fn of(words: &Words) -> Vec<Window> {
    let pieces = pieces(words);
    if units(&pieces) <= WINDOW {
        return vec![Window {
            words: words.clone(),
            share: 1.0,
        }];
    }
    let mut parts: Vec<&[(String, usize)]> = Vec::new();
    let (mut start, mut end) = (0, 0);
    while end < pieces.len() {
        end = reach(&pieces, start, WINDOW);
        parts.push(pieces.get(start..end).unwrap_or_default());
        start = reach(&pieces, start, STRIDE);
    }
    let all: usize = parts.iter().map(|part| units(part)).sum();
    let window = |part: &&[(String, usize)]| Window {
        words: Words(part.iter().map(|(word, _)| word.clone()).collect()),
        share: units(part) as f32 / all as f32,
    };
    parts.iter().map(window).collect()
}

fn units(pieces: &[(String, usize)]) -> usize {
    pieces.iter().map(|(_, cost)| cost).sum()
}

/// Index behind the last piece within `most` units, behind the first one at least.
fn reach(pieces: &[(String, usize)], start: usize, most: usize) -> usize {
    let mut units = 0;
    let mut end = start;
    for (_, cost) in pieces.iter().skip(start) {
        if units + cost > most && end > start {
            break;
        }
        units += cost;
        end += 1;
    }
    end
}

/// Words with their units; a word that alone would fill a window is cut.
fn pieces(words: &Words) -> Vec<(String, usize)> {
    let mut pieces = Vec::with_capacity(words.0.len());
    for word in &words.0 {
        let letters: Vec<char> = word.chars().collect();
        let wide = letters.iter().any(|letter| *letter >= '\u{2e80}');
        let per_unit = if wide { 2 } else { 24 };
        for part in letters.chunks(STRIDE / 4 * per_unit) {
            pieces.push((part.iter().collect(), part.len().div_ceil(per_unit)));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        of(&Words::of(text)).len()
    }

    #[test]
    fn windows_overlap_and_cover_everything() {
        assert_eq!((count(""), count("one"), count(&"word ".repeat(64))), (1, 1, 1));
        assert_eq!(count(&"word ".repeat(65)), 2);
        let text: String = (0..500).map(|n| format!("w{n} ")).collect();
        let windows = of(&Words::of(&text));
        assert!((windows.iter().map(|window| window.share).sum::<f32>() - 1.0).abs() < 1e-5);
        for n in 0..500 {
            let word = format!("w{n}");
            assert!(
                windows.iter().any(|window| window.words.0.contains(&word)),
                "{word}"
            );
        }
        let run = "字".repeat(100);
        assert_eq!(of(&Words::of(&run))[0].words.0, [run]);
        assert!(count(&"字".repeat(1_000)) > 5);
        assert!(count(&"x".repeat(100_000)) > 5);
    }

    #[test]
    fn cut_never_splits_a_character() {
        assert_eq!(cut("äöü", 3), "ä");
        assert_eq!(cut("ab", 9), "ab");
    }
}
