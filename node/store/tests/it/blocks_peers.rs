//! Intents about blocks, and the address book.

use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    BlockIntent, BlockStore as _, BlockTotals, BlockWrite, PEER_ADDRESSES_MAX, PEERS_MAX, PeerRow,
    PeerSource, PeerStore as _, PeerWrite, Pin, Unit,
};

use crate::support::{body, home, memory, open, peer};

fn put(n: u32, pin: Pin) -> BlockWrite {
    BlockWrite::PutBlockIntent {
        body: body(n),
        pin,
        bytes: 1_000,
        at: UnixMillis(u64::from(n)),
    }
}

fn done(n: u32, intent: BlockIntent) -> BlockWrite {
    BlockWrite::BlockDone {
        body: body(n),
        intent,
        at: UnixMillis(50),
    }
}

#[tokio::test]
async fn intents_that_were_not_finished_are_found_after_a_crash() {
    let home = home();
    let db = open(&home).await;
    let unit = Unit::new("blocks")
        .with(put(3, Pin::Loose))
        .with(put(1, Pin::Pinned))
        .with(put(2, Pin::Loose));
    db.commit(unit.with(done(2, BlockIntent::Put))).await.unwrap();
    db.commit(Unit::new("remove").with(BlockWrite::RemoveBlockIntent {
        body: body(2),
        at: UnixMillis(9),
    }))
    .await
    .unwrap();
    drop(db);

    let db = open(&home).await;
    assert!(!db.opened().clean);
    let open_intents = db.open_block_intents(10).await.unwrap();
    let seen: Vec<_> = open_intents.iter().map(|row| (row.body, row.intent)).collect();
    let expected = [
        (body(1), BlockIntent::Put),
        (body(3), BlockIntent::Put),
        (body(2), BlockIntent::Remove),
    ];
    assert_eq!(seen, expected);

    let unit = Unit::new("sweep")
        .with(done(1, BlockIntent::Put))
        .with(done(3, BlockIntent::Put))
        .with(done(2, BlockIntent::Remove));
    db.commit(unit).await.unwrap();
    assert!(db.open_block_intents(10).await.unwrap().is_empty());
    assert_eq!(db.block(&body(2)).await.unwrap(), None);
    assert_eq!(
        db.block_totals().await.unwrap(),
        BlockTotals {
            blocks: 2,
            bytes: 2_000,
            bytes_pinned: 1_000
        }
    );
    let mut all = Vec::new();
    db.load_blocks(&mut |row| all.push((row.body, row.pin)))
        .await
        .unwrap();
    all.sort_unstable_by_key(|(body, _)| *body);
    let mut expected = vec![(body(1), Pin::Pinned), (body(3), Pin::Loose)];
    expected.sort_unstable_by_key(|(body, _)| *body);
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_change_of_mind_beats_a_late_done() {
    let db = memory().await;
    let check = |expected: Option<(BlockIntent, bool)>| {
        let db = db.clone();
        async move {
            let row = db.block(&body(1)).await.unwrap();
            assert_eq!(row.map(|row| (row.intent, row.done)), expected);
        }
    };
    let step = |write| db.commit(Unit::new("step").with(write));
    step(put(1, Pin::Loose)).await.unwrap();
    step(BlockWrite::RemoveBlockIntent {
        body: body(1),
        at: UnixMillis(2),
    })
    .await
    .unwrap();
    step(done(1, BlockIntent::Put)).await.unwrap();
    check(Some((BlockIntent::Remove, false))).await;
    step(put(1, Pin::Loose)).await.unwrap();
    step(done(1, BlockIntent::Remove)).await.unwrap();
    check(Some((BlockIntent::Put, false))).await;
    step(done(1, BlockIntent::Put)).await.unwrap();
    // Pinning what is there needs no second put.
    step(put(1, Pin::Pinned)).await.unwrap();
    check(Some((BlockIntent::Put, true))).await;
    assert_eq!(db.block(&body(1)).await.unwrap().unwrap().pin, Pin::Pinned);
}

fn peer_row(n: u32, source: PeerSource) -> PeerRow {
    PeerRow {
        peer: peer(n),
        addresses: vec![
            format!("/ip4/10.0.0.{}/udp/4001/quic-v1", n % 250),
            "/dns/example.org/tcp/1".to_owned(),
        ],
        source,
        last_seen: UnixMillis(u64::from(n)),
        last_try: UnixMillis(0),
        failures: 0,
    }
}

#[tokio::test]
async fn the_most_hopeful_peers_are_dialled_first() {
    let db = memory().await;
    let put = |n| PeerWrite::PutPeer(peer_row(n, PeerSource::Met));
    let unit = Unit::new("peers")
        .with(put(1))
        .with(put(2))
        .with(put(3))
        .with(PeerWrite::PeerFailed {
            peer: peer(3),
            at: UnixMillis(100),
        })
        .with(PeerWrite::PeerFailed {
            peer: peer(1),
            at: UnixMillis(100),
        })
        .with(PeerWrite::PeerSeen {
            peer: peer(1),
            at: UnixMillis(200),
        });
    db.commit(unit).await.unwrap();
    let order: Vec<_> = db
        .peers_to_dial(10)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.peer)
        .collect();
    assert_eq!(order, [peer(1), peer(2), peer(3)]);
    let failed = db.peer(&peer(3)).await.unwrap().unwrap();
    assert_eq!((failed.failures, failed.last_try), (1, UnixMillis(100)));
    db.commit(Unit::new("forget").with(PeerWrite::DeletePeer(peer(3))))
        .await
        .unwrap();
    assert_eq!(db.peer(&peer(3)).await.unwrap(), None);
}

#[tokio::test]
async fn the_address_book_is_bounded_and_keeps_the_configured() {
    let db = memory().await;
    let mut unit = Unit::new("flood");
    for n in 0..(PEERS_MAX as u32 + 50) {
        let source = if n == 0 {
            PeerSource::Bootstrap
        } else {
            PeerSource::Met
        };
        unit.push(PeerWrite::PutPeer(peer_row(n, source)));
    }
    unit.push(PeerWrite::TrimPeers);
    db.commit(unit).await.unwrap();
    assert_eq!(db.peer_count().await.unwrap(), PEERS_MAX as u64 + 1);
    assert!(db.peer(&peer(0)).await.unwrap().is_some());
    assert!(db.peer(&peer(1)).await.unwrap().is_none());

    let mut many = peer_row(1, PeerSource::Invite);
    many.addresses = (0..20).map(|n| format!("/ip4/10.1.1.{n}/tcp/1")).collect();
    many.addresses
        .insert(1, "/ip4/1.1.1.1/tcp/1\n/ip4/2.2.2.2/tcp/1".to_owned());
    db.commit(Unit::new("many").with(PeerWrite::PutPeer(many)))
        .await
        .unwrap();
    let stored = db.peer(&peer(1)).await.unwrap().unwrap().addresses;
    assert_eq!(stored.len(), PEER_ADDRESSES_MAX);
    assert!(stored.iter().all(|address| address.starts_with("/ip4/10.1.1.")));
}
