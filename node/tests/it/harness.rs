//! Nodes with cheap stamps in temporary folders, and waiting for conditions instead of for time.

use std::time::{Duration, Instant};

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{BottleView, HoldState, Reply, Request, SkyPage};
use meteorite_protocol::validate::Params;
use tempfile::TempDir;

/// A node that can be ended and started again on the same folder.
pub(crate) struct Ship {
    pub(crate) folder: TempDir,
    pub(crate) keys: KeyFile,
    pub(crate) node: Node,
}

impl Ship {
    pub(crate) async fn launch() -> Self {
        Self::with_keys(KeyFile::new(
            Root::generate(&mut rand::rng()),
            0,
            &mut rand::rng(),
        ))
        .await
    }

    /// A node in an empty folder.
    pub(crate) async fn with_keys(keys: KeyFile) -> Self {
        Self::configured(keys, |config| config).await
    }

    /// A node whose clock is wrong.
    pub(crate) async fn with_clock_wrong_by(ms: i64) -> Self {
        let keys = KeyFile::new(Root::generate(&mut rand::rng()), 0, &mut rand::rng());
        Self::configured(keys, |config| NodeConfig {
            clock_wrong_by_ms: ms,
            ..config
        })
        .await
    }

    async fn configured(keys: KeyFile, change: impl FnOnce(NodeConfig) -> NodeConfig) -> Self {
        // RUST_LOG=meteorite_node=debug,meteorite_shell=debug shows a failing test's story.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        drop(
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_test_writer()
                .try_init(),
        );
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(change(config(&folder)), keys.clone()).await.unwrap();
        Self { folder, keys, node }
    }

    /// Ends the node as a user would, and starts it again.
    pub(crate) async fn relaunch(self) -> Self {
        let Self { folder, keys, node } = self;
        node.shutdown().await.unwrap();
        let node = Node::start(config(&folder), keys.clone()).await.unwrap();
        Self { folder, keys, node }
    }

    pub(crate) async fn ask(&self, request: Request) -> Reply {
        self.node.ask(request).await
    }

    pub(crate) async fn throw(&self, text: &str) -> String {
        let request = Request::Throw {
            text: text.to_owned(),
            nick: None,
            tags: Vec::new(),
            slots: None,
            days: None,
            lang: Some("en".to_owned()),
            sure: true,
        };
        match self.ask(request).await {
            Reply::Thrown(view) => view.stone.bottle,
            other => panic!("not thrown: {other:?}"),
        }
    }

    pub(crate) async fn sky(&self) -> SkyPage {
        let request = Request::sky();
        match self.ask(request).await {
            Reply::Sky(page) => page,
            other => panic!("no sky: {other:?}"),
        }
    }

    /// Waits for a bottle to fall, catches and opens it.
    pub(crate) async fn find(&self, bottle: &str) -> BottleView {
        until("the bottle in this sky", || async {
            let stones = self.sky().await.stones;
            stones.into_iter().find(|stone| stone.bottle == bottle)
        })
        .await;
        let bottle = bottle.to_owned();
        let caught = self
            .ask(Request::Catch {
                bottle: Some(bottle.clone()),
            })
            .await;
        assert!(
            matches!(&caught, Reply::Caught(view) if view.state == HoldState::Sealed),
            "{caught:?}"
        );
        self.read(&bottle).await
    }

    /// Opens a bottle, or reads it once more.
    pub(crate) async fn read(&self, bottle: &str) -> BottleView {
        let bottle = bottle.to_owned();
        match self.ask(Request::Read { bottle }).await {
            Reply::Read(view) => view,
            other => panic!("not read: {other:?}"),
        }
    }

    /// Dials another ship and waits until both know it.
    pub(crate) async fn meet(&self, other: &Self) {
        let address = until("an address", || async {
            other.node.snapshot().borrow().listening.first().cloned()
        })
        .await;
        let reply = self.ask(Request::Dial { address }).await;
        assert!(matches!(reply, Reply::Dialling(1)), "{reply:?}");
        until("neighbours", || async {
            (self.peers() > 0 && other.peers() > 0).then_some(())
        })
        .await;
    }

    pub(crate) fn peers(&self) -> u32 {
        self.node.snapshot().borrow().peers
    }
}

/// A node on loopback whose stamps cost next to nothing.
pub(crate) fn config(folder: &TempDir) -> NodeConfig {
    NodeConfig {
        params: Params::for_tests(),
        ..NodeConfig::loopback(folder.path())
    }
}

/// Asks again and again until there is an answer; panics after half a minute.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
