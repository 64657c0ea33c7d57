//! Outbox, receipts, threads and letters.

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{DepositState, LetterStore as _, LetterWrite, MailWatchRow, ReceiptRow, Unit, Wish};

use crate::support::{bottle, deposit, letter, memory, peer, received, thread};

fn receipt(n: u32, mailbox: u32) -> ReceiptRow {
    ReceiptRow {
        letter: letter(n),
        mailbox: peer(mailbox),
        receipt: vec![6; 120],
        got: UnixMillis(1),
        until: UnixMillis(2),
    }
}

#[tokio::test]
async fn a_deposit_goes_its_way_with_its_receipts() {
    let db = memory().await;
    let unit = Unit::new("post")
        .with(LetterWrite::PutDeposit(Box::new(deposit(2))))
        .with(LetterWrite::PutDeposit(Box::new(deposit(1))))
        .with(LetterWrite::PutReceipt(receipt(1, 7)))
        .with(LetterWrite::PutReceipt(receipt(1, 8)))
        .with(LetterWrite::PutReceipt(receipt(1, 8)));
    db.commit(unit).await.unwrap();
    assert_eq!(db.receipts().await.unwrap().len(), 2);
    let set = LetterWrite::SetDepositState {
        letter: letter(1),
        state: DepositState::Safe,
        tries: 3,
        next: UnixMillis(50_000),
    };
    db.commit(Unit::new("safe").with(set)).await.unwrap();
    let mut safe = deposit(1);
    (safe.state, safe.tries, safe.next) = (DepositState::Safe, 3, UnixMillis(50_000));
    assert_eq!(db.deposits().await.unwrap(), [safe, deposit(2)]);

    db.commit(Unit::new("done").with(LetterWrite::DeleteDeposit(letter(1))))
        .await
        .unwrap();
    assert_eq!(db.deposits().await.unwrap(), [deposit(2)]);
    assert!(db.receipts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_thread_holds_its_letters_in_order_and_once() {
    let db = memory().await;
    let mut changed = received(12, 1, "a forged second copy");
    changed.is_read = true;
    let unit = Unit::new("arrive")
        .with(LetterWrite::PutThread(Box::new(thread(1))))
        .with(LetterWrite::PutThread(Box::new(thread(2))))
        .with(LetterWrite::PutLetter(Box::new(received(12, 1, "second"))))
        .with(LetterWrite::PutLetter(Box::new(received(11, 1, "first"))))
        .with(LetterWrite::PutLetter(Box::new(received(20, 2, "elsewhere"))))
        .with(LetterWrite::PutLetter(Box::new(changed)));
    db.commit(unit).await.unwrap();
    let of = thread(1).thread;
    assert_eq!(
        db.letters(&of).await.unwrap(),
        [received(11, 1, "first"), received(12, 1, "second")]
    );
    assert_eq!(db.threads().await.unwrap(), [thread(2), thread(1)]);
    assert!(db.has_letter(&letter(20)).await.unwrap());
    assert!(!db.has_letter(&letter(21)).await.unwrap());

    assert_eq!(db.unread_letters().await.unwrap(), 3);
    db.commit(Unit::new("read").with(LetterWrite::SetThreadRead(of)))
        .await
        .unwrap();
    assert_eq!(db.unread_letters().await.unwrap(), 1);
    assert!(db.letters(&of).await.unwrap().iter().all(|letter| letter.is_read));
    assert_eq!(db.thread(&of).await.unwrap().unwrap().unread, 0);
    assert_eq!(db.thread(&thread(2).thread).await.unwrap().unwrap().unread, 1);

    let mut drifted = thread(1);
    (drifted.my_wish, drifted.their_reply_key) = (Wish::Drift, None);
    db.commit(Unit::new("drift").with(LetterWrite::PutThread(Box::new(drifted.clone()))))
        .await
        .unwrap();
    assert_eq!(db.thread(&of).await.unwrap(), Some(drifted));
    db.commit(Unit::new("forget").with(LetterWrite::DeleteThread(of)))
        .await
        .unwrap();
    assert!(db.letters(&of).await.unwrap().is_empty());
    assert_eq!(db.thread(&of).await.unwrap(), None);
}

#[tokio::test]
async fn addresses_to_ask_come_back_next_due_first() {
    let db = memory().await;
    let watch = |n, next| MailWatchRow {
        address: deposit(n).address,
        bottle: bottle(n),
        next: UnixMillis(next),
        until: UnixMillis(99),
    };
    let put = |row| LetterWrite::PutMailWatch(row);
    db.commit(
        Unit::new("watch")
            .with(put(watch(1, 30)))
            .with(put(watch(2, 10)))
            .with(put(watch(1, 5))),
    )
    .await
    .unwrap();
    assert_eq!(db.mail_watches().await.unwrap(), [watch(1, 5), watch(2, 10)]);
    db.commit(Unit::new("stop").with(LetterWrite::DeleteMailWatch(deposit(1).address)))
        .await
        .unwrap();
    assert_eq!(db.mail_watches().await.unwrap(), [watch(2, 10)]);
}
