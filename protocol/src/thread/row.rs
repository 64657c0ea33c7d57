//! The stored state of one thread, and what follows from it.
//!
//! A thread is two sets of letters, ours and theirs, keyed by turn. Everything else is computed from them, so the order in
//! which letters arrive, and how often, makes no difference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AuthorKey, BottleId, ClaimantKey, LetterId, MailAddress, ReplyKey};
use crate::limits::THREAD_LETTERS_MAX;
use crate::thread::{ANSWERS_FROM, Light};
use crate::time::UnixMillis;
use crate::wire::letter::{author_address, finder_address};
use crate::wire::{LetterContent, Side};

/// A conversation: one bottle, one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ThreadId {
    /// The bottle that began it.
    pub bottle: BottleId,
    /// The key of the finder's claim.
    pub claimant: ClaimantKey,
}

/// What is fixed when a thread begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadStart {
    /// Which.
    pub id: ThreadId,
    /// Our side.
    pub me: Side,
    /// The bottle's author key.
    pub author: AuthorKey,
    /// The key in the bottle's header, to which first letters are sealed.
    pub reply_to: ReplyKey,
    /// No letter about this bottle is valid from then on.
    pub letters_end: UnixMillis,
}

/// What a letter is, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LetterKind {
    /// A sticker.
    Light(Light),
    /// Words.
    Text,
    /// No words: its `keep` says whether the writer lets the thread drift (false) or takes that back (true).
    Choice,
    /// Something of a later version; it counts as words.
    Unknown,
}

impl LetterKind {
    /// The kind of a letter's content.
    pub fn of(content: &LetterContent) -> Self {
        match content {
            LetterContent::Light(code) => Light::from_code(*code).map_or(Self::Unknown, Self::Light),
            LetterContent::Text(_) => Self::Text,
            LetterContent::Drift => Self::Choice,
            LetterContent::Unknown { .. } => Self::Unknown,
        }
    }

    /// Whether it says something that can be answered.
    pub const fn speaks(self) -> bool {
        match self {
            Self::Light(_) | Self::Text | Self::Unknown => true,
            Self::Choice => false,
        }
    }
}

/// One letter of a thread, ours or theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadLetter {
    /// Its turn: 0 the light, 1 the first letter; then even ones are the author's, odd ones the finder's.
    pub seq: u8,
    /// Its id.
    pub letter: LetterId,
    /// The key that it is sealed to.
    pub to: ReplyKey,
    /// The fresh key in it, to which an answer is sealed.
    pub reply_key: ReplyKey,
    /// What it is.
    pub kind: LetterKind,
    /// Whether its writer would go on.
    pub keep: bool,
    /// When it was sealed here, or came here.
    pub at: UnixMillis,
}

/// What one side wants of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Wish {
    /// Keep writing.
    Keep,
    /// Let it drift.
    Drift,
}

/// One thread as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// What is fixed.
    pub start: ThreadStart,
    /// Our letters by turn, at most 32.
    #[serde(with = "crate::rows::pairs")]
    pub sent: BTreeMap<u8, ThreadLetter>,
    /// Their letters by turn, at most 32.
    #[serde(with = "crate::rows::pairs")]
    pub received: BTreeMap<u8, ThreadLetter>,
    /// What we want; nobody is told before the author has answered.
    pub wish: Wish,
    /// Letters of this thread are dropped unseen.
    pub blocked: bool,
    /// Its letters are over; kept for the history.
    pub archived: bool,
}

impl ThreadRow {
    pub(super) fn new(start: ThreadStart) -> Self {
        Self {
            start,
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            wish: Wish::Keep,
            blocked: false,
            archived: false,
        }
    }

    /// Which thread.
    pub fn id(&self) -> ThreadId {
        self.start.id
    }

    /// Our last letter that says something.
    pub fn last_said(&self) -> Option<&ThreadLetter> {
        self.sent.values().rev().find(|letter| letter.kind.speaks())
    }

    /// Their last letter that says something.
    pub fn last_heard(&self) -> Option<&ThreadLetter> {
        self.received.values().rev().find(|letter| letter.kind.speaks())
    }

    /// Whether the author has answered: only then is there a thread, and a choice to tell.
    pub fn is_answered(&self) -> bool {
        let author_said = match self.start.me {
            Side::Author => self.last_said(),
            Side::Finder => self.last_heard(),
        };
        author_said.is_some()
    }

    /// Whether they would go on, by their latest letter.
    pub fn they_keep(&self) -> bool {
        self.received
            .values()
            .next_back()
            .is_some_and(|letter| letter.keep)
    }

    /// What they were last told of our wish, once there is a thread.
    pub fn told(&self) -> Option<Wish> {
        let last = self.sent.values().next_back()?;
        Some(if last.keep { Wish::Keep } else { Wish::Drift })
    }

    /// The key to seal the next letter to: the newest of theirs, before that the header's.
    pub fn next_to(&self) -> ReplyKey {
        self.received
            .values()
            .next_back()
            .map_or(self.start.reply_to, |letter| letter.reply_key)
    }

    /// Where a letter of ours sealed to this key is left.
    pub fn address_of(&self, to: &ReplyKey) -> MailAddress {
        match self.start.me {
            Side::Finder => author_address(&self.start.author, &self.start.reply_to),
            Side::Author => finder_address(&self.start.id.claimant, to),
        }
    }

    /// Where letters to us wait that are sealed to this key of ours.
    pub fn own_address(&self, reply_key: &ReplyKey) -> MailAddress {
        match self.start.me {
            Side::Finder => finder_address(&self.start.id.claimant, reply_key),
            Side::Author => author_address(&self.start.author, &self.start.reply_to),
        }
    }

    /// Our next turn in the thread: above every turn known, even for the author, odd for the finder. None when full.
    pub fn next_turn(&self) -> Option<u8> {
        let known = self.sent.keys().chain(self.received.keys()).max().copied();
        let above = known
            .map_or(ANSWERS_FROM, |seq| seq.saturating_add(1))
            .max(ANSWERS_FROM);
        let parity = match self.start.me {
            Side::Author => 0,
            Side::Finder => 1,
        };
        let turn = if above % 2 == parity {
            above
        } else {
            above.saturating_add(1)
        };
        (turn < THREAD_LETTERS_MAX).then_some(turn)
    }

    /// Our letter that carried this key, or none for the header's.
    pub fn sent_with_key(&self, key: &ReplyKey) -> Option<&ThreadLetter> {
        self.sent.values().find(|letter| letter.reply_key == *key)
    }
}
