//! Throw to "in every other sky", and keyboard to a stranger's text.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::bail;
use meteorite_protocol::control::{Notice, Reply, Request};
use tokio::sync::mpsc;

use super::fleet::{Fleet, Link, throw};
use super::{Figure, percentile};

/// Throws per node: the daily allowance.
const THROWS: usize = 3;
/// How long a bottle may take before it counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(20);

/// Every node throws its three bottles, one after the other in turn; each other node tells when the bottle is in its sky.
pub(super) async fn run(nodes: usize, link: Link, delay: Option<Duration>) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::launch(nodes, link, delay).await?;
    let (seen, mut arrivals) = mpsc::channel::<(String, Instant)>(nodes * nodes * THROWS);
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
    let mut slowest = Vec::new();
    let mut delivered = 0_usize;
    for turn in 0..THROWS {
        for (at, node) in fleet.nodes.iter().enumerate() {
            let start = Instant::now();
            let bottle = throw(
                node,
                format!("Bottle {turn} of ship {at}, with a few more words to carry."),
            )
            .await?;
            let times = wait_for(&mut arrivals, &bottle, start, nodes - 1).await;
            delivered += times.len();
            slowest.extend(times.last().copied());
        }
    }
    let reading = read_times(&fleet).await?;
    fleet.shutdown().await?;
    let expected = nodes * (nodes - 1) * THROWS;
    Ok(figures(
        slowest,
        delivered as f64 / expected as f64,
        reading,
        &conditions(nodes, link, delay),
    ))
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

/// From the request to throw until a stranger has the text: gossip, catch, the work of a claim, opening.
async fn read_times(fleet: &Fleet) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    let mut drifting: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, node) in fleet.nodes.iter().enumerate().take(READERS) {
        let Reply::Sky(page) = node
            .ask(Request::Sky {
                filter: Default::default(),
                cursor: None,
                limit: Some(200),
            })
            .await
        else {
            bail!("no sky");
        };
        drifting.insert(at, page.stones.into_iter().map(|stone| stone.bottle).collect());
    }
    for (at, node) in fleet.nodes.iter().enumerate().take(READERS) {
        for bottle in drifting
            .get(&at)
            .into_iter()
            .flatten()
            .skip(at * READS)
            .take(READS)
        {
            let start = Instant::now();
            node.ask(Request::Catch {
                bottle: Some(bottle.clone()),
            })
            .await;
            match node
                .ask(Request::Read {
                    bottle: bottle.clone(),
                })
                .await
            {
                Reply::Read(_) => times.push(start.elapsed().as_secs_f64() * 1e3),
                other => tracing::debug!(?other, "not read"),
            }
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn figures(mut slowest: Vec<f64>, share: f64, reading: Vec<f64>, conditions: &str) -> Vec<Figure> {
    slowest.sort_by(f64::total_cmp);
    let text: Vec<f64> = reading
        .iter()
        .map(|read| read + percentile(&slowest, 0.5))
        .collect();
    vec![
        Figure::new(
            "throw to every other sky, p50",
            percentile(&slowest, 0.5),
            "ms",
            conditions,
        ),
        Figure::new(
            "throw to every other sky, p99",
            percentile(&slowest, 0.99),
            "ms",
            conditions,
        ),
        Figure::new("delivered", share * 100.0, "%", conditions),
        Figure::new(
            "throw to a stranger's text, p99",
            percentile(&text, 0.99),
            "ms",
            format!("{conditions}; catch and open measured, median delivery added; claim work of 3 bits"),
        ),
    ]
}

fn conditions(nodes: usize, link: Link, delay: Option<Duration>) -> String {
    let delay = delay.map_or(String::new(), |delay| {
        format!(", {} ms added to every link", delay.as_millis())
    });
    format!(
        "{nodes} real nodes on loopback in one process, {}, files on disk{delay}; stamps of 4 bits, so without mining; {THROWS} throws each",
        link.name()
    )
}

/// Nodes that open bottles, and how many each.
const READERS: usize = 10;
const READS: usize = 4;
