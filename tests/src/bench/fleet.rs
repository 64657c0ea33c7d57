//! Real nodes in one process, each with its own folder, keys, database and sockets.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{Reply, Request};
use meteorite_protocol::validate::Params;
use rand::seq::IndexedRandom;
use tempfile::TempDir;

/// How nodes talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Quic,
    Tcp,
}

impl Link {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Quic => "QUIC",
            Self::Tcp => "TCP",
        }
    }

    fn listen(self) -> String {
        match self {
            Self::Quic => "/ip4/127.0.0.1/udp/0/quic-v1".to_owned(),
            Self::Tcp => "/ip4/127.0.0.1/tcp/0".to_owned(),
        }
    }
}

/// Nodes that know each other well enough for gossip.
pub(super) struct Fleet {
    pub(super) nodes: Vec<Node>,
    _folders: Vec<TempDir>,
}

impl Fleet {
    /// Starts nodes and lets each dial its predecessor and a few others at random.
    pub(super) async fn launch(count: usize, link: Link, delay: Option<Duration>) -> anyhow::Result<Self> {
        let mut nodes: Vec<Node> = Vec::with_capacity(count);
        let mut folders = Vec::with_capacity(count);
        let mut addresses: Vec<String> = Vec::with_capacity(count);
        for _ in 0..count {
            let folder = tempfile::tempdir()?;
            let node = launch(&folder, link, delay).await?;
            let mine = address(&node).await?;
            let mut others: Vec<&String> = addresses.sample(&mut rand::rng(), DIALS).collect();
            others.extend(addresses.last());
            for other in others {
                // A node that is full refuses; the others are enough, which `settle` checks.
                drop(try_dial(&node, other).await);
            }
            addresses.push(mine);
            nodes.push(node);
            folders.push(folder);
        }
        let fleet = Self {
            nodes,
            _folders: folders,
        };
        fleet.settle().await?;
        Ok(fleet)
    }

    pub(super) async fn shutdown(self) -> anyhow::Result<()> {
        let ends = self.nodes.into_iter().map(Node::shutdown);
        for end in futures::future::join_all(ends).await {
            end.map_err(|problem| anyhow::anyhow!("{problem}"))?;
        }
        Ok(())
    }

    /// Until every node has neighbours, nobody meets or lets go anyone for a while, and then for three heartbeats of gossip: the aftermath
    /// of starting so many nodes on one computer is no part of what is measured.
    async fn settle(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let wanted = u32::try_from(self.nodes.len().saturating_sub(1).min(3)).unwrap_or(1);
        let mut before = Vec::new();
        loop {
            tokio::time::sleep(CALM).await;
            let peers = |node: &Node| node.snapshot().borrow().peers;
            let now: Vec<u32> = self.nodes.iter().map(peers).collect();
            let enough = now.iter().all(|peers| *peers >= wanted);
            if enough && (now == before || start.elapsed() > PATIENCE) {
                break;
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "some nodes have fewer than {wanted} neighbours after {} s",
                    PATIENCE.as_secs()
                );
            }
            before = now;
        }
        tokio::time::sleep(MESH_TIME).await;
        Ok(())
    }
}

/// One node whose stamps cost next to nothing, so that mining is no part of what is measured.
pub(super) async fn launch(folder: &TempDir, link: Link, delay: Option<Duration>) -> anyhow::Result<Node> {
    let keys = KeyFile::new(Root::generate(&mut rand::rng()), 0, &mut rand::rng());
    let config = NodeConfig {
        params: Params::stamps_mined_before(),
        listen: vec![link.listen()],
        link_delay: delay,
        memory_bytes_max: Some(usize::MAX),
        ..NodeConfig::loopback(folder.path())
    };
    Node::start(config, keys)
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))
}

/// The first address under which a node listens.
pub(super) async fn address(node: &Node) -> anyhow::Result<String> {
    let mut snapshot = node.snapshot();
    let ready = snapshot.wait_for(|now| !now.listening.is_empty());
    let ready = tokio::time::timeout(PATIENCE, ready)
        .await
        .context("no address")??;
    ready.listening.first().cloned().context("no address")
}

/// Dials and waits until it answered; tries again for a while.
pub(super) async fn dial(node: &Node, address: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        match try_dial(node, address).await {
            Err(_) if start.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(200)).await,
            outcome => return outcome,
        }
    }
}

async fn try_dial(node: &Node, address: &str) -> anyhow::Result<()> {
    let request = Request::Dial {
        address: address.to_owned(),
    };
    match node.ask(request).await {
        Reply::Dialling(_) => Ok(()),
        other => bail!("a dial failed: {other:?}"),
    }
}

/// Throws one bottle and says its id.
pub(super) async fn throw(node: &Node, text: String) -> anyhow::Result<String> {
    let request = crate::throw(text);
    match node.ask(request).await {
        Reply::Thrown(view) => Ok(view.stone.bottle),
        other => bail!("not thrown: {other:?}"),
    }
}

/// Random dials of each node besides its predecessor.
const DIALS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);
/// Two looks at all neighbours that find the same are this far apart.
const CALM: Duration = Duration::from_secs(3);
/// Three heartbeats of 700 ms: the mesh has grafted.
const MESH_TIME: Duration = Duration::from_millis(2_100);
