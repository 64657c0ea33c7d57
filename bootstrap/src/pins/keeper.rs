//! The task that puts bodies into the block repository and takes them out again, in batches.
//!
//! Wish, deed, done: what a crash interrupts is finished by the sweep at start. Orders come from the event loop only; it
//! ends when the loop drops its end of the queue, after the last order.

use std::sync::Arc;

use meteorite_net::Net;
use meteorite_protocol::ids::{BodyId, BottleId};
use tokio::sync::{mpsc, oneshot};

use super::Book;
use crate::backends::{PinIndex, Wish};
use crate::clock::Clock;
use crate::metrics::{Metrics, level};

/// Something to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// A bottle came into the sky and names this body.
    Link {
        /// The bottle.
        bottle: BottleId,
        /// Its body.
        body: BodyId,
    },
    /// Store this block, whose hash was checked.
    Keep {
        /// Its id.
        body: BodyId,
        /// Its bytes.
        block: Vec<u8>,
        /// Told when it is stored, if somebody waits for that.
        stored: Option<oneshot::Sender<()>>,
    },
    /// These bottles are over.
    Drop {
        /// Which.
        bottles: Vec<BottleId>,
    },
}

/// The task.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) book: Book,
    pub(crate) index: Arc<dyn PinIndex>,
    pub(crate) net: Net,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
}

/// A block on its way into the repository.
#[derive(Debug)]
struct Incoming {
    body: BodyId,
    block: Vec<u8>,
    stored: Option<oneshot::Sender<()>>,
}

impl Keeper {
    /// Works until the queue is closed and empty.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        self.measure();
        while orders.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.carry_out(std::mem::take(&mut batch)).await;
            self.measure();
        }
    }

    async fn carry_out(&mut self, orders: Vec<Order>) {
        let (mut incoming, mut gone) = (Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::Link { bottle, body } => self.book.link(bottle, body),
                Order::Keep { body, block, stored } => {
                    let bytes = u32::try_from(block.len()).unwrap_or(u32::MAX);
                    let known = self.book.has(&body);
                    let evicted = self.book.keep(body, bytes);
                    self.metrics
                        .bodies_evicted
                        .inc_by(u64::try_from(evicted.len()).unwrap_or_default());
                    gone.extend(evicted);
                    if known {
                        tell(stored);
                    } else {
                        incoming.push(Incoming { body, block, stored });
                    }
                }
                Order::Drop { bottles } => {
                    gone.extend(bottles.iter().filter_map(|bottle| self.book.drop_bottle(bottle)));
                }
            }
        }
        // What came and went within the batch is never written.
        incoming.retain(|incoming| self.book.has(&incoming.body));
        gone.retain(|body| !self.book.has(body));
        self.put(incoming).await;
        self.remove(gone).await;
    }

    async fn put(&mut self, incoming: Vec<Incoming>) {
        if incoming.is_empty() {
            return;
        }
        let sizes: Vec<(BodyId, u32)> = incoming
            .iter()
            .map(|incoming| {
                (
                    incoming.body,
                    u32::try_from(incoming.block.len()).unwrap_or(u32::MAX),
                )
            })
            .collect();
        if let Err(error) = self.index.wish_kept(&sizes, self.clock.now().wall).await {
            self.failed(&error);
            for (body, _) in sizes {
                self.book.forget(&body);
            }
            return;
        }
        let mut done = Vec::with_capacity(incoming.len());
        for Incoming { body, block, stored } in incoming {
            match self.net.content().put_block(body.cid(), block).await {
                Ok(()) => {
                    done.push(body);
                    tell(stored);
                }
                Err(error) => {
                    self.failed(&error);
                    self.book.forget(&body);
                }
            }
        }
        self.note_done(&done, Wish::Keep).await;
    }

    async fn remove(&mut self, gone: Vec<BodyId>) {
        if gone.is_empty() {
            return;
        }
        if let Err(error) = self.index.wish_removed(&gone, self.clock.now().wall).await {
            self.failed(&error);
            return;
        }
        let mut done = Vec::with_capacity(gone.len());
        for body in gone {
            match self.net.content().remove_block(&body.cid()).await {
                Ok(_was_here) => done.push(body),
                Err(error) => self.failed(&error),
            }
        }
        self.note_done(&done, Wish::Remove).await;
    }

    async fn note_done(&self, bodies: &[BodyId], wish: Wish) {
        if let Err(error) = self.index.done(bodies, wish, self.clock.now().wall).await {
            self.failed(&error);
        }
    }

    fn failed(&self, error: &dyn std::fmt::Display) {
        self.metrics.storage_failures.inc();
        tracing::warn!(%error, "a body could not be stored or removed; the next start repeats it");
    }

    fn measure(&self) {
        self.metrics
            .bodies
            .set(level(u64::try_from(self.book.bodies()).unwrap_or(u64::MAX)));
        self.metrics.body_bytes.set(level(self.book.bytes()));
    }
}

fn tell(stored: Option<oneshot::Sender<()>>) {
    if let Some(stored) = stored
        && stored.send(()).is_err()
    {
        tracing::trace!("nobody waits for this body any more");
    }
}

/// Orders carried out together.
const BATCH_MAX: usize = 64;
/// Orders that may wait, at most 6 KiB each; the event loop then waits, and the network ignores what it has no time for.
pub(crate) const ORDERS_MAX: usize = 1_024;
