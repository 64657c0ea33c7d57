//! The lines that are thrown: those that come with the program, a file's, or standard input's.

use std::path::Path;

use meteorite_protocol::control::ProblemKind;
use meteorite_protocol::text::{TextKind, compose};

use crate::failure::Failure;
use crate::input;
use crate::output::words;

/// Written for this project: short, kind, in many languages.
const DEFAULT: &str = include_str!("../../../../assets/demo/lines.txt");

/// Default lines a ship gets, so that a run with the default lines ends well within a minute on two cores.
const DEFAULT_PER_SHIP: usize = 2;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What it says.
    pub(super) text: String,
    /// Its language, where it is known.
    pub(super) lang: Option<String>,
}

/// The lines to throw, in order. The default ones begin at another place each time, so that no two evenings are alike.
pub(super) fn load(path: Option<&Path>, ships: usize) -> Result<Vec<Line>, Failure> {
    let Some(path) = path else {
        return Ok(default_lines(ships));
    };
    let (text, name) = if path.as_os_str() == "-" {
        (input::stdin_text()?, "Standard input".to_owned())
    } else {
        (input::file_text(path)?, format!("The file {}", path.display()))
    };
    let lines = parse(&text, &name)?;
    if lines.is_empty() {
        return Err(bad(
            format!("{name} has no line to throw."),
            "Write one message a line.",
        ));
    }
    Ok(lines)
}

fn default_lines(ships: usize) -> Vec<Line> {
    let all: Vec<Line> = DEFAULT.lines().filter_map(default_line).collect();
    let first = usize::try_from(words::now_ms() / 1_000).unwrap_or(0) % all.len().max(1);
    let wanted = (ships * DEFAULT_PER_SHIP).min(all.len());
    all.iter().cycle().skip(first).take(wanted).cloned().collect()
}

/// The program's own lines know their language: `lang | text`.
fn default_line(line: &str) -> Option<Line> {
    let (lang, text) = line.split_once('|')?;
    Some(Line {
        text: text.trim().to_owned(),
        lang: Some(lang.trim().to_owned()),
    })
}

fn parse(text: &str, name: &str) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in (1..).zip(text.lines()).map(|(at, line)| (at, line.trim())) {
        if line.is_empty() {
            continue;
        }
        match compose(TextKind::Bottle, line) {
            Ok(fits) => lines.push(Line {
                text: fits.into_string(),
                lang: None,
            }),
            Err(error) => {
                return Err(bad(
                    format!("{name}, line {at}: {error}"),
                    "One line is one message; split it where that helps.",
                ));
            }
        }
    }
    Ok(lines)
}

fn bad(what: impl Into<String>, next: impl Into<String>) -> Failure {
    Failure::new(ProblemKind::Input, what, "Nothing was thrown.", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_come_with_the_program_are_enough_and_fit() {
        let lines: Vec<Line> = DEFAULT.lines().map(|line| default_line(line).unwrap()).collect();
        assert!(lines.len() >= 24, "{}", lines.len());
        for line in &lines {
            assert_eq!(compose(TextKind::Bottle, &line.text).unwrap().as_str(), line.text);
            let lang = line.lang.clone().unwrap();
            assert!(
                lang.len() == 2 && lang.chars().all(|c| c.is_ascii_lowercase()),
                "{lang}"
            );
        }
        assert_eq!(default_lines(7).len(), 14);
        assert_eq!(default_lines(16).len(), lines.len());
    }

    #[test]
    fn blank_lines_are_left_out_and_long_ones_named() {
        let lines = parse("\u{feff} one \r\n\n\ntwo", "It").unwrap();
        assert_eq!(
            lines.into_iter().map(|line| line.text).collect::<Vec<_>>(),
            ["one", "two"]
        );
        let long = format!("fine\n{}", "x".repeat(5_000));
        let Failure::Problem(problem) = parse(&long, "The file a").unwrap_err() else {
            panic!("a problem")
        };
        assert!(
            problem
                .what
                .starts_with("The file a, line 2: The message is too long"),
            "{}",
            problem.what
        );
    }
}
