//! Threads of letters: who may write when, and that order, repeats and crashes do not matter.

use std::collections::BTreeSet;

use meteorite_protocol::ids::{AuthorKey, ReplyKey};
use meteorite_protocol::limits::THREAD_LETTERS_MAX;
use meteorite_protocol::thread::{
    CHOICES_TOLD_MAX, Drop, KEYS_WATCHED_MAX, LetterKind, Light, SendRefusal, ThreadEffect, ThreadEvent,
    ThreadId, ThreadLetter, ThreadRow, ThreadStanding, ThreadStart, Threads, Turn, Wish, WriteRefusal,
    Writing,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::wire::Side;
use meteorite_protocol::wire::letter::{author_address, finder_address};

use crate::letters_kit::{DAY, Table, at, bottle, claimant, letter_id, reply_key};

const HEADER_KEY: ReplyKey = ReplyKey([0xee; 32]);
const AUTHOR: AuthorKey = AuthorKey([0xaa; 32]);

pub(crate) fn id() -> ThreadId {
    ThreadId {
        bottle: bottle(1),
        claimant: claimant(2),
    }
}

pub(crate) fn start(me: Side) -> ThreadStart {
    ThreadStart {
        id: id(),
        me,
        author: AUTHOR,
        reply_to: HEADER_KEY,
        letters_end: at(21 * DAY).wall,
    }
}

/// One side with its store. Letter ids and reply keys are counted up, so that every letter is new.
pub(crate) struct Desk {
    pub(crate) me: Side,
    pub(crate) threads: Threads,
    pub(crate) store: Table<ThreadId, ThreadRow>,
    pub(crate) said: Vec<ThreadEffect>,
    pub(crate) written: u8,
}

impl Desk {
    pub(crate) fn new(me: Side) -> Self {
        let mut desk = Self {
            me,
            threads: Threads::default(),
            store: Table::default(),
            said: vec![],
            written: 0,
        };
        if me == Side::Finder {
            desk.run(|threads, now, effects| threads.handle_begin(start(me), now, effects))
                .unwrap();
        }
        desk
    }

    pub(crate) fn run<T>(&mut self, act: impl FnOnce(&mut Threads, Now, &mut Vec<ThreadEffect>) -> T) -> T {
        self.said.clear();
        let result = act(&mut self.threads, at(0), &mut self.said);
        for effect in &self.said {
            if let ThreadEffect::Save(row) = effect {
                self.store.save(row.id(), (**row).clone());
            }
        }
        result
    }

    pub(crate) fn crash(&mut self) {
        self.threads = Threads::restore(self.store.rows());
        self.run(|threads, now, effects| threads.handle_start(now, effects));
    }

    pub(crate) fn check(&self, writing: Writing) -> Result<Turn, WriteRefusal> {
        self.threads.check_write(&id(), writing, at(0))
    }

    pub(crate) fn seal(&mut self, turn: Turn, kind: LetterKind, keep: bool) -> ThreadLetter {
        self.written += 1;
        let number = self.written + if self.me == Side::Author { 100 } else { 0 };
        let (letter, reply_key) = (letter_id(number), reply_key(number));
        ThreadLetter {
            seq: turn.seq,
            letter,
            to: turn.to,
            reply_key,
            kind,
            keep,
            at: at(0).wall,
        }
    }

    pub(crate) fn send(&mut self, letter: ThreadLetter) -> Result<(), SendRefusal> {
        self.run(|threads, now, effects| threads.handle_sent(id(), letter, now, effects))
    }

    pub(crate) fn write(&mut self, writing: Writing) -> Result<ThreadLetter, WriteRefusal> {
        let turn = self.check(writing)?;
        let kind = match writing {
            Writing::Light => LetterKind::Light(Light::Comfort),
            Writing::Text => LetterKind::Text,
        };
        let letter = self.seal(turn, kind, true);
        self.send(letter).unwrap();
        Ok(letter)
    }

    pub(crate) fn choose(&mut self, wish: Wish) -> Option<ThreadLetter> {
        self.run(|threads, _, effects| threads.handle_wish(id(), wish, effects));
        let turn = self.threads.next_choice(&id(), at(0))?;
        let letter = self.seal(turn, LetterKind::Choice, wish == Wish::Keep);
        self.send(letter).unwrap();
        Some(letter)
    }

    pub(crate) fn receive(&mut self, letter: ThreadLetter) -> Result<(), Drop> {
        let start = start(self.me);
        self.run(|threads, now, effects| threads.handle_received(start, letter, now, effects))
    }

    pub(crate) fn standing(&self) -> ThreadStanding {
        self.threads.standing(&id(), at(0)).unwrap()
    }
}

/// Finder and author after the first letter and its answer.
pub(crate) fn answered() -> (Desk, Desk) {
    let (mut finder, mut author) = (Desk::new(Side::Finder), Desk::new(Side::Author));
    author.receive(finder.write(Writing::Text).unwrap()).unwrap();
    finder.receive(author.write(Writing::Text).unwrap()).unwrap();
    (finder, author)
}

#[test]
fn a_claim_permits_one_light_and_one_letter() {
    let mut finder = Desk::new(Side::Finder);
    assert_eq!(finder.standing(), ThreadStanding::Silent);
    let light = finder.check(Writing::Light).unwrap();
    let address = author_address(&AUTHOR, &HEADER_KEY);
    assert_eq!(
        light,
        Turn {
            thread: id(),
            from: Side::Finder,
            seq: 0,
            to: HEADER_KEY,
            address
        }
    );
    finder.write(Writing::Light).unwrap();
    assert_eq!(finder.check(Writing::Light), Err(WriteRefusal::LightSent));
    assert_eq!(finder.write(Writing::Text).unwrap().seq, 1);
    assert_eq!(finder.check(Writing::Text), Err(WriteRefusal::Unanswered));
    assert_eq!(finder.standing(), ThreadStanding::Waiting);
    let mut letter_first = Desk::new(Side::Finder);
    letter_first.write(Writing::Text).unwrap();
    assert_eq!(letter_first.write(Writing::Light).unwrap().seq, 0);
}

#[test]
fn the_author_may_answer_once_then_each_writes_in_turn() {
    let (mut finder, mut author) = (Desk::new(Side::Finder), Desk::new(Side::Author));
    assert_eq!(author.check(Writing::Text), Err(WriteRefusal::Unknown));
    let light = finder.write(Writing::Light).unwrap();
    author.receive(light).unwrap();
    let answer = author.write(Writing::Text).unwrap();
    assert_eq!((answer.seq, answer.to), (2, light.reply_key));
    assert_eq!(author.check(Writing::Text), Err(WriteRefusal::Unanswered));
    finder.receive(answer).unwrap();
    assert_eq!(
        finder.said.last(),
        Some(&ThreadEffect::Event(ThreadEvent::Said(id(), 2, LetterKind::Text)))
    );
    assert!(
        finder.said.contains(&ThreadEffect::Collected(light.letter)),
        "sealed to the key in it"
    );
    let mut seqs = vec![];
    while let Ok(letter) = finder.write(Writing::Text) {
        seqs.push(letter.seq);
        author.receive(letter).unwrap();
        let Ok(letter) = author.write(Writing::Light) else {
            break;
        };
        seqs.push(letter.seq);
        finder.receive(letter).unwrap();
    }
    assert_eq!(seqs, (3..THREAD_LETTERS_MAX).collect::<Vec<_>>());
    assert_eq!(finder.standing(), ThreadStanding::Waiting);
    assert_eq!(author.standing(), ThreadStanding::Full);
}

#[test]
fn each_letter_goes_to_the_newest_key_and_its_own_address() {
    let (mut finder, mut author) = answered();
    let third = finder.write(Writing::Text).unwrap();
    author.receive(third).unwrap();
    let fourth = author.check(Writing::Text).unwrap();
    assert_eq!((fourth.seq, fourth.to), (4, third.reply_key));
    assert_eq!(fourth.address, finder_address(&claimant(2), &third.reply_key));
    let watched = |desk: &Desk| {
        desk.said
            .iter()
            .any(|e| matches!(e, ThreadEffect::Watch(w) if w.address == fourth.address))
    };
    finder.crash();
    assert!(watched(&finder));
    author.crash();
    assert!(
        !author
            .said
            .iter()
            .any(|effect| matches!(effect, ThreadEffect::Watch(_))),
        "the bottle's address is"
    );
}

#[test]
fn only_the_newest_keys_are_watched() {
    let (mut finder, mut author) = answered();
    let mut watched = BTreeSet::new();
    for _ in 0..6 {
        let letter = finder.write(Writing::Text).unwrap();
        for effect in &finder.said {
            if let ThreadEffect::Watch(watch) = effect {
                watched.insert(watch.address);
            }
            if let ThreadEffect::Unwatch(address) = effect {
                watched.remove(address);
            }
        }
        author.receive(letter).unwrap();
        finder.receive(author.write(Writing::Text).unwrap()).unwrap();
    }
    assert!(watched.len() <= KEYS_WATCHED_MAX);
    let newest = author.check(Writing::Text);
    assert_eq!(newest, Err(WriteRefusal::Unanswered));
}

#[test]
fn letting_it_drift_tells_only_that_and_can_be_taken_back() {
    let (mut finder, mut author) = answered();
    let drift = author.choose(Wish::Drift).unwrap();
    assert_eq!(author.standing(), ThreadStanding::WeDrift);
    assert!(author.choose(Wish::Drift).is_none(), "told once");
    finder.receive(drift).unwrap();
    assert_eq!(
        finder.said.last(),
        Some(&ThreadEffect::Event(ThreadEvent::DriftedOn(id())))
    );
    assert_eq!(finder.check(Writing::Text), Err(WriteRefusal::DriftedOn));
    assert_eq!(finder.standing(), ThreadStanding::DriftedOn);
    let back = author.choose(Wish::Keep).unwrap();
    finder.receive(back).unwrap();
    assert_eq!(
        finder.said.last(),
        Some(&ThreadEffect::Event(ThreadEvent::Returned(id())))
    );
    let third = finder.write(Writing::Text).unwrap();
    assert!(third.seq > back.seq, "a turn above every turn seen");
    author.receive(third).unwrap();
    assert!(author.check(Writing::Text).is_ok());
}

#[test]
fn before_the_author_answered_a_wish_stays_with_its_owner() {
    let mut finder = Desk::new(Side::Finder);
    let letter = finder.write(Writing::Text).unwrap();
    assert!(finder.choose(Wish::Drift).is_none());
    let mut author = Desk::new(Side::Author);
    author.receive(letter).unwrap();
    assert!(author.choose(Wish::Drift).is_none());
    assert_eq!(author.standing(), ThreadStanding::WeDrift);
}

#[test]
fn changing_ones_mind_is_told_a_few_times_only() {
    let (_, mut author) = answered();
    let told = (0..20)
        .filter_map(|n| author.choose(if n % 2 == 0 { Wish::Drift } else { Wish::Keep }))
        .count();
    assert_eq!(told, CHOICES_TOLD_MAX);
}

#[test]
fn who_let_it_drift_is_not_called_back_but_loses_nothing() {
    let (mut finder, mut author) = answered();
    let third = finder.write(Writing::Text).unwrap();
    author.choose(Wish::Drift).unwrap();
    author.receive(third).unwrap();
    assert!(
        !author
            .said
            .iter()
            .any(|effect| matches!(effect, ThreadEffect::Event(_)))
    );
    assert!(author.threads.row(&id()).unwrap().received.contains_key(&3));
    author.write(Writing::Text).unwrap();
    assert_eq!(
        author.threads.row(&id()).unwrap().wish,
        Wish::Keep,
        "to write is to keep writing"
    );
}
