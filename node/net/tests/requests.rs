//! Request-response: round trips, limits, refusals.

use std::time::{Duration, Instant};

use meteorite_net::{CallError, NetEvent, Offers, PeerId, Proto, Role};

use crate::harness::{QUIC, TestNode, config, quic_node};

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_carries_its_largest_payload() {
    let mut server = config(Role::Node, &[QUIC]);
    server.offers = Offers {
        mail: true,
        index: true,
        relay: false,
    };
    let server = TestNode::answering(server, |proto, bytes| {
        assert_eq!(bytes.len(), proto.request_bytes_max());
        Some(vec![9; proto.answer_bytes_max()])
    })
    .await;
    let client = quic_node().await;
    client.connect(&server).await;
    for proto in Proto::ALL {
        let answer = client
            .net
            .call(server.id(), proto, vec![8; proto.request_bytes_max()])
            .await;
        assert_eq!(
            answer.map(|bytes| bytes.len()),
            Ok(proto.answer_bytes_max()),
            "{proto:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_is_refused_before_it_travels() {
    let server = TestNode::answering(config(Role::Node, &[QUIC]), |proto, _| {
        Some(vec![0; proto.answer_bytes_max() + 1])
    })
    .await;
    let client = quic_node().await;
    client.connect(&server).await;
    let long = vec![0; Proto::Body.request_bytes_max() + 1];
    assert_eq!(
        client.net.call(server.id(), Proto::Body, long).await,
        Err(CallError::TooLarge)
    );
    let refused = client.net.call(server.id(), Proto::Body, vec![1]).await;
    assert!(
        matches!(refused, Err(CallError::Refused | CallError::BadAnswer(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_in_a_timeout() {
    let server = TestNode::answering(config(Role::Node, &[QUIC]), |_, _| None).await;
    let mut client = config(Role::Node, &[QUIC]);
    client.call_timeout = Some(Duration::from_millis(300));
    let client = TestNode::start(client).await;
    client.connect(&server).await;
    let asked = Instant::now();
    assert_eq!(
        client.net.call(server.id(), Proto::Sync, vec![1]).await,
        Err(CallError::Timeout)
    );
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_comes_at_once() {
    let server = TestNode::answering(config(Role::Node, &[QUIC]), |_, _| None).await;
    let client = quic_node().await;
    client.connect(&server).await;
    let call = tokio::spawn({
        let (net, peer) = (client.net.clone(), server.id());
        async move { net.call(peer, Proto::Sync, vec![1]).await }
    });
    let request = server
        .find(|event| {
            if let NetEvent::Asked { request, .. } = event {
                Some(*request)
            } else {
                None
            }
        })
        .await;
    server.net.refuse(request).await.unwrap();
    let refused = call.await.unwrap();
    assert!(
        matches!(refused, Err(CallError::Refused | CallError::BadAnswer(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_unsupported() {
    let (server, client) = (quic_node().await, quic_node().await);
    client.connect(&server).await;
    assert_eq!(
        client.net.call(server.id(), Proto::Mail, vec![1]).await,
        Err(CallError::Unsupported)
    );
    assert_eq!(
        client.net.call(PeerId::random(), Proto::Sync, vec![1]).await,
        Err(CallError::Unreachable)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn call_dials_a_known_address() {
    let (server, client) = (quic_node().await, quic_node().await);
    client
        .net
        .learn(server.id(), server.address().await)
        .await
        .unwrap();
    assert_eq!(
        client.net.call(server.id(), Proto::Sync, vec![4, 2]).await,
        Ok(vec![4, 2])
    );
}
