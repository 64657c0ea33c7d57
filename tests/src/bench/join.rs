//! A newcomer among many drifting bottles.

use std::time::{Duration, Instant};

use anyhow::bail;
use meteorite_crypto::root::Root;
use meteorite_protocol::control::{Reply, Request};

use super::Figure;
use super::fleet::{Fleet, Link, address, dial, launch};
use crate::forge::dear_message;

/// The old node gets its bottles by gossip from a source that throws without an allowance: a bare swarm. Then the newcomer
/// connects, and we wait until its sky is as full.
pub(super) async fn run(bottles: usize) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::launch(1, Link::Quic, None).await?;
    let Some(old) = fleet.nodes.first() else {
        bail!("no node")
    };
    let bytes = fill(old, bottles).await?;
    let folder = tempfile::tempdir()?;
    let newcomer = launch(&folder, Link::Quic, None).await?;
    let mut snapshot = newcomer.snapshot();
    dial(&newcomer, &address(old).await?).await?;
    let start = Instant::now();
    let full = snapshot.wait_for(|now| now.drifting as usize >= bottles);
    let full = tokio::time::timeout(Duration::from_secs(60), full).await.is_ok();
    let took = start.elapsed();
    let Reply::Sky(page) = newcomer
        .ask(Request::Sky {
            filter: Default::default(),
            cursor: None,
            limit: Some(1),
        })
        .await
    else {
        bail!("no sky");
    };
    let received = received_from(&newcomer).await?;
    newcomer
        .shutdown()
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    fleet.shutdown().await?;
    if !full {
        bail!(
            "after a minute only {} of {bottles} bottles are there",
            page.drifting
        );
    }
    let conditions =
        format!("{bottles} bottles drift at one neighbour on loopback, QUIC; headers verified and queryable");
    Ok(vec![
        Figure::new(
            "first connection to a full sky",
            took.as_secs_f64(),
            "s",
            &conditions,
        ),
        Figure::new(
            "bytes received, bodies included, per byte of headers and bodies",
            received / bytes,
            "ratio",
            conditions,
        ),
    ])
}

/// Publishes bottles into the node's sky from a bare swarm; returns the bytes of their messages.
async fn fill(old: &meteorite_node::Node, bottles: usize) -> anyhow::Result<f64> {
    use meteorite_net::{Net, NetConfig, Role};
    let mut config = NetConfig::new(Role::Node, rand::random());
    config.seek_neighbours = false;
    let (net, mut events) = Net::start(config).await?;
    let drain = tokio::spawn(async move { while events.recv().await.is_some() {} });
    net.dial(address(old).await?.parse()?).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let root = Root::generate(&mut rand::rng());
    let mut bytes = 0_usize;
    let mut snapshot = old.snapshot();
    for at in 0..bottles {
        let (topic, message) = dear_message(&root, &format!("Bottle number {at} of a full sky."), BITS_ABOVE);
        bytes += message.len();
        while net.publish(&topic.to_string(), message.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if at % 50 == 49 {
            let so_far = snapshot.wait_for(|now| now.drifting as usize > at.saturating_sub(40));
            drop(tokio::time::timeout(Duration::from_secs(10), so_far).await);
        }
    }
    let all = snapshot.wait_for(|now| now.drifting as usize >= bottles);
    let all = tokio::time::timeout(Duration::from_secs(30), all).await.is_ok();
    net.shutdown().await?;
    drain.abort();
    if !all {
        bail!(
            "the first node did not take all bottles: {}",
            old.snapshot().borrow().drifting
        );
    }
    Ok(bytes as f64)
}

async fn received_from(newcomer: &meteorite_node::Node) -> anyhow::Result<f64> {
    let mut snapshot = newcomer.snapshot();
    let bodies = snapshot.wait_for(|now| now.bodies >= now.drifting);
    drop(tokio::time::timeout(Duration::from_secs(20), bodies).await);
    match newcomer.ask(Request::Peers).await {
        Reply::Peers(peers) => Ok(peers.iter().map(|peer| peer.received_bytes as f64).sum()),
        other => bail!("no peers: {other:?}"),
    }
}

/// So many bottles in a minute raise the admission level by a bit or two.
const BITS_ABOVE: u32 = 6;
