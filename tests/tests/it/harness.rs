//! Real nodes on loopback with cheap stamps, each in a folder of its own.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_net::PeerId;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{LetterSide, PeerView, Reply, Request};
use meteorite_protocol::validate::Params;
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One node.
pub(crate) struct Ship {
    pub(crate) node: Node,
    keys: KeyFile,
    config: NodeConfig,
    folder: TempDir,
}

impl Ship {
    pub(crate) async fn launch() -> Self {
        Self::configured(|config| config).await
    }

    pub(crate) async fn configured(change: impl FnOnce(NodeConfig) -> NodeConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFile::new(Root::generate(&mut rand::rng()), 0, &mut rand::rng());
        let config = change(NodeConfig {
            params: Params::for_tests(),
            ..NodeConfig::loopback(folder.path())
        });
        let node = Node::start(config.clone(), keys.clone()).await.unwrap();
        Self {
            node,
            keys,
            config,
            folder,
        }
    }

    /// Ends the node; call the result to start it again on its folder.
    pub(crate) async fn go_offline(self) -> impl AsyncFnOnce() -> Self {
        let Self {
            node,
            keys,
            config,
            folder,
        } = self;
        node.shutdown().await.unwrap();
        async move || {
            let node = Node::start(config.clone(), keys.clone()).await.unwrap();
            Self {
                node,
                keys,
                config,
                folder,
            }
        }
    }

    pub(crate) async fn address(&self) -> String {
        let mut snapshot = self.node.snapshot();
        let ready = snapshot.wait_for(|now| !now.listening.is_empty()).await.unwrap();
        ready.listening[0].clone()
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.node.snapshot().borrow().peer.parse().unwrap()
    }

    pub(crate) async fn dial(&self, address: &str) {
        let address = address.to_owned();
        let reply = self.node.ask(Request::Dial { address }).await;
        assert!(matches!(reply, Reply::Dialling(_)), "{reply:?}");
    }

    pub(crate) async fn peers(&self) -> Vec<PeerView> {
        match self.node.ask(Request::Peers).await {
            Reply::Peers(peers) => peers,
            other => panic!("no peers: {other:?}"),
        }
    }

    pub(crate) async fn throw(&self, text: &str) -> String {
        let request = meteorite_tests::throw(text);
        match self.node.ask(request).await {
            Reply::Thrown(view) => view.stone.bottle,
            other => panic!("not thrown: {other:?}"),
        }
    }

    /// All bottles in the sky.
    pub(crate) async fn sky(&self) -> BTreeSet<String> {
        let (mut all, mut cursor) = (BTreeSet::new(), None);
        loop {
            let request = Request::Sky {
                filter: Default::default(),
                cursor,
                limit: Some(200),
            };
            let Reply::Sky(page) = self.node.ask(request).await else {
                panic!("no sky");
            };
            all.extend(page.stones.into_iter().map(|stone| stone.bottle));
            if page.next.is_none() {
                return all;
            }
            cursor = page.next;
        }
    }

    /// The texts of all letters that came.
    pub(crate) async fn letters(&self) -> Vec<String> {
        let Reply::Threads(threads) = self.node.ask(Request::Letters { thread: None }).await else {
            panic!("no threads");
        };
        let mut texts = Vec::new();
        for thread in threads {
            let request = Request::Letters {
                thread: Some(thread.thread),
            };
            let Reply::Letters(letters) = self.node.ask(request).await else {
                panic!("no letters");
            };
            let came = letters
                .into_iter()
                .filter(|letter| letter.side == LetterSide::Stranger);
            texts.extend(came.filter_map(|letter| letter.text));
        }
        texts
    }

    /// Something that must work.
    pub(crate) async fn does(&self, request: Request) -> Reply {
        let reply = self.node.ask(request).await;
        assert!(!matches!(reply, Reply::Problem(_)), "{reply:?}");
        reply
    }

    pub(crate) async fn until_it_has(&self, bottle: &str) {
        let start = Instant::now();
        while !self.sky().await.contains(bottle) {
            assert!(start.elapsed() < PATIENCE, "it did not arrive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
