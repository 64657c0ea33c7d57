//! Reads texts with the parser: the user's before they are thrown, strangers' before they are shown.

use std::sync::OnceLock;

use meteorite_ml::parser::{Analysis, Parser};
use meteorite_protocol::wire::{Gist, Lang, Mood};

use crate::vault::bottle::Facets;

/// Below this a language is a guess, and the header says that it is not known.
const LANGUAGE_SURE: f32 = 0.6;

/// What a text feels, says and is about; nothing if the parser cannot be loaded, which keeps no bottle from being thrown or read.
///
/// Takes milliseconds, the first time a tenth of a second: the parser is loaded when it is first needed, once for all nodes of a process.
/// It never changes, so that sharing it cannot be noticed; a node that reads nothing holds no model.
pub(crate) async fn read(text: String) -> Option<Analysis> {
    static PARSER: OnceLock<Option<Parser>> = OnceLock::new();
    let parse = move || {
        let parser = PARSER.get_or_init(|| {
            Parser::shipped()
                .inspect_err(|error| tracing::error!(%error, "texts are not analysed"))
                .ok()
        });
        parser.as_ref().map(|parser| parser.parse(&text))
    };
    tokio::task::spawn_blocking(parse).await.ok().flatten()
}

/// The author's word about a text, for the header of a bottle.
pub(crate) fn facets(analysis: &Analysis) -> Facets {
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

    #[tokio::test]
    async fn header_says_what_a_text_feels() {
        let text = "We won the match!!! I am so happy that I could dance!";
        let facets = facets(&read(text.to_owned()).await.unwrap());
        assert_eq!(facets.lang, Lang::new("en").unwrap());
        assert_eq!(
            meteorite_protocol::mood::strongest(&facets.mood.0).first(),
            Some(&"joy")
        );
        assert_ne!(facets.gist, Gist::default());
        assert!(facets.tone < 128);
    }
}
