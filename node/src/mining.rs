//! Proof of work off everybody's path: a blocking thread per job, cancellable, with progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use meteorite_crypto::stamp::{Miner, expected_tries};
use tokio_util::sync::CancellationToken;

/// Tries between two looks at the cancellation and two reports of progress: some ten milliseconds.
const TRIES_PER_STEP: u64 = 1 << 15;

/// A job's progress, shared with whoever shows it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    tries: Arc<AtomicU64>,
    expected: u64,
}

impl Progress {
    /// For a job that asks for this many bits.
    pub(crate) fn new(bits: u32) -> Self {
        Self {
            tries: Arc::new(AtomicU64::new(0)),
            expected: expected_tries(bits),
        }
    }

    /// Tries so far and tries to expect. The number is a mean: one job in three takes longer.
    pub(crate) fn now(&self) -> (u64, u64) {
        (self.tries.load(Ordering::Relaxed), self.expected)
    }
}

/// Mines until the counter is found; `None` when cancelled.
pub(crate) async fn mine(mut miner: Miner, progress: Progress, stop: CancellationToken) -> Option<u64> {
    let job = tokio::task::spawn_blocking(move || {
        loop {
            if let Some(counter) = miner.step(TRIES_PER_STEP) {
                return Some(counter);
            }
            if stop.is_cancelled() {
                return None;
            }
            progress.tries.fetch_add(TRIES_PER_STEP, Ordering::Relaxed);
        }
    });
    // The job neither panics nor is aborted; if the runtime drops it, the work counts as cancelled.
    job.await.ok().flatten()
}
