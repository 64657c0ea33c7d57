//! Starting twice, stopping once, coming back.

use std::time::Duration;

use meteorite_net::{CallError, Closed, DialError, Lost, Net, NetError, NetEvent, Proto, PublishError, Role};

use crate::harness::{QUIC, SKY, TCP, TestNode, config, quic_node, until};

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_joins_everything_and_frees_ports_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(Role::Node, &[QUIC, TCP]);
    settings.data_dir = Some(folder.path().to_owned());
    let node = TestNode::start(settings.clone()).await;
    let neighbour = quic_node().await;
    node.connect(&neighbour).await;
    settings.listen = node.net.listeners().await.unwrap();
    let net = node.net.clone();
    let id = node.id();
    node.stop().await;
    neighbour
        .see(|event| matches!(event, NetEvent::PeerDown { peer } if *peer == id))
        .await;
    assert_eq!(net.shutdown().await, Err(Closed));
    assert_eq!(net.publish(SKY, vec![1]).await, Err(PublishError::Closed));
    assert_eq!(
        net.call(neighbour.id(), Proto::Sync, vec![1]).await,
        Err(CallError::Closed)
    );
    assert_eq!(net.peers().await, Err(Closed));
    // The same ports and folder, at once.
    let again = TestNode::start(settings).await;
    again.connect(&neighbour).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn port_or_folder_in_use_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(Role::Node, &[QUIC, TCP]);
    settings.data_dir = Some(folder.path().to_owned());
    let node = TestNode::start(settings.clone()).await;
    let in_use = Net::start(settings).await.err();
    assert!(
        matches!(&in_use, Some(NetError::RepoInUse(path)) if path == folder.path()),
        "{in_use:?}"
    );
    for address in node.net.listeners().await.unwrap() {
        let mut other = config(Role::Node, &[]);
        other.listen = vec![address.clone()];
        let in_use = Net::start(other).await.err();
        assert!(
            matches!(&in_use, Some(NetError::Listen { address: named, .. }) if *named == address),
            "{in_use:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_device_with_the_same_identity_is_noticed() {
    let settings = config(Role::Node, &[QUIC]);
    let (first, second) = (
        TestNode::start(settings.clone()).await,
        TestNode::start(settings).await,
    );
    let address = second.net.listeners().await.unwrap().remove(0);
    assert_eq!(first.net.dial(address).await, Err(DialError::Ourselves));
    first
        .see(|event| matches!(event, NetEvent::SameIdentity { .. }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_that_crashes_often_is_let_in_each_time() {
    let server = quic_node().await;
    let settings = config(Role::Node, &[QUIC]);
    // Whoever is killed closes nothing: its connections stand as if it were still there.
    let mut lives = Vec::new();
    for life in 0..6 {
        let again = TestNode::start(settings.clone()).await;
        let dialled = again.net.dial(server.address().await).await;
        assert_eq!(dialled, Ok(server.id()), "life {life}");
        assert_eq!(
            again
                .net
                .call(server.id(), meteorite_net::Proto::Sync, vec![1])
                .await,
            Ok(vec![1]),
            "life {life}"
        );
        let id = again.id();
        let ups = || server.count(|event| matches!(event, NetEvent::PeerUp { peer, .. } if *peer == id));
        until("announced anew", || async { ups() == life + 1 }).await;
        lives.push(again);
        tokio::time::sleep(meteorite_net::limits::TWIN_DIAL).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_that_is_back_at_once_after_a_crash_hears_gossip_again() {
    let server = quic_node().await;
    let settings = config(Role::Node, &[QUIC]);
    let mut lives = Vec::new();
    for life in 0..3 {
        let again = TestNode::start(settings.clone()).await;
        again.net.dial(server.address().await).await.unwrap();
        let id = again.id();
        until("the server's subscriptions are known", || async {
            let peers = again.net.peers().await.unwrap();
            peers.iter().any(|peer| !peer.mesh.is_empty())
        })
        .await;
        let ups = || server.count(|event| matches!(event, NetEvent::PeerUp { peer, .. } if *peer == id));
        until("announced anew", || async { ups() == life + 1 }).await;
        // Less than a twin dial apart.
        lives.push(again);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_returns_to_a_restarted_neighbour() {
    let server = config(Role::Node, &[QUIC]);
    let mut server_again = server.clone();
    let server = TestNode::start(server).await;
    let mut seeker = config(Role::Node, &[QUIC]);
    seeker.seek_neighbours = true;
    seeker.cached_peers = vec![(server.id(), server.net.listeners().await.unwrap())];
    let seeker = TestNode::start(seeker).await;
    seeker.up(server.id()).await;
    let id = server.id();
    server_again.listen = server.net.listeners().await.unwrap();
    server.stop().await;
    seeker
        .see(|event| matches!(event, NetEvent::PeerDown { peer } if *peer == id))
        .await;
    let _server = TestNode::start(server_again).await;
    until("connected again", || async {
        seeker.connected().await.contains(&id)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_tries_less_and_less_often() {
    let server = quic_node().await;
    let mut settings = config(Role::Node, &[QUIC]);
    let seeker = TestNode::start(settings.clone()).await;
    server.net.block(seeker.id(), 600).await.unwrap();
    seeker.stop().await;
    settings.seek_neighbours = true;
    settings.cached_peers = vec![(server.id(), server.net.listeners().await.unwrap())];
    let seeker = TestNode::start(settings).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let refused = server.sum(|event| {
        if let NetEvent::Dropped {
            what: Lost::Connections,
            n,
        } = event
        {
            *n
        } else {
            0
        }
    });
    // At once, after 1 to 3 seconds, after 2 to 6 more.
    assert!((1..=4).contains(&refused), "{refused} tries");
    assert!(!seeker.connected().await.contains(&server.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_neighbours_are_let_go_when_they_are_idle() {
    let mut settings = config(Role::Node, &[QUIC]);
    settings.neighbours_high = 3;
    let crowded = TestNode::start(settings).await;
    let mut others = Vec::new();
    for _ in 0..6 {
        let other = quic_node().await;
        other.connect(&crowded).await;
        others.push(other);
    }
    assert_eq!(
        crowded.connected().await.len(),
        6,
        "not before they had their time"
    );
    tokio::time::sleep(meteorite_net::limits::NEIGHBOUR_GRACE).await;
    until("three are left", || async {
        crowded.connected().await.len() == 3
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(crowded.connected().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_resolved_and_nonsense_is_refused() {
    let (server, client) = (quic_node().await, quic_node().await);
    let named = server
        .address()
        .await
        .to_string()
        .replace("/ip4/127.0.0.1", "/dns4/localhost");
    assert_eq!(client.net.dial(named.parse().unwrap()).await, Ok(server.id()));
    let unknown = "/dns4/does-not-exist.invalid/tcp/1".parse().unwrap();
    assert!(matches!(client.net.dial(unknown).await, Err(DialError::Name(_))));
    let closed = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    assert!(matches!(client.net.dial(closed).await, Err(DialError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_peer_stays_out() {
    let (guarded, stranger) = (quic_node().await, quic_node().await);
    guarded.connect(&stranger).await;
    let id = stranger.id();
    guarded.net.block(id, 60).await.unwrap();
    guarded
        .see(|event| matches!(event, NetEvent::PeerDown { peer } if *peer == id))
        .await;
    assert!(matches!(
        guarded.net.dial(stranger.address().await).await,
        Err(DialError::Denied(_))
    ));
    stranger.net.dial(guarded.address().await).await.ok();
    guarded
        .see(|event| {
            matches!(
                event,
                NetEvent::Dropped {
                    what: meteorite_net::Lost::Connections,
                    ..
                }
            )
        })
        .await;
    assert!(!guarded.connected().await.contains(&id));
}
