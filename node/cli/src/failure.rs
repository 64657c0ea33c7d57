//! How a command ends when it does not end well, and the exit code that tells so.
//!
//! A [`Problem`] says what happened, what is safe and what to do next; this file adds the two endings that are nobody's
//! problem (the user pressed Ctrl-C, the reader of a pipe had enough) and the sentences that several commands share.

use std::io;

use meteorite_protocol::control::{Problem, ProblemKind, Reply};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something that the user can act on.
    Problem(Problem),
    /// Ctrl-C, or a request to end.
    Interrupted,
    /// Whoever read the output went away.
    Pipe,
}

/// What a command returns: its exit code, or why it ended early.
pub(crate) type Ending = Result<u8, Failure>;

/// Everything went well.
pub(crate) const DONE: u8 = 0;
/// The command did its work and the result is not good: a finding that must be mended, a demo past its deadline.
pub(crate) const NOT_WELL: u8 = 1;
/// The command line itself was wrong.
pub(crate) const USAGE: u8 = 2;

impl Failure {
    /// A problem in three sentences.
    pub(crate) fn new(
        kind: ProblemKind,
        what: impl Into<String>,
        safe: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::Problem(Problem::new(kind, what, safe, next))
    }

    /// The exit code for the shell.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(problem) => problem.kind.exit_code(),
            // What a shell reports for SIGINT.
            Self::Interrupted => 130,
            // As other filters do: `meteorite sky | head` is no failure.
            Self::Pipe => DONE,
        }
    }

    /// A line could not be written.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Pipe;
        }
        Self::new(
            ProblemKind::Storage,
            format!("The output cannot be written: {error}."),
            "What was done before is done.",
            "Check where the output goes, and that the disk is not full.",
        )
    }

    /// The node gave an answer of another kind than the question allows.
    pub(crate) fn unexpected(reply: &Reply) -> Self {
        let kind = serde_json::to_value(reply)
            .ok()
            .and_then(|value| value.get("reply").cloned());
        let kind = kind
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default();
        Self::new(
            ProblemKind::Bug,
            format!("The node gave an unexpected answer ({kind})."),
            "Nothing was lost.",
            "Are node and command of the same version? End the node, start it again, and report this if it stays.",
        )
    }

    /// There is no key file, and none is made silently.
    pub(crate) fn no_keys(key_file: &std::path::Path) -> Self {
        Self::new(
            ProblemKind::Keys,
            format!("There are no keys yet: {} does not exist.", key_file.display()),
            "Nothing was made or changed.",
            "`meteorite keys new` makes an identity and shows the 24 words that bring it back; `meteorite keys recover` \
             takes words that you have. To look around first, try `meteorite demo`.",
        )
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
