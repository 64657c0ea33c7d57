//! The rules of a mailbox: what it keeps, what it gives out, what it forgets.

use meteorite_protocol::ids::MailAddress;
use meteorite_protocol::limits::{LETTERS_PER_BOTTLE_MAX, MAIL_ANSWER_BYTES_MAX};
use meteorite_protocol::mailbox::{
    BottleUse, Decision, DepositFacts, DepositView, MailboxPolicy, MailboxReply, MailboxState, PeerUse,
    TotalUse, Weakest, decide, receipt, refusal_of,
};
use meteorite_protocol::validate::{self, Params};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::{
    AddressPrefix, Bytes, Deposit, MailAnswer, MailRequest, RefuseReason, Side, Signed, Wire,
};

use crate::letters_kit::{DAY, Draft, at, letter_id, peer, reply_key};
use crate::samples::{self, Bottle, Recipe};

pub(crate) const POLICY: MailboxPolicy = MailboxPolicy::volunteer();

fn facts(deposit: &Signed<Deposit>) -> DepositFacts {
    DepositFacts::of(&validate::deposit(&deposit.encode(), &Params::for_tests(), at(0)).unwrap())
}

pub(crate) fn mailbox(policy: MailboxPolicy) -> MailboxState {
    MailboxState::new(peer(200), 7, policy, Params::for_tests())
}

pub(crate) fn leave(
    mailbox: &mut MailboxState,
    deposit: &Signed<Deposit>,
    passed_ms: u64,
) -> Result<(), RefuseReason> {
    let request = MailRequest::Deposit(deposit.encode().into());
    match mailbox.handle_request(&peer(1), &request, at(passed_ms)) {
        MailboxReply::Promise(receipt) => {
            assert_eq!(
                (receipt.letter, receipt.mailbox),
                (deposit.letter_id(), peer(200))
            );
            assert_eq!(receipt.address, deposit.value().address());
            Ok(())
        }
        MailboxReply::Answer(MailAnswer::Refused(reason)) => Err(reason),
        MailboxReply::Answer(other) => panic!("{other:?}"),
    }
}

pub(crate) struct Page {
    pub(crate) letters: Vec<Bytes>,
    pub(crate) next: u64,
    pub(crate) more: bool,
    pub(crate) bucket: u32,
}

pub(crate) fn ask(mailbox: &mut MailboxState, prefix: AddressPrefix, cursor: u64) -> Page {
    let reply = mailbox.handle_request(&peer(2), &MailRequest::Collect { prefix, cursor }, at(0));
    let MailboxReply::Answer(answer) = reply else {
        panic!("{reply:?}")
    };
    assert!(answer.encode().len() <= MAIL_ANSWER_BYTES_MAX);
    match answer {
        MailAnswer::Letters {
            letters,
            next,
            more,
            bucket,
        } => Page {
            letters,
            next,
            more,
            bucket,
        },
        MailAnswer::Receipt(_) | MailAnswer::Refused(_) => panic!("no letters"),
    }
}

pub(crate) fn everything() -> AddressPrefix {
    AddressPrefix::of(&MailAddress([0; 32]), 0)
}

/// One bottle with one first letter each.
pub(crate) fn bottles(count: u8) -> Vec<(Bottle, Signed<Deposit>)> {
    let one = |n: u8| {
        let bottle = Recipe::new(n, "a letter waits").throw();
        let deposit = Draft::first(1).sign(&bottle);
        (bottle, deposit)
    };
    (0..count).map(one).collect()
}

#[test]
fn decisions() {
    let facts = facts(&Draft::first(1).sign(&samples::plain()));
    let weak = Weakest {
        letter: letter_id(9),
        strength: meteorite_protocol::mailbox::Strength {
            work_bits: 0,
            ..facts.strength()
        },
        bytes: facts.bytes,
    };
    let strong = Weakest {
        strength: facts.strength(),
        ..weak
    };
    let crowd = |weakest| BottleUse {
        letters: 64,
        bytes: 100_000,
        weakest: Some(weakest),
    };
    let today = at(0).wall.0 / DAY;
    let until = at(14 * DAY).wall;
    let keep = |evict| Decision::Keep { until, evict };
    let refuse = Decision::Refuse;
    let none = DepositView::default();
    let total = |letters, bytes| TotalUse { letters, bytes };
    let full = total(5, POLICY.bytes_max);
    let cases: [(&str, DepositView, Decision); 12] = [
        ("the first", none, keep(None)),
        (
            "again",
            DepositView {
                kept_until: Some(at(5).wall),
                ..none
            },
            Decision::Known { until: at(5).wall },
        ),
        (
            "again in a full mailbox",
            DepositView {
                kept_until: Some(at(5).wall),
                total: full,
                ..none
            },
            Decision::Known { until: at(5).wall },
        ),
        (
            "another of this turn",
            DepositView {
                turn_taken: true,
                ..none
            },
            refuse(RefuseReason::Taken),
        ),
        (
            "more work than the least",
            DepositView {
                bottle: crowd(weak),
                ..none
            },
            keep(Some(weak.letter)),
        ),
        (
            "no more work than the least",
            DepositView {
                bottle: crowd(strong),
                ..none
            },
            refuse(RefuseReason::Full),
        ),
        (
            "not crowded",
            DepositView {
                bottle: BottleUse {
                    letters: 63,
                    ..crowd(weak)
                },
                ..none
            },
            keep(None),
        ),
        (
            "the bottle's bytes",
            DepositView {
                bottle: BottleUse {
                    letters: 3,
                    bytes: POLICY.bottle_bytes_max,
                    weakest: None,
                },
                ..none
            },
            refuse(RefuseReason::Full),
        ),
        (
            "all bytes",
            DepositView { total: full, ..none },
            refuse(RefuseReason::Full),
        ),
        (
            "all letters",
            DepositView {
                total: total(POLICY.letters_max, 0),
                ..none
            },
            refuse(RefuseReason::Full),
        ),
        (
            "the peer's letters",
            DepositView {
                peer: PeerUse {
                    day: today,
                    letters: POLICY.peer_letters_per_day,
                    bytes: 0,
                },
                ..none
            },
            refuse(RefuseReason::Busy),
        ),
        (
            "the peer's letters of yesterday",
            DepositView {
                peer: PeerUse {
                    day: today - 1,
                    letters: 9_999,
                    bytes: u64::MAX,
                },
                ..none
            },
            keep(None),
        ),
    ];
    for (name, view, decision) in cases {
        assert_eq!(decide(&facts, &view, &POLICY, at(0)), decision, "{name}");
    }
    assert_eq!(
        decide(&facts, &none, &POLICY, at(21 * DAY)),
        refuse(RefuseReason::Expired)
    );
    let near_end = at(20 * DAY);
    assert_eq!(
        decide(&facts, &none, &POLICY, near_end),
        Decision::Keep {
            until: facts.letters_end,
            evict: None
        }
    );
    assert_eq!(receipt(&facts, until, peer(3)).until, until);
}

#[test]
fn a_deposit_may_be_repeated_and_a_turn_is_taken_once() {
    let bottle = samples::plain();
    let mut mailbox = mailbox(POLICY);
    let first = Draft::first(1).sign(&bottle);
    assert_eq!(leave(&mut mailbox, &first, 0), Ok(()));
    assert_eq!(leave(&mut mailbox, &first, 0), Ok(()));
    let other = Draft {
        variant: 1,
        ..Draft::first(1)
    }
    .sign(&bottle);
    assert_eq!(leave(&mut mailbox, &other, 0), Err(RefuseReason::Taken));
    let light = Draft {
        seq: 0,
        ..Draft::first(1)
    }
    .sign(&bottle);
    assert_eq!(leave(&mut mailbox, &light, 0), Ok(()));
    let answer = Draft {
        from: Side::Author,
        seq: 2,
        to: Some(reply_key(5)),
        ..Draft::first(1)
    }
    .sign(&bottle);
    assert_eq!(leave(&mut mailbox, &answer, 0), Ok(()));
    assert_eq!(mailbox.total().letters, 3);
}

#[test]
fn invalid_deposits_are_refused_with_the_right_reason() {
    let mut mailbox = mailbox(POLICY);
    let deposit = Draft::first(1).sign(&samples::plain());
    let mut broken = deposit.encode();
    *broken.last_mut().unwrap() ^= 1;
    for bytes in [broken, vec![], vec![0xff; 9_000], deposit.encode()[..40].to_vec()] {
        let request = MailRequest::Deposit(bytes.into());
        let reply = mailbox.handle_request(&peer(1), &request, at(0));
        assert_eq!(
            reply,
            MailboxReply::Answer(MailAnswer::Refused(RefuseReason::Invalid))
        );
    }
    assert_eq!(
        leave(&mut mailbox, &deposit, 21 * DAY),
        Err(RefuseReason::Expired)
    );
    assert_eq!(mailbox.total(), TotalUse::default());
    let reasons = [
        (Verdict::Ignore(IgnoreReason::Expired), RefuseReason::Expired),
        (Verdict::Ignore(IgnoreReason::Blocked), RefuseReason::Denied),
        (Verdict::Ignore(IgnoreReason::TooEarly), RefuseReason::Busy),
        (Verdict::Reject(RejectReason::BadSignature), RefuseReason::Invalid),
    ];
    for (verdict, reason) in reasons {
        assert_eq!(refusal_of(verdict), reason);
    }
}

#[test]
fn letters_expire_after_two_weeks_and_nothing_else_removes_them() {
    let mut mailbox = mailbox(POLICY);
    let deposit = Draft::first(1).sign(&samples::plain());
    leave(&mut mailbox, &deposit, 0).unwrap();
    assert_eq!(mailbox.next_deadline(at(0)), Some(at(14 * DAY).mono_ms));
    leave(&mut mailbox, &deposit, 7 * DAY).unwrap();
    mailbox.handle_tick(at(14 * DAY - 1));
    assert!(mailbox.contains(&deposit.letter_id()));
    mailbox.handle_tick(at(14 * DAY));
    assert!(!mailbox.contains(&deposit.letter_id()));
    assert_eq!(
        (mailbox.total(), mailbox.next_deadline(at(0))),
        (TotalUse::default(), None)
    );
    assert!(ask(&mut mailbox, everything(), 0).letters.is_empty());
}

#[test]
fn a_crowded_bottle_evicts_the_least_work_and_never_a_stronger_letter() {
    let bottle = samples::plain();
    let mut mailbox = mailbox(POLICY);
    let deposits: Vec<_> = (0..100)
        .map(|finder| Draft::first(finder).sign(&bottle))
        .collect();
    let mut refused = 0;
    for deposit in &deposits {
        refused += usize::from(leave(&mut mailbox, deposit, 0).is_err());
    }
    assert_eq!(
        usize::try_from(mailbox.total().letters).unwrap(),
        LETTERS_PER_BOTTLE_MAX
    );
    assert!((1..=36).contains(&refused), "the rest made room for others");
    let mut kept: Vec<u32> = mailbox.letters().map(|letter| letter.facts.work_bits).collect();
    kept.sort_unstable();
    let mut work: Vec<u32> = deposits.iter().map(|deposit| facts(deposit).work_bits).collect();
    work.sort_unstable_by(|left, right| right.cmp(left));
    work.truncate(LETTERS_PER_BOTTLE_MAX);
    work.sort_unstable();
    assert_eq!(kept, work);
}

#[test]
fn among_equal_work_a_long_thread_gives_way_to_a_first_letter() {
    let bottle = samples::plain();
    let thread = facts(
        &Draft {
            seq: 5,
            to: Some(reply_key(1)),
            ..Draft::first(1)
        }
        .sign(&bottle),
    );
    let first = DepositFacts { seq: 1, ..thread };
    assert!(first.strength() > thread.strength());
    assert!(
        DepositFacts {
            work_bits: first.work_bits + 1,
            ..thread
        }
        .strength()
            > first.strength()
    );
}

#[test]
fn a_full_mailbox_refuses_and_keeps_what_it_promised() {
    let all = bottles(6);
    let mut mailbox = mailbox(MailboxPolicy {
        letters_max: 4,
        ..POLICY
    });
    let outcomes: Vec<_> = all
        .iter()
        .map(|(_, deposit)| leave(&mut mailbox, deposit, 0))
        .collect();
    assert_eq!(outcomes[..4], [Ok(()); 4]);
    assert_eq!(outcomes[4..], [Err(RefuseReason::Full); 2]);
    assert!(
        all[..4]
            .iter()
            .all(|(_, deposit)| mailbox.contains(&deposit.letter_id()))
    );
    leave(&mut mailbox, &all[0].1, 0).unwrap();
}
