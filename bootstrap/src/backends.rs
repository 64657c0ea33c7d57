//! The seams behind which a server keeps what it holds, one trait per kind, so that each can move to another database.
//!
//! Letters are behind [`MailboxStore`] of `meteorite-store`, whose contract suite runs on every implementation. Pins are
//! behind [`PinIndex`]. The sky is a cache of the network and stays in the local file. The embedded mode has one SQLite file
//! for all three. A room index will be the fourth seam.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use meteorite_protocol::ids::BodyId;
use meteorite_protocol::time::UnixMillis;
use meteorite_store::{
    BlockIntent, BlockStore as _, BlockWrite, Db, MailboxStore, MetaStore as _, MetaWrite, Pin, StoreError,
    Unit, WriteBehind,
};

/// Everything that a server keeps.
#[derive(Clone)]
pub(crate) struct Backends {
    /// The local file: the sky, and in the embedded mode everything else.
    pub(crate) db: Db,
    /// Letters for others.
    pub(crate) mailbox: Arc<dyn MailboxStore>,
    /// Rows of the sky on their way into the local file.
    pub(crate) cache: WriteBehind,
    /// What is pinned.
    pub(crate) pins: Arc<dyn PinIndex>,
}

impl std::fmt::Debug for Backends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backends")
            .field("db", &self.db)
            .finish_non_exhaustive()
    }
}

/// A body and how far its put or removal got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PinRow {
    /// The body's size.
    pub(crate) bytes: u32,
    /// What is meant to happen to it.
    pub(crate) wish: Wish,
    /// Whether it happened.
    pub(crate) done: bool,
}

/// What is meant to happen to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It shall be in the block repository.
    Keep,
    /// It shall not.
    Remove,
}

/// Which bodies are pinned. The block repository and the index cannot commit together, so a wish is noted first, then
/// carried out, then noted as done; what a crash left open is repeated at start.
#[async_trait]
pub(crate) trait PinIndex: std::fmt::Debug + Send + Sync {
    /// All rows. Called once, at start.
    async fn load(&self) -> Result<BTreeMap<BodyId, PinRow>, StoreError>;

    /// Notes that these bodies, with their sizes, shall be kept.
    async fn wish_kept(&self, bodies: &[(BodyId, u32)], at: UnixMillis) -> Result<(), StoreError>;

    /// Notes that these bodies shall go.
    async fn wish_removed(&self, bodies: &[BodyId], at: UnixMillis) -> Result<(), StoreError>;

    /// Notes that wishes were carried out.
    async fn done(&self, bodies: &[BodyId], wish: Wish, at: UnixMillis) -> Result<(), StoreError>;
}

/// Pins in the local file. Bodies are cache: their rows are written behind, without waiting for the disk.
#[derive(Debug, Clone)]
struct SqlitePins {
    db: Db,
    cache: WriteBehind,
}

impl Backends {
    /// Everything in one local file.
    pub(crate) fn embedded(db: Db, cache: WriteBehind) -> Self {
        let pins = SqlitePins {
            db: db.clone(),
            cache: cache.clone(),
        };
        Self {
            mailbox: Arc::new(db.clone()),
            pins: Arc::new(pins),
            cache,
            db,
        }
    }

    /// The number that tells this mailbox's cursors from those of one that was lost: drawn once, never 0.
    pub(crate) async fn mailbox_tag(&self, draw: u16) -> Result<u16, StoreError> {
        let kept = self.db.setting(TAG_SETTING).await?;
        if let Some(tag) = kept.and_then(|text| text.parse().ok()).filter(|tag| *tag != 0) {
            return Ok(tag);
        }
        let tag = draw.max(1);
        let write = MetaWrite::PutSetting {
            name: TAG_SETTING.to_owned(),
            value: tag.to_string(),
        };
        self.db.commit(Unit::new("mailbox_tag").with(write)).await?;
        Ok(tag)
    }
}

impl SqlitePins {
    async fn write(
        &self,
        name: &'static str,
        writes: impl Iterator<Item = BlockWrite>,
    ) -> Result<(), StoreError> {
        let mut beyond = Unit::new(name);
        for write in writes {
            if self.cache.push(write).is_err() {
                beyond.push(write);
            }
        }
        self.cache.flush().await?;
        self.db.commit(beyond).await
    }
}

#[async_trait]
impl PinIndex for SqlitePins {
    async fn load(&self) -> Result<BTreeMap<BodyId, PinRow>, StoreError> {
        let mut rows = BTreeMap::new();
        let mut take = |row: meteorite_store::BlockRow| {
            let wish = match row.intent {
                BlockIntent::Put => Wish::Keep,
                BlockIntent::Remove => Wish::Remove,
            };
            rows.insert(
                row.body,
                PinRow {
                    bytes: row.bytes,
                    wish,
                    done: row.done,
                },
            );
        };
        self.db.load_blocks(&mut take).await?;
        Ok(rows)
    }

    async fn wish_kept(&self, bodies: &[(BodyId, u32)], at: UnixMillis) -> Result<(), StoreError> {
        let writes = bodies.iter().map(|(body, bytes)| BlockWrite::PutBlockIntent {
            body: *body,
            pin: Pin::Pinned,
            bytes: *bytes,
            at,
        });
        self.write("pins_keep", writes).await
    }

    async fn wish_removed(&self, bodies: &[BodyId], at: UnixMillis) -> Result<(), StoreError> {
        self.write(
            "pins_remove",
            bodies
                .iter()
                .map(|body| BlockWrite::RemoveBlockIntent { body: *body, at }),
        )
        .await
    }

    async fn done(&self, bodies: &[BodyId], wish: Wish, at: UnixMillis) -> Result<(), StoreError> {
        let intent = match wish {
            Wish::Keep => BlockIntent::Put,
            Wish::Remove => BlockIntent::Remove,
        };
        self.write(
            "pins_done",
            bodies.iter().map(|body| BlockWrite::BlockDone {
                body: *body,
                intent,
                at,
            }),
        )
        .await
    }
}

const TAG_SETTING: &str = "mailbox_tag";
