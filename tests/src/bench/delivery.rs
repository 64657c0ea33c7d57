//! Throw to "in every other sky", and keyboard to a stranger's text.

use std::time::{Duration, Instant};

use meteorite_node::Node;
use meteorite_protocol::control::{Notice, Reply, Request};
use meteorite_protocol::validate::Params;
use tokio::sync::mpsc;

use super::fleet::{Fleet, Link, throw};
use super::{Figure, percentile};

/// Throws in all, by nodes in turn, none more often than its daily allowance of three.
const THROWS_MAX: usize = 100;
/// Pause between two throws for each node of the fleet, so that the claim of one bottle, its look-ups and announcements do not count for
/// the next: all nodes share the cores of one computer.
const PAUSE_PER_NODE: Duration = Duration::from_millis(25);
/// How long a bottle may take before it counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(20);

/// Nodes throw in turn; each other node tells when the bottle is in its sky.
pub(super) async fn run(nodes: usize, link: Link, delay: Option<Duration>) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::launch(nodes, link, delay).await?;
    let (seen, mut arrivals) = mpsc::channel::<(String, Instant)>(nodes * nodes * 3);
    for node in &fleet.nodes {
        let (mut notices, seen) = (node.notices(), seen.clone());
        tokio::spawn(async move {
            while let Ok(notice) = notices.recv().await {
                if let Notice::Fell(stone) = notice
                    && seen.send((stone.bottle, Instant::now())).await.is_err()
                {
                    return;
                }
            }
        });
    }
    let mut times = Times::default();
    tracing::info!(nodes, "the fleet is under way");
    let throws = THROWS_MAX.min(nodes * 3);
    let pause = PAUSE_PER_NODE * u32::try_from(nodes)?;
    let ships = fleet.nodes.iter().enumerate().cycle();
    for (turn, (at, node)) in ships.take(throws).enumerate() {
        let text = format!("Bottle {turn} of ship {at}, with a few more words to carry.");
        let start = Instant::now();
        let bottle = throw(node, text).await?;
        let reader = fleet.nodes.get((at + nodes / 2) % nodes).unwrap_or(node);
        let (arrived, text) = tokio::join!(
            wait_for(&mut arrivals, &bottle, start, nodes - 1),
            read(reader, &bottle, start)
        );
        times.delivered += arrived.len();
        tracing::info!(turn, ship = at, arrived = arrived.len(), last_ms = ?arrived.last(), text_ms = ?text);
        times.skies.extend(arrived.last().copied());
        times.texts.extend(text);
        tokio::time::sleep(pause).await;
    }
    fleet.shutdown().await?;
    let expected = throws * (nodes - 1);
    let share = times.delivered as f64 / expected as f64;
    Ok(figures(times, share, &conditions(nodes, link, delay)))
}

/// What was measured, in milliseconds.
#[derive(Default)]
struct Times {
    /// Until the last other sky had the bottle.
    skies: Vec<f64>,
    /// Until one stranger had its text.
    texts: Vec<f64>,
    delivered: usize,
}

/// Milliseconds until each other sky had it, sorted.
async fn wait_for(
    arrivals: &mut mpsc::Receiver<(String, Instant)>,
    bottle: &str,
    start: Instant,
    count: usize,
) -> Vec<f64> {
    let mut times = Vec::with_capacity(count);
    while times.len() < count {
        let left = LOST_AFTER.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, arrivals.recv()).await {
            Ok(Some((seen, at))) if seen == bottle => {
                times.push(at.duration_since(start).as_secs_f64() * 1e3)
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

/// A stranger who waits for this bottle catches and opens it as soon as it is in their sky: gossip, the work of a claim, opening.
async fn read(reader: &Node, bottle: &str, start: Instant) -> Option<f64> {
    loop {
        let catch = Request::Catch {
            bottle: Some(bottle.to_owned()),
        };
        if matches!(reader.ask(catch).await, Reply::Caught(_)) {
            break;
        }
        if start.elapsed() > LOST_AFTER {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let open = Request::Read {
        bottle: bottle.to_owned(),
    };
    match reader.ask(open).await {
        Reply::Read(_) => Some(start.elapsed().as_secs_f64() * 1e3),
        other => {
            tracing::warn!(?other, "not read");
            None
        }
    }
}

fn figures(mut times: Times, share: f64, conditions: &str) -> Vec<Figure> {
    times.skies.sort_by(f64::total_cmp);
    times.texts.sort_by(f64::total_cmp);
    let figure =
        |name: &str, sorted: &[f64], rank| Figure::new(name, percentile(sorted, rank), "ms", conditions);
    vec![
        figure("throw to every other sky, p50", &times.skies, 0.5),
        figure("throw to every other sky, p99", &times.skies, 0.99),
        Figure::new("delivered", share * 100.0, "%", conditions),
        figure("throw to a stranger's text, p50", &times.texts, 0.5),
        figure("throw to a stranger's text, p99", &times.texts, 0.99),
        Figure::new("texts read", times.texts.len() as f64, "", conditions),
    ]
}

fn conditions(nodes: usize, link: Link, delay: Option<Duration>) -> String {
    let delay = delay.map_or(String::new(), |delay| {
        format!(", {} ms added to every link", delay.as_millis())
    });
    format!(
        "{nodes} real nodes on loopback in one process, {}, files on disk{delay}; stamps of 4 bits, as if mined before, claims of {} bits; {} throws, {} ms apart",
        link.name(),
        Params::stamps_mined_before().claim_bits_floor(),
        THROWS_MAX.min(nodes * 3),
        PAUSE_PER_NODE.as_millis() * nodes as u128
    )
}
