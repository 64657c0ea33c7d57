//! Blocks: put, get, fetch, remove, list. The repository is rust-ipfs's; the policy (quota, pins, eviction) is the node's.
//!
//! No garbage collector runs here: rust-ipfs's default trigger deletes every unpinned block. What is fetched is verified against its CID.
//! [`Content::fetch`] uses bitswap, which asks every connected peer, so it is the last resort; the normal way to a missing body is
//! [`crate::Proto::Body`] with one chosen peer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cid::Cid;
use futures::StreamExt as _;
use libp2p::PeerId;
use rust_ipfs::{Block, Ipfs};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::error::ContentError;
use crate::limits;

/// The blocks of this node. Cheap to clone.
#[derive(Clone)]
pub struct Content {
    ipfs: Arc<Mutex<Option<Ipfs>>>,
    fetches: Arc<Semaphore>,
    closed: CancellationToken,
    bitswap: bool,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Content").finish_non_exhaustive()
    }
}

impl Content {
    pub(crate) fn new(ipfs: Ipfs, bitswap: bool) -> Self {
        Self {
            ipfs: Arc::new(Mutex::new(Some(ipfs))),
            fetches: Arc::new(Semaphore::new(limits::FETCHES_MAX)),
            closed: CancellationToken::new(),
            bitswap,
        }
    }

    /// Stores a block durably and offers it over bitswap.
    ///
    /// # Errors
    /// [`ContentError::Mismatch`] when the bytes do not hash to the CID.
    pub async fn put_block(&self, cid: Cid, bytes: Vec<u8>) -> Result<(), ContentError> {
        if bytes.len() > limits::BLOCK_BYTES_MAX {
            return Err(ContentError::TooLarge);
        }
        let block = Block::new(cid, bytes).map_err(|_mismatch| ContentError::Mismatch)?;
        self.ipfs()?
            .repo()
            .put_block(&block)
            .await
            .map(drop)
            .map_err(|error| repository(&error))
    }

    /// A block that is here. One that the disk has damaged is no longer that block: it is deleted, so that it can be fetched anew
    /// and is never handed on.
    ///
    /// # Errors
    /// [`ContentError::Repository`] when the disk fails.
    pub async fn get_local(&self, cid: &Cid) -> Result<Option<Vec<u8>>, ContentError> {
        match self.ipfs()?.repo().get_block_now(cid).await {
            Ok(block) => Ok(block.map(|block| block.data().to_vec())),
            Err(error) if is_damage(&error) => {
                tracing::warn!(%cid, "a block on disk is damaged; it is deleted and will be fetched again");
                self.remove_block(cid).await?;
                Ok(None)
            }
            Err(error) => Err(repository(&error)),
        }
    }

    /// Whether a block is here.
    ///
    /// # Errors
    /// [`ContentError::Repository`] when the disk fails.
    pub async fn contains(&self, cid: &Cid) -> Result<bool, ContentError> {
        self.ipfs()?
            .repo()
            .contains(cid)
            .await
            .map_err(|error| repository(&error))
    }

    /// A block from here, or over bitswap from the hinted or any connected peer, before the deadline. It is stored when found.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] after the deadline, or at once when bitswap is off.
    pub async fn fetch(
        &self,
        cid: &Cid,
        hints: &[PeerId],
        deadline: Instant,
    ) -> Result<Vec<u8>, ContentError> {
        if let Some(bytes) = self.get_local(cid).await? {
            return Ok(bytes);
        }
        if !self.bitswap {
            return Err(ContentError::NotFound);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let wanted = async {
            let _permit = self
                .fetches
                .acquire()
                .await
                .map_err(|_closed| ContentError::Closed)?;
            let left = deadline.saturating_duration_since(Instant::now());
            self.ipfs()?
                .get_block(cid)
                .providers(hints)
                .timeout(left)
                .await
                .map_err(|_missing| ContentError::NotFound)
        };
        let block = tokio::select! {
            found = tokio::time::timeout(left, wanted) => found.unwrap_or(Err(ContentError::NotFound))?,
            () = self.closed.cancelled() => return Err(ContentError::Closed),
        };
        if block.data().len() > limits::BLOCK_BYTES_MAX {
            self.remove_block(cid).await?;
            return Err(ContentError::TooLarge);
        }
        Ok(block.data().to_vec())
    }

    /// Deletes a block; true if it was here.
    ///
    /// # Errors
    /// [`ContentError::Repository`] when it is pinned or the disk fails.
    pub async fn remove_block(&self, cid: &Cid) -> Result<bool, ContentError> {
        if !self.contains(cid).await? {
            return Ok(false);
        }
        self.ipfs()?
            .repo()
            .remove_block(cid, false)
            .await
            .map(|removed| !removed.is_empty())
            .map_err(|error| repository(&error))
    }

    /// All blocks that are here; reads the whole folder.
    ///
    /// # Errors
    /// [`ContentError::Closed`] after a shutdown.
    pub async fn list(&self) -> Result<Vec<Cid>, ContentError> {
        Ok(self.ipfs()?.repo().list_blocks().await.collect().await)
    }

    /// Bytes of all blocks; reads the whole folder.
    ///
    /// # Errors
    /// [`ContentError::Repository`] when the disk fails.
    pub async fn size(&self) -> Result<u64, ContentError> {
        let bytes = self
            .ipfs()?
            .repo()
            .get_total_size()
            .await
            .map_err(|error| repository(&error))?;
        Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// Looks at the want-lists of up to `count` connected peers, from the `start`-th on; returns where to go on, and the longest list.
    pub(crate) async fn longest_wants(&self, start: usize, count: usize) -> (usize, Option<(PeerId, usize)>) {
        let Ok(ipfs) = self.ipfs() else {
            return (0, None);
        };
        let mut peers = ipfs.get_bitswap_peers().await.unwrap_or_default();
        peers.sort_unstable();
        let mut longest = None;
        for peer in peers.iter().skip(start).take(count) {
            let wants = ipfs
                .bitswap_wantlist(Some(*peer))
                .await
                .map_or(0, |wants| wants.len());
            if longest.is_none_or(|(_, most)| wants > most) {
                longest = Some((*peer, wants));
            }
        }
        let next = start.saturating_add(count);
        (if next >= peers.len() { 0 } else { next }, longest)
    }

    /// Lets go of the repository, so that its folder is free even while handles remain.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        self.fetches.close();
        drop(self.ipfs.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn ipfs(&self) -> Result<Ipfs, ContentError> {
        self.ipfs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(ContentError::Closed)
    }
}

/// The bytes on disk do not hash to the CID any more.
fn is_damage(error: &rust_ipfs::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData)
}

fn repository(error: &impl std::fmt::Display) -> ContentError {
    ContentError::Repository(error.to_string())
}

/// Time that a want-list query may take before it is given up.
pub(crate) const WANTS_QUERY_MAX: Duration = Duration::from_secs(2);
