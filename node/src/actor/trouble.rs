//! Why a handler of the actor did not do what it should: the user's problem, or the end of the node.

use meteorite_protocol::control::{Problem, ProblemKind};
use meteorite_shell::StepError;
use meteorite_store::StoreError;

/// A problem goes to whoever asked; a step that was not stored ends the node.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Tell the user.
    Problem(Problem),
    /// End the node.
    Step(StepError),
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Problem(unreadable(&error))
    }
}

/// Rows that cannot be read or written outside a step.
pub(super) fn unreadable(error: &StoreError) -> Problem {
    Problem::new(
        ProblemKind::Storage,
        format!("The database did not do this: {error}."),
        "Nothing was changed.",
        "Make room on the disk, then try again; `meteorite doctor` looks at the database.",
    )
}

/// No such thing.
pub(super) fn missing(what: &str, name: &str) -> Problem {
    Problem::new(
        ProblemKind::Missing,
        format!("There is no {what} called “{name}”."),
        "",
        "Ids are shown by `meteorite sky`, `hold`, `bottles`, `collection` and `letters`; a few letters of one are enough.",
    )
}

/// A rule of the sea.
pub(super) fn refused(what: impl Into<String>, next: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Refused, what, "Nothing was changed.", next)
}

/// A fault of this program.
pub(super) fn bug(what: impl Into<String>) -> Problem {
    Problem::new(
        ProblemKind::Bug,
        what,
        "Nothing was changed.",
        "Please report this.",
    )
}
