//! Conversations by letter.
//!
//! A thread belongs to one bottle and one claim. The finder sends a light (one of six stickers), a first letter, or both.
//! The author may answer once. Then each side chooses to keep writing or to let it drift; the choice can be taken back, and
//! all that the other side ever learns of it is that "this thread drifted on".
//!
//! Every letter carries a fresh reply key, and the next one of the other side is sealed to it. Turns are numbered: 0 the
//! light, 1 the first letter, then even for the author and odd for the finder, each above every turn that its writer has
//! seen; the last is 31. A choice without words is a letter with content `Drift`: its `keep` is false to let the thread
//! drift, and true to take that back.
//!
//! A letter of theirs that is sealed to a key of ours proves that they have the letter that carried the key: it is
//! *collected*. There is no other way to know.
//!
//! State is two sets of letters (see `row`), so repeats and disorder change nothing, and a crash at any point loses nothing:
//! a sent letter's row commits together with the outbox row, a received one's before the inbox forgets it.
//!
//! Called by `engine` with what the shell opened. It refuses to hold text or secrets: those are sealed in the store, under
//! the letter id and the public reply key.

mod effect;
mod light;
mod row;
mod rules;

pub use effect::{SendRefusal, ThreadEffect, ThreadEvent};
pub use light::Light;
pub use row::{LetterKind, ThreadId, ThreadLetter, ThreadRow, ThreadStart, Wish};
pub use rules::{ANSWERS_FROM, CHOICES_TOLD_MAX, Drop, ThreadStanding, Turn, WriteRefusal, Writing};

use std::collections::BTreeMap;

use crate::post::Watch;
use crate::schedule::mono_at;
use crate::time::Now;
use crate::wire::Side;

/// Threads followed at once; a further one is dropped, its letters with it. It takes a valid claim to begin one.
pub const THREADS_MAX: usize = 4096;
/// Threads about one own bottle; the claims of a bottle are fewer, unless someone mines many that lose.
pub const THREADS_PER_BOTTLE_MAX: usize = 64;
/// Own keys per thread whose addresses are watched: the newest ones. An answer to an older key than that would be four
/// letters late.
pub const KEYS_WATCHED_MAX: usize = 4;

/// All threads that may still change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threads {
    threads: BTreeMap<ThreadId, ThreadRow>,
}

impl Threads {
    /// Continues from stored rows; archived ones are skipped. Call `handle_start` next.
    pub fn restore(rows: impl IntoIterator<Item = ThreadRow>) -> Self {
        let live = rows.into_iter().filter(|row| !row.archived).take(THREADS_MAX);
        Self {
            threads: live.map(|row| (row.id(), row)).collect(),
        }
    }

    /// Watches what was watched before. Not the addresses of own bottles, which are watched for their own sake.
    pub fn handle_start(&mut self, now: Now, effects: &mut Vec<ThreadEffect>) {
        for row in self.threads.values() {
            effects.extend(watched(row).map(ThreadEffect::Watch));
        }
        self.handle_tick(now, effects);
    }

    /// May we write this now? How to seal it and where to leave it.
    pub fn check_write(&self, thread: &ThreadId, writing: Writing, now: Now) -> Result<Turn, WriteRefusal> {
        let row = self.threads.get(thread).ok_or(WriteRefusal::Unknown)?;
        rules::plan(row, writing, now.wall)
    }

    /// The letter that must still be sealed so that they learn our choice, if one is due.
    pub fn next_choice(&self, thread: &ThreadId, now: Now) -> Option<Turn> {
        self.threads
            .get(thread)
            .and_then(|row| rules::plan_choice(row, now.wall))
    }

    /// A claim of ours was made: from now on we may write to its author. Known ones are left as they are.
    pub fn handle_begin(
        &mut self,
        start: ThreadStart,
        now: Now,
        effects: &mut Vec<ThreadEffect>,
    ) -> Result<(), Drop> {
        if self.threads.contains_key(&start.id) {
            return Ok(());
        }
        self.check_room(&start, now)?;
        let row = ThreadRow::new(start);
        effects.push(ThreadEffect::Save(Box::new(row.clone())));
        self.threads.insert(start.id, row);
        Ok(())
    }

    /// A letter of ours was sealed and signed as `check_write` or `next_choice` said; it goes to the outbox in the same step.
    /// Repeats change nothing. Refused if the plan no longer holds, because a letter came meanwhile: seal it anew.
    pub fn handle_sent(
        &mut self,
        thread: ThreadId,
        letter: ThreadLetter,
        now: Now,
        effects: &mut Vec<ThreadEffect>,
    ) -> Result<(), SendRefusal> {
        let row = self
            .threads
            .get(&thread)
            .ok_or(SendRefusal::Refused(WriteRefusal::Unknown))?;
        if row
            .sent
            .get(&letter.seq)
            .is_some_and(|known| known.letter == letter.letter)
        {
            return Ok(());
        }
        let plan = match letter.kind {
            LetterKind::Light(_) => {
                rules::plan(row, Writing::Light, now.wall).map_err(SendRefusal::Refused)?
            }
            LetterKind::Text | LetterKind::Unknown => {
                rules::plan(row, Writing::Text, now.wall).map_err(SendRefusal::Refused)?
            }
            LetterKind::Choice => rules::plan_choice(row, now.wall).ok_or(SendRefusal::Stale)?,
        };
        let keep_holds = letter.kind != LetterKind::Choice || letter.keep == (row.wish == Wish::Keep);
        if plan.seq != letter.seq || plan.to != letter.to || !keep_holds {
            return Err(SendRefusal::Stale);
        }
        let before: Vec<Watch> = watched(row).collect();
        let mut row = row.clone();
        row.sent.insert(letter.seq, letter);
        if letter.kind.speaks() && letter.keep {
            // To write is to keep writing.
            row.wish = Wish::Keep;
        }
        let after: Vec<Watch> = watched(&row).collect();
        self.save(row, effects);
        effects.extend(
            before
                .iter()
                .filter(|watch| !after.contains(watch))
                .map(|w| ThreadEffect::Unwatch(w.address)),
        );
        effects.extend(
            after
                .iter()
                .filter(|watch| !before.contains(watch))
                .map(|w| ThreadEffect::Watch(*w)),
        );
        Ok(())
    }

    /// A letter of theirs was opened. `start` describes its thread, from our own bottle or our own claim; an unknown thread
    /// begins with it if it is about our bottle. The words are already in the store; a dropped letter's are to be deleted.
    pub fn handle_received(
        &mut self,
        start: ThreadStart,
        letter: ThreadLetter,
        now: Now,
        effects: &mut Vec<ThreadEffect>,
    ) -> Result<(), Drop> {
        let row = match self.threads.get(&start.id) {
            Some(row) => row.clone(),
            None if start.me == Side::Finder => return Err(Drop::Unknown),
            None => {
                self.check_room(&start, now)?;
                ThreadRow::new(start)
            }
        };
        rules::check_received(&row, &letter, now.wall)?;
        let kept_before = row.they_keep() || row.received.is_empty();
        let collected = row.sent_with_key(&letter.to).map(|sent| sent.letter);
        let mut row = row;
        row.received.insert(letter.seq, letter);
        let (keeps, quiet) = (row.they_keep(), row.wish == Wish::Drift);
        self.save(row, effects);
        effects.extend(collected.map(ThreadEffect::Collected));
        let said = letter
            .kind
            .speaks()
            .then_some(ThreadEvent::Said(start.id, letter.seq, letter.kind));
        let drifted = (kept_before && !keeps).then_some(ThreadEvent::DriftedOn(start.id));
        let returned = (!kept_before && keeps).then_some(ThreadEvent::Returned(start.id));
        // Who let a thread drift is not called back by it.
        effects.extend(
            said.into_iter()
                .chain(drifted)
                .chain(returned)
                .filter(|_| !quiet)
                .map(ThreadEffect::Event),
        );
        Ok(())
    }

    /// We choose to keep writing or to let it drift. `next_choice` then says whether they are to be told.
    pub fn handle_wish(&mut self, thread: ThreadId, wish: Wish, effects: &mut Vec<ThreadEffect>) {
        self.change(thread, effects, |row| row.wish = wish);
    }

    /// Drops their letters unseen from now on. They are told nothing.
    pub fn handle_block(&mut self, thread: ThreadId, effects: &mut Vec<ThreadEffect>) {
        self.change(thread, effects, |row| row.blocked = true);
    }

    /// Takes the block back.
    pub fn handle_unblock(&mut self, thread: ThreadId, effects: &mut Vec<ThreadEffect>) {
        self.change(thread, effects, |row| row.blocked = false);
    }

    /// Archives threads whose letters are over.
    pub fn handle_tick(&mut self, now: Now, effects: &mut Vec<ThreadEffect>) {
        let over = self
            .threads
            .values()
            .filter(|row| row.start.letters_end <= now.wall);
        let over: Vec<ThreadId> = over.map(ThreadRow::id).collect();
        for id in over {
            let Some(mut row) = self.threads.remove(&id) else {
                continue;
            };
            effects.extend(watched(&row).map(|watch| ThreadEffect::Unwatch(watch.address)));
            row.archived = true;
            effects.push(ThreadEffect::Save(Box::new(row)));
        }
    }

    /// The mono instant at which `handle_tick` is next useful.
    pub fn next_deadline(&self, now: Now) -> Option<u64> {
        self.threads
            .values()
            .map(|row| row.start.letters_end)
            .min()
            .map(|at| mono_at(at, now))
    }

    /// One thread.
    pub fn row(&self, thread: &ThreadId) -> Option<&ThreadRow> {
        self.threads.get(thread)
    }

    /// All threads followed, by bottle and claimant.
    pub fn rows(&self) -> impl Iterator<Item = &ThreadRow> {
        self.threads.values()
    }

    /// How a thread stands.
    pub fn standing(&self, thread: &ThreadId, now: Now) -> Option<ThreadStanding> {
        self.threads.get(thread).map(|row| rules::standing(row, now.wall))
    }

    fn check_room(&self, start: &ThreadStart, now: Now) -> Result<(), Drop> {
        if now.wall >= start.letters_end {
            return Err(Drop::Over);
        }
        let of_bottle = self
            .threads
            .keys()
            .filter(|id| id.bottle == start.id.bottle)
            .count();
        let full = self.threads.len() >= THREADS_MAX || of_bottle >= THREADS_PER_BOTTLE_MAX;
        if full { Err(Drop::Full) } else { Ok(()) }
    }

    fn change(
        &mut self,
        thread: ThreadId,
        effects: &mut Vec<ThreadEffect>,
        change: impl FnOnce(&mut ThreadRow),
    ) {
        let Some(row) = self.threads.get(&thread) else {
            return;
        };
        let mut changed = row.clone();
        change(&mut changed);
        if changed != *row {
            self.save(changed, effects);
        }
    }

    fn save(&mut self, row: ThreadRow, effects: &mut Vec<ThreadEffect>) {
        effects.push(ThreadEffect::Save(Box::new(row.clone())));
        self.threads.insert(row.id(), row);
    }
}

/// The addresses at which answers to the newest of our letters wait. An author's letters all wait at the bottle's address.
fn watched(row: &ThreadRow) -> impl Iterator<Item = Watch> {
    let newest = match row.start.me {
        Side::Finder => KEYS_WATCHED_MAX,
        Side::Author => 0,
    };
    row.sent.values().rev().take(newest).map(|letter| Watch {
        address: row.own_address(&letter.reply_key),
        bottle: row.start.id.bottle,
        until: row.start.letters_end,
    })
}
