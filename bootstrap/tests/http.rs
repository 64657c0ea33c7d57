//! What an operator sees.

use meteorite_protocol::invite::Invite;
use meteorite_protocol::time::UnixMillis;

use super::harness::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_server_is_alive_ready_and_says_who_it_is() {
    let server = Server::start().await;
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_eq!(server.get("/nothing").await.status, 404);
    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
    assert!(
        metrics.body.contains("meteorite_letters_held 0"),
        "{}",
        metrics.body
    );

    let info: serde_json::Value = serde_json::from_str(&server.get("/info").await.body).unwrap();
    assert_eq!(info["peer_id"], server.running.peer_id().to_string());
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    let code = info["invite"].as_str().unwrap();
    let invite = Invite::from_code(code, UnixMillis(0)).unwrap();
    assert_eq!(invite.addrs, server.running.addresses());
    assert_eq!(invite.expires.0, info["invite_expires_ms"].as_u64().unwrap());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn external_addresses_are_what_peers_are_told() {
    let external = "/ip4/203.0.113.7/udp/4001/quic-v1";
    let server = Server::start_with(|config| config.external = vec![external.parse().unwrap()]).await;
    assert_eq!(
        server.running.addresses(),
        [format!("{external}/p2p/{}", server.running.peer_id())]
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_survives_a_restart() {
    let server = Server::start().await;
    let before = server.running.peer_id();
    let dir = server.stop().await;
    let server = Server::start_in(dir, |_| {}).await;
    assert_eq!(server.running.peer_id(), before);
    server.stop().await;
}
