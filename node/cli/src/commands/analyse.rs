//! `meteorite analyse`: what the parser thinks of each line of standard input, so that anyone can grade it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use meteorite_ml::parser::{Analysis, Parser, Reading};
use meteorite_protocol::control::ProblemKind;
use meteorite_protocol::mood::MOODS;
use serde::Serialize;

use crate::failure::{DONE, Ending, Failure};
use crate::session::Context;

/// Bytes of one line; a longer one is refused, with its number.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// One line's analysis, as printed.
#[derive(Serialize)]
struct Shown<'a> {
    language: &'a str,
    mood: BTreeMap<&'static str, f32>,
    /// Absent knowledge is `null`: unrated, not harmless.
    tone: Option<f32>,
    flags: FlagsShown,
    keywords: &'a [String],
    gist: &'a [i8],
    #[serde(skip_serializing_if = "Option::is_none")]
    heads: Option<&'a BTreeMap<String, BTreeMap<String, Reading>>>,
}

#[derive(Serialize)]
struct FlagsShown {
    contact: bool,
    sexual: bool,
    spam: bool,
    despair: bool,
}

/// `meteorite analyse [--heads] [TEXT]`
pub(super) fn run(context: &Context, text: Option<String>, heads: bool) -> Ending {
    let parser = Parser::shipped().map_err(|error| {
        Failure::new(
            ProblemKind::Bug,
            format!("The parser cannot be loaded: {error}."),
            "Nothing was analysed.",
            "",
        )
    })?;
    if let Some(text) = text {
        show(context, &parser.parse(&text), heads)?;
        return Ok(DONE);
    }
    let mut input = io::stdin().lock();
    for number in 1.. {
        let Some(line) = next_line(&mut input, number)? else {
            break;
        };
        show(context, &parser.parse(&line), heads)?;
    }
    Ok(DONE)
}

/// A line without its end; `None` behind the last one.
fn next_line(input: &mut impl BufRead, number: u64) -> Result<Option<String>, Failure> {
    let refused =
        |what: String| Failure::new(ProblemKind::Input, what, "The lines before it were analysed.", "");
    let mut line = Vec::new();
    let most = u64::try_from(LINE_BYTES_MAX + 2).unwrap_or(u64::MAX);
    let read = input.by_ref().take(most).read_until(b'\n', &mut line);
    if read.map_err(|error| refused(format!("Line {number} cannot be read: {error}.")))? == 0 {
        return Ok(None);
    }
    while line.last().is_some_and(|end| matches!(end, b'\n' | b'\r')) {
        line.pop();
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(refused(format!(
            "Line {number} is longer than {LINE_BYTES_MAX} bytes."
        )));
    }
    String::from_utf8(line)
        .map(Some)
        .map_err(|error| refused(format!("Line {number} is not UTF-8: {}.", error.utf8_error())))
}

fn show(context: &Context, analysis: &Analysis, heads: bool) -> Result<(), Failure> {
    if !context.output.json() {
        return context.output.text(&words(analysis));
    }
    context.output.value(&Shown {
        language: &analysis.language.code,
        mood: MOODS.into_iter().zip(analysis.mood).collect(),
        tone: analysis.tone,
        flags: FlagsShown {
            contact: analysis.flags.contact.is_some(),
            sexual: analysis.flags.sexual,
            spam: analysis.flags.spam,
            despair: analysis.flags.despair,
        },
        keywords: &analysis.keywords,
        gist: &analysis.gist,
        heads: heads.then_some(&analysis.heads),
    })
}

/// Language, clear moods, tone, flags and keywords on one line.
fn words(analysis: &Analysis) -> String {
    let mut moods: Vec<(f32, &str)> = analysis.mood.into_iter().zip(MOODS).collect();
    moods.sort_by(|a, b| b.0.total_cmp(&a.0));
    let clear = moods.iter().filter(|(p, _)| *p >= 0.25).take(2);
    let clear: Vec<String> = clear
        .map(|(p, mood)| format!("{mood} {:.0} %", p * 100.0))
        .collect();
    let mut parts = vec![
        analysis.language.code.clone(),
        if clear.is_empty() {
            "no clear mood".to_owned()
        } else {
            clear.join(", ")
        },
        analysis
            .tone
            .map_or("unrated".to_owned(), |tone| format!("tone {:.0} %", tone * 100.0)),
    ];
    parts.extend(
        analysis
            .flags
            .contact
            .map(|_| "carries contact details".to_owned()),
    );
    for (flag, word) in [
        (analysis.flags.sexual, "sexual"),
        (analysis.flags.spam, "spam"),
        (analysis.flags.despair, "despair"),
    ] {
        parts.extend(flag.then(|| word.to_owned()));
    }
    if !analysis.keywords.is_empty() {
        parts.push(format!("about {}", analysis.keywords.join(", ")));
    }
    parts.join(" · ")
}
