//! Kad, bootstraps and the routing table.

use meteorite_net::{CallError, Lost, NetEvent, Proto, Reachability, Role};

use crate::harness::{QUIC, TestNode, config, quic_node, until};
use crate::hostile;

#[tokio::test(flavor = "multi_thread")]
async fn look_up_finds_a_third_peer_and_a_call_reaches_it() {
    let (seeker, middle, hidden) = (quic_node().await, quic_node().await, quic_node().await);
    middle.connect(&hidden).await;
    seeker.connect(&middle).await;
    assert_eq!(
        seeker.net.call(hidden.id(), Proto::Sync, vec![1]).await,
        Err(CallError::Unreachable)
    );
    until("found", || async {
        let found = seeker.net.closest_peers([7; 32]).await.unwrap();
        found
            .iter()
            .any(|(peer, addresses)| *peer == hidden.id() && !addresses.is_empty())
    })
    .await;
    assert_eq!(
        seeker.net.call(hidden.id(), Proto::Sync, vec![1]).await,
        Ok(vec![1])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_meet_through_a_bootstrap_without_a_peer_id() {
    let server = TestNode::start(config(Role::Bootstrap, &[QUIC])).await;
    let stranger = |address| async {
        let mut settings = config(Role::Node, &[QUIC]);
        settings.seek_neighbours = true;
        settings.bootstrap = vec![address];
        TestNode::start(settings).await
    };
    let address = server.net.listeners().await.unwrap().remove(0);
    let (first, second) = (stranger(address.clone()).await, stranger(address).await);
    first.up(server.id()).await;
    second.up(server.id()).await;
    until("strangers connected", || async {
        first.net.closest_peers(rand::random()).await.ok();
        first.connected().await.contains(&second.id())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_records_and_providers_are_refused() {
    let node = quic_node().await;
    let (mut intruder, mut reader) = (hostile::kad_peer(), hostile::kad_peer());
    for peer in [&mut intruder, &mut reader] {
        peer.connect(&node).await;
        peer.behaviour().know(node.id(), node.address().await);
    }
    intruder.behaviour().put_record(b"key", b"value", node.id());
    intruder.behaviour().provide(b"bottle");
    let refused = |event: &NetEvent| {
        if let NetEvent::Dropped {
            what: Lost::Records,
            n,
        } = event
        {
            *n
        } else {
            0
        }
    };
    intruder
        .while_doing(until("both refused", || async { node.sum(refused) >= 2 }))
        .await;
    let (record, providers) = reader.look_up(b"key", b"bottle").await;
    assert!(
        record.is_none() && providers == 0,
        "{record:?}, {providers} providers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn record_flood_is_cut_off() {
    let node = quic_node().await;
    let mut intruder = hostile::kad_peer();
    let id = intruder.id();
    intruder.connect(&node).await;
    for number in 0..60u8 {
        intruder.behaviour().put_record(&[number], b"value", node.id());
    }
    let flooding = tokio::spawn(intruder.run());
    node.see(|event| matches!(event, NetEvent::CutOff { peer, .. } if *peer == id))
        .await;
    flooding.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_on_one_network_find_each_other() {
    let local = || async {
        let mut settings = config(Role::Node, &["/ip4/0.0.0.0/udp/0/quic-v1"]);
        settings.mdns = true;
        settings.seek_neighbours = true;
        TestNode::start(settings).await
    };
    let (first, second) = (local().await, local().await);
    first.up(second.id()).await;
    second.up(first.id()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bootstrap_tells_a_node_that_it_is_reachable() {
    let server = TestNode::start(config(Role::Bootstrap, &[QUIC])).await;
    let mut settings = config(Role::Node, &[QUIC]);
    settings.seek_neighbours = true;
    settings.bootstrap = vec![server.address().await];
    let node = TestNode::start(settings).await;
    node.see(|event| matches!(event, NetEvent::Reachability(Reachability::Public)))
        .await;
    node.see(|event| matches!(event, NetEvent::ExternalAddress { .. }))
        .await;
}
