//! Why something did not work, in words for the user: what happened, what is safe, what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A refusal or a failure that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// What sort of problem, for programs.
    pub kind: ProblemKind,
    /// What happened.
    pub what: String,
    /// What is safe in spite of it.
    pub safe: String,
    /// What to do next.
    pub next: String,
}

/// The sort of a [`Problem`]; the command line's exit codes come from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The request itself is wrong: too long, empty, malformed.
    Input,
    /// No such bottle, thread or file.
    Missing,
    /// Not now: a daily allowance, a slot already taken, a rule of the game.
    Refused,
    /// Keys or passphrase.
    Keys,
    /// Disk, database, permissions.
    Storage,
    /// Nobody reachable, port in use, a bad address.
    Network,
    /// Another node runs on this folder, or none does.
    Busy,
    /// A fault of this program.
    Bug,
}

impl Problem {
    /// A problem in three sentences.
    pub fn new(
        kind: ProblemKind,
        what: impl Into<String>,
        safe: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            safe: safe.into(),
            next: next.into(),
        }
    }
}

impl ProblemKind {
    /// The exit code of the command line: 1 is left to the shell's own failures, 2 to wrong usage.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Input => 3,
            Self::Missing => 4,
            Self::Refused => 5,
            Self::Keys => 6,
            Self::Storage => 7,
            Self::Network => 8,
            Self::Busy => 9,
            Self::Bug => 70,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences = [&self.what, &self.safe, &self.next];
        let mut said = sentences.iter().filter(|sentence| !sentence.is_empty());
        if let Some(first) = said.next() {
            out.write_str(first)?;
        }
        said.try_for_each(|sentence| write!(out, " {sentence}"))
    }
}

impl std::error::Error for Problem {}
