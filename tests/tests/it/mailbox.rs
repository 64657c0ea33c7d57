//! A bootstrap server holds a letter while both who wrote it and whom it is for are away.

use std::time::{Duration, Instant};

use meteorite_bootstrap::{Bootstrap, Config};
use meteorite_node::NodeConfig;
use meteorite_protocol::control::{LetterSide, LetterState, Reply, Request};
use meteorite_protocol::validate::Params;

use crate::harness::{PATIENCE, Ship};

#[tokio::test(flavor = "multi_thread")]
async fn author_and_stranger_are_never_there_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Bootstrap::start(Config {
        params: Params::for_tests(),
        ..Config::loopback(folder.path())
    })
    .await
    .unwrap();
    // Neither of them holds letters for others, so the server's mailbox is the only one.
    let with_server = |config| NodeConfig {
        bootstrap: server.addresses(),
        volunteer: false,
        ..config
    };
    let author = Ship::configured(with_server).await;
    until(|| async { author.node.snapshot().borrow().peers > 0 }).await;
    let bottle = author.throw("I leave before anybody answers.").await;
    until(|| async { author.node.snapshot().borrow().drifting == 1 }).await;
    let author = author.go_offline().await;

    let stranger = Ship::configured(with_server).await;
    stranger.until_it_has(&bottle).await;
    let named = || Some(bottle.clone());
    stranger.does(Request::Catch { bottle: named() }).await;
    stranger
        .does(Request::Read {
            bottle: bottle.clone(),
        })
        .await;
    stranger
        .does(Request::Reply {
            to: bottle.clone(),
            text: "And I answer after you left.".to_owned(),
        })
        .await;
    until(|| async { is_in_a_mailbox(&stranger).await }).await;
    let _stranger = stranger.go_offline().await;

    let author = author().await;
    until(|| async { author.letters().await == ["And I answer after you left."] }).await;
    author.node.shutdown().await.unwrap();
    server.shutdown().await.unwrap();
}

/// Whether the one letter that was written has a receipt.
async fn is_in_a_mailbox(ship: &Ship) -> bool {
    let Reply::Threads(threads) = ship.does(Request::Letters { thread: None }).await else {
        panic!("no threads");
    };
    let request = Request::Letters {
        thread: threads.first().map(|thread| thread.thread.clone()),
    };
    let Reply::Letters(letters) = ship.does(request).await else {
        return false;
    };
    letters
        .iter()
        .any(|letter| letter.side == LetterSide::Me && letter.state == LetterState::InMailbox)
}

async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
