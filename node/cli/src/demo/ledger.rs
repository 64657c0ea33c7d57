//! What happened when: each bottle from its throw to its first reading, and the lines that still wait.
//!
//! The ships write into it and ask it what to do next; it decides nothing else. Times are taken where the news arrives, so a
//! latency includes the way through the node's actor and its notices, as a user would see it.

mod track;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use super::figures::{Figures, Summary};
use super::lines::Line;
use track::{Thrown, Track, millis, since};

pub(super) use track::Everywhere;

/// Shared by all ships.
#[derive(Debug)]
pub(super) struct Ledger {
    ships: usize,
    pages: Mutex<Pages>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Pages {
    lines: usize,
    waiting: VecDeque<Line>,
    in_hand: usize,
    ashore: usize,
    spent: BTreeSet<usize>,
    failed: Vec<Unread>,
    bottles: BTreeMap<String, Track>,
    lights: usize,
    letters: usize,
    arrived: usize,
}

/// A line that no stranger has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unread {
    /// What it says.
    pub(super) text: String,
    /// How far it came.
    pub(super) why: String,
}

impl Ledger {
    /// For so many ships and these lines.
    pub(super) fn new(ships: usize, lines: Vec<Line>) -> Self {
        let pages = Pages {
            lines: lines.len(),
            waiting: lines.into(),
            ..Pages::default()
        };
        Self {
            ships,
            pages: Mutex::new(pages),
            changed: watch::Sender::new(0),
        }
    }

    /// Changes whenever something was written.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// How many lines were given.
    pub(super) fn lines(&self) -> usize {
        self.pages().lines
    }

    /// The next line, for a ship that may throw.
    pub(super) fn take_line(&self, ship: usize) -> Option<Line> {
        let mut pages = self.pages();
        pages.spent.remove(&ship);
        let line = pages.waiting.pop_front()?;
        pages.in_hand += 1;
        Some(line)
    }

    /// A taken line goes back: its ship may not throw today.
    pub(super) fn give_back(&self, line: Line) {
        let mut pages = self.pages();
        pages.in_hand = pages.in_hand.saturating_sub(1);
        pages.waiting.push_front(line);
        drop(pages);
        self.touch();
    }

    /// A taken line could not be thrown at all.
    pub(super) fn failed(&self, text: String, why: String) {
        let mut pages = self.pages();
        pages.in_hand = pages.in_hand.saturating_sub(1);
        pages.failed.push(Unread { text, why });
        drop(pages);
        self.touch();
    }

    /// This ship may throw no more. When that holds for all `throwers`, the waiting lines stay ashore: how many, once.
    pub(super) fn spent(&self, ship: usize, throwers: usize) -> Option<usize> {
        let mut pages = self.pages();
        pages.spent.insert(ship);
        if pages.spent.len() < throwers || pages.waiting.is_empty() {
            return None;
        }
        let left = pages.waiting.len();
        pages.ashore += left;
        pages.waiting.clear();
        drop(pages);
        self.touch();
        Some(left)
    }

    /// A bottle is thrown; `line` where it was one of the lines.
    pub(super) fn thrown(
        &self,
        by: usize,
        bottle: &str,
        text: String,
        line: bool,
        stamp: Duration,
    ) -> Option<Everywhere> {
        let mut pages = self.pages();
        if line {
            pages.in_hand = pages.in_hand.saturating_sub(1);
        }
        let track = pages.bottles.entry(bottle.to_owned()).or_default();
        track.thrown = Some(Thrown {
            by,
            text,
            at: Instant::now(),
            stamp_ms: millis(stamp),
            line,
        });
        let everywhere = track.everywhere(self.ships);
        drop(pages);
        self.touch();
        everywhere
    }

    /// A bottle came into a ship's sky.
    pub(super) fn seen(&self, ship: usize, bottle: &str) -> Option<Everywhere> {
        let mut pages = self.pages();
        let track = pages.bottles.entry(bottle.to_owned()).or_default();
        track.skies.entry(ship).or_insert_with(Instant::now);
        let everywhere = track.everywhere(self.ships);
        drop(pages);
        self.touch();
        everywhere
    }

    /// May this ship go for the bottle? At most `readers` do, so that places are left and no work is wasted.
    pub(super) fn want(&self, ship: usize, bottle: &str, readers: usize) -> bool {
        let mut pages = self.pages();
        let track = pages.bottles.entry(bottle.to_owned()).or_default();
        let own = track.thrown.as_ref().is_some_and(|thrown| thrown.by == ship);
        !own && track.wanted_by.len() < readers && track.wanted_by.insert(ship)
    }

    /// Is it one of the lines, as far as is known?
    pub(super) fn is_line(&self, bottle: &str) -> bool {
        let pages = self.pages();
        let thrown = pages.bottles.get(bottle).and_then(|track| track.thrown.as_ref());
        thrown.is_none_or(|thrown| thrown.line)
    }

    /// It could not have it after all.
    pub(super) fn unwant(&self, ship: usize, bottle: &str) {
        if let Some(track) = self.pages().bottles.get_mut(bottle) {
            track.wanted_by.remove(&ship);
        }
        self.touch();
    }

    /// A ship opened and read it; milliseconds since the throw.
    pub(super) fn read(&self, bottle: &str) -> u64 {
        let mut pages = self.pages();
        let track = pages.bottles.entry(bottle.to_owned()).or_default();
        track.readings += 1;
        let now = Instant::now();
        track.first_read.get_or_insert(now);
        let since = track.since_throw(now);
        drop(pages);
        self.touch();
        since
    }

    /// A light left for its author.
    pub(super) fn lit(&self) {
        self.pages().lights += 1;
    }

    /// A letter left.
    pub(super) fn wrote(&self) {
        self.pages().letters += 1;
    }

    /// A light or a letter came.
    pub(super) fn arrived(&self) {
        self.pages().arrived += 1;
        self.touch();
    }

    /// Has a stranger read every line, as far as it could be thrown?
    pub(super) fn all_read(&self) -> bool {
        let pages = self.pages();
        pages.waiting.is_empty() && pages.in_hand == 0 && pages.bottles.values().all(Track::is_settled)
    }

    /// Has everything that was sent to authors arrived?
    pub(super) fn all_answered(&self) -> bool {
        let pages = self.pages();
        pages.arrived >= pages.lights + pages.letters
    }

    /// What no stranger has read, and how far it came.
    pub(super) fn unfinished(&self) -> Vec<Unread> {
        let pages = self.pages();
        let waiting = pages.waiting.iter().map(|line| Unread {
            text: line.text.clone(),
            why: "not thrown yet".to_owned(),
        });
        let others = self.ships.saturating_sub(1);
        let unread = pages
            .bottles
            .values()
            .filter(|track| !track.is_settled())
            .filter_map(|track| {
                let thrown = track.thrown.as_ref()?;
                let skies = track.others().count();
                Some(Unread {
                    text: thrown.text.clone(),
                    why: format!("thrown, in {skies} of {others} other skies, not read"),
                })
            });
        pages
            .failed
            .iter()
            .cloned()
            .chain(unread)
            .chain(waiting)
            .collect()
    }

    /// Everything in numbers.
    pub(super) fn summary(&self, took: Duration) -> Summary {
        let pages = self.pages();
        let tracks: Vec<(&Track, &Thrown)> = pages
            .bottles
            .values()
            .filter_map(|track| Some((track, track.thrown.as_ref()?)))
            .collect();
        let one_sky = tracks
            .iter()
            .flat_map(|(track, thrown)| track.others().map(|at| since(thrown.at, at)));
        let every_sky = tracks
            .iter()
            .filter_map(|(track, _)| Some(track.complete(self.ships)?.after_ms));
        let first_read = tracks
            .iter()
            .filter_map(|(track, thrown)| Some(since(thrown.at, track.first_read?)));
        let every_sky = Figures::new(every_sky.collect());
        let first_read = Figures::new(first_read.collect());
        Summary {
            ships: self.ships,
            lines: pages.lines,
            thrown: tracks.len(),
            ashore: pages.ashore,
            everywhere: every_sky.count,
            read: first_read.count,
            readings: tracks.iter().map(|(track, _)| track.readings).sum(),
            lights: pages.lights,
            letters: pages.letters,
            arrived: pages.arrived,
            stamp: Figures::new(tracks.iter().map(|(_, thrown)| thrown.stamp_ms).collect()),
            one_sky: Figures::new(one_sky.collect()),
            every_sky,
            first_read,
            took_ms: millis(took),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.changed.send_modify(|turn| *turn = turn.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts
            .iter()
            .map(|text| Line {
                text: (*text).to_owned(),
                lang: None,
            })
            .collect()
    }

    #[test]
    fn a_line_is_done_when_a_stranger_read_it() {
        let ledger = Ledger::new(3, lines(&["one"]));
        assert!(!ledger.all_read());
        let line = ledger.take_line(0).unwrap();
        assert!(!ledger.all_read(), "in hand");
        assert_eq!(ledger.seen(1, "b"), None, "news before the author's answer");
        assert_eq!(ledger.thrown(0, "b", line.text, true, Duration::ZERO), None);
        assert_eq!(ledger.seen(0, "b"), None, "the author's own sky does not count");
        assert!(
            ledger
                .seen(2, "b")
                .is_some_and(|everywhere| everywhere.by == 0 && everywhere.skies == 2)
        );
        assert_eq!(ledger.seen(2, "b"), None, "told once");
        assert!(!ledger.want(0, "b", 1), "nobody reads their own");
        assert!(ledger.want(1, "b", 1) && !ledger.want(2, "b", 1));
        assert!(!ledger.all_read());
        ledger.read("b");
        assert!(ledger.all_read());
        assert!(ledger.unfinished().is_empty());
        assert_eq!(
            (
                ledger.summary(Duration::ZERO).read,
                ledger.summary(Duration::ZERO).everywhere
            ),
            (1, 1)
        );
    }

    #[test]
    fn lines_stay_ashore_when_nobody_may_throw_any_more() {
        let ledger = Ledger::new(2, lines(&["one", "two"]));
        let line = ledger.take_line(0).unwrap();
        ledger.give_back(line);
        assert_eq!(ledger.spent(0, 2), None);
        assert_eq!(ledger.spent(1, 2), Some(2));
        assert!(ledger.all_read());
        assert_eq!(ledger.summary(Duration::ZERO).ashore, 2);
    }
}
