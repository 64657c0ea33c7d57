//! Veils on a terminal: what may hurt is not printed until it is asked for.

use meteorite_ml::policy::{Reason, care};
use meteorite_protocol::control::{BottleView, LetterView, Veil};

use super::words;

/// Takes the words of a veiled bottle away and says how to see them.
pub(crate) fn draw_over_bottle(bottle: &mut BottleView) {
    if let Some(veil) = &bottle.veil {
        let name = words::short(&bottle.stone.bottle);
        bottle.text = notice(veil, &format!("meteorite read {name} --unveil"));
        (bottle.veil, bottle.nick, bottle.tags) = (None, None, Vec::new());
    }
}

/// The same for a letter.
pub(crate) fn draw_over_letter(letter: &mut LetterView) {
    if let Some(veil) = letter.veil.take() {
        let name = words::short(&letter.thread);
        letter.text = Some(notice(&veil, &format!("meteorite letters {name} --unveil")));
    }
}

/// Why a text is veiled, in one line.
pub(crate) fn why(veil: &Veil) -> String {
    let reasons = veil.why.iter().filter_map(|name| Reason::from_name(name));
    let reasons: Vec<String> = reasons.map(|reason| reason.to_string()).collect();
    reasons.join("; ")
}

/// Words beside a text whose writer may not want to live, in the reader's language.
pub(crate) fn care_words() -> String {
    care::words_to_reader(&words::reader_language())
}

fn notice(veil: &Veil, command: &str) -> String {
    let state = if veil.hidden { "hidden" } else { "veiled" };
    format!(
        "[{state}: {}. `{command}` shows it; `meteorite report` and `meteorite block` keep such texts away.]",
        why(veil)
    )
}
