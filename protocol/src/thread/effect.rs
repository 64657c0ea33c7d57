//! What a thread says: effects for the shell, events for the user, refusals as data.

use crate::ids::{LetterId, MailAddress};
use crate::post::Watch;
use crate::thread::{LetterKind, ThreadId, ThreadRow, WriteRefusal};

/// Why a sealed letter was not taken. It must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendRefusal {
    /// Writing is not allowed now.
    Refused(WriteRefusal),
    /// It was sealed for another turn, key or choice than the one that is due: ask again and seal it anew.
    Stale,
}

/// What happened, for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadEvent {
    /// They said something in this turn.
    Said(ThreadId, u8, LetterKind),
    /// This thread drifted on.
    DriftedOn(ThreadId),
    /// They keep writing after all.
    Returned(ThreadId),
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadEffect {
    /// Durable: replace the row of this thread.
    Save(Box<ThreadRow>),
    /// Fetch letters for this address.
    Watch(Watch),
    /// No longer fetch letters for this address.
    Unwatch(MailAddress),
    /// They have this letter of ours.
    Collected(LetterId),
    /// Tell the user.
    Event(ThreadEvent),
}
