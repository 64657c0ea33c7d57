//! Gossip over every transport, verdicts, refusals.

use meteorite_net::{LinkDelay, NetEvent, PublishError, Role, Verdict};

use crate::harness::{MEMORY, QUIC, SKY, TCP, TestNode, config, quic_node};

/// Makes a line: the ends refuse each other, and the middle has both in its mesh, so that it forwards at once.
async fn line_up(first: &TestNode, second: &TestNode, third: &TestNode) {
    first.net.block(third.id(), 600).await.unwrap();
    third.net.block(first.id(), 600).await.unwrap();
    for end in [first, third] {
        end.connect(second).await;
        end.in_mesh(second).await;
        second.in_mesh(end).await;
    }
}

/// Three nodes in a line: what the first publishes reaches the third only if the second accepts it.
async fn message_crosses_a_line(listen: &str) {
    let (first, second, third) = (
        TestNode::start(config(Role::Node, &[listen])).await,
        TestNode::start(config(Role::Node, &[listen])).await,
        TestNode::start(config(Role::Node, &[listen])).await,
    );
    line_up(&first, &second, &third).await;
    assert_eq!(first.publish_when_heard(SKY, b"over the line").await, 1);
    third.hear(b"over the line").await;
    assert_eq!(
        first.count(|event| matches!(event, NetEvent::Gossip { .. })),
        0,
        "nobody hears itself"
    );
    for node in [first, second, third] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_crosses_a_line_over_quic() {
    message_crosses_a_line(QUIC).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_crosses_a_line_over_tcp() {
    message_crosses_a_line(TCP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_crosses_a_line_in_memory() {
    message_crosses_a_line(MEMORY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_accepted_messages_travel_on() {
    let (first, second, third) = (quic_node().await, quic_node().await, quic_node().await);
    line_up(&first, &second, &third).await;
    second.judge(Some(Verdict::Ignore));
    first.publish_when_heard(SKY, b"ignored").await;
    second.hear(b"ignored").await;
    second.judge(Some(Verdict::Accept));
    first.publish_when_heard(SKY, b"accepted").await;
    third.hear(b"accepted").await;
    assert_eq!(
        third.count(|event| matches!(event, NetEvent::Gossip { bytes, .. } if bytes == b"ignored")),
        0
    );
}

/// In a triangle a message often comes back to its author, over the neighbour that got it first.
#[tokio::test(flavor = "multi_thread")]
async fn neighbours_that_send_back_our_own_messages_are_not_punished() {
    let nodes = [quic_node().await, quic_node().await, quic_node().await];
    let [first, second, third] = &nodes;
    for (one, other) in [(first, second), (second, third), (third, first)] {
        one.connect(other).await;
        one.in_mesh(other).await;
        other.in_mesh(one).await;
    }
    for round in 0..60_u8 {
        for (at, node) in (0_u8..).zip(&nodes) {
            node.net.publish(SKY, vec![at, round]).await.unwrap();
        }
    }
    for (at, node) in (0_u8..).zip(&nodes) {
        for other in (0..3).filter(|other| *other != at) {
            node.hear(&[other, 59]).await;
        }
        let own =
            node.count(|event| matches!(event, NetEvent::Gossip { bytes, .. } if bytes.first() == Some(&at)));
        assert_eq!(own, 0, "nobody hears itself");
        for peer in node.net.peers().await.unwrap() {
            assert!(peer.gossip_score >= 0.0, "a score of {}", peer.gossip_score);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publish_says_what_is_wrong() {
    let (first, second) = (quic_node().await, quic_node().await);
    assert_eq!(
        first.net.publish(SKY, vec![1]).await,
        Err(PublishError::NoNeighbours)
    );
    assert_eq!(
        first.net.publish("/meteorite/1/other", vec![1]).await,
        Err(PublishError::UnknownTopic)
    );
    first.connect(&second).await;
    first.publish_when_heard(SKY, &[1]).await;
    assert_eq!(
        first.net.publish(SKY, vec![1]).await,
        Err(PublishError::Duplicate)
    );
    assert_eq!(
        first.net.publish(SKY, vec![0; 8 * 1024 + 1]).await,
        Err(PublishError::TooLarge)
    );
    assert_eq!(first.net.publish(SKY, vec![0; 8 * 1024]).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_are_in_the_mesh_and_described() {
    let (first, second) = (quic_node().await, quic_node().await);
    first.connect(&second).await;
    first.in_mesh(&second).await;
    let info = first.net.peers().await.unwrap().remove(0);
    assert!(info.outbound && !info.relayed && info.gossip_score >= 0.0);
    assert!(info.protocols.contains("/meteorite/sync/1") && !info.protocols.contains("/meteorite/mail/1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn link_delay_holds_messages_back() {
    let slow = |mut config: meteorite_net::NetConfig| {
        config.link_delay = Some(LinkDelay(std::time::Duration::from_millis(150)));
        config
    };
    let (first, second) = (
        TestNode::start(slow(config(Role::Node, &[QUIC]))).await,
        TestNode::start(slow(config(Role::Node, &[QUIC]))).await,
    );
    first.connect(&second).await;
    let asked = std::time::Instant::now();
    first
        .net
        .call(second.id(), meteorite_net::Proto::Sync, vec![7])
        .await
        .unwrap();
    assert!(
        asked.elapsed() >= std::time::Duration::from_millis(300),
        "there and back"
    );
}
