//! Sending: what counts as a receipt, who is asked when, and when it ends.

use meteorite_protocol::ids::{LetterId, Peer};
use meteorite_protocol::limits::MAILBOX_PEERS;
use meteorite_protocol::post::{
    DEPOSITS_AT_ONCE, Errand, FailReason, LetterRow, LetterTruth, LookupPoint, Mailboxes, OUTBOX_MAX,
    OutboxFull, OutgoingLetter, Post, PostEffect, PostRows, TargetEnd,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{Deposit, MailAnswer, Receipt, RefuseReason, Signed};

use crate::letters_kit::{
    Clock, DAY, Draft, HOUR, MINUTE, SECOND, Table, at, jitter, letter_id, mailbox_key, peer, receipt_for,
};
use crate::samples;

const ME: u8 = 99;

/// A sender, its clock, its store, and the questions that are open.
struct Sender {
    post: Post,
    clock: Clock,
    store: Table<LetterId, LetterRow>,
    said: Vec<PostEffect>,
    asked: Vec<(Peer, LetterId)>,
    deposit: Signed<Deposit>,
}

impl Sender {
    /// With one letter and these bootstrap servers.
    fn new(bootstraps: &[u8]) -> Self {
        let deposit = Draft::first(1).sign(&samples::plain());
        let post = Post::restore(PostRows::default(), peer(ME), Params::for_tests(), jitter());
        let clock = Clock::start();
        let mut sender = Self {
            post,
            clock,
            store: Table::default(),
            said: vec![],
            asked: vec![],
            deposit,
        };
        let peers: Vec<Peer> = bootstraps.iter().copied().map(peer).collect();
        sender.run(|post, now, effects| post.handle_bootstraps(&peers, now, effects));
        let letter = OutgoingLetter::of(&sender.deposit);
        sender
            .run(|post, now, effects| post.handle_letter(letter, now, effects))
            .unwrap();
        sender
    }

    fn run<T>(&mut self, act: impl FnOnce(&mut Post, Now, &mut Vec<PostEffect>) -> T) -> T {
        self.said.clear();
        let result = act(&mut self.post, self.clock.now(), &mut self.said);
        for effect in &self.said {
            if let PostEffect::SaveLetter(row) = effect {
                self.store.save(row.letter.letter, (**row).clone());
            }
            if let PostEffect::Ask(peer, Errand::Deposit(letter), _) = effect {
                self.asked.push((peer.clone(), *letter));
            }
        }
        result
    }

    fn pass(&mut self, ms: u64) {
        self.clock.pass(ms);
        self.run(|post, now, effects| post.handle_tick(now, effects));
    }

    fn crash(&mut self, bootstraps: &[u8]) {
        let rows = PostRows {
            letters: self.store.rows(),
            ..PostRows::default()
        };
        self.post = Post::restore(rows, peer(ME), Params::for_tests(), jitter());
        self.asked.clear();
        let peers: Vec<Peer> = bootstraps.iter().copied().map(peer).collect();
        self.run(|post, now, effects| post.handle_bootstraps(&peers, now, effects));
        self.run(|post, now, effects| post.handle_start(now, effects));
    }

    /// The mailboxes asked since the last call, by number.
    fn asked(&mut self) -> Vec<u8> {
        let number = |asked: &Peer| (0..=255).find(|n| peer(*n) == *asked).unwrap();
        let mut asked: Vec<u8> = self.asked.drain(..).map(|(peer, _)| number(&peer)).collect();
        asked.sort_unstable();
        asked
    }

    fn answer(&mut self, from: u8, answer: Option<MailAnswer>) {
        let errand = Errand::Deposit(self.deposit.letter_id());
        self.run(|post, now, effects| post.handle_answer(&peer(from), errand, answer, now, effects));
    }

    fn sign(&mut self, from: u8) {
        let receipt = receipt_for(&self.deposit, from, self.clock.now().wall.plus_ms(14 * DAY));
        self.answer(from, Some(MailAnswer::Receipt(receipt)));
    }

    fn refuse(&mut self, from: u8, reason: RefuseReason) {
        self.answer(from, Some(MailAnswer::Refused(reason)));
    }

    fn truth(&self) -> LetterTruth {
        self.store.0[&self.deposit.letter_id()].truth(self.clock.now().wall)
    }

    /// Lets deadlines run for so long without any answer; who was asked.
    fn unanswered(&mut self, for_ms: u64) -> Vec<u8> {
        let end = self.clock.now().mono_ms + for_ms;
        while let Some(deadline) = self.post.next_deadline().filter(|at| *at <= end) {
            let wait = deadline.saturating_sub(self.clock.now().mono_ms).max(1);
            self.pass(wait);
        }
        self.asked()
    }
}

#[test]
fn every_target_is_asked_and_two_receipts_end_the_retries() {
    let mut sender = Sender::new(&[1, 2]);
    let point = LookupPoint::of(&sender.deposit.value().address());
    assert!(
        sender.said.contains(&PostEffect::Ask(
            peer(1),
            Errand::Deposit(sender.deposit.letter_id()),
            Box::new(meteorite_protocol::wire::MailRequest::Deposit(
                sender.deposit.encode().into()
            )),
        )) || sender.asked.len() == 2
    );
    let found: Vec<Peer> = [2, 3, 4, 5, 6, 7, ME].map(peer).to_vec();
    sender.run(|post, now, effects| post.handle_found(point, &found, now, effects));
    assert_eq!(
        sender.asked().len(),
        1 + MAILBOX_PEERS,
        "both bootstraps, and the closest that are not among them"
    );
    assert_eq!(sender.truth(), LetterTruth::Queued);
    sender.sign(1);
    assert_eq!(sender.truth(), LetterTruth::InMailbox(1));
    sender.answer(2, None);
    assert_eq!(sender.unanswered(2 * HOUR).iter().filter(|n| **n == 1).count(), 0);
    sender.sign(3);
    assert_eq!(sender.truth(), LetterTruth::InMailbox(2));
    sender.asked();
    assert!(sender.unanswered(12 * HOUR).is_empty());
}

#[test]
fn an_unreachable_mailbox_is_asked_later_and_later() {
    let mut sender = Sender::new(&[1]);
    sender.asked();
    let counts: Vec<usize> = (0..6).map(|_| sender.unanswered(HOUR).len()).collect();
    assert!(counts[0] >= 4 && counts[0] <= 12, "{counts:?}");
    assert!(counts[5] <= 2, "{counts:?}");
    sender.crash(&[1]);
    assert_eq!(sender.asked(), [1], "a restart tries at once");
}

#[test]
fn only_the_right_receipt_counts() {
    let deposit = Draft::first(1).sign(&samples::plain());
    let other = Draft::first(2).sign(&samples::plain());
    let until = at(14 * DAY).wall;
    let right = receipt_for(&deposit, 1, until);
    let forged = Signed::<Receipt>::from_parts(
        right.payload().to_vec(),
        *receipt_for(&deposit, 2, until).signature(),
    );
    let elsewhere = Receipt {
        address: meteorite_protocol::ids::MailAddress([1; 32]),
        ..right.value().clone()
    };
    let cases: [(&str, Signed<Receipt>, bool); 6] = [
        ("right", right.clone(), true),
        ("another mailbox's", receipt_for(&deposit, 2, until), false),
        ("for another letter", receipt_for(&other, 1, until), false),
        ("over already", receipt_for(&deposit, 1, at(0).wall), false),
        ("signed by another", forged.unwrap(), false),
        (
            "for another address",
            Signed::sign(elsewhere, &mailbox_key(1)),
            false,
        ),
    ];
    for (name, receipt, counts) in cases {
        let mut sender = Sender::new(&[1]);
        sender.answer(1, Some(MailAnswer::Receipt(receipt)));
        let row = &sender.store.0[&deposit.letter_id()];
        assert_eq!(sender.truth() == LetterTruth::InMailbox(1), counts, "{name}");
        assert_eq!(
            row.ended.get(&peer(1)) == Some(&TargetEnd::FalseReceipt),
            !counts,
            "{name}"
        );
        sender.asked();
        assert_eq!(sender.unanswered(2 * HOUR).len(), 0, "{name}: not asked again");
    }
}

#[test]
fn receipts_are_confirmed_daily_and_grow_stale() {
    let mut sender = Sender::new(&[1, 2]);
    sender.sign(1);
    sender.sign(2);
    sender.asked();
    let asked = sender.unanswered(DAY + 6 * HOUR);
    assert!(asked.contains(&1) && asked.contains(&2), "{asked:?}");
    sender.sign(1);
    sender.refuse(2, RefuseReason::Full);
    assert_eq!(
        sender.truth(),
        LetterTruth::InMailbox(1),
        "an evicted letter is not in that mailbox"
    );
    sender.pass(2 * DAY);
    assert_eq!(
        sender.truth(),
        LetterTruth::Queued,
        "nobody confirmed it for two days"
    );
    assert!(sender.said.contains(&PostEffect::Truth(
        sender.deposit.letter_id(),
        LetterTruth::Queued
    )));
}

#[test]
fn a_refusal_for_good_ends_a_target_and_a_busy_one_does_not() {
    for (reason, again) in [
        (RefuseReason::Busy, true),
        (RefuseReason::Full, true),
        (RefuseReason::Invalid, false),
        (RefuseReason::Expired, false),
        (RefuseReason::Taken, false),
        (RefuseReason::Denied, false),
        (RefuseReason::Other(77), false),
    ] {
        let mut sender = Sender::new(&[1]);
        sender.asked();
        sender.refuse(1, reason);
        assert_eq!(!sender.unanswered(2 * HOUR).is_empty(), again, "{reason:?}");
    }
}

#[test]
fn a_letter_ends_collected_or_failed_with_the_reason() {
    type Act = fn(&mut Sender);
    let id = Draft::first(1).sign(&samples::plain()).letter_id();
    let cases: [(Act, LetterTruth); 4] = [
        (|_| {}, LetterTruth::Failed(FailReason::NoMailbox)),
        (
            |sender| sender.refuse(1, RefuseReason::Denied),
            LetterTruth::Failed(FailReason::Refused(RefuseReason::Denied)),
        ),
        (
            |sender| sender.sign(1),
            LetterTruth::Failed(FailReason::Unclaimed),
        ),
        (
            |sender| {
                let id = sender.deposit.letter_id();
                sender.run(|post, now, effects| post.handle_collected(id, now, effects));
            },
            LetterTruth::Collected,
        ),
    ];
    for (act, truth) in cases {
        let mut sender = Sender::new(&[1]);
        act(&mut sender);
        sender.pass(14 * DAY);
        assert_eq!(sender.truth(), truth);
        let row = &sender.store.0[&id];
        assert!(row.archived && row.letter.deposit.is_empty());
        assert!(sender.post.outbox().row(&id).is_none());
        sender.crash(&[1]);
        assert!(sender.asked().is_empty());
    }
}

#[test]
fn a_shutdown_hands_over_what_has_too_few_receipts() {
    let mut sender = Sender::new(&[1]);
    sender.answer(1, None);
    sender.asked();
    sender.run(|post, now, effects| post.handle_shutdown(&[peer(20), peer(21)], now, effects));
    assert_eq!(sender.asked(), [1, 20, 21]);
    assert_eq!(sender.post.unsettled(sender.clock.now()), 1);
    sender.sign(20);
    sender.sign(21);
    assert_eq!(sender.post.unsettled(sender.clock.now()), 0);
    sender.run(|post, now, effects| post.handle_shutdown(&[peer(22)], now, effects));
    assert!(sender.asked().is_empty());
}

#[test]
fn a_crash_at_any_point_keeps_receipts_and_the_letter() {
    let mut sender = Sender::new(&[1, 2, 3]);
    sender.crash(&[1, 2, 3]);
    assert_eq!(sender.asked(), [1, 2, 3]);
    sender.sign(1);
    sender.crash(&[1, 2, 3]);
    assert_eq!(
        (sender.truth(), sender.asked()),
        (LetterTruth::InMailbox(1), vec![2, 3])
    );
    sender.sign(2);
    sender.sign(3);
    sender.crash(&[1, 2, 3]);
    assert_eq!(
        (sender.truth(), sender.asked()),
        (LetterTruth::InMailbox(3), vec![])
    );
    // The same letter again is the same letter.
    let letter = OutgoingLetter::of(&sender.deposit);
    sender
        .run(|post, now, effects| post.handle_letter(letter, now, effects))
        .unwrap();
    assert_eq!(sender.truth(), LetterTruth::InMailbox(3));
}

#[test]
fn deposits_and_letters_are_bounded() {
    let bootstraps: Vec<u8> = (1..=15).collect();
    let mut sender = Sender::new(&bootstraps);
    assert_eq!(sender.asked.len(), DEPOSITS_AT_ONCE);
    sender.pass(2 * MINUTE);
    assert_eq!(sender.asked.len(), 15, "lost questions make room");
    let letter = |n: usize| {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        OutgoingLetter {
            letter: LetterId(id),
            ..OutgoingLetter::of(&sender.deposit)
        }
    };
    let mut post = Post::restore(PostRows::default(), peer(ME), Params::for_tests(), jitter());
    for n in 0..OUTBOX_MAX {
        post.handle_letter(letter(n), at(0), &mut Vec::new()).unwrap();
    }
    assert_eq!(
        post.handle_letter(letter(OUTBOX_MAX), at(0), &mut Vec::new()),
        Err(OutboxFull)
    );
}

#[test]
fn an_answer_to_an_unknown_question_changes_nothing() {
    let mut sender = Sender::new(&[1]);
    let receipt = receipt_for(&sender.deposit, 1, at(DAY).wall);
    let stray = Some(MailAnswer::Receipt(receipt));
    sender.run(|post, now, effects| {
        post.handle_answer(&peer(1), Errand::Deposit(letter_id(9)), stray, now, effects);
        post.handle_answer(&peer(50), Errand::Collect, None, now, effects);
    });
    assert!(
        !sender
            .said
            .iter()
            .any(|effect| matches!(effect, PostEffect::SaveLetter(_)))
    );
    assert_eq!(sender.truth(), LetterTruth::Queued);
}

#[test]
fn lookups_are_asked_for_points_and_again_when_they_find_nobody() {
    let mut sender = Sender::new(&[]);
    let point = LookupPoint::of(&sender.deposit.value().address());
    assert!(sender.said.contains(&PostEffect::FindMailboxes(point)));
    let find = |sender: &Sender| sender.said.contains(&PostEffect::FindMailboxes(point));
    sender.run(|post, now, effects| post.handle_found(point, &[], now, effects));
    assert!(!find(&sender));
    sender.pass(MINUTE + SECOND);
    assert!(find(&sender));
    sender.run(|post, now, effects| post.handle_found(point, &[peer(5)], now, effects));
    assert_eq!(sender.asked(), [5]);
    sender.pass(30 * MINUTE);
    assert!(!find(&sender));
    assert_ne!(LookupPoint(1).kad_key(), LookupPoint(2).kad_key());
    let mut mailboxes = Mailboxes::new(peer(ME), jitter());
    mailboxes.set_bootstraps(&[peer(ME), peer(1), peer(1)]);
    assert_eq!(mailboxes.targets(&sender.deposit.value().address()), [peer(1)]);
}
