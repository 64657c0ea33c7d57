//! The handle: the only door to a running node.
//!
//! Cloning it is cheap. Requests go through a bounded queue to the one actor; a caller waits while the queue is full, so that a
//! flood of requests slows its sender down and nothing else.

use std::sync::Arc;

use futures::future::BoxFuture;
use meteorite_crypto::keyfile::KeyFile;
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply, Request, Snapshot};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actor;
use crate::config::NodeConfig;

/// Requests that wait for the actor; then the askers wait.
pub const REQUESTS_MAX: usize = 256;
/// Notices that a slow listener may fall behind; then it misses the oldest and is told how many.
pub const NOTICES_MAX: usize = 4_096;

/// A running node.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    requests: mpsc::Sender<Asked>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    notices: broadcast::Sender<Notice>,
    stop: CancellationToken,
    tasks: TaskTracker,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

/// A request on its way to the actor.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// The actor's ends of the channels.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) requests: mpsc::Receiver<Asked>,
    pub(crate) snapshot: watch::Sender<Arc<Snapshot>>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: oneshot::Sender<()>,
}

impl Node {
    /// Starts a node on a folder: takes its lock, opens its database, starts its swarm, and serves the control socket.
    ///
    /// # Errors
    /// A [`Problem`] that says what is in the way; nothing was changed then.
    pub async fn start(config: NodeConfig, keys: KeyFile) -> Result<Self, Problem> {
        raise_file_limit();
        let (send_requests, requests) = mpsc::channel(REQUESTS_MAX);
        let (send_snapshot, snapshot) = watch::channel(Arc::new(Snapshot::default()));
        let (notices, _) = broadcast::channel(NOTICES_MAX);
        let (send_ended, ended) = oneshot::channel();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Shared {
            requests: send_requests,
            snapshot,
            notices: notices.clone(),
            stop: stop.clone(),
            tasks: tasks.clone(),
            ended: Mutex::new(Some(ended)),
        };
        let node = Self {
            shared: Arc::new(shared),
        };
        let wires = Wires {
            requests,
            snapshot: send_snapshot,
            notices,
            stop,
            ended: send_ended,
        };
        // Boxed, so that no caller's compiler looks through the types of swarm, store and actor.
        let started: BoxFuture<'_, Result<(), Problem>> =
            Box::pin(actor::start(config, keys, wires, node.clone(), &tasks));
        started.await?;
        tasks.close();
        // The first picture is there when the engine and the letters have been taken up; a node that cannot do that ends.
        let mut first = node.snapshot();
        match first.wait_for(|picture| !picture.peer.is_empty()).await {
            Ok(_) => {}
            Err(_) => return Err(self::ended()),
        }
        Ok(node)
    }

    /// Asks for one thing and waits for the answer.
    pub async fn ask(&self, request: Request) -> Reply {
        let (reply, answer) = oneshot::channel();
        if self.shared.requests.send(Asked { request, reply }).await.is_err() {
            return Reply::Problem(ended());
        }
        answer.await.unwrap_or_else(|_| Reply::Problem(ended()))
    }

    /// How things are, and when that changes.
    #[must_use]
    pub fn snapshot(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shared.snapshot.clone()
    }

    /// What happens from now on.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.shared.notices.subscribe()
    }

    /// Waits until the node has ended by itself, on a request or on a failure of its storage.
    pub async fn ended(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Hands letters over, writes what waits, closes every connection and joins every task.
    ///
    /// # Errors
    /// A [`Problem`] when the node did not end in time; everything acknowledged is on disk in any case.
    pub async fn shutdown(self) -> Result<(), Problem> {
        self.shared.stop.cancel();
        if let Some(ended) = self.shared.ended.lock().await.take() {
            // An error means that the actor is gone already.
            drop(tokio::time::timeout(SHUTDOWN_MAX, ended).await);
        }
        let joined = tokio::time::timeout(SHUTDOWN_MAX, self.shared.tasks.wait()).await;
        joined.map_err(|_elapsed| {
            Problem::new(
                ProblemKind::Bug,
                format!("The node did not end within {} seconds.", SHUTDOWN_MAX.as_secs()),
                "Everything that was confirmed is on disk.",
                "It is safe to kill it.",
            )
        })
    }
}

fn ended() -> Problem {
    Problem::new(
        ProblemKind::Busy,
        "The node has ended.",
        "Everything that was confirmed is on disk.",
        "Start it again.",
    )
}

/// A node with many neighbours needs more than the 1,024 files that many systems grant at first.
fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(FILES_WANTED) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

const FILES_WANTED: u64 = 65_536;
/// Handing letters over takes a few seconds; what is not done by then is done at the next start.
const SHUTDOWN_MAX: std::time::Duration = std::time::Duration::from_secs(20);
