//! Fetching letters for our addresses, by prefix, from every mailbox where they may wait.
//!
//! Each mailbox is asked on its own schedule. A *round* asks for the prefixes of all our addresses there, one after the
//! other, page by page behind a stored cursor, within a byte budget; what does not fit is asked for in the next round.
//! Rounds come every half hour with jitter; after a catch was seen they come within minutes and then slow down again, so
//! that the moment of asking tells little about the moment of the catch.

mod poll;

pub use poll::PollRow;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BottleId, LetterId, MailAddress, Peer};
use crate::post::collector::poll::{Page, Poll};
use crate::post::inbox::{Inbox, InboxRow, Taken};
use crate::post::{Errand, LookupPoint, Mailboxes, PostEffect};
use crate::schedule::{Jitter, earlier};
use crate::time::{HOUR_MS, MINUTE_MS, Now, UnixMillis};
use crate::validate::{self, Params};
use crate::verdict::{IgnoreReason, Verdict};
use crate::wire::{AddressPrefix, Bytes, Deposit, MailAnswer, MailRequest, Signed};

/// Addresses watched at once; a further one is refused. One for each own bottle and for each letter to an author.
pub const WATCHED_MAX: usize = 2048;
/// Mailboxes asked at once; the others wait their turn.
pub const POLLS_AT_ONCE: usize = 4;
/// Mailboxes with a schedule; further ones are asked when one of these is no longer a target.
const POLLS_MAX: usize = 256;
/// Bytes of letters taken from one mailbox in one round; the rest waits for the next.
pub const ROUND_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An address whose letters are for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The address.
    pub address: MailAddress,
    /// The bottle that it belongs to.
    pub bottle: BottleId,
    /// No letter for it is valid from then on.
    pub until: UnixMillis,
}

/// What is fetched, from whom, and when.
#[derive(Debug)]
pub struct Collector {
    watched: BTreeMap<MailAddress, Watch>,
    polls: BTreeMap<Peer, Poll>,
    inbox: Inbox,
    params: Params,
    jitter: Jitter,
    prune_at: u64,
}

impl Collector {
    /// Continues from stored rows.
    pub fn restore(inbox: Vec<InboxRow>, polls: Vec<PollRow>, params: Params, jitter: Jitter) -> Self {
        let polls = polls
            .into_iter()
            .take(POLLS_MAX)
            .map(|row| (row.mailbox.clone(), Poll::new(row)))
            .collect();
        let inbox = Inbox::restore(inbox);
        Self {
            watched: BTreeMap::new(),
            polls,
            inbox,
            params,
            jitter,
            prune_at: 0,
        }
    }

    /// What came.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Whether letters for this address are fetched.
    pub fn is_watched(&self, address: &MailAddress) -> bool {
        self.watched.contains_key(address)
    }

    /// What is stored of each mailbox asked.
    pub fn polls(&self) -> impl Iterator<Item = &PollRow> {
        self.polls.values().map(Poll::row)
    }

    pub(super) fn handle_start(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        effects.extend(
            self.inbox
                .waiting()
                .map(|row| PostEffect::Received(row.letter, row.bottle)),
        );
        for (peer, poll) in &mut self.polls {
            poll.start(peer, &self.jitter, now);
        }
    }

    pub(super) fn handle_watch(&mut self, watch: Watch) -> bool {
        if self.watched.len() >= WATCHED_MAX && !self.watched.contains_key(&watch.address) {
            return false;
        }
        self.watched.insert(watch.address, watch);
        true
    }

    pub(super) fn handle_unwatch(&mut self, address: &MailAddress) {
        self.watched.remove(address);
    }

    pub(super) fn handle_expected(&mut self, address: &MailAddress, mailboxes: &Mailboxes, now: Now) {
        if !self.is_watched(address) {
            return;
        }
        for (peer, poll) in &mut self.polls {
            if mailboxes.is_me(peer) {
                poll.look(now);
            } else if mailboxes.is_source(address, peer) {
                poll.hurry(peer, &self.jitter, now);
            }
        }
    }

    pub(super) fn handle_rescan(&mut self) {
        self.polls.values_mut().for_each(Poll::rescan);
    }

    pub(super) fn handle_opened(&mut self, letter: LetterId, effects: &mut Vec<PostEffect>) {
        self.inbox.handle_opened(letter, effects);
    }

    pub(super) fn handle_answer(
        &mut self,
        peer: &Peer,
        answer: Option<MailAnswer>,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        let Some(poll) = self.polls.get_mut(peer) else {
            return;
        };
        let Some(prefix) = poll.asked() else { return };
        match answer {
            Some(MailAnswer::Letters {
                letters,
                next,
                more,
                bucket,
            }) => {
                let mut page = Page {
                    next,
                    more,
                    bucket,
                    ..Page::default()
                };
                for bytes in &letters {
                    page.bytes += bytes.len();
                    page.full |= !self.take(bytes, prefix, &mut page, now, effects);
                }
                let Some(poll) = self.polls.get_mut(peer) else {
                    return;
                };
                let before = poll.row().clone();
                poll.turn(page, &self.jitter, now);
                if *poll.row() != before {
                    effects.push(PostEffect::SavePoll(Box::new(poll.row().clone())));
                }
            }
            Some(MailAnswer::Receipt(_) | MailAnswer::Refused(_)) | None => poll.fail(&self.jitter, now),
        }
    }

    pub(super) fn handle_tick(&mut self, mailboxes: &Mailboxes, now: Now, effects: &mut Vec<PostEffect>) {
        if self.prune_at <= now.mono_ms {
            self.prune_at = now.mono_ms.saturating_add(PRUNE_EVERY_MS);
            self.watched.retain(|_, watch| watch.until > now.wall);
            self.inbox.prune(now.wall, effects);
        }
        self.follow_targets(mailboxes, now, effects);
        for poll in self.polls.values_mut() {
            poll.give_up(&self.jitter, now);
        }
        let mut open = self.polls.values().filter(|poll| poll.asked().is_some()).count();
        for (peer, poll) in &mut self.polls {
            if open >= POLLS_AT_ONCE {
                break;
            }
            if poll.asked().is_some() || !poll.is_due(now) {
                continue;
            }
            let addresses = self
                .watched
                .keys()
                .filter(|address| mailboxes.is_source(address, peer));
            if let Some((prefix, cursor)) = poll.ask(addresses, &self.jitter, now) {
                let request = Box::new(MailRequest::Collect { prefix, cursor });
                effects.push(PostEffect::Ask(peer.clone(), Errand::Collect, request));
                open += 1;
            }
        }
    }

    pub(super) fn lookup_points(&self) -> BTreeSet<LookupPoint> {
        self.watched.keys().map(LookupPoint::of).collect()
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        let busy = self.polls.values().filter(|poll| poll.asked().is_some()).count() >= POLLS_AT_ONCE;
        let polls = self.polls.values().filter(|poll| poll.asked().is_some() || !busy);
        earlier(polls.map(Poll::next_deadline).min(), Some(self.prune_at))
    }

    /// Stores a letter if it is for us and everything in it holds. False if there was no room for it.
    fn take(
        &mut self,
        bytes: &Bytes,
        prefix: AddressPrefix,
        page: &mut Page,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) -> bool {
        let Ok(signed) = Signed::<Deposit>::decode(bytes.as_slice()) else {
            return true;
        };
        let address = signed.value().address();
        if prefix.matches(&address) {
            page.came = page.came.saturating_add(1);
        } else {
            page.widened = true;
        }
        if !self.is_watched(&address) || self.inbox.contains(&signed.letter_id()) {
            return true;
        }
        let letter = match validate::deposit(bytes.as_slice(), &self.params, now) {
            Ok(letter) => letter,
            // Our clock is behind. The cursor stays, or the letter would never be seen again once the clock is right. Honest
            // mailboxes keep nothing from the future, so nobody else can hold the cursor for long.
            Err(Verdict::Ignore(IgnoreReason::TooEarly)) => return false,
            Err(Verdict::Accept | Verdict::Ignore(_) | Verdict::Reject(_)) => return true,
        };
        match self.inbox.add(&letter, bytes.as_slice(), now.wall, effects) {
            Taken::New => {
                page.new = page.new.saturating_add(1);
                true
            }
            Taken::Passed => true,
            Taken::Full => false,
        }
    }

    /// Begins to ask new targets and forgets mailboxes that are none any more.
    fn follow_targets(&mut self, mailboxes: &Mailboxes, now: Now, effects: &mut Vec<PostEffect>) {
        let mut targets = BTreeSet::new();
        let mut points = BTreeSet::new();
        for address in self.watched.keys() {
            // Addresses of one point share their targets.
            if points.insert(LookupPoint::of(address)) {
                targets.extend(mailboxes.sources(address));
            }
        }
        let gone = self
            .polls
            .iter()
            .filter(|(peer, poll)| !targets.contains(*peer) && poll.is_forgettable(now));
        let gone: Vec<Peer> = gone.map(|(peer, _)| peer.clone()).collect();
        for peer in gone {
            self.polls.remove(&peer);
            effects.push(PostEffect::DeletePoll(peer));
        }
        for peer in targets {
            if self.polls.len() < POLLS_MAX && !self.polls.contains_key(&peer) {
                let mut poll = Poll::new(PollRow::new(peer.clone()));
                if mailboxes.is_me(&peer) {
                    poll.look(now);
                } else {
                    poll.start(&peer, &self.jitter, now);
                }
                self.polls.insert(peer, poll);
            }
        }
    }
}

/// How often what is over is forgotten.
const PRUNE_EVERY_MS: u64 = HOUR_MS + MINUTE_MS;
