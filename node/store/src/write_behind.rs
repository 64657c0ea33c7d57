//! Cache rows are written behind: gathered for a moment, then stored together without waiting for the disk.
//!
//! No verdict waits for it. [`WriteBehind::push`] never blocks; when the buffer is full the row is dropped and counted, because
//! sync restores what is missing. [`WriteBehindTask::run`] is a future for the owner to spawn, name and join: it ends when all
//! handles are dropped, after a last flush. What a durable unit builds on belongs into that unit, not in here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::db::Db;
use crate::error::StoreError;
use crate::unit::{Unit, Write};

/// The handle: gives rows in and asks for a flush.
#[derive(Debug, Clone)]
pub struct WriteBehind {
    orders: mpsc::Sender<Order>,
    dropped: Arc<AtomicU64>,
}

/// The task: gathers rows and stores them.
#[derive(Debug)]
pub struct WriteBehindTask {
    db: Db,
    orders: mpsc::Receiver<Order>,
    unit: Unit,
    failed: Option<StoreError>,
}

/// The buffer is full: the row was dropped; sync restores it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cache cannot be written as fast as rows arrive; the row was dropped")]
pub struct BufferFull;

#[derive(Debug)]
enum Order {
    Write(Box<Write>),
    Flush(oneshot::Sender<Result<(), StoreError>>),
}

impl WriteBehind {
    /// A handle and the task that must run for it to work.
    #[must_use]
    pub fn new(db: Db) -> (Self, WriteBehindTask) {
        let (sender, orders) = mpsc::channel(BUFFER_ROWS_MAX);
        let handle = Self {
            orders: sender,
            dropped: Arc::default(),
        };
        (
            handle,
            WriteBehindTask {
                db,
                orders,
                unit: Unit::new(UNIT_NAME),
                failed: None,
            },
        )
    }

    /// Gives a row in without waiting.
    ///
    /// # Errors
    /// [`BufferFull`] when [`BUFFER_ROWS_MAX`] rows wait or the task has ended: the row is dropped.
    pub fn push(&self, write: impl Into<Write>) -> Result<(), BufferFull> {
        match self.orders.try_send(Order::Write(Box::new(write.into()))) {
            Ok(()) => Ok(()),
            Err(_) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                Err(BufferFull)
            }
        }
    }

    /// Stores everything pushed before this call.
    ///
    /// # Errors
    /// The first failure since the last flush; the rows of that batch are lost, which only costs cache.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        match self.orders.send(Order::Flush(done)).await {
            Ok(()) => wait.await.unwrap_or(Err(StoreError::Closed)),
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// Rows dropped because the buffer was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl WriteBehindTask {
    /// Gathers and stores until all handles are dropped.
    pub async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Write(write) => self.gather(*write).await,
                Order::Flush(done) => self.answer(done),
            }
        }
    }

    /// Gathers from the first row on, until time, size or a flush says to store.
    async fn gather(&mut self, first: Write) {
        let deadline = Instant::now() + BATCH_WAIT_MAX;
        self.unit.push(first);
        while self.unit.len() < BATCH_ROWS_MAX {
            match tokio::time::timeout_at(deadline, self.orders.recv()).await {
                Ok(Some(Order::Write(write))) => self.unit.push(*write),
                Ok(Some(Order::Flush(done))) => {
                    self.store().await;
                    return self.answer(done);
                }
                Ok(None) | Err(_) => break,
            }
        }
        self.store().await;
    }

    async fn store(&mut self) {
        let unit = std::mem::replace(&mut self.unit, Unit::new(UNIT_NAME));
        let rows = unit.len();
        if let Err(error) = self.db.commit_cache(unit).await {
            tracing::warn!(%error, rows, "cache rows were not stored; sync will bring them back");
            self.failed.get_or_insert(error);
        }
    }

    fn answer(&mut self, done: oneshot::Sender<Result<(), StoreError>>) {
        let outcome = self.failed.take().map_or(Ok(()), Err);
        if done.send(outcome).is_err() {
            tracing::trace!("nobody waits for this flush any more");
        }
    }
}

const UNIT_NAME: &str = "cache";
/// A row waits at most this long for company.
pub const BATCH_WAIT_MAX: Duration = Duration::from_millis(200);
/// A batch of this many rows is stored at once.
pub const BATCH_ROWS_MAX: usize = 1_000;
/// Rows that may wait for the writer; further ones are dropped.
pub const BUFFER_ROWS_MAX: usize = 8_192;
