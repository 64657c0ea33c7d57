//! A wrong clock holds back what would carry a wrong date.

use meteorite_protocol::clock_watch::ClockDoubt;
use meteorite_protocol::control::{Problem, ProblemKind};

use super::Actor;

impl Actor {
    /// Bottles and claims are dated to minutes; one with a wrong date is refused by every other node.
    pub(super) fn check_clock(&self) -> Result<(), Problem> {
        let seems = match self.shell.engine().clock_doubt(self.shell.now()) {
            None => return Ok(()),
            Some(ClockDoubt::Behind) => "behind: what is new to others lies in its future",
            Some(ClockDoubt::Ahead) => "ahead: what is new to others is old to it",
        };
        Err(Problem::new(
            ProblemKind::Refused,
            format!("The clock of this computer seems to be {seems}."),
            "Nothing was sent and nothing was spent; what you have is safe.",
            "Set the date and the time of this computer, then try again; no restart is needed.",
        ))
    }
}
