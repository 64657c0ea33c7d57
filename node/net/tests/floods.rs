//! Floods of every kind that libp2p and rust-ipfs leave unbounded: each is cut off, and the node goes on for others.

use std::time::{Duration, Instant};

use meteorite_net::{CallError, DialError, Lost, NetEvent, Proto, Role, TopicSpec, Verdict, limits};

use crate::harness::{QUIC, SKY, TCP, TestNode, config, quic_node, until};
use crate::hostile::{burst_peer, field, frame};

const MESHSUB: &str = "/meshsub/1.1.0";
const BITSWAP: &str = "/ipfs/bitswap/1.2.0";

/// The node still serves an honest neighbour.
async fn still_works(node: &TestNode) {
    let friend = quic_node().await;
    friend.connect(node).await;
    node.judge(Some(Verdict::Accept));
    friend.publish_when_heard(SKY, b"still here").await;
    node.hear(b"still here").await;
    assert_eq!(
        friend.net.call(node.id(), Proto::Sync, vec![1]).await,
        Ok(vec![1])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sender_of_invalid_messages_is_cut_off_within_half_a_minute() {
    let (node, liar) = (quic_node().await, quic_node().await);
    liar.connect(&node).await;
    node.judge(Some(Verdict::Reject));
    let id = liar.id();
    let begun = Instant::now();
    let flood = tokio::spawn(async move {
        // 3,000 a minute.
        for number in 0..1_500u32 {
            liar.net.publish(SKY, number.to_be_bytes().repeat(40)).await.ok();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        liar
    });
    node.see(|event| matches!(event, NetEvent::CutOff { peer, .. } if *peer == id))
        .await;
    node.see(|event| matches!(event, NetEvent::PeerDown { peer } if *peer == id))
        .await;
    assert!(begun.elapsed() < Duration::from_secs(30));
    let heard = node.count(|event| matches!(event, NetEvent::Gossip { .. }));
    assert!(heard < 1_000, "{heard} invalid messages got through");
    flood.abort();
    still_works(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prunes_for_unknown_topics_are_dropped_and_their_sender_cut_off() {
    let node = quic_node().await;
    let mut intruder = burst_peer();
    let id = intruder.id();
    intruder.connect(&node).await;
    let mut bytes = Vec::new();
    for batch in 0..100 {
        let prunes: Vec<u8> = (0..1_000)
            .flat_map(|n| field(4, &field(1, format!("t{batch}.{n}").as_bytes())))
            .collect();
        bytes.extend(frame(&field(3, &prunes)));
    }
    intruder.behaviour().burst(node.id(), MESHSUB, bytes);
    let cut = node.see(|event| matches!(event, NetEvent::CutOff { peer, .. } if *peer == id));
    intruder.while_doing(cut).await;
    node.see(|event| matches!(event, NetEvent::Dropped { what: Lost::Controls, n } if *n >= 256))
        .await;
    still_works(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_topics_are_not_remembered() {
    let node = quic_node().await;
    let mut intruder = burst_peer();
    intruder.connect(&node).await;
    let subscribe = |topic: &str| field(1, &[vec![0x08, 0x01], field(2, topic.as_bytes())].concat());
    let mut bytes = Vec::new();
    for batch in 0..200 {
        let all: Vec<u8> = (0..60)
            .flat_map(|n| subscribe(&format!("t{batch}.{n}")))
            .collect();
        bytes.extend(frame(&all));
    }
    intruder.behaviour().burst(node.id(), MESHSUB, bytes);
    intruder.while_doing(still_works(&node)).await;
    let peers = node.net.peers().await.unwrap();
    assert!(
        peers
            .iter()
            .filter(|info| info.peer == intruder.id())
            .all(|info| info.mesh.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_want_list_is_cut_off() {
    let node = quic_node().await;
    let mut intruder = burst_peer();
    let id = intruder.id();
    intruder.connect(&node).await;
    let entry = |number: u32| {
        let mut cid = vec![0x01, 0x55, 0x12, 0x20];
        cid.extend(number.to_be_bytes().repeat(8));
        field(1, &field(1, &cid))
    };
    let wants: Vec<u8> = (0..20_000).flat_map(entry).collect();
    intruder
        .behaviour()
        .burst(node.id(), BITSWAP, frame(&field(1, &wants)));
    let cut = node
        .see(|event| matches!(event, NetEvent::CutOff { peer, reason: "want-list flood" } if *peer == id));
    intruder.while_doing(cut).await;
    still_works(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_one_peer_wait_only_up_to_a_limit() {
    let node = TestNode::answering(config(Role::Node, &[QUIC]), |_, bytes| {
        (bytes != b"wait").then_some(bytes)
    })
    .await;
    let asker = quic_node().await;
    asker.connect(&node).await;
    let (told, mut results) = tokio::sync::mpsc::channel(64);
    for _ in 0..limits::CALLS_PER_PEER_MAX + 8 {
        let (net, target, told) = (asker.net.clone(), node.id(), told.clone());
        tokio::spawn(async move {
            told.send(net.call(target, Proto::Sync, b"wait".to_vec()).await)
                .await
                .ok()
        });
    }
    // Those in line wait, the rest comes back at once.
    let mut busy = 0;
    for _ in 0..limits::CALLS_PER_PEER_MAX + 8 - limits::ASKED_PER_PEER_MAX {
        match tokio::time::timeout(Duration::from_secs(15), results.recv())
            .await
            .unwrap()
            .unwrap()
        {
            Err(CallError::Busy) => busy += 1,
            refused => assert!(
                matches!(refused, Err(CallError::Refused | CallError::BadAnswer(_))),
                "{refused:?}"
            ),
        }
    }
    assert_eq!(busy, 8);
    assert_eq!(
        node.count(|event| matches!(event, NetEvent::Asked { .. })),
        limits::ASKED_PER_PEER_MAX
    );
    still_works(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_flood_is_cut_off() {
    let (node, flooder) = (quic_node().await, quic_node().await);
    flooder.connect(&node).await;
    let id = flooder.id();
    let flood = tokio::spawn({
        let (net, target) = (flooder.net.clone(), node.id());
        async move { while net.call(target, Proto::Sync, vec![1]).await != Err(CallError::Unreachable) {} }
    });
    node.see(|event| matches!(event, NetEvent::CutOff { peer, reason: "request flood" } if *peer == id))
        .await;
    let answered = node.count(|event| matches!(event, NetEvent::Asked { .. }));
    assert!(answered < 1_500, "{answered} requests were let in");
    flood.abort();
    still_works(&node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_from_one_address_are_limited() {
    let mut settings = config(Role::Node, &[TCP]);
    settings.ip_whitelist.clear();
    let node = TestNode::start(settings).await;
    let port = node
        .net
        .listeners()
        .await
        .unwrap()
        .remove(0)
        .to_string()
        .rsplit('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(tokio::net::TcpStream::connect(("127.0.0.1", port)).await);
    }
    until("most are refused", || async {
        let refused = |event: &NetEvent| {
            if let NetEvent::Dropped {
                what: Lost::Connections,
                n,
            } = event
            {
                *n
            } else {
                0
            }
        };
        node.sum(refused) >= 150
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_too_large_for_its_topic_counts_as_invalid() {
    let mut loose = config(Role::Node, &[QUIC]);
    for topic in &mut loose.topics {
        topic.message_bytes_max = 60_000;
    }
    let (node, talker) = (quic_node().await, TestNode::start(loose).await);
    talker.connect(&node).await;
    talker
        .publish_when_heard(SKY, &vec![7; limits::SKY_BYTES_MAX + 1])
        .await;
    talker
        .publish_when_heard(SKY, &vec![8; limits::SKY_BYTES_MAX])
        .await;
    node.hear(&vec![8; limits::SKY_BYTES_MAX]).await;
    assert_eq!(
        node.count(
            |event| matches!(event, NetEvent::Gossip { bytes, .. } if bytes.len() > limits::SKY_BYTES_MAX)
        ),
        0
    );
    let id = talker.id();
    until("the sender is punished", || async {
        let peers = node.net.peers().await.unwrap();
        peers
            .iter()
            .any(|peer| peer.peer == id && peer.gossip_score < 0.0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_over_the_budget_are_dropped() {
    let settings = || {
        let mut settings = config(Role::Node, &[QUIC]);
        settings.topics = vec![TopicSpec {
            name: SKY.to_owned(),
            message_bytes_max: 60_000,
        }];
        settings
    };
    let (node, talker) = (
        TestNode::start(settings()).await,
        TestNode::start(settings()).await,
    );
    talker.connect(&node).await;
    let id = talker.id();
    let flood = tokio::spawn({
        let net = talker.net.clone();
        async move {
            for number in 0..100_000u32 {
                net.publish(SKY, number.to_be_bytes().repeat(14_000)).await.ok();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    node.see(|event| {
        matches!(
            event,
            NetEvent::Dropped {
                what: Lost::OverBudget,
                ..
            }
        )
    })
    .await;
    node.see(|event| matches!(event, NetEvent::CutOff { peer, .. } if *peer == id))
        .await;
    flood.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn node_that_stops_reading_loses_gossip_but_not_itself() {
    let settings = config(Role::Node, &[QUIC]);
    let (net, mut events) = meteorite_net::Net::start(settings).await.unwrap();
    let talker = quic_node().await;
    let address = net.listeners().await.unwrap().remove(0);
    talker.net.dial(address).await.unwrap();
    talker.publish_when_heard(SKY, b"first").await;
    for number in 0..limits::EVENTS_MAX + limits::BACKLOG_PRESSED + 1_000 {
        // Own queues may be full for a moment; what is lost here is not needed.
        if talker
            .net
            .publish(SKY, number.to_be_bytes().to_vec())
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let call = tokio::time::timeout(
        Duration::from_secs(10),
        talker.net.call(net.local_peer(), Proto::Sync, vec![1]),
    )
    .await;
    assert!(
        matches!(call, Ok(Err(CallError::Refused | CallError::BadAnswer(_)))),
        "a busy node refuses: {call:?}"
    );
    let mut heard = 0;
    let lost = loop {
        match tokio::time::timeout(Duration::from_secs(20), events.recv())
            .await
            .unwrap()
            .unwrap()
        {
            NetEvent::Gossip { .. } => heard += 1,
            NetEvent::Dropped {
                what: Lost::Gossip,
                n,
            } => break n,
            _ => {}
        }
    };
    assert!(
        lost > 0 && heard <= limits::EVENTS_MAX + limits::BACKLOG_PRESSED,
        "{heard} heard, {lost} lost"
    );
    net.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn full_memory_refuses_connections() {
    let mut settings = config(Role::Node, &[QUIC]);
    settings.memory_bytes_max = 1;
    let (node, stranger) = (TestNode::start(settings).await, quic_node().await);
    assert!(matches!(
        node.net.dial(stranger.address().await).await,
        Err(DialError::Denied(_))
    ));
    assert!(stranger.net.dial(node.address().await).await.is_err());
}
