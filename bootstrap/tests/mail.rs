//! Letters: receipted, refused, collected, and safe from a kill.

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::Peer;
use meteorite_protocol::validate::{Params, receipt};
use meteorite_protocol::wire::{MailAnswer, Receipt, RefuseReason, Signed};

use super::binary::Binary;
use super::bottles::Bottle;
use super::client::{Client, peer_in};
use super::harness::Server;

fn receipt_in(answer: MailAnswer) -> Signed<Receipt> {
    match answer {
        MailAnswer::Receipt(receipt) => receipt,
        other => panic!("expected a receipt, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_receipted_by_the_servers_own_key_and_collected_by_another() {
    let server = Server::start().await;
    let address = server.address();
    let (finder, author) = tokio::join!(Client::connected(&address), Client::connected(&address));
    let bottle = Bottle::throw(Params::for_tests());
    let letter = bottle.letter("I can see the harbour");

    let first = receipt_in(finder.deposit(&address, &letter).await);
    let verified = receipt(first.clone()).expect("the signature holds");
    assert_eq!(verified.value().letter, letter.letter_id());
    assert_eq!(
        verified.value().mailbox,
        Peer::new(&peer_in(&address).to_bytes()).unwrap()
    );
    assert_eq!(
        receipt_in(finder.deposit(&address, &letter).await),
        first,
        "the same promise again"
    );

    let (letters, next) = author.collect(&address, &bottle.mail_address(), 0).await;
    assert_eq!(
        letters
            .iter()
            .map(|letter| bottle.read(letter))
            .collect::<Vec<_>>(),
        ["I can see the harbour"]
    );
    let (letters, _) = author.collect(&address, &bottle.mail_address(), next).await;
    assert!(letters.is_empty(), "nothing came after the cursor");
    server.metric_reaches("meteorite_letters_held", 1.0).await;
    finder.stop().await;
    author.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_leaves_one_letter_and_nonsense_is_refused() {
    let server = Server::start().await;
    let address = server.address();
    let client = Client::connected(&address).await;
    let bottle = Bottle::throw(Params::for_tests());
    let finder = SigningKey::generate(&mut rand::rng());
    let letter = bottle.letter_by(&finder, "first");
    receipt_in(client.deposit(&address, &letter).await);
    let second = client
        .deposit(&address, &bottle.letter_by(&finder, "second"))
        .await;
    assert_eq!(second, MailAnswer::Refused(RefuseReason::Taken));
    let mut bytes = letter.encode();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = meteorite_protocol::wire::MailRequest::Deposit(bytes.into());
    assert_eq!(
        client.mail(&address, &damaged).await,
        MailAnswer::Refused(RefuseReason::Invalid)
    );
    client.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_refuse_instead_of_evicting() {
    let server = Server::start_with(|config| {
        config.quota.letters_max = 2;
        config.quota.letters_per_peer_day = 2;
    })
    .await;
    let address = server.address();
    let (greedy, other) = tokio::join!(Client::connected(&address), Client::connected(&address));
    let bottle = Bottle::throw(Params::for_tests());
    receipt_in(greedy.deposit(&address, &bottle.letter("one")).await);
    receipt_in(greedy.deposit(&address, &bottle.letter("two")).await);
    let busy = greedy.deposit(&address, &bottle.letter("three")).await;
    assert_eq!(
        busy,
        MailAnswer::Refused(RefuseReason::Busy),
        "the peer's day is used up"
    );
    let full = other.deposit(&address, &bottle.letter("four")).await;
    assert_eq!(
        full,
        MailAnswer::Refused(RefuseReason::Full),
        "the mailbox is full"
    );
    let (letters, _) = other.collect(&address, &bottle.mail_address(), 0).await;
    assert_eq!(
        letters
            .iter()
            .map(|letter| bottle.read(letter))
            .collect::<Vec<_>>(),
        ["one", "two"]
    );
    greedy.stop().await;
    other.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let bottle = Bottle::throw(Params::mainnet());
    let mut receipted = Vec::new();
    for round in 0..3 {
        let mut server = Binary::start(dir.path()).await;
        let client = Client::connected(&server.address).await;
        for number in 0..4 {
            let text = format!("letter {round}.{number}");
            receipt_in(client.deposit(&server.address, &bottle.letter(&text)).await);
            receipted.push(text);
        }
        // At once after the last receipt.
        server.kill();
        client.stop().await;
    }
    let mut server = Binary::start(dir.path()).await;
    let author = Client::connected(&server.address).await;
    let (letters, _) = author.collect(&server.address, &bottle.mail_address(), 0).await;
    let read: Vec<String> = letters.iter().map(|letter| bottle.read(letter)).collect();
    assert_eq!(read, receipted);
    author.stop().await;
    assert_eq!(server.terminate().await, Some(0));
}
