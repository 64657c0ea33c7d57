//! One bottle's way: thrown, in every other sky, read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A bottle has reached the last of the other skies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Everywhere {
    /// Its author.
    pub(in crate::demo) by: usize,
    /// What it says.
    pub(in crate::demo) text: String,
    /// Other skies.
    pub(in crate::demo) skies: usize,
    /// Since the throw.
    pub(in crate::demo) after_ms: u64,
}

/// One bottle. News of it can come before its author's own node has answered.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) thrown: Option<Thrown>,
    pub(super) skies: BTreeMap<usize, Instant>,
    pub(super) told_everywhere: bool,
    pub(super) wanted_by: BTreeSet<usize>,
    pub(super) first_read: Option<Instant>,
    pub(super) readings: usize,
}

#[derive(Debug)]
pub(super) struct Thrown {
    pub(super) by: usize,
    pub(super) text: String,
    pub(super) at: Instant,
    pub(super) stamp_ms: u64,
    pub(super) line: bool,
}

impl Track {
    /// The arrivals in other skies than the author's own.
    pub(super) fn others(&self) -> impl Iterator<Item = Instant> {
        let by = self.thrown.as_ref().map(|thrown| thrown.by);
        self.skies
            .iter()
            .filter(move |(ship, _)| Some(**ship) != by)
            .map(|(_, at)| *at)
    }

    /// The arrival that completed all other skies.
    pub(super) fn complete(&self, ships: usize) -> Option<Everywhere> {
        let thrown = self.thrown.as_ref()?;
        let skies = self.others().count();
        let last = self.others().max()?;
        (skies + 1 >= ships).then(|| Everywhere {
            by: thrown.by,
            text: thrown.text.clone(),
            skies,
            after_ms: since(thrown.at, last),
        })
    }

    /// [`Self::complete`], the first time.
    pub(super) fn everywhere(&mut self, ships: usize) -> Option<Everywhere> {
        let complete = self.complete(ships).filter(|_| !self.told_everywhere)?;
        self.told_everywhere = true;
        Some(complete)
    }

    pub(super) fn since_throw(&self, at: Instant) -> u64 {
        self.thrown.as_ref().map_or(0, |thrown| since(thrown.at, at))
    }

    /// Nothing is left to wait for: it was read, or it is no line.
    pub(super) fn is_settled(&self) -> bool {
        self.first_read.is_some() || !self.thrown.as_ref().is_some_and(|thrown| thrown.line)
    }
}

/// Zero where the news of another node came before the author's own answer.
pub(super) fn since(start: Instant, end: Instant) -> u64 {
    millis(end.saturating_duration_since(start))
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
