//! Text that comes in from an argument, a file or standard input: bounded, UTF-8, and one clear message when it is not.
//!
//! What the text may contain is the protocol's business (`meteorite_protocol::text`); this file only makes sure that it is text.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use meteorite_protocol::control::ProblemKind;
use meteorite_protocol::text::{TextKind, compose};

use crate::failure::Failure;
use crate::output::Output;

/// Bytes read of a message or a list of messages; a longer input is refused, because no message is that long.
pub(crate) const INPUT_BYTES_MAX: u64 = 256 * 1024;

/// A message from its argument, a file, or standard input (`-`, or no argument).
pub(crate) fn message(
    argument: Option<&str>,
    file: Option<&Path>,
    output: Output,
) -> Result<String, Failure> {
    match (argument, file) {
        (_, Some(path)) => file_text(path),
        (Some(text), None) if text != "-" => Ok(text.to_owned()),
        (Some(_) | None, None) => {
            if io::stdin().is_terminal() {
                output.note("Type your message; an empty line with Ctrl-D ends it.")?;
            }
            stdin_text()
        }
    }
}

/// What will be sent of a text, cleaned and counted; refused before anything is started or mined.
pub(crate) fn checked(kind: TextKind, text: &str, output: Output) -> Result<String, Failure> {
    let composed = compose(kind, text)
        .map_err(|error| Failure::new(ProblemKind::Input, error.to_string(), NOTHING_SENT, ""))?;
    if composed.as_str() != text.trim() {
        output.note("Characters that do nothing but mischief in a text were left out or tidied.")?;
    }
    Ok(composed.into_string())
}

/// A whole file as text.
pub(crate) fn file_text(path: &Path) -> Result<String, Failure> {
    let name = format!("The file {}", path.display());
    let file = File::open(path).map_err(|error| {
        let kind = if error.kind() == io::ErrorKind::NotFound {
            ProblemKind::Missing
        } else {
            ProblemKind::Storage
        };
        let what = format!("{name} cannot be opened: {}.", io_words(&error));
        Failure::new(kind, what, NOTHING_SENT, "Check the name of the file.")
    })?;
    text(file, &name)
}

/// All of standard input as text.
pub(crate) fn stdin_text() -> Result<String, Failure> {
    text(io::stdin().lock(), "Standard input")
}

fn text(from: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            let what = format!("{name} cannot be read: {}.", io_words(&error));
            Failure::new(
                ProblemKind::Storage,
                what,
                NOTHING_SENT,
                "Check that it is a text file that belongs to you.",
            )
        })?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        let what = format!("{name} is longer than {} KiB.", INPUT_BYTES_MAX / 1024);
        return Err(Failure::new(
            ProblemKind::Input,
            what,
            NOTHING_SENT,
            "Shorten it, or send it in pieces.",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error
            .as_bytes()
            .iter()
            .take(at)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let what = format!("{name} is not UTF-8 text (line {line}).");
        Failure::new(
            ProblemKind::Input,
            what,
            NOTHING_SENT,
            "Save it as UTF-8, then try again.",
        )
    })
}

/// The system's words for an error, without its number.
pub(crate) fn io_words(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

const NOTHING_SENT: &str = "Nothing was sent.";

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> String {
        match text(bytes, "It").unwrap_err() {
            Failure::Problem(problem) => problem.to_string(),
            Failure::Interrupted | Failure::Pipe => unreachable!("reading a slice"),
        }
    }

    #[test]
    fn text_is_taken_as_it_is() {
        assert_eq!(text("héllo\n".as_bytes(), "It").unwrap(), "héllo\n");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        assert!(
            problem(b"fine\nfine\n\xff\xfe").starts_with("It is not UTF-8 text (line 3). Nothing was sent.")
        );
        assert!(problem(&vec![b'a'; 300 * 1024]).starts_with("It is longer than 256 KiB."));
    }
}
