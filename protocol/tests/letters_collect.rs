//! Fetching: schedules, prefixes that give nothing away, and cursors that skip nothing.

use std::collections::BTreeSet;

use meteorite_protocol::ids::{LetterId, Peer};
use meteorite_protocol::limits::{LETTERS_PER_BOTTLE_MAX, MAIL_BUCKET_MIN};
use meteorite_protocol::mailbox::{MailboxPolicy, MailboxReply, MailboxState};
use meteorite_protocol::post::{
    COLLECT_BITS_MAX, Errand, Fit, INBOX_WAITING_MAX, InboxRow, InboxState, LENGTHEN_AT, LookupPoint,
    PollRow, Post, PostEffect, PostRows, Watch,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::letter::author_address;
use meteorite_protocol::wire::{AddressPrefix, Bytes, MailAnswer, MailRequest, RefuseReason, Side};

use crate::letters_kit::{Clock, DAY, Draft, HOUR, MINUTE, SECOND, Table, at, jitter, peer, reply_key};
use crate::samples::{Bottle, Recipe};

const ROOMY: MailboxPolicy = MailboxPolicy {
    letters_max: 100_000,
    bytes_max: u64::MAX,
    bottle_bytes_max: u64::MAX,
    peer_letters_per_day: u32::MAX,
    peer_bytes_per_day: u64::MAX,
};

fn thrown(n: u8) -> Bottle {
    Recipe::new(n, "collected").throw()
}

fn watch(bottle: &Bottle) -> Watch {
    let header = bottle.header();
    Watch {
        address: author_address(&header.author, &header.reply_to),
        bottle: bottle.message.header.bottle(),
        until: at(21 * DAY).wall,
    }
}

/// A collector with its store. Every question is answered by `answer` at once.
struct Reader {
    post: Post,
    clock: Clock,
    inbox: Table<LetterId, InboxRow>,
    polls: Table<Peer, PollRow>,
    said: Vec<PostEffect>,
    asked: Vec<(u64, AddressPrefix, u64)>,
}

impl Reader {
    fn new(bottles: &[&Bottle]) -> Self {
        let post = Post::restore(PostRows::default(), peer(99), Params::for_tests(), jitter());
        let clock = Clock::start();
        let (inbox, polls) = (Table::default(), Table::default());
        let mut reader = Self {
            post,
            clock,
            inbox,
            polls,
            said: vec![],
            asked: vec![],
        };
        reader.begin(bottles);
        reader
    }

    fn begin(&mut self, bottles: &[&Bottle]) {
        for bottle in bottles {
            assert!(self.post.handle_watch(watch(bottle)));
        }
        self.run(|post, now, effects| post.handle_bootstraps(&[peer(1)], now, effects));
        self.run(|post, now, effects| post.handle_start(now, effects));
    }

    fn crash(&mut self, bottles: &[&Bottle]) {
        let rows = PostRows {
            letters: vec![],
            inbox: self.inbox.rows(),
            polls: self.polls.rows(),
        };
        self.post = Post::restore(rows, peer(99), Params::for_tests(), jitter());
        self.said.clear();
        self.begin(bottles);
    }

    fn run(&mut self, act: impl FnOnce(&mut Post, Now, &mut Vec<PostEffect>)) {
        let mut effects = vec![];
        act(&mut self.post, self.clock.now(), &mut effects);
        for effect in &effects {
            match effect {
                PostEffect::SaveInbox(row) => self.inbox.save(row.letter, (**row).clone()),
                PostEffect::DeleteInbox(letter) => drop(self.inbox.0.remove(letter)),
                PostEffect::SavePoll(row) => self.polls.save(row.mailbox.clone(), (**row).clone()),
                PostEffect::DeletePoll(peer) => drop(self.polls.0.remove(peer)),
                PostEffect::SaveLetter(_)
                | PostEffect::FindMailboxes(_)
                | PostEffect::Ask(..)
                | PostEffect::Received(..)
                | PostEffect::Truth(..) => {}
            }
        }
        self.said.append(&mut effects);
    }

    /// Lets deadlines run for so long and answers each question.
    fn pass(&mut self, ms: u64, mut answer: impl FnMut(AddressPrefix, u64) -> Option<MailAnswer>) {
        let end = self.clock.passed_ms + ms;
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 100_000, "it spins");
            let question = self
                .said
                .iter()
                .position(|effect| matches!(effect, PostEffect::Ask(_, Errand::Collect, _)));
            if let Some(place) = question {
                let PostEffect::Ask(from, errand, request) = self.said.remove(place) else {
                    unreachable!()
                };
                let MailRequest::Collect { prefix, cursor } = *request else {
                    panic!("{request:?}")
                };
                self.asked.push((self.clock.passed_ms, prefix, cursor));
                let answer = answer(prefix, cursor);
                self.run(|post, now, effects| post.handle_answer(&from, errand, answer, now, effects));
                continue;
            }
            let now = self.clock.now().mono_ms;
            let wait = self
                .post
                .next_deadline()
                .map_or(u64::MAX, |at| at.saturating_sub(now).max(1));
            if self.clock.passed_ms.saturating_add(wait) > end {
                self.clock.passed_ms = end;
                return;
            }
            self.clock.pass(wait);
            self.run(|post, now, effects| post.handle_tick(now, effects));
        }
    }

    fn pass_with(&mut self, ms: u64, mailbox: &mut MailboxState) {
        self.pass(ms, |prefix, cursor| {
            match mailbox.handle_request(&peer(99), &MailRequest::Collect { prefix, cursor }, at(0)) {
                MailboxReply::Answer(answer) => Some(answer),
                MailboxReply::Promise(_) => None,
            }
        });
    }

    fn bits(&self) -> u16 {
        self.polls.0.get(&peer(1)).map_or(0, |row| row.bits)
    }

    fn received(&self) -> usize {
        self.said
            .iter()
            .filter(|effect| matches!(effect, PostEffect::Received(..)))
            .count()
    }

    fn open_all(&mut self) {
        let waiting: Vec<LetterId> = self.post.inbox().waiting().map(|row| row.letter).collect();
        for letter in waiting {
            self.run(|post, _, effects| post.handle_opened(letter, effects));
        }
    }
}

fn mailbox() -> MailboxState {
    MailboxState::new(peer(1), 3, ROOMY, Params::for_tests())
}

fn leave(mailbox: &mut MailboxState, bytes: Vec<u8>) {
    let reply = mailbox.handle_request(&peer(7), &MailRequest::Deposit(bytes.into()), at(0));
    assert!(matches!(reply, MailboxReply::Promise(_)), "{reply:?}");
}

/// Letters to many finders, each with an address of its own: the crowd to hide in.
fn crowd(mailbox: &mut MailboxState, letters: usize) {
    for n in 0..letters {
        let (of_bottle, number) = (n / LETTERS_PER_BOTTLE_MAX, n % LETTERS_PER_BOTTLE_MAX);
        let bottle = thrown(100 + u8::try_from(of_bottle).unwrap());
        let finder = u8::try_from(number).unwrap();
        let draft = Draft {
            from: Side::Author,
            seq: 2,
            to: Some(reply_key(finder)),
            ..Draft::first(finder)
        };
        leave(mailbox, draft.sign(&bottle).encode());
    }
}

fn empty(next: u64, more: bool, bucket: u32) -> Option<MailAnswer> {
    Some(MailAnswer::Letters {
        letters: vec![],
        next,
        more,
        bucket,
    })
}

#[test]
fn letters_are_stored_before_they_are_opened_and_come_once() {
    let bottle = thrown(1);
    let mut mailbox = mailbox();
    for finder in 0..5 {
        leave(&mut mailbox, Draft::first(finder).sign(&bottle).encode());
    }
    let mut reader = Reader::new(&[&bottle]);
    reader.pass_with(MINUTE, &mut mailbox);
    assert_eq!((reader.received(), reader.inbox.0.len()), (5, 5));
    reader.crash(&[&bottle]);
    assert_eq!(reader.received(), 5, "what was not opened is offered again");
    reader.open_all();
    assert!(
        reader
            .inbox
            .rows()
            .iter()
            .all(|row| row.state == InboxState::Opened)
    );
    reader.crash(&[&bottle]);
    reader.polls = Table::default();
    reader.run(|post, now, effects| post.handle_rescan(now, effects));
    reader.pass_with(2 * HOUR, &mut mailbox);
    assert_eq!((reader.received(), reader.inbox.0.len()), (0, 5));
    reader.pass_with(22 * DAY, &mut mailbox);
    assert!(
        reader.inbox.0.is_empty(),
        "forgotten when they can no longer come"
    );
}

#[test]
fn nothing_is_asked_without_an_address() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[]);
    reader.pass(DAY, |_, _| panic!("asked"));
    assert!(reader.post.handle_watch(watch(&bottle)));
    reader.run(|post, now, effects| post.handle_tick(now, effects));
    reader.pass(MINUTE, |_, _| empty(0, false, 0));
    assert_eq!(reader.asked.len(), 1);
    reader.post.handle_unwatch(&watch(&bottle).address);
    reader.pass(DAY, |_, _| panic!("asked"));
}

#[test]
fn it_asks_twice_an_hour_and_sooner_when_a_letter_is_likely() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[&bottle]);
    reader.pass(DAY, |_, _| empty(0, false, 0));
    assert!((40..=60).contains(&reader.asked.len()), "{}", reader.asked.len());
    reader.asked.clear();
    let expected = reader.clock.passed_ms;
    reader.run(|post, now, _| post.handle_expected(&watch(&bottle).address, now));
    reader.pass(HOUR, |_, _| empty(0, false, 0));
    let first = reader.asked[0].0 - expected;
    assert!((MINUTE..=4 * MINUTE).contains(&first), "{first}");
    assert!((4..=12).contains(&reader.asked.len()), "{}", reader.asked.len());
}

#[test]
fn a_mailbox_that_does_not_answer_is_asked_less() {
    let bottle = thrown(1);
    for answer in [None, Some(MailAnswer::Refused(RefuseReason::Busy))] {
        let mut reader = Reader::new(&[&bottle]);
        reader.pass(DAY, |_, _| answer.clone());
        assert!((20..=35).contains(&reader.asked.len()), "{}", reader.asked.len());
    }
}

#[test]
fn the_prefix_grows_with_the_crowd_and_never_too_long() {
    let bottle = thrown(1);
    let mut mailbox = mailbox();
    crowd(&mut mailbox, 1_200);
    leave(&mut mailbox, Draft::first(1).sign(&bottle).encode());
    let mut reader = Reader::new(&[&bottle]);
    reader.pass_with(MINUTE, &mut mailbox);
    assert_eq!(reader.received(), 1);
    assert_eq!(reader.asked[0].1.bits(), 0, "the first question tells nothing");
    for _ in 0..8 {
        // A full scan each time, as a new mailbox or a restored identity would cause.
        reader.run(|post, now, effects| post.handle_rescan(now, effects));
        reader.pass_with(MINUTE, &mut mailbox);
    }
    assert!(
        (2..=4).contains(&reader.bits()),
        "{} bits for 1,201 letters",
        reader.bits()
    );
    // Counted here, because the mailbox would widen a bucket that is too small.
    let under = |prefix: &AddressPrefix| {
        let addresses = mailbox.letters().map(|letter| letter.facts.address);
        addresses.filter(|address| prefix.matches(address)).count()
    };
    let smallest = reader
        .asked
        .iter()
        .map(|(_, prefix, _)| under(prefix))
        .min()
        .unwrap();
    assert!(smallest >= usize::try_from(MAIL_BUCKET_MIN).unwrap());
}

#[test]
fn the_prefix_shrinks_when_the_crowd_is_gone() {
    let bottle = thrown(1);
    let mut few = mailbox();
    leave(&mut few, Draft::first(1).sign(&bottle).encode());
    let mut reader = Reader::new(&[&bottle]);
    reader.polls.save(
        peer(1),
        PollRow {
            mailbox: peer(1),
            bits: 6,
            cursors: [].into(),
        },
    );
    reader.crash(&[&bottle]);
    reader.pass_with(6 * HOUR, &mut few);
    assert_eq!(reader.bits(), 0);
    assert_eq!(reader.received(), 1);
}

#[test]
fn a_claimed_bucket_lengthens_nothing_and_made_up_letters_not_beyond_the_cap() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[&bottle]);
    reader.pass(2 * DAY, |_, _| empty(0, false, u32::MAX));
    assert_eq!(reader.bits(), 0);
    let mut fit = Fit::default();
    fit.saw(LENGTHEN_AT, false, u32::MAX);
    for bits in 0..20 {
        assert_eq!(
            fit.next_bits(bits),
            (bits + 1).min(COLLECT_BITS_MAX),
            "one bit a round"
        );
    }
    let row = PollRow {
        mailbox: peer(1),
        bits: 200,
        cursors: [].into(),
    };
    reader.polls.save(peer(1), row);
    reader.crash(&[&bottle]);
    reader.asked.clear();
    reader.pass(MINUTE, |_, _| empty(0, false, u32::MAX));
    assert!(
        reader
            .asked
            .iter()
            .all(|(_, prefix, _)| prefix.bits() <= COLLECT_BITS_MAX)
    );
}

#[test]
fn endless_pages_end() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[&bottle]);
    let mut next = 0;
    reader.pass(MINUTE, |_, _| {
        next += 1;
        empty(next, true, 9)
    });
    assert!((2..=256).contains(&reader.asked.len()), "{}", reader.asked.len());
    reader.asked.clear();
    reader.pass(HOUR, |_, cursor| empty(cursor, true, 9));
    assert!(reader.asked.len() < 6, "a cursor that stands still");
}

#[test]
fn what_does_not_hold_is_not_taken() {
    let bottle = thrown(1);
    let good = Draft::first(1).sign(&bottle).encode();
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    let strangers = Draft::first(1).sign(&thrown(2)).encode();
    let letters: Vec<Bytes> = [broken, strangers, vec![0xff; 30], vec![]]
        .into_iter()
        .map(Bytes)
        .collect();
    let mut reader = Reader::new(&[&bottle]);
    reader.pass(MINUTE, |_, _| {
        Some(MailAnswer::Letters {
            letters: letters.clone(),
            next: 4,
            more: false,
            bucket: 4,
        })
    });
    assert_eq!(reader.received(), 0);
    reader.pass(DAY, |_, _| {
        Some(MailAnswer::Letters {
            letters: vec![Bytes(good.clone()); 3],
            next: 4,
            more: false,
            bucket: 4,
        })
    });
    assert_eq!(reader.received(), 1);
}

#[test]
fn a_letter_from_the_future_waits_until_our_clock_agrees() {
    let bottle = thrown(1);
    let draft = Draft {
        claimed_after_ms: 3 * HOUR,
        ..Draft::first(1)
    };
    let letter = Bytes(draft.sign(&bottle).encode());
    let mut reader = Reader::new(&[&bottle]);
    let page = || {
        Some(MailAnswer::Letters {
            letters: vec![letter.clone()],
            next: 4,
            more: false,
            bucket: 1,
        })
    };
    reader.pass(2 * HOUR, |_, _| page());
    assert_eq!(reader.received(), 0);
    assert!(
        reader.asked.iter().all(|(_, _, cursor)| *cursor == 0),
        "the cursor waits with it"
    );
    reader.pass(2 * HOUR, |_, _| page());
    assert_eq!(reader.received(), 1);
}

#[test]
fn a_full_inbox_holds_the_cursor_back_and_loses_nothing() {
    let bottles: Vec<Bottle> = (1..=5).map(thrown).collect();
    let mut mailbox = mailbox();
    let mut left = BTreeSet::new();
    for bottle in &bottles {
        for finder in 0..60 {
            let deposit = Draft::first(finder).sign(bottle);
            left.insert(deposit.letter_id());
            leave(&mut mailbox, deposit.encode());
        }
    }
    let all: Vec<&Bottle> = bottles.iter().collect();
    let mut reader = Reader::new(&all);
    reader.pass_with(2 * HOUR, &mut mailbox);
    assert_eq!(reader.post.inbox().waiting().count(), INBOX_WAITING_MAX);
    reader.crash(&all);
    reader.open_all();
    reader.pass_with(2 * HOUR, &mut mailbox);
    reader.open_all();
    let came: BTreeSet<LetterId> = reader.inbox.0.keys().copied().collect();
    assert_eq!(came, left);
}

#[test]
fn a_lost_answer_is_given_up_and_asked_for_again() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[&bottle]);
    let deadline = |reader: &Reader| reader.post.next_deadline().unwrap();
    let wait = deadline(&reader) - reader.clock.now().mono_ms;
    reader.clock.pass(wait.max(20 * SECOND));
    reader.run(|post, now, effects| post.handle_tick(now, effects));
    let questions = |reader: &Reader| {
        reader
            .said
            .iter()
            .filter(|effect| matches!(effect, PostEffect::Ask(_, Errand::Collect, _)))
            .count()
    };
    assert_eq!(questions(&reader), 1);
    for _ in 0..200 {
        let wait = deadline(&reader)
            .saturating_sub(reader.clock.now().mono_ms)
            .max(1);
        reader.clock.pass(wait.min(10 * MINUTE));
        reader.run(|post, now, effects| post.handle_tick(now, effects));
        if questions(&reader) > 1 {
            return;
        }
    }
    panic!("never asked again");
}

#[test]
fn our_own_mailbox_is_looked_into_at_once() {
    let bottle = thrown(1);
    let mut reader = Reader::new(&[&bottle]);
    reader.run(|post, now, effects| post.handle_bootstraps(&[], now, effects));
    reader.run(|post, now, effects| post.handle_own_mailbox(true, now, effects));
    reader.pass(DAY, |_, _| empty(0, false, 0));
    reader.asked.clear();
    let expected = reader.clock.passed_ms;
    reader.run(|post, now, _| post.handle_expected(&watch(&bottle).address, now));
    // Another letter comes while the question is open.
    reader.run(|post, now, effects| post.handle_tick(now, effects));
    reader.run(|post, now, _| post.handle_expected(&watch(&bottle).address, now));
    reader.pass(SECOND, |_, _| empty(0, false, 0));
    let times: Vec<u64> = reader.asked.iter().map(|(at, _, _)| at - expected).collect();
    assert_eq!(times.len(), 2, "{times:?}");
    assert!(times.iter().all(|at| *at <= 5), "{times:?}");
}

/// A look-up at the moment of a throw would tell an observer who threw.
#[test]
fn what_was_just_thrown_is_looked_up_later() {
    let old = thrown(1);
    let mut reader = Reader::new(&[&old]);
    let (known, fresh) = [1, 2].map(|n| LookupPoint::of(&watch(&thrown(n)).address)).into();
    assert!(reader.said.contains(&PostEffect::FindMailboxes(known)));
    assert!(reader.post.handle_watch(watch(&thrown(2))));
    reader.pass(29 * SECOND, |_, _| None);
    assert!(!reader.said.contains(&PostEffect::FindMailboxes(fresh)));
    reader.pass(2 * MINUTE + 2 * SECOND, |_, _| None);
    assert!(reader.said.contains(&PostEffect::FindMailboxes(fresh)));
}
