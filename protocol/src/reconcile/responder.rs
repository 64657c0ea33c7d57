//! The side that is asked: one pass over a cached vector for each message, and no memory of who asked.

use negentropy::Negentropy;

use crate::limits::{RECONCILE_BYTES_MAX, SKY_BOTTLES_MAX, SYNC_SEAL_MS};
use crate::sky::Sky;
use crate::time::Now;

use super::Sealed;

/// The cached vector.
#[derive(Debug, Clone, Default)]
pub struct Responder {
    sealed: Option<Sealed>,
}

/// The message of the peer is not of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenMessage;

impl Responder {
    /// The items as they are offered now, or were a moment ago: the more there are, the longer the vector is reused, so that
    /// sorting costs a fixed share of one core at most, and a small sky is never told late.
    pub fn sealed(&mut self, sky: &Sky, now: Now) -> &Sealed {
        let fresh = |sealed: &Sealed| {
            let reuse_ms = SYNC_SEAL_MS * sealed.len() as u64 / SKY_BOTTLES_MAX as u64;
            let young = now.mono_ms.saturating_sub(sealed.sealed_ms) < reuse_ms;
            young || sealed.revision == sky.revision() && sealed.epoch == now.wall.epoch()
        };
        let kept = self.sealed.take().filter(fresh);
        self.sealed.insert(kept.unwrap_or_else(|| Sealed::new(sky, now)))
    }

    /// The answer to a reconciliation message.
    ///
    /// # Errors
    /// [`BrokenMessage`]: no honest peer sends it.
    pub fn answer(&mut self, message: &[u8], sky: &Sky, now: Now) -> Result<Vec<u8>, BrokenMessage> {
        let shared = self.sealed(sky, now).share();
        let negentropy = Negentropy::owned(shared, RECONCILE_BYTES_MAX as u64);
        negentropy
            .and_then(|mut negentropy| negentropy.reconcile(message))
            .or(Err(BrokenMessage))
    }
}
