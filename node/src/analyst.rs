//! Reads what the user is about to throw: mood, tone, language and gist for the bottle's header.

use std::sync::OnceLock;

use meteorite_ml::parser::{Analysis, Parser};
use meteorite_protocol::wire::{Gist, Lang, Mood};

use crate::vault::bottle::Facets;

/// Below this a language is a guess, and the header says that it is not known.
const LANGUAGE_SURE: f32 = 0.6;

/// The author's word about a text; nothing at all if the parser cannot be loaded, which never keeps a bottle from being thrown.
///
/// Takes milliseconds, the first time a tenth of a second: the parser is loaded when it is first needed, once for all nodes of a process.
/// It never changes, so that sharing it cannot be noticed; a node that throws nothing holds no model.
pub(crate) fn read(text: &str) -> Facets {
    static PARSER: OnceLock<Option<Parser>> = OnceLock::new();
    let parser = PARSER.get_or_init(|| {
        Parser::shipped()
            .inspect_err(|error| tracing::error!(%error, "texts are not analysed"))
            .ok()
    });
    parser
        .as_ref()
        .map_or_else(Facets::default, |parser| facets(&parser.parse(text)))
}

fn facets(analysis: &Analysis) -> Facets {
    let known = analysis.language.p >= LANGUAGE_SURE;
    let lang = Lang::new(&analysis.language.code).filter(|_| known);
    Facets {
        mood: Mood(analysis.mood.map(level)),
        tone: level(analysis.tone.unwrap_or_default()),
        lang: lang.unwrap_or(Lang::UNDETERMINED),
        gist: Gist(analysis.gist),
    }
}

/// 0 to 1 as 0 to 255.
fn level(p: f32) -> u8 {
    (p.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_says_what_a_text_feels() {
        let facets = read("We won the match!!! I am so happy that I could dance!");
        assert_eq!(facets.lang, Lang::new("en").unwrap());
        assert_eq!(
            meteorite_protocol::mood::strongest(&facets.mood.0).first(),
            Some(&"joy")
        );
        assert_ne!(facets.gist, Gist::default());
        assert!(facets.tone < 128);
    }
}
