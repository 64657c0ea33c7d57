//! Finders, an author and three mailboxes over a bad network: nothing that was acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_protocol::ids::{LetterId, Peer};
use meteorite_protocol::limits::RECEIPTS_WANTED;
use meteorite_protocol::mailbox::{MailboxPolicy, MailboxReply, MailboxState};
use meteorite_protocol::post::{
    Errand, InboxRow, LetterRow, OutgoingLetter, PollRow, Post, PostEffect, PostRows, Watch,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::letter::author_address;
use meteorite_protocol::wire::{Deposit, MailAnswer, MailRequest, Signed};
use proptest::prelude::*;

use crate::letters_kit::{Clock, DAY, Draft, HOUR, MINUTE, Table, at, jitter, mailbox_key, peer};
use crate::samples::{Bottle, Recipe};

const MAILBOXES: u8 = 3;
const FINDERS: u8 = 3;
/// The author is the last person.
const AUTHOR: usize = FINDERS as usize;

#[derive(Clone, Debug)]
struct Question {
    from: usize,
    mailbox: Peer,
    errand: Errand,
    request: MailRequest,
}

struct Person {
    post: Post,
    letters: Table<LetterId, LetterRow>,
    inbox: Table<LetterId, InboxRow>,
    polls: Table<Peer, PollRow>,
    watch: Option<Watch>,
}

struct World {
    people: Vec<Person>,
    mailboxes: BTreeMap<Peer, (MailboxState, u8)>,
    down: BTreeSet<Peer>,
    clock: Clock,
    open: Vec<Question>,
}

impl World {
    fn new(bottle: &Bottle) -> Self {
        let header = bottle.header();
        let watch = Watch {
            address: author_address(&header.author, &header.reply_to),
            bottle: bottle.message.header.bottle(),
            until: at(21 * DAY).wall,
        };
        let person = |n: usize| Person {
            post: fresh(PostRows::default()),
            letters: Table::default(),
            inbox: Table::default(),
            polls: Table::default(),
            watch: (n == AUTHOR).then_some(watch),
        };
        let mailbox = |n: u8| {
            let state = MailboxState::new(peer(n), 5, MailboxPolicy::volunteer(), Params::for_tests());
            (peer(n), (state, n))
        };
        let mut world = Self {
            people: (0..=AUTHOR).map(person).collect(),
            mailboxes: (1..=MAILBOXES).map(mailbox).collect(),
            down: BTreeSet::new(),
            clock: Clock::start(),
            open: vec![],
        };
        (0..=AUTHOR).for_each(|n| world.begin(n));
        world
    }

    fn begin(&mut self, n: usize) {
        let bootstraps: Vec<Peer> = self.mailboxes.keys().cloned().collect();
        if let Some(watch) = self.people[n].watch {
            assert!(self.people[n].post.handle_watch(watch));
        }
        self.run(n, |post, now, effects| {
            post.handle_bootstraps(&bootstraps, now, effects)
        });
        self.run(n, |post, now, effects| post.handle_start(now, effects));
    }

    fn run(&mut self, n: usize, act: impl FnOnce(&mut Post, Now, &mut Vec<PostEffect>)) {
        let person = &mut self.people[n];
        let mut effects = vec![];
        act(&mut person.post, self.clock.now(), &mut effects);
        for effect in effects {
            match effect {
                PostEffect::SaveLetter(row) => person.letters.save(row.letter.letter, *row),
                PostEffect::SaveInbox(row) => person.inbox.save(row.letter, *row),
                PostEffect::DeleteInbox(letter) => drop(person.inbox.0.remove(&letter)),
                PostEffect::SavePoll(row) => person.polls.save(row.mailbox.clone(), *row),
                PostEffect::DeletePoll(peer) => drop(person.polls.0.remove(&peer)),
                PostEffect::Ask(mailbox, errand, request) => {
                    self.open.push(Question {
                        from: n,
                        mailbox,
                        errand,
                        request: *request,
                    });
                }
                PostEffect::FindMailboxes(_) | PostEffect::Received(..) | PostEffect::Truth(..) => {}
            }
        }
    }

    fn crash(&mut self, n: usize) {
        let person = &mut self.people[n];
        let (letters, inbox, polls) = (person.letters.rows(), person.inbox.rows(), person.polls.rows());
        person.post = fresh(PostRows {
            letters,
            inbox,
            polls,
        });
        self.open.retain(|question| question.from != n);
        self.begin(n);
    }

    /// Carries out one open question. `luck` 0 loses the question, 1 the answer.
    fn answer(&mut self, place: usize, luck: u8) {
        if self.open.is_empty() {
            return;
        }
        let question = self.open.remove(place % self.open.len());
        let now = self.clock.now();
        let reachable = !self.down.contains(&question.mailbox) && luck != 0;
        let (mailbox, number) = self.mailboxes.get_mut(&question.mailbox).unwrap();
        let reply = reachable.then(|| mailbox.handle_request(&peer(50), &question.request, now));
        let answer = reply.filter(|_| luck != 1).map(|reply| match reply {
            MailboxReply::Promise(receipt) => {
                MailAnswer::Receipt(Signed::sign(receipt, &mailbox_key(*number)))
            }
            MailboxReply::Answer(answer) => answer,
        });
        let Question {
            from,
            mailbox,
            errand,
            ..
        } = question;
        self.run(from, |post, now, effects| {
            post.handle_answer(&mailbox, errand, answer, now, effects)
        });
    }

    fn pass(&mut self, ms: u64) {
        self.clock.pass(ms);
        (0..=AUTHOR).for_each(|n| self.run(n, |post, now, effects| post.handle_tick(now, effects)));
    }

    /// A good network for so long.
    fn heal(&mut self, ms: u64) {
        self.down.clear();
        let end = self.clock.passed_ms + ms;
        while self.clock.passed_ms < end {
            while !self.open.is_empty() {
                self.answer(0, 9);
            }
            self.pass(MINUTE);
        }
    }

    /// Every receipt that someone holds is for a letter that its mailbox has.
    fn check_receipts(&self) {
        for row in self.people.iter().flat_map(|person| person.letters.0.values()) {
            for mailbox in row.receipts.keys() {
                assert!(
                    self.mailboxes[mailbox].0.contains(&row.letter.letter),
                    "a receipt without a letter"
                );
            }
        }
    }
}

fn fresh(rows: PostRows) -> Post {
    Post::restore(rows, peer(99), Params::for_tests(), jitter())
}

fn letters(bottle: &Bottle) -> Vec<Signed<Deposit>> {
    let light = |finder: u8| {
        Draft {
            seq: 0,
            ..Draft::first(finder)
        }
        .sign(bottle)
    };
    (0..FINDERS)
        .flat_map(|finder| [light(finder), Draft::first(finder).sign(bottle)])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Questions and answers are lost, mailboxes go down, anyone crashes at any point. At all times every receipt is true;
    /// when the network is good again, every letter has two receipts and has come to the author exactly once.
    #[test]
    fn nothing_acknowledged_is_lost(
        steps in prop::collection::vec((0u8..7, any::<u8>(), 0u8..5), 20..160),
    ) {
        let bottle = Recipe::new(1, "over a bad network").throw();
        let deposits = letters(&bottle);
        let mut world = World::new(&bottle);
        let mut unsent = deposits.clone();
        for (kind, number, luck) in steps {
            match kind {
                0 => {
                    if let Some(deposit) = unsent.pop() {
                        let finder = usize::from(number) % AUTHOR;
                        let letter = OutgoingLetter::of(&deposit);
                        world.run(finder, |post, now, effects| post.handle_letter(letter, now, effects).unwrap());
                    }
                }
                1 => world.pass(u64::from(number) * MINUTE / 8),
                2 => world.crash(usize::from(number) % (AUTHOR + 1)),
                3 => {
                    let mailbox = peer(number % MAILBOXES + 1);
                    if !world.down.remove(&mailbox) {
                        world.down.insert(mailbox);
                    }
                }
                _ => world.answer(usize::from(number), luck),
            }
            world.check_receipts();
        }
        for deposit in unsent {
            let letter = OutgoingLetter::of(&deposit);
            world.run(0, |post, now, effects| post.handle_letter(letter, now, effects).unwrap());
        }
        world.heal(4 * HOUR);
        world.check_receipts();
        let now = world.clock.now().wall;
        let settled = |row: &LetterRow| row.fresh_receipts(now) >= RECEIPTS_WANTED;
        prop_assert!(world.people.iter().flat_map(|person| person.letters.0.values()).all(settled));
        let sent: BTreeSet<LetterId> = deposits.iter().map(Signed::letter_id).collect();
        let came: BTreeSet<LetterId> = world.people[AUTHOR].inbox.0.keys().copied().collect();
        prop_assert_eq!(sent, came);
    }
}
