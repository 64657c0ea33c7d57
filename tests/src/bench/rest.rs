//! An idle node: what it costs to leave it running.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::Figure;
use super::fleet::{Fleet, Link};

/// How long is watched.
const WATCH: Duration = Duration::from_secs(30);

/// The process holds `neighbours` + 1 nodes, so its use is divided by that many: each of them is idle and has neighbours.
pub(super) async fn run(neighbours: usize) -> anyhow::Result<Vec<Figure>> {
    let before = resident_bytes()?;
    let fleet = Fleet::launch(neighbours + 1, Link::Quic, None).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (cpu, start) = (cpu_seconds()?, Instant::now());
    tokio::time::sleep(WATCH).await;
    let busy = (cpu_seconds()? - cpu) / start.elapsed().as_secs_f64();
    let nodes = (neighbours + 1) as f64;
    let memory = (resident_bytes()? - before) / nodes;
    fleet.shutdown().await?;
    let conditions = format!(
        "{} idle nodes in one process on loopback, QUIC; per node; {} s watched",
        neighbours + 1,
        WATCH.as_secs()
    );
    Ok(vec![
        Figure::new(
            "idle node, share of one core",
            busy / nodes * 100.0,
            "%",
            &conditions,
        ),
        Figure::new(
            "idle node, resident memory beyond an empty process",
            memory / 1e6,
            "MB",
            conditions,
        ),
    ])
}

/// User and system time of this process so far (Linux).
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this bench reads /proc")?;
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .context("stat")?
        .1
        .split_whitespace()
        .collect();
    let ticks: f64 =
        fields.get(11).context("utime")?.parse::<f64>()? + fields.get(12).context("stime")?.parse::<f64>()?;
    Ok(ticks / 100.0)
}

fn resident_bytes() -> anyhow::Result<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").context("this bench reads /proc")?;
    let pages: f64 = statm.split_whitespace().nth(1).context("resident")?.parse()?;
    Ok(pages * 4_096.0)
}
