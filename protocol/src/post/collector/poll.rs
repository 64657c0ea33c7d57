//! The schedule, the cursors and the current round at one mailbox.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ids::{MailAddress, Peer};
use crate::post::collector::ROUND_BYTES_MAX;
use crate::post::prefix::{COLLECT_BITS_MAX, Fit};
use crate::schedule::{Backoff, Jitter};
use crate::time::{HOUR_MS, MINUTE_MS, Now, SECOND_MS};
use crate::wire::AddressPrefix;

/// What is stored of one mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRow {
    /// Who.
    pub mailbox: Peer,
    /// How many bits of an address it is told, 0 to [`crate::post::COLLECT_BITS_MAX`].
    pub bits: u16,
    /// What it has been asked for up to now, by prefix; at most one for each address watched.
    #[serde(with = "crate::rows::pairs")]
    pub cursors: BTreeMap<AddressPrefix, u64>,
}

impl PollRow {
    pub(super) fn new(mailbox: Peer) -> Self {
        Self {
            mailbox,
            bits: 0,
            cursors: BTreeMap::new(),
        }
    }
}

/// What one answer brought.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Page {
    /// Where to go on.
    pub(super) next: u64,
    /// The mailbox says that it has more.
    pub(super) more: bool,
    /// How many letters it says are in the bucket.
    pub(super) bucket: u32,
    /// Bytes of letters.
    pub(super) bytes: usize,
    /// Letters under the prefix.
    pub(super) came: u32,
    /// Letters that are new and ours.
    pub(super) new: u32,
    /// Letters came that are not under the prefix.
    pub(super) widened: bool,
    /// A letter found no room.
    pub(super) full: bool,
}

/// One mailbox that is asked.
#[derive(Debug)]
pub(super) struct Poll {
    row: PollRow,
    next_at: u64,
    /// Rounds since a letter was expected or came; they come slower and slower.
    calm: u32,
    failures: u32,
    /// Forgotten only after it was no target for this long.
    used_at: u64,
    round: Option<Round>,
    /// A letter came into our own mailbox while a round was open there.
    again: bool,
    /// Prefixes beyond this one are asked first, if one round was not enough for all.
    resume: Option<AddressPrefix>,
}

/// The prefixes still to ask in this round.
#[derive(Debug)]
struct Round {
    queue: VecDeque<AddressPrefix>,
    /// The open question and when its answer is no longer expected.
    asked: Option<(AddressPrefix, u64)>,
    /// Letters that came from the bucket now asked, and whether it was widened.
    came: u32,
    widened: bool,
    bytes: usize,
    new: u32,
    fit: Fit,
}

impl Poll {
    pub(super) fn new(row: PollRow) -> Self {
        let row = PollRow {
            bits: row.bits.min(COLLECT_BITS_MAX),
            ..row
        };
        Self {
            row,
            next_at: 0,
            calm: CALM,
            failures: 0,
            used_at: 0,
            round: None,
            again: false,
            resume: None,
        }
    }

    pub(super) fn row(&self) -> &PollRow {
        &self.row
    }

    /// First round after a start or when the mailbox is new: soon, but not with all others at once.
    pub(super) fn start(&mut self, peer: &Peer, jitter: &Jitter, now: Now) {
        self.used_at = now.mono_ms;
        self.next_at = now
            .mono_ms
            .saturating_add(START_MIN_MS + jitter.below(peer.as_bytes(), 0, START_SPREAD_MS));
    }

    /// A letter is likely: ask within minutes, then slow down again.
    pub(super) fn hurry(&mut self, peer: &Peer, jitter: &Jitter, now: Now) {
        self.calm = 0;
        let soon = HURRY_MIN_MS + jitter.below(peer.as_bytes(), now.mono_ms, HURRY_SPREAD_MS);
        self.next_at = self.next_at.min(now.mono_ms.saturating_add(soon));
    }

    /// A letter lies in our own mailbox: nobody else sees that we look, so there is nothing to wait for.
    pub(super) fn look(&mut self, now: Now) {
        self.calm = 0;
        self.again = self.round.is_some();
        self.next_at = now.mono_ms;
    }

    /// The prefix of the open question.
    pub(super) fn asked(&self) -> Option<AddressPrefix> {
        self.round
            .as_ref()
            .and_then(|round| round.asked)
            .map(|(prefix, _)| prefix)
    }

    pub(super) fn is_due(&self, now: Now) -> bool {
        self.round.is_some() || self.next_at <= now.mono_ms
    }

    pub(super) fn is_forgettable(&self, now: Now) -> bool {
        self.asked().is_none() && now.mono_ms.saturating_sub(self.used_at) > FORGET_AFTER_MS
    }

    pub(super) fn next_deadline(&self) -> u64 {
        match &self.round {
            Some(Round {
                asked: Some((_, until)),
                ..
            }) => *until,
            Some(Round { asked: None, .. }) => 0,
            None => self.next_at,
        }
    }

    /// The next question of the current round, or of a new one for these addresses.
    pub(super) fn ask<'a>(
        &mut self,
        addresses: impl Iterator<Item = &'a MailAddress>,
        jitter: &Jitter,
        now: Now,
    ) -> Option<(AddressPrefix, u64)> {
        if self.round.is_none() {
            self.begin(addresses);
        }
        let round = self.round.as_mut()?;
        let Some(prefix) = round.queue.front().copied() else {
            self.end(jitter, now);
            return None;
        };
        round.asked = Some((prefix, now.mono_ms.saturating_add(ANSWER_LOST_MS)));
        self.used_at = now.mono_ms;
        Some((prefix, self.row.cursors.get(&prefix).copied().unwrap_or(0)))
    }

    /// Takes an answer's summary.
    pub(super) fn turn(&mut self, page: Page, jitter: &Jitter, now: Now) {
        self.failures = 0;
        let Some(round) = &mut self.round else { return };
        let Some((prefix, _)) = round.asked.take() else {
            return;
        };
        let before = self.row.cursors.get(&prefix).copied().unwrap_or(0);
        round.bytes = round.bytes.saturating_add(page.bytes.max(PAGE_BYTES_MIN));
        round.new = round.new.saturating_add(page.new);
        round.came = round.came.saturating_add(page.came);
        round.widened |= page.widened;
        if page.full {
            // What found no room must be fetched again, so the cursor stays.
            return self.end(jitter, now);
        }
        // A cursor that goes back is a mailbox that begins anew; one that stands still would be asked for ever.
        self.row.cursors.insert(prefix, page.next);
        let goes_on = page.more && page.next > before;
        let spent = round.bytes >= ROUND_BYTES_MAX;
        if !goes_on || spent {
            let came = std::mem::take(&mut round.came);
            let widened = std::mem::take(&mut round.widened);
            round.fit.saw(came, widened, page.bucket);
            round.queue.pop_front();
        }
        if spent {
            self.resume = (!goes_on).then_some(prefix);
            self.end(jitter, now);
        }
    }

    /// No usable answer: the round ends, the mailbox is asked later and later.
    pub(super) fn fail(&mut self, jitter: &Jitter, now: Now) {
        self.round = None;
        let delay = BACKOFF.delay_ms(self.failures);
        self.failures = self.failures.saturating_add(1);
        let spread = jitter.around(self.row.mailbox.as_bytes(), now.mono_ms, delay);
        self.next_at = now.mono_ms.saturating_add(spread);
    }

    /// Ends a question whose answer never came.
    pub(super) fn give_up(&mut self, jitter: &Jitter, now: Now) {
        let lost = self
            .round
            .as_ref()
            .and_then(|round| round.asked)
            .is_some_and(|(_, until)| until <= now.mono_ms);
        if lost {
            self.fail(jitter, now);
        }
    }

    fn begin<'a>(&mut self, addresses: impl Iterator<Item = &'a MailAddress>) {
        let bits = self.row.bits;
        let prefixes: BTreeSet<AddressPrefix> = addresses
            .map(|address| AddressPrefix::of(address, bits))
            .collect();
        self.refit_cursors(&prefixes);
        let resume = self.resume.take();
        let (first, rest): (Vec<_>, Vec<_>) = prefixes.into_iter().partition(|prefix| Some(*prefix) > resume);
        let queue = first.into_iter().chain(rest).collect();
        let fit = Fit::default();
        self.round = Some(Round {
            queue,
            asked: None,
            came: 0,
            widened: false,
            bytes: 0,
            new: 0,
            fit,
        });
    }

    /// Carries cursors over to longer prefixes, and drops those that nothing watched needs. A cursor counts the whole
    /// mailbox, so a longer prefix goes on where its shorter one was. A shorter one begins anew: the other half of its
    /// bucket was not asked for, and it is small, or the prefix would not have been shortened.
    fn refit_cursors(&mut self, prefixes: &BTreeSet<AddressPrefix>) {
        let before = std::mem::take(&mut self.row.cursors);
        for prefix in prefixes {
            let covering = before
                .iter()
                .filter(|(known, _)| known.bits() <= prefix.bits() && known.matches(&prefix.first()));
            if let Some(cursor) = covering.map(|(_, cursor)| *cursor).max() {
                self.row.cursors.insert(*prefix, cursor);
            }
        }
    }

    /// Begins every bucket anew.
    pub(super) fn rescan(&mut self) {
        self.row.cursors.clear();
        self.round = None;
        self.next_at = 0;
    }

    fn end(&mut self, jitter: &Jitter, now: Now) {
        let Some(round) = self.round.take() else { return };
        self.row.bits = round.fit.next_bits(self.row.bits);
        self.calm = if round.new > 0 {
            CALM_AFTER_LETTER
        } else {
            self.calm.saturating_add(1)
        };
        let delay = INTERVAL.delay_ms(self.calm);
        let spread = jitter.around(self.row.mailbox.as_bytes(), now.mono_ms, delay);
        self.next_at = now.mono_ms.saturating_add(spread);
        if std::mem::take(&mut self.again) {
            self.next_at = now.mono_ms;
        }
    }
}

/// A page counts at least this much towards the budget of its round, so that empty pages end too.
const PAGE_BYTES_MIN: usize = 16 * 1024;
/// Between two rounds: two minutes when a letter is likely, half an hour when not.
const INTERVAL: Backoff = Backoff::new(2 * MINUTE_MS, 30 * MINUTE_MS);
/// Rounds after which the interval is at its longest.
const CALM: u32 = 8;
/// Who just got a letter may get another, or answers: a few minutes.
const CALM_AFTER_LETTER: u32 = 2;
/// After a mailbox did not answer.
const BACKOFF: Backoff = Backoff::new(2 * MINUTE_MS, HOUR_MS);
/// The first round comes no sooner than this, so that lookups and connections can settle.
const START_MIN_MS: u64 = 2 * SECOND_MS;
/// And within this time after it.
const START_SPREAD_MS: u64 = 15 * SECOND_MS;
/// When a letter has become likely the next round comes no sooner than this.
const HURRY_MIN_MS: u64 = MINUTE_MS;
/// And within this time after it: the moment of asking must not name the catch.
const HURRY_SPREAD_MS: u64 = 3 * MINUTE_MS;
/// An answer is no longer expected after this; the caller's own limit is shorter.
const ANSWER_LOST_MS: u64 = MINUTE_MS;
/// A mailbox that is no target any more is remembered for this long, because lookups come and go.
const FORGET_AFTER_MS: u64 = 48 * HOUR_MS;
