//! Who may write when, and which of their letters are right.
//!
//! A claim permits one light and one first letter; the author may answer once; then each side writes in turn, as long as
//! both keep writing. "In turn" is the whole of "one unanswered letter per side": who spoke last waits.
//!
//! The same rule is applied to what comes. Between two letters in which they speak there must be one of ours with a turn in
//! between, because an honest writer takes a turn above every letter that it has seen. Letters in which nobody speaks
//! (choices) are free, as far as turns go.

use crate::ids::{MailAddress, ReplyKey};
use crate::limits::THREAD_LETTERS_MAX;
use crate::thread::{LetterKind, ThreadId, ThreadLetter, ThreadRow, Wish};
use crate::time::UnixMillis;
use crate::wire::Side;

/// Choices told in one thread by one side; a further change of mind stays with its owner.
pub const CHOICES_TOLD_MAX: usize = 4;

/// The finder's light and first letter have the turns before this one; from here on both sides answer one another.
pub const ANSWERS_FROM: u8 = 2;

/// What one wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writing {
    /// A sticker.
    Light,
    /// Words.
    Text,
}

/// How the next letter is to be sealed and where it is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// In which thread.
    pub thread: ThreadId,
    /// Who writes: us.
    pub from: Side,
    /// Its turn.
    pub seq: u8,
    /// The key to seal it to.
    pub to: ReplyKey,
    /// Where it is left.
    pub address: MailAddress,
}

/// Why one cannot write now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    /// No such thread is followed.
    Unknown,
    /// Letters about this bottle are no longer kept anywhere.
    Over,
    /// The light was sent; a letter may still be.
    LightSent,
    /// The last letter is not answered yet.
    Unanswered,
    /// Nothing came that could be answered.
    NothingToAnswer,
    /// This thread drifted on: the other side has let it go.
    DriftedOn,
    /// The thread has as many letters as it can.
    Full,
    /// It is blocked.
    Blocked,
}

/// Why a letter that came was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drop {
    /// It is here already.
    Repeat,
    /// Another letter has this turn.
    TurnTaken,
    /// It is not theirs to write, or not this kind.
    WrongTurn,
    /// It is sealed to a key that was not given in this thread.
    WrongKey,
    /// They spoke twice without an answer in between.
    OutOfTurn,
    /// The thread is blocked.
    Blocked,
    /// The thread is not known here, and not theirs to begin.
    Unknown,
    /// No more threads can be followed, in all or for this bottle.
    Full,
    /// Letters about this bottle are over.
    Over,
}

/// The next letter of ours that says something.
pub(super) fn plan(row: &ThreadRow, writing: Writing, wall: UnixMillis) -> Result<Turn, WriteRefusal> {
    check_open(row, wall)?;
    let Some(heard) = row.last_heard() else {
        return match row.start.me {
            Side::Finder => first(row, writing),
            Side::Author => Err(WriteRefusal::NothingToAnswer),
        };
    };
    let first_answer = row.start.me == Side::Author && row.last_said().is_none();
    if row.last_said().is_some_and(|said| said.seq > heard.seq) {
        return Err(WriteRefusal::Unanswered);
    }
    if !first_answer && !row.they_keep() {
        return Err(WriteRefusal::DriftedOn);
    }
    turn(row, row.next_turn().ok_or(WriteRefusal::Full)?)
}

/// The letter that tells our wish, if one is due: there is a thread, they were told otherwise, and it can still be told.
pub(super) fn plan_choice(row: &ThreadRow, wall: UnixMillis) -> Option<Turn> {
    let due =
        check_open(row, wall).is_ok() && row.is_answered() && row.told().is_some_and(|told| told != row.wish);
    let told = row
        .sent
        .values()
        .filter(|letter| letter.kind == LetterKind::Choice)
        .count();
    if !due || told >= CHOICES_TOLD_MAX {
        return None;
    }
    turn(row, row.next_turn()?).ok()
}

/// Whether a letter that they wrote is right, given what is known.
pub(super) fn check_received(row: &ThreadRow, letter: &ThreadLetter, wall: UnixMillis) -> Result<(), Drop> {
    if row.blocked {
        return Err(Drop::Blocked);
    }
    if wall >= row.start.letters_end {
        return Err(Drop::Over);
    }
    if let Some(known) = row.received.get(&letter.seq) {
        return Err(if known.letter == letter.letter {
            Drop::Repeat
        } else {
            Drop::TurnTaken
        });
    }
    if !is_their_turn(row.start.me, letter) {
        return Err(Drop::WrongTurn);
    }
    let to_header = row.start.me == Side::Author && letter.to == row.start.reply_to;
    let first = letter.seq < ANSWERS_FROM;
    let key_holds = if first {
        to_header
    } else {
        row.sent_with_key(&letter.to).is_some()
    };
    if !key_holds {
        return Err(Drop::WrongKey);
    }
    if letter.kind.speaks() && !first && !fits_between(row, letter.seq) {
        return Err(Drop::OutOfTurn);
    }
    Ok(())
}

/// Light, first letter, or in the thread the right parity.
fn is_their_turn(me: Side, letter: &ThreadLetter) -> bool {
    match (me, letter.seq) {
        (Side::Author, 0) => matches!(letter.kind, LetterKind::Light(_)),
        (Side::Author, 1) => matches!(letter.kind, LetterKind::Text | LetterKind::Unknown),
        (Side::Finder, 0 | 1) => false,
        (Side::Author, seq) => seq % 2 == 1 && seq < THREAD_LETTERS_MAX,
        (Side::Finder, seq) => seq % 2 == 0 && seq < THREAD_LETTERS_MAX,
    }
}

/// Something of ours was said between this turn of theirs and the ones before and after it.
fn fits_between(row: &ThreadRow, seq: u8) -> bool {
    let said = |from: u8, to: u8| row.sent.range(from..to).any(|(_, letter)| letter.kind.speaks());
    let heard = |letter: &ThreadLetter| letter.kind.speaks();
    let before = row
        .received
        .range(..seq)
        .rev()
        .find(|(_, letter)| heard(letter))
        .map(|(turn, _)| *turn);
    let after = row
        .received
        .range(seq..)
        .find(|(_, letter)| heard(letter))
        .map(|(turn, _)| *turn);
    said(before.unwrap_or(0), seq) && after.is_none_or(|after| said(seq, after))
}

/// The finder's light or first letter.
fn first(row: &ThreadRow, writing: Writing) -> Result<Turn, WriteRefusal> {
    let (seq, taken) = match writing {
        Writing::Light => (0, WriteRefusal::LightSent),
        Writing::Text => (1, WriteRefusal::Unanswered),
    };
    if row.sent.contains_key(&seq) {
        Err(taken)
    } else {
        turn(row, seq)
    }
}

fn turn(row: &ThreadRow, seq: u8) -> Result<Turn, WriteRefusal> {
    let to = if seq < ANSWERS_FROM {
        row.start.reply_to
    } else {
        row.next_to()
    };
    Ok(Turn {
        thread: row.id(),
        from: row.start.me,
        seq,
        to,
        address: row.address_of(&to),
    })
}

fn check_open(row: &ThreadRow, wall: UnixMillis) -> Result<(), WriteRefusal> {
    if wall >= row.start.letters_end {
        return Err(WriteRefusal::Over);
    }
    if row.blocked {
        Err(WriteRefusal::Blocked)
    } else {
        Ok(())
    }
}

/// How a thread stands, for the list of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThreadStanding {
    /// We may write.
    OurTurn,
    /// We spoke last and wait.
    Waiting,
    /// Nobody has written.
    Silent,
    /// We let it drift.
    WeDrift,
    /// This thread drifted on.
    DriftedOn,
    /// No more letters fit into it.
    Full,
    /// Its time is over, or it is blocked.
    Over,
}

/// The standing of a thread at this instant.
pub(super) fn standing(row: &ThreadRow, wall: UnixMillis) -> ThreadStanding {
    if row.wish == Wish::Drift {
        return ThreadStanding::WeDrift;
    }
    if row.sent.is_empty() && row.received.is_empty() && check_open(row, wall).is_ok() {
        return ThreadStanding::Silent;
    }
    match plan(row, Writing::Text, wall) {
        Ok(_) => ThreadStanding::OurTurn,
        Err(WriteRefusal::DriftedOn) => ThreadStanding::DriftedOn,
        Err(WriteRefusal::Full) => ThreadStanding::Full,
        Err(WriteRefusal::Over | WriteRefusal::Blocked | WriteRefusal::Unknown) => ThreadStanding::Over,
        Err(WriteRefusal::Unanswered | WriteRefusal::LightSent | WriteRefusal::NothingToAnswer) => {
            ThreadStanding::Waiting
        }
    }
}
