//! The parent: the steady neighbour, the killer and the judge.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{Reply, Request};
use meteorite_protocol::validate::Params;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::ledger::{Ledger, Line};
use super::{BOTTLES, CHILD};

/// Kills in one life; then the child is left alone to finish.
const KILLS_PER_LIFE: u32 = 5;
/// A kill comes at most this long after the child's node is up.
const KILL_AFTER_MS: u64 = 1_500;
/// A child that is left alone must finish within this. It takes seconds; but a letter that was being handed over at the moment of
/// a kill is offered again after half a minute and later, and other mailboxes are asked minutes apart.
const FINISH_MAX: Duration = Duration::from_secs(400);

/// What happened.
#[derive(Debug, Default)]
pub struct Report {
    /// Kills.
    pub kills: u32,
    /// Identities.
    pub lives: u32,
    /// Acknowledgements that were compared with the disk.
    pub acknowledged: usize,
    /// Everything that was wrong; empty is the only good result.
    pub wrong: Vec<String>,
}

/// Kills a child `times` times. `binary` is a program that calls [`super::run_child`] when its first argument is
/// [`super::CHILD`].
///
/// # Errors
/// Whatever keeps the experiment from running; findings are in the report.
pub async fn run(binary: &Path, times: u32, seed: u64) -> anyhow::Result<Report> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut report = Report::default();
    while report.kills < times {
        let kills = KILLS_PER_LIFE.min(times - report.kills);
        live(binary, kills, &mut rng, &mut report)
            .await
            .with_context(|| format!("in life {}", report.lives + 1))?;
        report.kills += kills;
        report.lives += 1;
    }
    Ok(report)
}

async fn live(binary: &Path, kills: u32, rng: &mut ChaCha8Rng, report: &mut Report) -> anyhow::Result<()> {
    let (folder, neighbour_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let neighbour = neighbour(&neighbour_folder).await?;
    let mut snapshot = neighbour.snapshot();
    let listening = snapshot
        .wait_for(|now| !now.listening.is_empty())
        .await?
        .listening
        .clone();
    let address = listening.first().context("an address")?.clone();
    let witness_folder = tempfile::tempdir()?;
    let witness = witness(&witness_folder, &address).await?;
    let answering = tokio::spawn(answer_everything(neighbour.clone()));
    let mut ledger = Ledger::default();
    for _ in 0..kills {
        let delay = Duration::from_millis(rng.random_range(0..KILL_AFTER_MS));
        let mut child = Running::start(binary, folder.path(), &address)?;
        child.work_for(delay, &mut ledger, report).await?;
        child.kill(&mut ledger, report).await?;
    }
    let mut child = Running::start(binary, folder.path(), &address)?;
    child.finish(&mut ledger, report).await?;
    report.acknowledged +=
        ledger.thrown.len() + ledger.read.len() + ledger.answered.len() + ledger.letters.len();
    answering.abort();
    witness
        .shutdown()
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    neighbour
        .shutdown()
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))
}

/// A child with its output.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(binary: &Path, folder: &Path, address: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(binary)
            .arg(CHILD)
            .arg(folder)
            .arg(address)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the child cannot be started")?;
        let output = process.stdout.take().context("the child has no output")?;
        Ok(Self {
            process,
            lines: BufReader::new(output).lines(),
        })
    }

    /// Lets it work for a while after its node is up; compares what the node has with what was acknowledged before.
    async fn work_for(
        &mut self,
        delay: Duration,
        ledger: &mut Ledger,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let mut until = None;
        let give_up = Instant::now() + FINISH_MAX;
        loop {
            let deadline = until.unwrap_or(give_up);
            let Ok(line) = tokio::time::timeout_at(deadline.into(), self.lines.next_line()).await else {
                return if until.is_some() {
                    Ok(())
                } else {
                    bail!("the child did not start in time")
                };
            };
            let Some(line) = line? else {
                bail!("the child ended by itself: {:?}", self.process.wait().await?);
            };
            let line: Line = serde_json::from_str(&line).context("a line of the child")?;
            judge(&line, ledger, report);
            match line {
                Line::Started { .. } => until = Some(Instant::now() + delay),
                Line::Finished { .. } => return Ok(()),
                Line::Thrown { .. }
                | Line::Read { .. }
                | Line::Answered { .. }
                | Line::Letter { .. }
                | Line::Broken { .. } => {}
            }
        }
    }

    /// SIGKILL; what it had said before still counts.
    async fn kill(mut self, ledger: &mut Ledger, report: &mut Report) -> anyhow::Result<()> {
        self.process.kill().await?;
        while let Ok(Some(line)) = self.lines.next_line().await {
            if let Ok(line) = serde_json::from_str::<Line>(&line) {
                judge(&line, ledger, report);
            }
        }
        Ok(())
    }

    async fn finish(&mut self, ledger: &mut Ledger, report: &mut Report) -> anyhow::Result<()> {
        let end = async {
            while let Some(line) = self.lines.next_line().await? {
                let line: Line = serde_json::from_str(&line).context("a line of the child")?;
                judge(&line, ledger, report);
            }
            anyhow::Ok(self.process.wait().await?)
        };
        match tokio::time::timeout(FINISH_MAX, end).await {
            Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
            Ok(status) => bail!("the child, left alone, ended with {status:?}"),
            Err(_) => bail!("the child, left alone, did not finish; it had acknowledged {ledger:?}"),
        }
    }
}

fn judge(line: &Line, ledger: &mut Ledger, report: &mut Report) {
    match line {
        Line::Started { state, .. } | Line::Finished { state } => report.wrong.extend(ledger.compare(state)),
        Line::Broken { what } => report.wrong.push(what.clone()),
        Line::Thrown { .. } | Line::Read { .. } | Line::Answered { .. } | Line::Letter { .. } => {
            ledger.note(line)
        }
    }
}

async fn neighbour(folder: &TempDir) -> anyhow::Result<Node> {
    let node = launch(folder).await?;
    for at in 0..BOTTLES {
        let text = format!("A steady neighbour's bottle number {at}.");
        let request = crate::throw(text);
        let reply = node.ask(request).await;
        anyhow::ensure!(
            matches!(reply, Reply::Thrown(_)),
            "the neighbour cannot throw: {reply:?}"
        );
    }
    Ok(node)
}

/// A third node that reads the neighbour's bottles. Only a bottle that somebody took is offered in sync, and a child that is
/// killed a moment after it got one by gossip learns of it by sync alone.
async fn witness(folder: &TempDir, address: &str) -> anyhow::Result<Node> {
    let node = launch(folder).await?;
    node.ask(Request::Dial {
        address: address.to_owned(),
    })
    .await;
    let start = Instant::now();
    let mut read = 0;
    while read < BOTTLES {
        anyhow::ensure!(
            start.elapsed() < FINISH_MAX,
            "the witness read only {read} bottles"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Reply::Sky(page) = node.ask(Request::sky()).await else {
            bail!("no sky");
        };
        for stone in page.stones {
            node.ask(Request::Catch {
                bottle: Some(stone.bottle.clone()),
            })
            .await;
            let reply = node.ask(Request::Read { bottle: stone.bottle }).await;
            read += usize::from(matches!(reply, Reply::Read(_)));
        }
    }
    Ok(node)
}

async fn launch(folder: &TempDir) -> anyhow::Result<Node> {
    let keys = KeyFile::new(Root::generate(&mut rand::rng()), 0, &mut rand::rng());
    let config = NodeConfig {
        params: Params::for_tests(),
        ..NodeConfig::loopback(folder.path())
    };
    Node::start(config, keys)
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))
}

/// Catches what the child throws and writes to it, once per bottle.
async fn answer_everything(node: Node) {
    loop {
        if let Reply::Sky(page) = node.ask(Request::sky()).await {
            for stone in page.stones {
                node.ask(Request::Catch {
                    bottle: Some(stone.bottle.clone()),
                })
                .await;
                if matches!(
                    node.ask(Request::Read {
                        bottle: stone.bottle.clone()
                    })
                    .await,
                    Reply::Read(_)
                ) {
                    let text = format!("A letter about {}.", stone.bottle);
                    node.ask(Request::Reply {
                        to: stone.bottle,
                        text,
                    })
                    .await;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
