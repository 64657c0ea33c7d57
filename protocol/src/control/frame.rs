//! One line of JSON per value, with an id that pairs answers with questions.

use serde::{Deserialize, Serialize};

use super::{Notice, Reply, Request};

/// The longest line either side reads; a longer one ends the connection. A backup travels in one line, hence megabytes.
pub const CONTROL_LINE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A question on the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Chosen by the asker; the answer carries it.
    pub id: u64,
    /// What is asked.
    pub request: Request,
}

/// What the node writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    /// The answer to a question.
    Answer {
        /// The question's id.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// Something happened (after [`Request::Subscribe`]).
    Notice(Notice),
}

/// Why a line is no question or no answer.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`CONTROL_LINE_BYTES_MAX`].
    #[error("a control line of {0} bytes is longer than {CONTROL_LINE_BYTES_MAX}")]
    TooLong(usize),
    /// Not the JSON that is expected here.
    #[error("a control line that is not understood: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads a question from one line (without or with its newline).
///
/// # Errors
/// [`FrameError`] for a line that is too long or is not a question.
pub fn decode_question(line: &[u8]) -> Result<Question, FrameError> {
    decode(line)
}

/// Reads what a node wrote from one line.
///
/// # Errors
/// [`FrameError`] for a line that is too long or is not an answer or a notice.
pub fn decode_line(line: &[u8]) -> Result<Line, FrameError> {
    decode(line)
}

/// One line with its newline.
///
/// # Errors
/// [`FrameError`] where the value cannot be written as JSON or is too long.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    if line.len() > CONTROL_LINE_BYTES_MAX {
        return Err(FrameError::TooLong(line.len()));
    }
    Ok(line)
}

fn decode<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T, FrameError> {
    if line.len() > CONTROL_LINE_BYTES_MAX {
        return Err(FrameError::TooLong(line.len()));
    }
    Ok(serde_json::from_slice(line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_readable_line() {
        let question = Question {
            id: 7,
            request: Request::Read {
                bottle: "k3x9".into(),
            },
        };
        let line = encode(&question).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&line),
            "{\"id\":7,\"request\":{\"ask\":\"read\",\"bottle\":\"k3x9\"}}\n"
        );
        assert_eq!(decode_question(&line).unwrap(), question);
    }

    #[test]
    fn unknown_fields_and_garbage_are_refused() {
        for line in [
            "",
            "{}",
            "null",
            "{\"id\":1,\"request\":{\"ask\":\"read\",\"bottle\":\"a\",\"x\":1}}",
            "[[[[",
        ] {
            assert!(decode_question(line.as_bytes()).is_err(), "{line}");
        }
    }
}
