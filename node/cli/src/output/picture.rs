//! Stones in a terminal: half blocks where there is true colour and room, a sentence everywhere else.

use std::env;

use console::Term;
use meteorite_crypto::stamp::Rarity;
use meteorite_ml::generator::{Forge, Look, Sprite, Tongue, half_blocks, seed_of};
use meteorite_protocol::control::StoneView;
use meteorite_protocol::ids::Nonce;

use super::words;

/// Draws or describes stones, as the place where they are shown allows.
pub(crate) struct Pictures {
    /// None when the generator's own files are damaged: then nothing is said of pictures.
    forge: Option<Forge>,
    tongue: Tongue,
    /// Characters in a line of a terminal that can show pictures.
    columns: Option<usize>,
}

impl Pictures {
    /// For standard output as it is: a terminal with true colour and `NO_COLOR` unset gets pictures.
    pub(crate) fn for_standard_output() -> Self {
        let term = Term::stdout();
        let columns = usize::from(term.size().1);
        let colours = term.is_term() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let shows = colours && has_true_colour() && columns > Sprite::SIDE;
        Self::new(shows.then_some(columns))
    }

    /// For a terminal of so many columns with true colour, or for one without.
    pub(crate) fn new(columns: Option<usize>) -> Self {
        Self {
            forge: Forge::shipped().ok(),
            tongue: Tongue::of(&words::reader_language()),
            columns,
        }
    }

    /// The stone as a picture, or in one sentence. Ends without a newline; empty when it cannot be drawn.
    pub(crate) fn stone(&mut self, stone: &StoneView) -> String {
        let Some((sprite, look)) = self.forged(stone) else {
            return String::new();
        };
        if self.columns.is_some() {
            trimmed(&half_blocks(&sprite.paint_as(&look)))
        } else {
            sprite.describe(&look, self.tongue)
        }
    }

    /// The first stones side by side, as many as fit into two rows, each above its name. Nothing where pictures cannot be shown: a list
    /// says it better.
    pub(crate) fn gallery(&mut self, stones: &[StoneView]) -> String {
        let Some(across) = self.columns.map(|columns| (columns / CELL).max(1)) else {
            return String::new();
        };
        let shown: Vec<(Vec<String>, String)> = stones
            .iter()
            .take(2 * across)
            .filter_map(|stone| {
                let (sprite, look) = self.forged(stone)?;
                let picture = half_blocks(&sprite.paint_as(&look));
                let lines = picture.lines().map(str::to_owned).collect();
                Some((lines, words::short(&stone.bottle)))
            })
            .collect();
        let rows = shown.chunks(across).map(beside);
        rows.collect::<Vec<_>>().join("\n")
    }

    fn forged(&mut self, stone: &StoneView) -> Option<(Sprite, Look)> {
        let nonce: Nonce = stone.nonce.parse().ok()?;
        let look = Look {
            mood: stone.mood,
            seed: seed_of(&nonce.0),
            rarity: stone.rarity.as_deref().and_then(Rarity::from_name),
        };
        let sprite = self.forge.as_mut()?.forge(&look.seed, &look.mood, stone.art);
        Some((sprite, look))
    }
}

/// Pictures of one row next to each other, their names below.
fn beside(row: &[(Vec<String>, String)]) -> String {
    let height = row.iter().map(|(lines, _)| lines.len()).max().unwrap_or_default();
    let mut text = String::new();
    for at in 0..height {
        for (lines, _) in row {
            let line = lines.get(at).map_or("", String::as_str);
            text.push_str(&console::pad_str(line, CELL, console::Alignment::Left, None));
        }
        text.push('\n');
    }
    for (_, name) in row {
        text.push_str(&console::pad_str(name, CELL, console::Alignment::Center, None));
    }
    format!("{}\n", text.trim_end())
}

/// A picture without its empty first and last lines.
fn trimmed(picture: &str) -> String {
    let empty = |line: &&str| console::strip_ansi_codes(line).trim().is_empty();
    let lines: Vec<&str> = picture.lines().skip_while(empty).collect();
    let end = lines
        .iter()
        .rposition(|line| !empty(line))
        .map_or(0, |last| last + 1);
    lines.get(..end).unwrap_or_default().join("\n")
}

/// What terminals say of themselves (<https://github.com/termstandard/colors>).
fn has_true_colour() -> bool {
    let said = |name: &str| env::var(name).unwrap_or_default().to_lowercase();
    matches!(said("COLORTERM").as_str(), "truecolor" | "24bit") || said("TERM").contains("direct")
}

/// Characters for one stone and the gap behind it.
const CELL: usize = Sprite::SIDE + 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn stone() -> StoneView {
        StoneView {
            bottle: "bafyreiga4qko76dcmoo4bsyz25d6yhfeci".to_owned(),
            mood: [250, 0, 0, 0, 0, 0, 0, 0],
            moods: vec!["joy".to_owned()],
            tone: 0,
            lang: "en".to_owned(),
            length: 40,
            slots: 3,
            caught: 0,
            thrown_ms: 0,
            sinks_ms: 1,
            nonce: "000102030405060708090a0b0c0d0e0f".to_owned(),
            art: 1,
            rarity: Some("epic".to_owned()),
        }
    }

    #[test]
    fn a_stone_is_a_picture_or_a_sentence() {
        let picture = Pictures::new(Some(80)).stone(&stone());
        assert!(picture.contains('▀') && picture.lines().count() <= Sprite::SIDE / 2);
        let sentence = Pictures::new(None).stone(&stone());
        assert!(!sentence.contains('\u{1b}') && !sentence.contains('\n') && sentence.chars().count() > 20);
        let unreadable = StoneView {
            nonce: "none".to_owned(),
            ..stone()
        };
        assert_eq!(Pictures::new(Some(80)).stone(&unreadable), "");
    }

    #[test]
    fn a_gallery_fits_its_terminal() {
        let gallery = Pictures::new(Some(80)).gallery(&vec![stone(); 9]);
        let widest = gallery.lines().map(console::measure_text_width).max();
        assert!(widest.is_some_and(|widest| (CELL..=80).contains(&widest)));
        assert_eq!(gallery.matches("25d6yhfeci").count(), 4);
        assert_eq!(Pictures::new(None).gallery(&[stone()]), "");
    }
}
