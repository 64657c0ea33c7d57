//! Bodies in the block store: how many bytes they take, and which go when there are too many.
//!
//! What is kept depends on network data only, never on what the user read or threw: over quota a node evicts the bodies whose
//! ids are farthest (XOR) from its own peer id, so that neighbours keep different ones and an own bottle looks like any other.
//! Sync and the body protocol bring back what is wanted again. rust-ipfs's own garbage collection stays off.
//!
//! Writing a block waits for the disk, and a verdict must not: so a task does it ([`ContentTask::run`]), and the handle
//! ([`Content`]) only queues. A put that finds the queue full is dropped and counted; the body is fetched again when wanted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use meteorite_net::{ContentError, Net};
use meteorite_protocol::ids::{BodyId, sha2_256};
use tokio::sync::{mpsc, oneshot, watch};

/// Orders that may wait for the disk; beyond it puts of other people's bodies are dropped.
const ORDERS_MAX: usize = 4_096;

/// How many bodies there are and what they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyUse {
    /// Bodies.
    pub bodies: u32,
    /// Their bytes, without the file system's overhead.
    pub bytes: u64,
    /// The most bytes that they may take.
    pub bytes_max: u64,
}

/// The handle: queues, and tells what is used.
#[derive(Clone, Debug)]
pub struct Content {
    orders: mpsc::Sender<Order>,
    usage: watch::Receiver<BodyUse>,
    dropped: Arc<AtomicU64>,
}

/// The task that writes and evicts.
#[derive(Debug)]
pub struct ContentTask {
    net: Net,
    orders: mpsc::Receiver<Order>,
    usage: watch::Sender<BodyUse>,
    shelf: Shelf,
}

#[derive(Debug)]
enum Order {
    Put {
        body: BodyId,
        block: Vec<u8>,
        done: Option<oneshot::Sender<Result<(), ContentError>>>,
    },
    Remove(Vec<BodyId>),
}

impl Content {
    /// A handle and the task that must run for it to work, for a store that holds these bodies already.
    #[must_use]
    pub fn new(
        net: Net,
        bytes_max: u64,
        here: impl IntoIterator<Item = (BodyId, u32)>,
    ) -> (Self, ContentTask) {
        let mut shelf = Shelf::new(sha2_256(&net.local_peer().to_bytes()), bytes_max);
        for (body, bytes) in here {
            shelf.note(body, bytes);
        }
        let (sender, orders) = mpsc::channel(ORDERS_MAX);
        let (told, usage) = watch::channel(shelf.usage());
        let content = Self {
            orders: sender,
            usage,
            dropped: Arc::default(),
        };
        (
            content,
            ContentTask {
                net,
                orders,
                usage: told,
                shelf,
            },
        )
    }

    /// How much there is.
    #[must_use]
    pub fn usage(&self) -> BodyUse {
        *self.usage.borrow()
    }

    /// Puts that were dropped because the disk did not keep up.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Queues a body whose hash was checked; dropped when the queue is full.
    pub fn put(&self, body: BodyId, block: Vec<u8>) {
        if self
            .orders
            .try_send(Order::Put {
                body,
                block,
                done: None,
            })
            .is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Stores a body and waits until it is on the disk.
    ///
    /// # Errors
    /// [`ContentError`] when the repository fails.
    pub async fn put_now(&self, body: BodyId, block: Vec<u8>) -> Result<(), ContentError> {
        let (done, wait) = oneshot::channel();
        let order = Order::Put {
            body,
            block,
            done: Some(done),
        };
        match self.orders.send(order).await {
            Ok(()) => wait.await.unwrap_or(Err(ContentError::Closed)),
            Err(_) => Err(ContentError::Closed),
        }
    }

    /// Deletes bodies; those that are not here are no error.
    pub async fn remove(&self, bodies: Vec<BodyId>) {
        if !bodies.is_empty() && self.orders.send(Order::Remove(bodies)).await.is_err() {
            tracing::debug!("bodies are not deleted: the node ends, and sweeps when it starts");
        }
    }
}

impl ContentTask {
    /// Works until all handles are dropped.
    pub async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Put { body, block, done } => {
                    let outcome = self.put(body, block).await;
                    match (done, outcome) {
                        (Some(done), outcome) => drop(done.send(outcome)),
                        (None, Err(error)) => {
                            tracing::warn!(%error, "a body was not stored; it is fetched again when wanted")
                        }
                        (None, Ok(())) => {}
                    }
                }
                Order::Remove(bodies) => {
                    for body in bodies {
                        self.remove(body).await;
                    }
                }
            }
            self.usage.send_replace(self.shelf.usage());
        }
    }

    async fn put(&mut self, body: BodyId, block: Vec<u8>) -> Result<(), ContentError> {
        let bytes = u32::try_from(block.len()).unwrap_or(u32::MAX);
        if !self.shelf.wants(&body, bytes) {
            return Ok(());
        }
        self.net.content().put_block(body.cid(), block).await?;
        self.shelf.note(body, bytes);
        while let Some(farthest) = self.shelf.excess() {
            self.remove(farthest).await;
        }
        Ok(())
    }

    async fn remove(&mut self, body: BodyId) {
        if self.shelf.forget(&body)
            && let Err(error) = self.net.content().remove_block(&body.cid()).await
        {
            tracing::warn!(%error, "a body was not deleted; the next start sweeps it");
        }
    }
}

/// Bodies ordered by their distance from this node.
#[derive(Debug)]
struct Shelf {
    origin: [u8; 32],
    held: BTreeMap<[u8; 32], Held>,
    bytes: u64,
    bytes_max: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    body: BodyId,
    bytes: u32,
}

impl Shelf {
    fn new(origin: [u8; 32], bytes_max: u64) -> Self {
        Self {
            origin,
            held: BTreeMap::new(),
            bytes: 0,
            bytes_max,
        }
    }

    fn usage(&self) -> BodyUse {
        let bodies = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        BodyUse {
            bodies,
            bytes: self.bytes,
            bytes_max: self.bytes_max,
        }
    }

    /// Not here yet, and not itself the one that would be evicted.
    fn wants(&self, body: &BodyId, bytes: u32) -> bool {
        let distance = self.distance(body);
        if self.held.contains_key(&distance) {
            return false;
        }
        let fits = self.bytes + u64::from(bytes) <= self.bytes_max;
        fits || self
            .held
            .last_key_value()
            .is_some_and(|(farthest, _)| distance < *farthest)
    }

    /// The farthest body while there are too many bytes.
    fn excess(&self) -> Option<BodyId> {
        let over = self.bytes > self.bytes_max;
        over.then(|| self.held.last_key_value().map(|(_, held)| held.body))
            .flatten()
    }

    fn note(&mut self, body: BodyId, bytes: u32) {
        let replaced = self.held.insert(self.distance(&body), Held { body, bytes });
        self.bytes = self.bytes + u64::from(bytes) - replaced.map_or(0, |held| u64::from(held.bytes));
    }

    fn forget(&mut self, body: &BodyId) -> bool {
        let forgotten = self.held.remove(&self.distance(body));
        self.bytes -= forgotten.map_or(0, |held| u64::from(held.bytes));
        forgotten.is_some()
    }

    fn distance(&self, body: &BodyId) -> [u8; 32] {
        let mut distance = self.origin;
        for (mine, theirs) in distance.iter_mut().zip(body.0) {
            *mine ^= theirs;
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(first: u8) -> BodyId {
        let mut id = [0; 32];
        id[0] = first;
        BodyId(id)
    }

    #[test]
    fn the_farthest_goes_first_and_a_farther_one_is_not_taken() {
        let mut shelf = Shelf::new([0; 32], 250);
        for first in [1, 9] {
            assert!(shelf.wants(&body(first), 100));
            shelf.note(body(first), 100);
        }
        assert!(!shelf.wants(&body(1), 100), "it is here already");
        assert!(!shelf.wants(&body(10), 100), "it would be evicted at once");
        assert!(shelf.wants(&body(4), 100));
        shelf.note(body(4), 100);
        assert_eq!(shelf.excess(), Some(body(9)));
        assert!(shelf.forget(&body(9)));
        assert_eq!(shelf.excess(), None);
        assert_eq!(
            shelf.usage(),
            BodyUse {
                bodies: 2,
                bytes: 200,
                bytes_max: 250
            }
        );
    }
}
