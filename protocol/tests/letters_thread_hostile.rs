//! Threads with a side that does not keep the rules, a network that repeats and reorders, and limits.

use meteorite_protocol::ids::LetterId;
use meteorite_protocol::thread::{
    Drop, LetterKind, Light, SendRefusal, THREADS_PER_BOTTLE_MAX, ThreadEffect, ThreadId, ThreadLetter,
    ThreadStanding, ThreadStart, Threads, Wish, WriteRefusal, Writing,
};
use meteorite_protocol::wire::Side;
use proptest::prelude::*;

use crate::letters_kit::{DAY, at, bottle, claimant, letter_id, reply_key};
use crate::letters_thread::{Desk, answered, id, start};

#[test]
fn what_is_not_theirs_to_write_is_dropped() {
    let (finder, author) = answered();
    let own = |desk: &Desk, seq: u8| desk.threads.row(&id()).unwrap().sent[&seq];
    let (first, answer) = (own(&finder, 1), own(&author, 2));
    let new = |letter: ThreadLetter| ThreadLetter {
        letter: letter_id(250),
        ..letter
    };
    let to_author = answer.reply_key;
    let cases: [(&str, ThreadLetter, Drop); 7] = [
        ("again", first, Drop::Repeat),
        ("another with the same turn", new(first), Drop::TurnTaken),
        (
            "a light that is text",
            ThreadLetter { seq: 0, ..new(first) },
            Drop::WrongTurn,
        ),
        (
            "the author's turn",
            ThreadLetter {
                seq: 4,
                to: to_author,
                ..new(first)
            },
            Drop::WrongTurn,
        ),
        (
            "beyond the last turn",
            ThreadLetter {
                seq: 33,
                to: to_author,
                ..new(first)
            },
            Drop::WrongTurn,
        ),
        (
            "to a key of nobody",
            ThreadLetter {
                seq: 3,
                to: reply_key(77),
                ..new(first)
            },
            Drop::WrongKey,
        ),
        (
            "to the header's key",
            ThreadLetter { seq: 3, ..new(first) },
            Drop::WrongKey,
        ),
    ];
    for (name, letter, drop) in cases {
        let mut author = Desk {
            threads: author.threads.clone(),
            ..Desk::new(Side::Author)
        };
        assert_eq!(author.receive(letter), Err(drop), "{name}");
        assert!(author.said.is_empty(), "{name}");
    }
}

#[test]
fn speaking_twice_without_an_answer_is_dropped_in_any_order() {
    let (mut finder, mut author) = answered();
    let third = finder.write(Writing::Text).unwrap();
    let fifth = ThreadLetter {
        seq: 5,
        letter: letter_id(251),
        ..third
    };
    for order in [[third, fifth], [fifth, third]] {
        let mut author = Desk {
            threads: author.threads.clone(),
            ..Desk::new(Side::Author)
        };
        assert_eq!(author.receive(order[0]), Ok(()));
        assert_eq!(author.receive(order[1]), Err(Drop::OutOfTurn));
    }
    author.receive(third).unwrap();
    author.write(Writing::Text).unwrap();
    assert_eq!(author.receive(fifth), Ok(()), "after our fourth it is right");
}

#[test]
fn a_letter_sealed_for_a_plan_that_no_longer_holds_is_refused() {
    let (mut finder, mut author) = answered();
    let turn = finder.check(Writing::Text).unwrap();
    let stale = finder.seal(turn, LetterKind::Text, true);
    finder.receive(author.choose(Wish::Drift).unwrap()).unwrap();
    assert_eq!(
        finder.send(stale),
        Err(SendRefusal::Refused(WriteRefusal::DriftedOn))
    );
    finder.receive(author.choose(Wish::Keep).unwrap()).unwrap();
    assert_eq!(
        finder.send(stale),
        Err(SendRefusal::Stale),
        "another turn and key are due"
    );
    assert!(finder.write(Writing::Text).is_ok());
}

#[test]
fn blocked_and_ended_threads_drop_letters() {
    let (mut finder, mut author) = answered();
    let third = finder.write(Writing::Text).unwrap();
    author.run(|threads, _, effects| threads.handle_block(id(), effects));
    assert_eq!(author.receive(third), Err(Drop::Blocked));
    assert_eq!(author.standing(), ThreadStanding::Over);
    author.run(|threads, _, effects| threads.handle_unblock(id(), effects));
    assert_eq!(author.receive(third), Ok(()));
    let late = at(21 * DAY);
    finder.run(|threads, _, effects| threads.handle_tick(late, effects));
    assert!(
        finder
            .said
            .iter()
            .any(|effect| matches!(effect, ThreadEffect::Unwatch(_)))
    );
    assert!(finder.store.0[&id()].archived);
    assert!(finder.threads.row(&id()).is_none());
}

#[test]
fn threads_about_one_bottle_are_bounded() {
    let mut threads = Threads::default();
    for n in 0..=THREADS_PER_BOTTLE_MAX {
        let id = ThreadId {
            bottle: bottle(1),
            claimant: claimant(u8::try_from(n).unwrap()),
        };
        let begun = threads.handle_begin(
            ThreadStart {
                id,
                ..start(Side::Finder)
            },
            at(0),
            &mut Vec::new(),
        );
        assert_eq!(begun.is_ok(), n < THREADS_PER_BOTTLE_MAX);
    }
}

#[test]
fn lights_have_names_and_numbers() {
    for (code, light) in Light::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(light.code()), code);
        assert_eq!(Light::from_code(light.code()), Some(light));
        assert_eq!(Light::from_name(light.name()), Some(light));
    }
    assert_eq!(Light::from_code(6), None);
}

proptest! {
    /// Two honest sides over a network that loses nothing but repeats and reorders, with crashes: every letter arrives once
    /// and none is ever out of turn; at the end both know the same letters.
    #[test]
    fn honest_sides_agree(steps in prop::collection::vec((0u8..8, any::<prop::sample::Index>(), any::<bool>()), 1..120)) {
        let mut desks = [Desk::new(Side::Finder), Desk::new(Side::Author)];
        let mut air: Vec<(usize, ThreadLetter)> = vec![];
        let deliver = |desks: &mut [Desk; 2], (to, letter): (usize, ThreadLetter)| match desks[to].receive(letter) {
            Ok(()) | Err(Drop::Repeat) => true,
            // An answer cannot come before what it answers; it waits in the mailbox.
            Err(Drop::WrongKey | Drop::Unknown) => false,
            Err(drop) => panic!("{letter:?} was dropped: {drop:?}"),
        };
        for (kind, index, crash) in steps {
            let me = usize::from(kind % 2 == 1);
            let written = match kind / 2 {
                0 => desks[me].write(Writing::Text).ok(),
                1 => desks[me].write(Writing::Light).ok(),
                2 => desks[me].choose(if crash { Wish::Drift } else { Wish::Keep }),
                _ => None,
            };
            air.extend(written.map(|letter| (1 - me, letter)));
            if kind / 2 == 3 && !air.is_empty() {
                let picked = *index.get(&air);
                deliver(&mut desks, picked);
            }
            if crash {
                desks[me].crash();
            }
            for desk in &desks {
                prop_assert_eq!(desk.threads.rows().cloned().collect::<Vec<_>>(), desk.store.rows());
            }
        }
        for letter in &air {
            prop_assert!(deliver(&mut desks, *letter));
        }
        let [finder, author] = &desks;
        let letters = |desk: &Desk, sent: bool| -> Vec<LetterId> {
            let row = desk.threads.row(&id());
            let side = row.map(|row| if sent { &row.sent } else { &row.received });
            side.into_iter().flat_map(|letters| letters.values().map(|letter| letter.letter)).collect()
        };
        prop_assert_eq!(letters(finder, true), letters(author, false));
        prop_assert_eq!(letters(author, true), letters(finder, false));
    }
}
