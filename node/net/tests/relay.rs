//! Circuits through a bootstrap server, and the way out of them.

use libp2p::multiaddr::Protocol;
use meteorite_net::{Multiaddr, NetEvent, Proto, Reservations, Role};

use crate::harness::{QUIC, TestNode, config, until};

/// A server, and a node that holds a reservation there.
async fn server_and_reserved(listen: &[&str]) -> (TestNode, TestNode, Multiaddr) {
    let server = TestNode::start(config(Role::Bootstrap, &[QUIC])).await;
    let mut settings = config(Role::Node, listen);
    settings.reservations = Reservations::Always;
    let node = TestNode::start(settings).await;
    node.net.dial(server.address().await).await.unwrap();
    let id = server.id();
    node.see(|event| matches!(event, NetEvent::Reserved { relay } if *relay == id))
        .await;
    let circuit = server
        .address()
        .await
        .with(Protocol::P2pCircuit)
        .with(Protocol::P2p(node.id()));
    (server, node, circuit)
}

#[tokio::test(flavor = "multi_thread")]
async fn call_crosses_a_circuit() {
    // Nobody but the server listens, so no hole can be punched.
    let (_server, hidden, circuit) = server_and_reserved(&[]).await;
    let caller = TestNode::start(config(Role::Node, &[])).await;
    assert_eq!(caller.net.dial(circuit).await, Ok(hidden.id()));
    caller.up(hidden.id()).await;
    assert_eq!(
        caller.net.call(hidden.id(), Proto::Sync, vec![5; 1_000]).await,
        Ok(vec![5; 1_000])
    );
    let info = caller
        .net
        .peers()
        .await
        .unwrap()
        .into_iter()
        .find(|info| info.peer == hidden.id())
        .unwrap();
    assert!(info.relayed, "{info:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn circuit_becomes_direct_and_is_closed() {
    let (_server, hidden, circuit) = server_and_reserved(&[QUIC]).await;
    let caller = TestNode::start(config(Role::Node, &[QUIC])).await;
    caller.net.dial(_server.address().await).await.unwrap();
    caller.up(_server.id()).await;
    assert_eq!(caller.net.dial(circuit).await, Ok(hidden.id()));
    until("only direct", || async {
        let peers = caller.net.peers().await.unwrap();
        let direct = |address: &Multiaddr| address.iter().all(|part| part != Protocol::P2pCircuit);
        peers
            .iter()
            .any(|info| info.peer == hidden.id() && !info.relayed && info.connected.iter().all(direct))
    })
    .await;
    assert_eq!(
        caller.net.call(hidden.id(), Proto::Sync, vec![6]).await,
        Ok(vec![6])
    );
}
