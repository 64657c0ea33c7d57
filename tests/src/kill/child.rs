//! The child: a node that works until it is killed or has nothing left to do.
#![expect(clippy::print_stdout, reason = "the parent reads standard output")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use meteorite_crypto::root::Root;
use meteorite_crypto::vault::KdfParams;
use meteorite_node::data_dir::DataDir;
use meteorite_node::{Node, NodeConfig, keys};
use meteorite_protocol::control::{Finding, LetterSide, LetterView, Reply, Request};
use meteorite_protocol::validate::Params;

use super::BOTTLES;
use super::ledger::{Line, State};

/// Runs a node on `folder` and works with the neighbour at `address`.
///
/// # Errors
/// Whatever keeps the node from starting or answering.
pub async fn run(folder: &Path, address: &str) -> anyhow::Result<()> {
    let dir = DataDir::new(folder);
    if !keys::exists(&dir) {
        let root = Root::generate(&mut rand::rng());
        keys::create_with(&dir, root, "", 0, KdfParams::fast_for_tests()).map_err(said)?;
    }
    let keys = keys::load(&dir, "").map_err(said)?;
    let config = NodeConfig {
        params: Params::for_tests(),
        ..NodeConfig::loopback(PathBuf::from(folder))
    };
    let node = Node::start(config, keys).await.map_err(said)?;
    let mut snapshot = node.snapshot();
    let listening = snapshot
        .wait_for(|now| !now.listening.is_empty())
        .await?
        .listening
        .clone();
    let state = state(&node).await?;
    say(&Line::Started {
        address: listening.first().cloned().unwrap_or_default(),
        state,
    })?;
    node.ask(Request::Dial {
        address: address.to_owned(),
    })
    .await;
    let mut told = Vec::new();
    loop {
        let done = work(&node, &mut told).await?;
        if done {
            say(&Line::Finished {
                state: self::state(&node).await?,
            })?;
            node.shutdown().await.map_err(said)?;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One round: the next throw, the next catch, the next answer, new letters. True when nothing is left.
async fn work(node: &Node, told: &mut Vec<String>) -> anyhow::Result<bool> {
    let now = state(node).await?;
    let next = (0..BOTTLES).map(text).find(|text| !now.thrown.contains_key(text));
    if let Some(text) = next {
        let request = crate::throw(text.clone());
        match node.ask(request).await {
            Reply::Thrown(_) => say(&Line::Thrown { text })?,
            other => say(&Line::Broken {
                what: format!("a throw was refused: {other:?}"),
            })?,
        }
        return Ok(false);
    }
    catch_one(node, &now).await?;
    answer_one(node, &now).await?;
    for letter in letters(node)
        .await?
        .into_iter()
        .filter(|letter| letter.side == LetterSide::Stranger)
    {
        if let Some(text) = letter.text.filter(|text| !told.contains(text)) {
            say(&Line::Letter { text: text.clone() })?;
            told.push(text);
        }
    }
    Ok(now.read.len() == BOTTLES && now.answered.len() == BOTTLES && now.letters.len() == BOTTLES)
}

async fn catch_one(node: &Node, now: &State) -> anyhow::Result<()> {
    let Reply::Sky(page) = node.ask(Request::sky()).await else {
        bail!("no sky");
    };
    let Reply::Hold(hold) = node.ask(Request::Hold).await else {
        bail!("no hold")
    };
    let fresh = page.stones.into_iter().map(|stone| stone.bottle);
    let sealed = hold.into_iter().map(|view| view.stone.bottle);
    let Some(bottle) = sealed.chain(fresh).find(|bottle| !now.read.contains(bottle)) else {
        return Ok(());
    };
    node.ask(Request::Catch {
        bottle: Some(bottle.clone()),
    })
    .await;
    if let Reply::Read(_) = node
        .ask(Request::Read {
            bottle: bottle.clone(),
        })
        .await
    {
        say(&Line::Read { bottle })?;
    }
    Ok(())
}

async fn answer_one(node: &Node, now: &State) -> anyhow::Result<()> {
    let Some(bottle) = now.read.iter().find(|bottle| !now.answered.contains_key(*bottle)) else {
        return Ok(());
    };
    let request = Request::Reply {
        to: bottle.clone(),
        text: format!("An answer to {bottle}."),
    };
    if let Reply::Queued(_) = node.ask(request).await {
        say(&Line::Answered {
            bottle: bottle.clone(),
        })?;
    }
    Ok(())
}

async fn state(node: &Node) -> anyhow::Result<State> {
    let mut state = State::default();
    let Reply::Bottles(bottles) = node.ask(Request::Bottles).await else {
        bail!("no bottles")
    };
    for bottle in bottles {
        *state.thrown.entry(bottle.text).or_default() += 1;
    }
    let Reply::Hold(hold) = node.ask(Request::Hold).await else {
        bail!("no hold")
    };
    for view in hold {
        let sealed = matches!(
            view.state,
            meteorite_protocol::control::HoldState::Sealed | meteorite_protocol::control::HoldState::Opening
        );
        if !sealed
            && matches!(
                node.ask(Request::Read {
                    bottle: view.stone.bottle.clone()
                })
                .await,
                Reply::Read(_)
            )
        {
            state.read.insert(view.stone.bottle);
        }
    }
    for letter in letters(node).await? {
        match letter.side {
            LetterSide::Me => *state.answered.entry(letter.bottle).or_default() += 1,
            LetterSide::Stranger => *state.letters.entry(letter.text.unwrap_or_default()).or_default() += 1,
        }
    }
    let Reply::Doctor(findings) = node.ask(Request::Doctor).await else {
        bail!("no diagnosis")
    };
    state.sound = findings
        .iter()
        .any(|finding| finding.about == "database" && finding.finding == Finding::Good);
    Ok(state)
}

async fn letters(node: &Node) -> anyhow::Result<Vec<LetterView>> {
    let Reply::Threads(threads) = node.ask(Request::Letters { thread: None }).await else {
        bail!("no threads")
    };
    let mut all = Vec::new();
    for thread in threads {
        let Reply::Letters(letters) = node
            .ask(Request::Letters {
                thread: Some(thread.thread),
            })
            .await
        else {
            bail!("no letters");
        };
        all.extend(letters);
    }
    Ok(all)
}

fn text(at: usize) -> String {
    format!("Bottle number {at} of a node that is killed now and then.")
}

/// A line is out before the next step begins: what the parent has read was acknowledged.
fn say(line: &Line) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(line).context("a line")?);
    Ok(())
}

fn said(problem: meteorite_protocol::control::Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem}")
}
