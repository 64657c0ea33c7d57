//! Gossip latency in one process: `cargo run --release -p meteorite-net --example swarm -- [nodes] [messages] [link delay ms]`.
//!
//! Every node dials four random others and accepts at once; each message is published by a random node, and the time until every other
//! node has it is measured on one clock. It prints deliveries, p50, p99 and the longest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use meteorite_net::{LinkDelay, Net, NetConfig, NetEvent, Reservations, Role, Verdict};
use tokio::sync::mpsc;

const TOPIC: &str = "/meteorite/1/sky/0";
const LINKS_PER_NODE: usize = 4;
const PAYLOAD_BYTES: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let nodes = numbers.next().transpose()?.unwrap_or(20);
    let messages = numbers.next().transpose()?.unwrap_or(100);
    let delay = numbers
        .next()
        .transpose()?
        .map(|millis| LinkDelay(Duration::from_millis(millis)));
    let begun = Instant::now();
    let (arrived, mut arrivals) = mpsc::channel::<Duration>(65_536);
    let mut nets = Vec::new();
    for _ in 0..nodes {
        let mut config = NetConfig::new(Role::Node, rand::random());
        config.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse()?];
        config.seek_neighbours = false;
        config.reservations = Reservations::Never;
        config.link_delay = delay;
        let (net, events) = Net::start(config).await?;
        tokio::spawn(receive(net.clone(), events, begun, arrived.clone()));
        nets.push(net);
    }
    link(&nets).await?;
    report_memory(nets.len());
    let counted = Arc::new(AtomicUsize::new(0));
    for _ in 0..messages {
        let index = rand::random_range(0..nets.len());
        let Some(net) = nets.get(index) else { continue };
        let mut bytes = vec![0; PAYLOAD_BYTES];
        rand::fill(bytes.as_mut_slice());
        let sent = u64::try_from(begun.elapsed().as_micros())?;
        bytes.splice(..8, sent.to_be_bytes());
        if net.publish(TOPIC, bytes).await.is_ok() {
            counted.fetch_add(nets.len() - 1, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let wanted = counted.load(Ordering::Relaxed);
    let mut times = Vec::new();
    while times.len() < wanted {
        match tokio::time::timeout(PATIENCE, arrivals.recv()).await {
            Ok(Some(time)) => times.push(time),
            Ok(None) | Err(_) => break,
        }
    }
    report(wanted, times);
    for net in nets {
        net.shutdown().await?;
    }
    Ok(())
}

async fn receive(
    net: Net,
    mut events: mpsc::Receiver<NetEvent>,
    begun: Instant,
    arrived: mpsc::Sender<Duration>,
) {
    while let Some(event) = events.recv().await {
        if let NetEvent::Gossip { message, bytes, .. } = event {
            if net.verdict(message, Verdict::Accept).await.is_err() {
                return;
            }
            let sent = bytes
                .first_chunk::<8>()
                .map_or(0, |sent| u64::from_be_bytes(*sent));
            if arrived
                .send(begun.elapsed().saturating_sub(Duration::from_micros(sent)))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// A ring, so that nobody is cut off, and random links on top. Waits until every node has a mesh.
async fn link(nets: &[Net]) -> Result<(), Box<dyn std::error::Error>> {
    for (index, net) in nets.iter().enumerate() {
        for hop in 0..LINKS_PER_NODE.min(nets.len() - 1) {
            let step = if hop == 0 {
                1
            } else {
                rand::random_range(1..nets.len())
            };
            let Some(other) = nets.get((index + step) % nets.len()) else {
                continue;
            };
            let Some(address) = other.listeners().await?.first().cloned() else {
                continue;
            };
            // A pair that was drawn twice is refused by the connection limits, which is as good.
            net.dial(address.with(Protocol::P2p(other.local_peer())))
                .await
                .ok();
        }
    }
    for net in nets {
        while !net.peers().await?.iter().any(|peer| peer.mesh.contains(TOPIC)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a report for the person who runs it")]
fn report(wanted: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| {
        times
            .get((times.len() * share / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{} of {wanted} deliveries, p50 {:?}, p99 {:?}, longest {:?}",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
}

#[expect(clippy::print_stdout, reason = "a report for the person who runs it")]
fn report_memory(nodes: usize) {
    if let Some(stats) = memory_stats::memory_stats() {
        println!(
            "{nodes} nodes, {:.1} MB each",
            stats.physical_mem as f64 / nodes as f64 / 1e6
        );
    }
}
