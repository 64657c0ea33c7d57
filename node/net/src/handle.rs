//! The cheap, cloneable door to the swarm. Every method is a message to the slot or a call on the block repository.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};

use crate::book::peer_of;
use crate::config::NetConfig;
use crate::content::Content;
use crate::error::{CallError, Closed, DialError, NetError, PublishError};
use crate::event::{MessageRef, NetEvent, PeerInfo, Proto, RequestRef, Verdict};
use crate::slot::Command;
use crate::start::Running;

/// A handle to the running swarm.
#[derive(Debug, Clone)]
pub struct Net(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) local: PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) content: Content,
    pub(crate) running: tokio::sync::Mutex<Option<Running>>,
}

impl Net {
    /// Starts the swarm and waits until every configured address is listened on.
    ///
    /// Must be called inside a multi-thread tokio runtime. The receiver has to be read; see [`crate::limits::EVENTS_MAX`] for what happens
    /// when it is not.
    ///
    /// # Errors
    /// [`NetError`] names the address or folder that is in use; nothing keeps running then.
    pub fn start(
        config: NetConfig,
    ) -> BoxFuture<'static, Result<(Self, mpsc::Receiver<NetEvent>), NetError>> {
        // Boxed, so that no caller's compiler looks through the swarm's types.
        Box::pin(async move {
            let (shared, events) = crate::start::start(config).await?;
            Ok((Self(Arc::new(shared)), events))
        })
    }

    /// Our own peer id.
    #[must_use]
    pub fn local_peer(&self) -> PeerId {
        self.0.local
    }

    /// Publishes bytes on a topic; returns to how many neighbours they were handed (at most: a neighbour's full queue is not seen).
    ///
    /// # Errors
    /// See [`PublishError`]; nothing was sent then.
    pub async fn publish(&self, topic: &str, bytes: Vec<u8>) -> Result<usize, PublishError> {
        let topic = topic.to_owned();
        self.ask(|reply| Command::Publish { topic, bytes, reply })
            .await
            .unwrap_or(Err(PublishError::Closed))
    }

    /// Tells what to do with a gossip message. Too late, or told twice, it is counted as [`crate::Lost::Verdicts`].
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn verdict(&self, message: MessageRef, verdict: Verdict) -> Result<(), Closed> {
        self.tell(Command::Verdict { message, verdict }).await
    }

    /// Sends a request to a peer and waits for its answer, dialling the peer if its address is known.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, peer: PeerId, proto: Proto, bytes: Vec<u8>) -> Result<Vec<u8>, CallError> {
        self.ask(|reply| Command::Call {
            peer,
            proto,
            bytes,
            reply,
        })
        .await
        .unwrap_or(Err(CallError::Closed))
    }

    /// Answers a request. An answer above the protocol's maximum is not sent: the peer sees a refusal.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn answer(&self, request: RequestRef, bytes: Vec<u8>) -> Result<(), Closed> {
        self.tell(Command::Answer {
            request,
            bytes: Some(bytes),
        })
        .await
    }

    /// Refuses a request: its stream is reset, and the peer need not wait for a timeout.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn refuse(&self, request: RequestRef) -> Result<(), Closed> {
        self.tell(Command::Answer { request, bytes: None }).await
    }

    /// Dials an address (names are resolved by the system) and returns who answered.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, address: Multiaddr) -> Result<PeerId, DialError> {
        let peer = peer_of(&address);
        self.ask(|reply| Command::Dial {
            peer,
            addresses: vec![address],
            reply,
        })
        .await
        .unwrap_or(Err(DialError::Closed))
    }

    /// Closes all connections with a peer. It may come back.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn disconnect(&self, peer: PeerId) -> Result<(), Closed> {
        self.tell(Command::Disconnect { peer }).await
    }

    /// Closes all connections with a peer and refuses new ones for a time.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn block(&self, peer: PeerId, secs: u64) -> Result<(), Closed> {
        self.tell(Command::Block {
            peer,
            time: Duration::from_secs(secs),
        })
        .await
    }

    /// All connected peers.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, Closed> {
        self.ask(|reply| Command::Peers { reply }).await
    }

    /// The peers nearest to a key that kad finds within [`crate::limits::LOOKUP_TIMEOUT`], with their addresses.
    ///
    /// # Errors
    /// [`CallError::Busy`] when too many look-ups run, [`CallError::Closed`] after a shutdown.
    pub async fn closest_peers(&self, key: [u8; 32]) -> Result<Vec<(PeerId, Vec<Multiaddr>)>, CallError> {
        self.ask(|reply| Command::Closest { key, reply })
            .await
            .unwrap_or(Err(CallError::Closed))
    }

    /// Notes an address of a peer (from an invite or a cache), so that it can be dialled.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn learn(&self, peer: PeerId, address: Multiaddr) -> Result<(), Closed> {
        self.tell(Command::Learn { peer, address }).await
    }

    /// Tells others that they reach us at this address.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn add_external_address(&self, address: Multiaddr) -> Result<(), Closed> {
        self.tell(Command::External { address }).await
    }

    /// Listens on one more address; returns the first real one.
    ///
    /// # Errors
    /// [`NetError::Listen`] with the system's reason.
    pub async fn listen(&self, address: Multiaddr) -> Result<Multiaddr, NetError> {
        crate::start::listen(&self.0.commands, address).await
    }

    /// All addresses that we listen on, without our peer id.
    ///
    /// # Errors
    /// [`Closed`] after a shutdown.
    pub async fn listeners(&self) -> Result<Vec<Multiaddr>, Closed> {
        self.ask(|reply| Command::Listeners { reply }).await
    }

    /// The blocks of this node.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// Stops everything: connections are closed, the swarm is dropped, all its tasks are joined, ports and the repository are free.
    /// Handles that remain answer with `Closed`.
    ///
    /// # Errors
    /// [`Closed`] when the swarm was already stopped.
    pub async fn shutdown(&self) -> Result<(), Closed> {
        let running = self.0.running.lock().await.take().ok_or(Closed)?;
        self.0.content.close();
        let stopping: BoxFuture<'_, ()> = Box::pin(running.stop(&self.0.commands));
        stopping.await;
        Ok(())
    }

    async fn tell(&self, command: Command) -> Result<(), Closed> {
        self.0.commands.send(command).await.map_err(|_closed| Closed)
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Closed> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply)).await?;
        answer.await.map_err(|_closed| Closed)
    }
}
