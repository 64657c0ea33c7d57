//! What a mailbox gives out: pages that fit, buckets that hide, cursors that know their store.

use std::collections::BTreeSet;

use meteorite_protocol::ids::MailAddress;
use meteorite_protocol::limits::{MAIL_ANSWER_BYTES_MAX, MAIL_BUCKET_MIN, MAIL_LETTERS_MAX};
use meteorite_protocol::mailbox::{Cursor, QUERY_BITS_MAX, cut_page, plan_query};
use meteorite_protocol::wire::letter::author_address;
use meteorite_protocol::wire::{AddressPrefix, Bytes, MailRequest};
use proptest::prelude::*;

use crate::letters_kit::{Draft, at, peer};
use crate::letters_mailbox::{POLICY, ask, bottles, everything, leave, mailbox};
use crate::samples;

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
    let (mut cursor, mut seen, mut pages) = (0, BTreeSet::new(), 0);
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
