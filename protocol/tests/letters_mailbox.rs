//! The rules of a mailbox: what it keeps, what it gives out, what it forgets.

use meteorite_protocol::ids::MailAddress;
use meteorite_protocol::limits::{
    LETTERS_PER_BOTTLE_MAX, MAIL_ANSWER_BYTES_MAX, MAIL_BUCKET_MIN, MAIL_LETTERS_MAX,
};
use meteorite_protocol::mailbox::{
    BottleUse, Cursor, Decision, DepositFacts, DepositView, MailboxPolicy, MailboxReply, MailboxState,
    PeerUse, QUERY_BITS_MAX, TotalUse, Weakest, cut_page, decide, plan_query, receipt, refusal_of,
};
use meteorite_protocol::validate::{self, Params};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::letter::author_address;
use meteorite_protocol::wire::{
    AddressPrefix, Bytes, Deposit, MailAnswer, MailRequest, RefuseReason, Side, Signed, Wire,
};
use proptest::prelude::*;

use crate::letters_kit::{DAY, Draft, at, letter_id, peer, reply_key};
use crate::samples::{self, Bottle, Recipe};

const POLICY: MailboxPolicy = MailboxPolicy::volunteer();

fn facts(deposit: &Signed<Deposit>) -> DepositFacts {
    DepositFacts::of(&validate::deposit(&deposit.encode(), &Params::for_tests(), at(0)).unwrap())
}

fn mailbox(policy: MailboxPolicy) -> MailboxState {
    MailboxState::new(peer(200), 7, policy, Params::for_tests())
}

fn leave(mailbox: &mut MailboxState, deposit: &Signed<Deposit>, passed_ms: u64) -> Result<(), RefuseReason> {
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

struct Page {
    letters: Vec<Bytes>,
    next: u64,
    more: bool,
    bucket: u32,
}

fn ask(mailbox: &mut MailboxState, prefix: AddressPrefix, cursor: u64) -> Page {
    match mailbox.handle_request(&peer(2), &MailRequest::Collect { prefix, cursor }, at(0)) {
        MailboxReply::Answer(answer @ MailAnswer::Letters { .. }) => {
            assert!(answer.encode().len() <= MAIL_ANSWER_BYTES_MAX);
            let MailAnswer::Letters {
                letters,
                next,
                more,
                bucket,
            } = answer
            else {
                unreachable!()
            };
            Page {
                letters,
                next,
                more,
                bucket,
            }
        }
        other => panic!("{other:?}"),
    }
}

fn everything() -> AddressPrefix {
    AddressPrefix::of(&MailAddress([0; 32]), 0)
}

/// One bottle with one first letter each.
fn bottles(count: u8) -> Vec<(Bottle, Signed<Deposit>)> {
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
    for deposit in &deposits {
        let _: Result<(), RefuseReason> = leave(&mut mailbox, deposit, 0);
    }
    assert_eq!(
        usize::try_from(mailbox.total().letters).unwrap(),
        LETTERS_PER_BOTTLE_MAX
    );
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

#[test]
fn pages_are_bounded_and_together_complete() {
    let all = bottles(200);
    let mut mailbox = mailbox(POLICY);
    for (bottle, deposit) in &all {
        leave(&mut mailbox, deposit, 0).unwrap();
        let large = Draft {
            bytes: 4096,
            seq: 0,
            ..Draft::first(2)
        }
        .sign(bottle);
        let request = MailRequest::Deposit(large.encode().into());
        mailbox.handle_request(&peer(3), &request, at(0));
    }
    let (mut cursor, mut seen, mut pages) = (0, std::collections::BTreeSet::new(), 0);
    loop {
        let page = ask(&mut mailbox, everything(), cursor);
        assert!(page.letters.len() <= MAIL_LETTERS_MAX);
        assert_eq!(u64::from(page.bucket), mailbox.total().letters);
        seen.extend(page.letters);
        (cursor, pages) = (page.next, pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(u64::try_from(seen.len()).unwrap(), mailbox.total().letters);
    assert!(pages > 6);
    assert!(
        ask(&mut mailbox, everything(), cursor).letters.is_empty(),
        "behind the cursor there is nothing new"
    );
    let late = Draft {
        seq: 0,
        ..Draft::first(9)
    }
    .sign(&all[0].0);
    leave(&mut mailbox, &late, 0).unwrap();
    assert_eq!(
        ask(&mut mailbox, everything(), cursor).letters,
        [Bytes(late.encode())]
    );
}

#[test]
fn a_small_bucket_is_widened_until_it_hides() {
    let all = bottles(150);
    let mut mailbox = mailbox(POLICY);
    for (_, deposit) in &all {
        leave(&mut mailbox, deposit, 0).unwrap();
    }
    let header = all[0].0.header();
    let address = author_address(&header.author, &header.reply_to);
    for bits in [256, 40, 8, 1, 0] {
        let page = ask(&mut mailbox, AddressPrefix::of(&address, bits), 0);
        assert!(page.bucket >= MAIL_BUCKET_MIN, "{bits} bits");
        assert!(
            page.letters.len() >= usize::try_from(MAIL_BUCKET_MIN).unwrap().min(MAIL_LETTERS_MAX),
            "{bits} bits"
        );
        assert!(page.letters.contains(&Bytes(all[0].1.encode())) || page.more);
    }
}

#[test]
fn a_cursor_of_another_store_begins_anew() {
    let old = Cursor {
        tag: 6,
        seq: 1_000_000,
    };
    assert_eq!(Cursor::seq_in(6, old.to_wire()), 1_000_000);
    assert_eq!(Cursor::seq_in(7, old.to_wire()), 0);
    assert_eq!(Cursor::seq_in(7, 0), 0);
    let mut mailbox = mailbox(POLICY);
    leave(&mut mailbox, &Draft::first(1).sign(&samples::plain()), 0).unwrap();
    assert_eq!(ask(&mut mailbox, everything(), old.to_wire()).letters.len(), 1);
}

proptest! {
    /// The plan names a prefix of what was asked, with enough letters or none left to widen by, and asks few counts.
    #[test]
    fn a_plan_hides_or_covers_everything(
        addresses in prop::collection::vec(any::<[u8; 2]>(), 0..400),
        asked in any::<[u8; 32]>(),
        bits in 0u16..=256,
    ) {
        let addresses: Vec<MailAddress> = addresses.into_iter().map(|[a, b]| {
            let mut bytes = [b; 32];
            bytes[0] = a;
            MailAddress(bytes)
        }).collect();
        let count = |prefix: &AddressPrefix| u32::try_from(addresses.iter().filter(|a| prefix.matches(a)).count()).unwrap();
        let asked = MailAddress(asked);
        let mut counts = 0;
        let plan = plan_query(AddressPrefix::of(&asked, bits), 0, |prefix| { counts += 1; count(prefix) });
        prop_assert!(counts <= 6);
        prop_assert!(plan.prefix.matches(&asked) && plan.prefix.bits() <= bits.min(QUERY_BITS_MAX));
        prop_assert_eq!(plan.bucket, count(&plan.prefix));
        prop_assert!(plan.bucket >= MAIL_BUCKET_MIN || plan.prefix.bits() == 0);
        let longer = AddressPrefix::of(&asked, plan.prefix.bits() + 1);
        prop_assert!(longer.bits() > bits.min(QUERY_BITS_MAX) || count(&longer) < MAIL_BUCKET_MIN);
    }

    /// A page is a beginning of the candidates, fits, and says where to go on.
    #[test]
    fn a_page_fits(sizes in prop::collection::vec(1usize..8_300, 0..100)) {
        let plan = plan_query(everything(), 3, |_| 0);
        let candidates: Vec<(u64, usize)> = sizes.iter().copied().enumerate().map(|(n, size)| (n as u64 + 10, size)).collect();
        let cut = cut_page(&plan, candidates.iter().copied());
        let bytes: usize = sizes[..cut.letters].iter().sum();
        prop_assert!(bytes < MAIL_ANSWER_BYTES_MAX && cut.letters <= MAIL_LETTERS_MAX);
        prop_assert_eq!(cut.more, cut.letters < sizes.len());
        prop_assert_eq!(cut.next_seq, if cut.letters == 0 { 3 } else { cut.letters as u64 + 9 });
        prop_assert!(sizes.is_empty() || cut.letters > 0);
    }
}
