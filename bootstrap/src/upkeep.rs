//! Housekeeping beside the event loop: what is over goes, and slow gauges are read.

use std::time::Duration;

use meteorite_net::Net;
use meteorite_protocol::time::UnixMillis;
use meteorite_store::{SkyStore as _, StoreError};
use tokio_util::sync::CancellationToken;

use crate::backends::Backends;
use crate::clock::Clock;
use crate::metrics::{Metrics, OutcomeLabels, level};

/// The task.
#[derive(Debug)]
pub(crate) struct Upkeep {
    pub(crate) backends: Backends,
    pub(crate) net: Net,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
}

impl Upkeep {
    /// Works until the token is cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut dropped = 0;
        loop {
            let now = self.clock.now().wall;
            if let Err(error) = self.expire(now).await {
                self.metrics.storage_failures.inc();
                tracing::warn!(%error, "what is over was not deleted; the next round tries again");
            }
            self.measure(&mut dropped).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Letters whose time is over, and leftovers of bottles that the engine no longer knows.
    async fn expire(&self, now: UnixMillis) -> Result<(), StoreError> {
        while self.backends.mailbox.expire_mailbox(now, BATCH_MAX).await? == BATCH_MAX {}
        let end = now.epoch().minus(END_SLACK);
        while self.backends.db.expire_bottles(end, BATCH_MAX).await?.len() == BATCH_MAX {}
        Ok(())
    }

    async fn measure(&self, dropped: &mut u64) {
        if let Ok(peers) = self.net.peers().await {
            let connections: usize = peers.iter().map(|peer| peer.connected.len()).sum();
            self.metrics
                .connections
                .set(level(u64::try_from(connections).unwrap_or(u64::MAX)));
        }
        let total = self.backends.cache.dropped();
        let outcome = OutcomeLabels {
            outcome: "cache_rows",
        };
        self.metrics
            .dropped
            .get_or_create(&outcome)
            .inc_by(total.saturating_sub(*dropped));
        *dropped = total;
    }
}

const INTERVAL: Duration = Duration::from_secs(15);
/// Rows deleted in one transaction, so that deposits need not wait long.
const BATCH_MAX: usize = 500;
/// The engine keeps a bottle one epoch beyond its end; what is older is a leftover of a crash.
const END_SLACK: u32 = 3;
