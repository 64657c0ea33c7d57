//! What every mailbox promises, run on SQLite (file and memory) and on the one in memory.

use meteorite_protocol::ids::{ClaimantKey, MailAddress};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::AddressPrefix;
use meteorite_store::{
    MailPage, MailPageLimits, MailboxRow, MailboxStore, MailboxTotals, MailboxWrite, MemoryMailbox,
    ThreadSide,
};

use crate::support::{self, bottle, bytes, letter};

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod in_memory { $(#[tokio::test] async fn $name() { super::$name(&super::MemoryMailbox::new()).await; })+ }
        mod sqlite_in_memory { $(#[tokio::test] async fn $name() { super::$name(&super::support::memory().await).await; })+ }
        mod sqlite_file {
            $(#[tokio::test] async fn $name() {
                let home = super::support::home();
                let db = super::support::open(&home).await;
                super::$name(&db).await;
                db.integrity_check().await.unwrap();
                db.close().await.unwrap();
            })+
        }
    };
}

contract!(
    a_letter_is_held_once,
    policy_sees_what_is_held_for_a_bottle,
    eviction_and_arrival_are_one_step,
    a_prefix_finds_its_bucket_and_nothing_else,
    pages_are_bounded_by_count_and_bytes,
    the_cursor_never_goes_back,
    letters_go_at_their_end_in_batches,
);

fn row(n: u32, address: [u8; 32]) -> MailboxRow {
    MailboxRow {
        letter: letter(n),
        bottle: bottle(n % 3),
        claimant: ClaimantKey(bytes(6, n)),
        address: MailAddress(address),
        side: ThreadSide::Finder,
        seq: 1,
        work: 18 + n % 5,
        received: UnixMillis(100 + u64::from(n)),
        until: UnixMillis(1_000 + u64::from(n)),
        deposit: vec![n as u8; 100 + n as usize],
    }
}

fn put(row: MailboxRow) -> MailboxWrite {
    MailboxWrite::PutMailboxLetter(Box::new(row))
}

fn all() -> AddressPrefix {
    AddressPrefix::of(&MailAddress([0; 32]), 0)
}

const WIDE: MailPageLimits = MailPageLimits {
    letters_max: 100,
    bytes_max: 1 << 20,
};

async fn a_letter_is_held_once(mailbox: &dyn MailboxStore) {
    let held = row(1, bytes(7, 1));
    let mut other = held.clone();
    other.deposit = vec![0; 5];
    mailbox
        .write_mailbox(vec![put(held.clone()), put(held.clone())])
        .await
        .unwrap();
    mailbox.write_mailbox(vec![put(other)]).await.unwrap();
    assert_eq!(mailbox.mailbox_letter(&letter(1)).await.unwrap(), Some(held));
    assert_eq!(mailbox.mailbox_letter(&letter(2)).await.unwrap(), None);
    assert_eq!(
        mailbox.mailbox_totals().await.unwrap(),
        MailboxTotals {
            letters: 1,
            bytes: 101
        }
    );
}

async fn policy_sees_what_is_held_for_a_bottle(mailbox: &dyn MailboxStore) {
    mailbox
        .write_mailbox((0..7).map(|n| put(row(n, bytes(7, n)))).collect())
        .await
        .unwrap();
    let held = mailbox.mailbox_bottle(&bottle(1)).await.unwrap();
    let seen: Vec<_> = held
        .iter()
        .map(|held| (held.letter, held.claimant, held.work, held.bytes))
        .collect();
    let claimant = |n| ClaimantKey(bytes(6, n));
    assert_eq!(
        seen,
        [
            (letter(1), claimant(1), 19, 101),
            (letter(4), claimant(4), 22, 104)
        ]
    );
    assert!(mailbox.mailbox_bottle(&bottle(50)).await.unwrap().is_empty());
}

async fn eviction_and_arrival_are_one_step(mailbox: &dyn MailboxStore) {
    mailbox
        .write_mailbox(vec![put(row(1, bytes(7, 1)))])
        .await
        .unwrap();
    let step = vec![
        MailboxWrite::DeleteMailboxLetter(letter(1)),
        put(row(2, bytes(7, 2))),
    ];
    mailbox.write_mailbox(step).await.unwrap();
    assert_eq!(
        mailbox.mailbox_totals().await.unwrap(),
        MailboxTotals {
            letters: 1,
            bytes: 102
        }
    );
    assert_eq!(mailbox.mailbox_letter(&letter(1)).await.unwrap(), None);
}

async fn a_prefix_finds_its_bucket_and_nothing_else(mailbox: &dyn MailboxStore) {
    let address = |first: u8| {
        let mut address = [0x5a; 32];
        address[0] = first;
        address
    };
    let firsts = [0b1010_0000, 0b1010_1111, 0b1011_0000, 0b1001_1111, 0b1010_0111];
    let rows = firsts
        .into_iter()
        .zip(0_u32..)
        .map(|(first, n)| put(row(n, address(first))));
    mailbox.write_mailbox(rows.collect()).await.unwrap();
    let found = |bits: u16| async move {
        let prefix = AddressPrefix::of(&MailAddress(address(0b1010_0111)), bits);
        let page = mailbox.mailbox_page(&prefix, 0, WIDE).await.unwrap();
        assert_eq!(page.letters.len(), page.bucket as usize);
        assert_eq!(mailbox.mailbox_bucket(&prefix).await.unwrap(), page.bucket);
        page.letters
            .iter()
            .map(|deposit| u32::from(deposit[0]))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(0).await, [0, 1, 2, 3, 4]);
    assert_eq!(found(3).await, [0, 1, 2, 4]);
    assert_eq!(found(4).await, [0, 1, 4]);
    assert_eq!(found(256).await, [4]);
}

async fn pages_are_bounded_by_count_and_bytes(mailbox: &dyn MailboxStore) {
    mailbox
        .write_mailbox((0..9).map(|n| put(row(n, bytes(7, n)))).collect())
        .await
        .unwrap();
    let limits = MailPageLimits {
        letters_max: 4,
        bytes_max: 320,
    };
    let mut cursor = 0;
    let mut sizes = Vec::new();
    loop {
        let page = mailbox.mailbox_page(&all(), cursor, limits).await.unwrap();
        assert_eq!(page.bucket, 9);
        assert!(page.letters.iter().map(Vec::len).sum::<usize>() <= 320);
        sizes.push(page.letters.len());
        cursor = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(sizes.iter().sum::<usize>(), 9);
    let end = mailbox.mailbox_page(&all(), cursor, limits).await.unwrap();
    assert_eq!(
        end,
        MailPage {
            letters: vec![],
            next: cursor,
            more: false,
            bucket: 9
        }
    );
    // One letter always fits, or collection would stop at a large one.
    let tiny = MailPageLimits {
        letters_max: 1,
        bytes_max: 1,
    };
    assert_eq!(
        mailbox.mailbox_page(&all(), 0, tiny).await.unwrap().letters.len(),
        1
    );
}

async fn the_cursor_never_goes_back(mailbox: &dyn MailboxStore) {
    mailbox
        .write_mailbox(vec![put(row(1, bytes(7, 1))), put(row(2, bytes(7, 2)))])
        .await
        .unwrap();
    let cursor = mailbox.mailbox_page(&all(), 0, WIDE).await.unwrap().next;
    mailbox
        .write_mailbox(vec![MailboxWrite::DeleteMailboxLetter(letter(2))])
        .await
        .unwrap();
    mailbox
        .write_mailbox(vec![put(row(3, bytes(7, 3)))])
        .await
        .unwrap();
    let page = mailbox.mailbox_page(&all(), cursor, WIDE).await.unwrap();
    assert_eq!(page.letters, [row(3, bytes(7, 3)).deposit]);
    assert!(page.next > cursor);
}

async fn letters_go_at_their_end_in_batches(mailbox: &dyn MailboxStore) {
    mailbox
        .write_mailbox((0..10).map(|n| put(row(n, bytes(7, n)))).collect())
        .await
        .unwrap();
    let now = UnixMillis(1_006);
    for expected in [4, 3, 0] {
        assert_eq!(mailbox.expire_mailbox(now, 4).await.unwrap(), expected);
    }
    let totals = mailbox.mailbox_totals().await.unwrap();
    assert_eq!(
        totals,
        MailboxTotals {
            letters: 3,
            bytes: 107 + 108 + 109
        }
    );
}

#[tokio::test]
async fn a_mailbox_on_disk_survives_a_restart() {
    let home = support::home();
    let db = support::open(&home).await;
    db.write_mailbox(vec![put(row(1, bytes(7, 1))), put(row(2, bytes(7, 2)))])
        .await
        .unwrap();
    let cursor = db
        .mailbox_page(
            &all(),
            0,
            MailPageLimits {
                letters_max: 1,
                ..WIDE
            },
        )
        .await
        .unwrap()
        .next;
    db.close().await.unwrap();

    let db = support::open(&home).await;
    let page = db.mailbox_page(&all(), cursor, WIDE).await.unwrap();
    assert_eq!(page.letters, [row(2, bytes(7, 2)).deposit]);
    assert_eq!(
        db.mailbox_totals().await.unwrap(),
        MailboxTotals {
            letters: 2,
            bytes: 203
        }
    );
    db.close().await.unwrap();
}
