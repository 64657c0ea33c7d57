//! The server as a part of the sky: it forwards what is right, keeps it, and hands it on.

use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{BodyRequest, Bytes};

use super::bottles::Bottle;
use super::client::Client;
use super::harness::Server;

const ACCEPTED: &str = "meteorite_gossip_verdicts_total{topic=\"sky\",verdict=\"accept\",reason=\"accept\"}";

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_know_only_the_server_find_each_other_and_gossip() {
    let server = Server::start().await;
    let address = server.address();
    let (one, two) = tokio::join!(Client::connected(&address), Client::connected(&address));
    tokio::join!(one.up(two.id()), two.up(one.id()));
    let bottle = Bottle::throw(Params::for_tests());
    let message = bottle.message.encode();
    one.publish(&bottle.topic(), &message).await;
    two.hears(&message).await;
    server.metric_reaches(ACCEPTED, 1.0).await;
    one.stop().await;
    two.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_rejected_and_not_kept() {
    let server = Server::start().await;
    let client = Client::connected(&server.address()).await;
    let bottle = Bottle::throw(Params::for_tests());
    let mut message = bottle.message.encode();
    *message.last_mut().unwrap() ^= 1;
    client.publish(&bottle.topic(), &message).await;
    let rejected =
        "meteorite_gossip_verdicts_total{topic=\"sky\",verdict=\"reject\",reason=\"body_mismatch\"}";
    server.metric_reaches(rejected, 1.0).await;
    assert!((server.metric("meteorite_bottles").await).abs() < 0.5);
    client.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_outlives_its_author_and_a_restart() {
    let server = Server::start().await;
    let client = Client::connected(&server.address()).await;
    let bottle = Bottle::throw(Params::for_tests());
    client.publish(&bottle.topic(), &bottle.message.encode()).await;
    server.metric_reaches("meteorite_bodies_pinned", 1.0).await;
    client.stop().await;

    let server = Server::start_in(server.stop().await, |_| {}).await;
    server.metric_reaches("meteorite_bottles", 1.0).await;
    server.metric_reaches("meteorite_bodies_pinned", 1.0).await;
    let client = Client::connected(&server.address()).await;
    let request = BodyRequest {
        ids: vec![bottle.message.body.id()],
    };
    let answer = client.bodies(&server.address(), &request).await;
    assert_eq!(answer.blocks, [Bytes(bottle.message.body.as_slice().to_vec())]);
    client.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_learns_the_sky_from_another() {
    let old = Server::start().await;
    let client = Client::connected(&old.address()).await;
    for _ in 0..5 {
        let bottle = Bottle::throw(Params::for_tests());
        client.publish(&bottle.topic(), &bottle.message.encode()).await;
    }
    old.metric_reaches("meteorite_bodies_pinned", 5.0).await;
    client.stop().await;
    // From its file, so that what it offers does not come from gossip of a moment ago.
    let old = Server::start_in(old.stop().await, |_| {}).await;
    let address = old.address();
    let new = Server::start_with(|config| config.peers = vec![address]).await;
    new.metric_reaches("meteorite_bottles", 5.0).await;
    new.metric_reaches("meteorite_bodies_pinned", 5.0).await;
    new.stop().await;
    old.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_quota_are_unpinned() {
    let server = Server::start_with(|config| config.quota.body_bytes_max = 2 * 259).await;
    let client = Client::connected(&server.address()).await;
    for _ in 0..4 {
        let bottle = Bottle::throw(Params::for_tests());
        client.publish(&bottle.topic(), &bottle.message.encode()).await;
    }
    server.metric_reaches("meteorite_bottles", 4.0).await;
    server.metric_reaches("meteorite_bodies_evicted_total", 2.0).await;
    server.metric_reaches("meteorite_bodies_pinned", 2.0).await;
    client.stop().await;
    server.stop().await;
}
