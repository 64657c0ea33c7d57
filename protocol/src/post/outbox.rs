//! Sending letters until two mailboxes signed for each.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{LetterId, Peer};
use crate::limits::RECEIPTS_WANTED;
use crate::post::letter::{LetterRow, LetterTruth, OutgoingLetter};
use crate::post::{Errand, LookupPoint, Mailboxes, PostEffect};
use crate::schedule::{Backoff, Jitter, earlier, mono_at};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Now, SECOND_MS, UnixMillis};
use crate::wire::MailAnswer;

/// Letters on their way at once; a further one is refused. A day's opens allow 16, so two weeks of them fit twice.
pub const OUTBOX_MAX: usize = 512;
/// Deposits waiting for an answer at once, at most one per mailbox; the others wait their turn.
pub const DEPOSITS_AT_ONCE: usize = 8;

/// No more letters can wait: some must arrive or fail first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxFull;

/// The letters on their way out.
#[derive(Debug)]
pub struct Outbox {
    letters: BTreeMap<LetterId, Sending>,
    /// Mailboxes with an open question, and when an answer is no longer expected.
    busy: BTreeMap<Peer, (LetterId, u64)>,
    jitter: Jitter,
}

#[derive(Debug)]
struct Sending {
    row: LetterRow,
    /// The truth last told; none after a restart.
    told: Option<LetterTruth>,
    /// Attempts at mailboxes without a receipt; forgotten at a restart.
    tries: BTreeMap<Peer, Tries>,
    /// Mailboxes of a shutdown, beyond the usual ones.
    extra: BTreeSet<Peer>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    made: u32,
    next_at: u64,
}

impl Outbox {
    /// Continues from stored rows; archived ones are skipped.
    pub fn restore(rows: impl IntoIterator<Item = LetterRow>, jitter: Jitter) -> Self {
        let live = rows.into_iter().filter(|row| !row.archived).take(OUTBOX_MAX);
        let letters = live.map(|row| (row.letter.letter, Sending::new(row))).collect();
        Self {
            letters,
            busy: BTreeMap::new(),
            jitter,
        }
    }

    /// One letter still on its way.
    pub fn row(&self, letter: &LetterId) -> Option<&LetterRow> {
        self.letters.get(letter).map(|sending| &sending.row)
    }

    /// All letters still on their way, by id.
    pub fn rows(&self) -> impl Iterator<Item = &LetterRow> {
        self.letters.values().map(|sending| &sending.row)
    }

    /// Letters with fewer than two receipts that count.
    pub fn unsettled(&self, now: Now) -> usize {
        self.rows()
            .filter(|row| row.fresh_receipts(now.wall) < RECEIPTS_WANTED)
            .count()
    }

    pub(super) fn handle_letter(
        &mut self,
        letter: OutgoingLetter,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) -> Result<(), OutboxFull> {
        if self.letters.contains_key(&letter.letter) {
            return Ok(());
        }
        if self.letters.len() >= OUTBOX_MAX {
            return Err(OutboxFull);
        }
        let sending = Sending::new(LetterRow::new(letter, now.wall));
        let id = sending.row.letter.letter;
        effects.push(PostEffect::SaveLetter(Box::new(sending.row.clone())));
        self.letters.insert(id, sending);
        self.step(id, now, effects, |_| {});
        Ok(())
    }

    pub(super) fn handle_collected(&mut self, letter: LetterId, now: Now, effects: &mut Vec<PostEffect>) {
        self.step(letter, now, effects, |sending| sending.row.collected = true);
    }

    pub(super) fn handle_answer(
        &mut self,
        peer: &Peer,
        letter: LetterId,
        answer: Option<MailAnswer>,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        if self.busy.get(peer).is_some_and(|(asked, _)| *asked == letter) {
            self.busy.remove(peer);
        }
        let jitter = self.jitter.clone();
        self.step(letter, now, effects, |sending| {
            sending.try_later(peer, &jitter, now);
            match answer {
                Some(MailAnswer::Receipt(receipt)) => {
                    if sending.row.add_receipt(peer, receipt, now.wall) {
                        sending.tries.remove(peer);
                    }
                }
                Some(MailAnswer::Refused(reason)) => sending.row.add_refusal(peer, reason),
                Some(MailAnswer::Letters { .. }) | None => {}
            }
        });
    }

    pub(super) fn handle_shutdown(
        &mut self,
        others: &[Peer],
        mailboxes: &Mailboxes,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        for sending in self.letters.values_mut() {
            if sending.row.fresh_receipts(now.wall) < RECEIPTS_WANTED {
                sending.extra = others.iter().take(EXTRA_MAX).cloned().collect();
                sending
                    .tries
                    .values_mut()
                    .for_each(|tries| tries.next_at = now.mono_ms);
            }
        }
        self.handle_tick(mailboxes, now, effects);
    }

    pub(super) fn handle_tick(&mut self, mailboxes: &Mailboxes, now: Now, effects: &mut Vec<PostEffect>) {
        let lost: Vec<(Peer, LetterId)> = self
            .busy
            .iter()
            .filter(|(_, (_, until))| *until <= now.mono_ms)
            .map(|(peer, (letter, _))| (peer.clone(), *letter))
            .collect();
        for (peer, letter) in lost {
            self.handle_answer(&peer, letter, None, now, effects);
        }
        let letters: Vec<LetterId> = self.letters.keys().copied().collect();
        for letter in letters {
            if self
                .letters
                .get(&letter)
                .is_some_and(|sending| sending.is_due(now.wall))
            {
                self.step(letter, now, effects, |_| {});
            }
            self.ask(letter, mailboxes, now, effects);
        }
    }

    pub(super) fn lookup_points(&self) -> BTreeSet<LookupPoint> {
        self.rows()
            .map(|row| LookupPoint::of(&row.letter.address))
            .collect()
    }

    pub(super) fn next_deadline(&self, mailboxes: &Mailboxes, now: Now) -> Option<u64> {
        let lost = self.busy.values().map(|(_, until)| *until).min();
        let letters = self.letters.values().filter_map(|sending| {
            let receipts = sending
                .row
                .receipts
                .values()
                .map(|receipt| mono_at(receipt.stale_at(), now))
                .min();
            let asks = sending
                .targets(mailboxes)
                .into_iter()
                .filter(|peer| !self.busy.contains_key(peer))
                .filter_map(|peer| sending.ask_at(&peer, &self.jitter, now))
                .min();
            // With all questions open, an answer or its absence is what comes next.
            let asks = asks.filter(|_| self.busy.len() < DEPOSITS_AT_ONCE);
            earlier(earlier(receipts, asks), Some(mono_at(sending.row.until(), now)))
        });
        earlier(lost, letters.min())
    }

    /// Asks every mailbox that is due and not busy.
    fn ask(&mut self, letter: LetterId, mailboxes: &Mailboxes, now: Now, effects: &mut Vec<PostEffect>) {
        let Some(sending) = self.letters.get(&letter) else {
            return;
        };
        for peer in sending.targets(mailboxes) {
            if self.busy.len() >= DEPOSITS_AT_ONCE {
                return;
            }
            let due = sending
                .ask_at(&peer, &self.jitter, now)
                .is_some_and(|at| at <= now.mono_ms);
            if due && !self.busy.contains_key(&peer) {
                effects.push(PostEffect::Ask(
                    peer.clone(),
                    Errand::Deposit(letter),
                    sending.row.request(),
                ));
                self.busy
                    .insert(peer, (letter, now.mono_ms.saturating_add(ANSWER_LOST_MS)));
            }
        }
    }

    /// Applies one change and what follows from it, and saves the row if it differs.
    fn step(
        &mut self,
        letter: LetterId,
        now: Now,
        effects: &mut Vec<PostEffect>,
        change: impl FnOnce(&mut Sending),
    ) {
        let Some(sending) = self.letters.get_mut(&letter) else {
            return;
        };
        let before = sending.row.clone();
        change(sending);
        sending.row.settle(now.wall);
        if sending.row != before {
            effects.push(PostEffect::SaveLetter(Box::new(sending.row.clone())));
        }
        let truth = sending.row.truth(now.wall);
        if sending.told != Some(truth) {
            sending.told = Some(truth);
            effects.push(PostEffect::Truth(letter, truth));
        }
        if sending.row.archived {
            self.letters.remove(&letter);
        }
    }
}

impl Sending {
    fn new(row: LetterRow) -> Self {
        Self {
            row,
            told: None,
            tries: BTreeMap::new(),
            extra: BTreeSet::new(),
        }
    }

    /// Whether time alone has changed what is proven, or ended the sending.
    fn is_due(&self, wall: UnixMillis) -> bool {
        wall >= self.row.until() || self.told != Some(self.row.truth(wall))
    }

    /// The mailboxes of the address, those that signed before, and those of a shutdown; none twice.
    fn targets(&self, mailboxes: &Mailboxes) -> BTreeSet<Peer> {
        let mut all: BTreeSet<Peer> = mailboxes.targets(&self.row.letter.address).into_iter().collect();
        all.extend(self.row.receipts.keys().cloned());
        all.extend(self.extra.iter().cloned());
        all
    }

    /// When this mailbox should be asked: confirmed daily if it signed, once in any case, again while receipts are missing.
    fn ask_at(&self, peer: &Peer, jitter: &Jitter, now: Now) -> Option<u64> {
        if self.row.ended.contains_key(peer) {
            return None;
        }
        let tries = self.tries.get(peer).copied().unwrap_or_default();
        if let Some(receipt) = self.row.receipts.get(peer) {
            let delay = jitter.around(&self.row.letter.letter.0, receipt.checked_at.0, RECHECK_MS);
            return Some(mono_at(receipt.checked_at.plus_ms(delay), now).max(tries.next_at));
        }
        let missing = self.row.fresh_receipts(now.wall) < RECEIPTS_WANTED;
        (missing || tries.made == 0).then_some(tries.next_at)
    }

    fn try_later(&mut self, peer: &Peer, jitter: &Jitter, now: Now) {
        let known = self.tries.len() < TRIES_MAX || self.tries.contains_key(peer);
        if !known {
            self.tries.clear();
        }
        let tries = self.tries.entry(peer.clone()).or_default();
        let delay = BACKOFF.delay_ms(tries.made);
        tries.next_at = now.mono_ms.saturating_add(jitter.around(
            &self.row.letter.letter.0,
            u64::from(tries.made),
            delay,
        ));
        tries.made = tries.made.saturating_add(1);
    }
}

/// Mailboxes whose attempts are remembered; in a network that changes faster the counts start again.
const TRIES_MAX: usize = 64;
/// Connected peers to which a shutdown hands a letter over.
const EXTRA_MAX: usize = 8;
/// An answer is no longer expected after this; the caller's own limit is shorter.
const ANSWER_LOST_MS: u64 = MINUTE_MS;
/// How often a mailbox that signed is asked whether it still has the letter, give or take a quarter.
const RECHECK_MS: u64 = DAY_MS;
/// Between two attempts at a mailbox that did not sign.
const BACKOFF: Backoff = Backoff::new(30 * SECOND_MS, HOUR_MS);
