//! A picture as text for a terminal with true colour: two pixels in each character, the upper half block.

use std::fmt::Write;

use super::sprite::Image;

const RESET: &str = "\u{1b}[0m";
/// Less opaque than this is sky.
const SEEN: u8 = 32;

/// The picture in half blocks, one line of text for two rows of pixels, each ended by a newline. Transparent pixels keep the terminal's own
/// background; half-transparent ones are mixed with the night.
#[must_use]
pub fn half_blocks(image: &Image) -> String {
    let mixed = image.before(super::palette::NIGHT);
    let mut text = String::new();
    let shown: Vec<Option<[u8; 3]>> = mixed
        .pixels
        .iter()
        .zip(&image.pixels)
        .map(|([red, green, blue, _], [.., opacity])| (*opacity >= SEEN).then_some([*red, *green, *blue]))
        .collect();
    for rows in shown.chunks(2 * image.width.max(1)) {
        let (upper, lower) = rows.split_at(image.width.min(rows.len()));
        let mut coloured = false;
        let mut line = String::new();
        for (at, above) in upper.iter().enumerate() {
            let below = lower.get(at).copied().flatten();
            if coloured {
                line.push_str(RESET);
            }
            coloured = above.is_some() || below.is_some();
            let glyph = match (above, below) {
                (None, None) => ' ',
                (Some(colour), None) => {
                    paint(&mut line, 38, *colour);
                    '▀'
                }
                (None, Some(colour)) => {
                    paint(&mut line, 38, colour);
                    '▄'
                }
                (Some(above), Some(below)) => {
                    paint(&mut line, 38, *above);
                    paint(&mut line, 48, below);
                    '▀'
                }
            };
            line.push(glyph);
        }
        text.push_str(line.trim_end());
        if coloured {
            text.push_str(RESET);
        }
        text.push('\n');
    }
    text
}

/// Writing to a `String` cannot fail.
fn paint(line: &mut String, ground: u8, [red, green, blue]: [u8; 3]) {
    let written = write!(line, "\u{1b}[{ground};2;{red};{green};{blue}m");
    debug_assert!(written.is_ok());
}
