//! An idle node: what it costs to leave it running.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::Figure;
use super::fleet::{Fleet, Link, address, dial, launch};

/// The word that makes the binary play the idle node.
pub const CHILD: &str = "idle-node";
/// How long is watched.
const WATCH: Duration = Duration::from_secs(60);
/// What starting costs is over by then.
const SETTLE: Duration = Duration::from_secs(15);

/// The idle node is a process of its own, so that what is read of it is all its own; its neighbours live in this one.
pub(super) async fn run(neighbours: usize) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::launch(neighbours, Link::Quic, None).await?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let id = child.id().context("the idle node has ended")?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    let its = lines.next_line().await?.context("the idle node says nothing")?;
    for node in &fleet.nodes {
        dial(node, &its).await?;
    }
    tokio::time::sleep(SETTLE).await;
    let (cpu, start) = (cpu_seconds(id)?, Instant::now());
    tokio::time::sleep(WATCH).await;
    let busy = (cpu_seconds(id)? - cpu) / start.elapsed().as_secs_f64();
    let memory = resident_bytes(id)?;
    let connected = fleet
        .nodes
        .iter()
        .filter(|node| node.snapshot().borrow().peers > 0)
        .count();
    // Its standard input closes: the node ends.
    drop(child.stdin.take());
    child.wait().await?;
    fleet.shutdown().await?;
    let conditions = format!(
        "a process with one node and {connected} neighbours on loopback, QUIC, no models loaded; {} s watched",
        WATCH.as_secs()
    );
    Ok(vec![
        Figure::new("idle node, share of one core", busy * 100.0, "%", &conditions),
        Figure::new("idle node, resident memory", memory / 1e6, "MB", conditions),
    ])
}

/// One node that says its address and does nothing until its standard input ends.
///
/// # Errors
/// Whatever keeps the node from starting.
#[expect(clippy::print_stdout, reason = "the parent reads standard output")]
pub async fn idle() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let node = launch(&folder, Link::Quic, None).await?;
    println!("{}", address(&node).await?);
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    node.shutdown()
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))
}

/// User and system time of a process so far (Linux).
fn cpu_seconds(id: u32) -> anyhow::Result<f64> {
    let stat = read(id, "stat")?;
    let (_, fields) = stat.rsplit_once(')').context("stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 =
        fields.get(11).context("utime")?.parse::<f64>()? + fields.get(12).context("stime")?.parse::<f64>()?;
    Ok(ticks / 100.0)
}

fn resident_bytes(id: u32) -> anyhow::Result<f64> {
    let statm = read(id, "statm")?;
    let pages: f64 = statm.split_whitespace().nth(1).context("resident")?.parse()?;
    Ok(pages * 4_096.0)
}

fn read(id: u32, file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join(file))
        .context("this bench reads /proc")
}
