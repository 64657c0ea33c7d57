//! Our letters on their way out, and the fetching of letters for us.
//!
//! A letter waits in mailboxes because its receiver is seldom online at the same time. Mailboxes are not trusted: they
//! may lose letters, lie, or want to learn who reads what. So
//!
//! - a letter is deposited at every configured bootstrap server and at the four peers closest to its *lookup point*, tried
//!   again with backoff until two of them signed a receipt, asked for again every day, and handed over at a clean shutdown;
//! - a receipt counts only if its signature, mailbox, address and letter are right, and only while it is fresh: what is shown
//!   as "in mailbox × n" are n signatures, never attempts;
//! - collecting asks for an address *prefix* of at most eight bits, the same eight bits that choose the lookup point, so no
//!   mailbox learns more about an address than its place in the network already tells (see `prefix`);
//! - what is collected is stored before it is opened, and a cursor moves only in the step that stores the letters before it,
//!   so that a crash fetches letters again but never skips one.
//!
//! [`Mailboxes`] knows where to ask, [`Outbox`] sends, [`Collector`] fetches; [`Post`] is the three with one set of effects.
//! Called by `engine`. It refuses to seal, open or sign anything.

mod collector;
mod inbox;
mod letter;
mod mailboxes;
mod outbox;
mod prefix;

pub use collector::{Collector, POLLS_AT_ONCE, PollRow, ROUND_BYTES_MAX, WATCHED_MAX, Watch};
pub use inbox::{INBOX_ROWS_MAX, INBOX_WAITING_MAX, Inbox, InboxRow, InboxState};
pub use letter::{FailReason, HeldReceipt, LetterRow, LetterTruth, OutgoingLetter, TargetEnd};
pub use mailboxes::{BOOTSTRAPS_MAX, LookupPoint, Mailboxes};
pub use outbox::{DEPOSITS_AT_ONCE, OUTBOX_MAX, Outbox, OutboxFull};
pub use prefix::{COLLECT_BITS_MAX, Fit, LENGTHEN_AT};

use crate::ids::{BottleId, LetterId, MailAddress, Peer};
use crate::schedule::{Jitter, earlier};
use crate::time::Now;
use crate::validate::Params;
use crate::wire::{MailAnswer, MailRequest};

/// What a question to a mailbox was for. At most one of each kind is open per mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errand {
    /// Leaving this letter.
    Deposit(LetterId),
    /// Fetching letters.
    Collect,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostEffect {
    /// Durable: replace the row of this outgoing letter.
    SaveLetter(Box<LetterRow>),
    /// Durable: replace the row of this incoming letter.
    SaveInbox(Box<InboxRow>),
    /// Durable: delete the row of this incoming letter; it can no longer come again.
    DeleteInbox(LetterId),
    /// Cache: replace the row of this mailbox. Losing it fetches letters again.
    SavePoll(Box<PollRow>),
    /// Cache: delete the row of this mailbox.
    DeletePoll(Peer),
    /// Look up the peers closest to this point that offer mail; answer with `handle_found`.
    FindMailboxes(LookupPoint),
    /// Ask this mailbox; answer with `handle_answer`.
    Ask(Peer, Errand, Box<MailRequest>),
    /// A letter came for this bottle: open it, put it into its thread, then `handle_opened`.
    Received(LetterId, BottleId),
    /// What is proven of an outgoing letter changed.
    Truth(LetterId, LetterTruth),
}

/// Outbox, collector and the mailboxes they share.
#[derive(Debug)]
pub struct Post {
    mailboxes: Mailboxes,
    outbox: Outbox,
    collector: Collector,
    /// When a tick is next useful; computed once per change, because it looks at every letter and mailbox.
    deadline: Option<u64>,
}

/// Everything stored of the post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostRows {
    /// Outgoing letters.
    pub letters: Vec<LetterRow>,
    /// Incoming letters.
    pub inbox: Vec<InboxRow>,
    /// Mailboxes asked before.
    pub polls: Vec<PollRow>,
}

impl Post {
    /// Continues from stored rows. `me` is never asked. Call `handle_watch` for every live address, then `handle_start`.
    pub fn restore(rows: PostRows, me: Peer, params: Params, jitter: Jitter) -> Self {
        Self {
            mailboxes: Mailboxes::new(me, jitter.clone()),
            outbox: Outbox::restore(rows.letters, jitter.clone()),
            collector: Collector::restore(rows.inbox, rows.polls, params, jitter),
            deadline: Some(0),
        }
    }

    /// Takes up the timers after a start and offers again what was collected but not opened.
    pub fn handle_start(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        self.collector.handle_start(now, effects);
        let known = self.collector.lookup_points();
        self.mailboxes.look_up(&known, &known, now, effects);
        self.run(now, effects);
    }

    /// The bootstrap servers from the configuration; replaces the earlier ones.
    pub fn handle_bootstraps(&mut self, peers: &[Peer], now: Now, effects: &mut Vec<PostEffect>) {
        self.mailboxes.set_bootstraps(peers);
        self.run(now, effects);
    }

    /// Whether we hold letters for others: then letters for us may lie here too. Our own peer id is asked for them.
    pub fn handle_own_mailbox(&mut self, own: bool, now: Now, effects: &mut Vec<PostEffect>) {
        self.mailboxes.set_own(own);
        self.run(now, effects);
    }

    /// A peer that offers mail connected: where mailboxes are missing, they are looked up again now.
    pub fn handle_neighbour(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        self.mailboxes.set_neighbour(now);
        self.run(now, effects);
    }

    /// The outcome of `FindMailboxes`: the closest peers that offer mail, closest first; empty if none were found.
    pub fn handle_found(
        &mut self,
        point: LookupPoint,
        peers: &[Peer],
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        self.mailboxes.set_found(point, peers, now);
        self.run(now, effects);
    }

    /// A letter was sealed, signed and stored: send it. Known ones are left as they are.
    pub fn handle_letter(
        &mut self,
        letter: OutgoingLetter,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) -> Result<(), OutboxFull> {
        self.outbox.handle_letter(letter, now, effects)?;
        self.run(now, effects);
        Ok(())
    }

    /// The other side's own letter shows that it has ours.
    pub fn handle_collected(&mut self, letter: LetterId, now: Now, effects: &mut Vec<PostEffect>) {
        self.outbox.handle_collected(letter, now, effects);
        self.run(now, effects);
    }

    /// Fetch letters for this address from now on. False when too many are watched. Takes effect with the next tick,
    /// which is due at once.
    pub fn handle_watch(&mut self, watch: Watch) -> bool {
        self.deadline = Some(0);
        self.collector.handle_watch(watch)
    }

    /// No letter for this address matters any more.
    pub fn handle_unwatch(&mut self, address: &MailAddress) {
        self.collector.handle_unwatch(address);
    }

    /// A letter for this address has become likely (a catch was seen, our answer was collected): ask sooner for a while.
    pub fn handle_expected(&mut self, address: &MailAddress, now: Now) {
        self.collector.handle_expected(address, &self.mailboxes, now);
        self.deadline = Some(0);
    }

    /// Fetch everything anew, because an identity was restored into this store: its letters may lie behind the cursors.
    pub fn handle_rescan(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        self.collector.handle_rescan();
        self.run(now, effects);
    }

    /// The answer of a mailbox, or `None` if there was none.
    pub fn handle_answer(
        &mut self,
        peer: &Peer,
        errand: Errand,
        answer: Option<MailAnswer>,
        now: Now,
        effects: &mut Vec<PostEffect>,
    ) {
        match errand {
            Errand::Deposit(letter) => self.outbox.handle_answer(peer, letter, answer, now, effects),
            Errand::Collect => self.collector.handle_answer(peer, answer, now, effects),
        }
        self.run(now, effects);
    }

    /// A received letter was opened and put into its thread, or can never be opened.
    pub fn handle_opened(&mut self, letter: LetterId, effects: &mut Vec<PostEffect>) {
        self.collector.handle_opened(letter, effects);
    }

    /// The program is about to end: offers what has fewer than two receipts to every target and to `others`, connected
    /// peers that offer mail. Wait until `unsettled` is 0, but not long.
    pub fn handle_shutdown(&mut self, others: &[Peer], now: Now, effects: &mut Vec<PostEffect>) {
        self.outbox.handle_shutdown(others, &self.mailboxes, now, effects);
        self.run(now, effects);
    }

    /// Runs what is due.
    pub fn handle_tick(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        if self.deadline.is_some_and(|at| at <= now.mono_ms) {
            self.run(now, effects);
        }
    }

    /// The mono instant at which `handle_tick` is next useful.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// The letters on their way out.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What was collected.
    pub fn inbox(&self) -> &Inbox {
        self.collector.inbox()
    }

    /// What is asked of whom.
    pub fn collector(&self) -> &Collector {
        &self.collector
    }

    /// Letters with fewer than two receipts that are neither collected nor failed.
    pub fn unsettled(&self, now: Now) -> usize {
        self.outbox.unsettled(now)
    }

    fn run(&mut self, now: Now, effects: &mut Vec<PostEffect>) {
        let (needed, watched) = (self.outbox.lookup_points(), self.collector.lookup_points());
        self.mailboxes.look_up(&needed, &watched, now, effects);
        self.outbox.handle_tick(&self.mailboxes, now, effects);
        self.collector.handle_tick(&self.mailboxes, now, effects);
        let sending = self.outbox.next_deadline(&self.mailboxes, now);
        let fetching = self.collector.next_deadline();
        self.deadline = earlier(earlier(sending, fetching), self.mailboxes.next_deadline());
    }
}
