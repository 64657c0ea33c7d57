//! The truth about blocks: what should be in the block store, and what is.
//!
//! The block store (rust-ipfs) and SQLite cannot commit together, so each put or removal is first noted as an intent, then
//! carried out, then noted as done. A crash in between leaves an open intent; the sweep at start repeats it, which is safe
//! because putting and removing a block are idempotent. What no row names may be deleted from the block store.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use meteorite_protocol::ids::BodyId;
use meteorite_protocol::time::UnixMillis;
use sqlx::sqlite::SqliteRow;

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Cells, Writer, int, limit, readable, stored_enum};

stored_enum!(
    /// What is meant to happen to a block.
    pub enum BlockIntent {
        /// It shall be in the block store.
        Put = 0,
        /// It shall not.
        Remove = 1,
    }
);

/// Whether garbage collection and the quota may remove a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// They may.
    Loose,
    /// They may not.
    Pinned,
}

/// A block and what is meant to happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRow {
    /// The block.
    pub body: BodyId,
    /// What is meant.
    pub intent: BlockIntent,
    /// Whether it happened.
    pub done: bool,
    /// Whether it is pinned.
    pub pin: Pin,
    /// Its size.
    pub bytes: u32,
    /// When the row last changed.
    pub changed: UnixMillis,
}

/// A change of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockWrite {
    /// Notes that a block shall be put. If it is there already, only the pin changes.
    PutBlockIntent {
        /// The block.
        body: BodyId,
        /// Whether it shall be pinned.
        pin: Pin,
        /// Its size.
        bytes: u32,
        /// Now.
        at: UnixMillis,
    },
    /// Notes that a block shall be removed; unknown blocks are ignored.
    RemoveBlockIntent {
        /// The block.
        body: BodyId,
        /// Now.
        at: UnixMillis,
    },
    /// Notes that the intent of a block was carried out: a put one stays as done, a removed one is forgotten.
    BlockDone {
        /// The block.
        body: BodyId,
        /// Which intent was carried out; if another one was noted meanwhile, nothing changes.
        intent: BlockIntent,
        /// Now.
        at: UnixMillis,
    },
}

/// How much the block store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockTotals {
    /// Blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of pinned ones.
    pub bytes_pinned: u64,
}

/// Storage of intents about blocks. Changes go through [`crate::Db::commit`] or the write-behind.
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Intents that were begun and not finished, oldest first: the sweep at start repeats them.
    async fn open_block_intents(&self, limit: usize) -> Result<Vec<BlockRow>, StoreError>;

    /// One block.
    async fn block(&self, body: &BodyId) -> Result<Option<BlockRow>, StoreError>;

    /// Calls `each` for every block and says how many there were.
    async fn load_blocks(&self, each: &mut (dyn FnMut(BlockRow) + Send)) -> Result<usize, StoreError>;

    /// How much there is. Reads the whole table: call it at start and count along.
    async fn block_totals(&self) -> Result<BlockTotals, StoreError>;
}

#[async_trait]
impl BlockStore for Db {
    async fn open_block_intents(&self, limit_rows: usize) -> Result<Vec<BlockRow>, StoreError> {
        let rows = sqlx::query(
            "-- blocks_open
             SELECT body, intent, done, pinned, bytes, changed_ms FROM blocks WHERE done = 0 ORDER BY changed_ms, body LIMIT ?1",
        )
        .bind(limit(limit_rows))
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(read_block))
    }

    async fn block(&self, body: &BodyId) -> Result<Option<BlockRow>, StoreError> {
        let row = sqlx::query(
            "-- blocks_one\nSELECT body, intent, done, pinned, bytes, changed_ms FROM blocks WHERE body = ?1",
        )
        .bind(body.as_ref())
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| read_block(&row)).transpose()
    }

    async fn load_blocks(&self, each: &mut (dyn FnMut(BlockRow) + Send)) -> Result<usize, StoreError> {
        let mut rows = sqlx::query(
            "-- blocks_all\nSELECT body, intent, done, pinned, bytes, changed_ms FROM blocks ORDER BY body",
        )
        .fetch(self.reader());
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            for block in readable(std::iter::once(read_block(&row)))? {
                each(block);
                count += 1;
            }
        }
        Ok(count)
    }

    async fn block_totals(&self) -> Result<BlockTotals, StoreError> {
        let row = sqlx::query(
            "-- blocks_totals
             SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(bytes * pinned), 0) FROM blocks WHERE intent = 0",
        )
        .fetch_one(self.reader())
        .await?;
        let mut cells = Cells::new("blocks", &row);
        Ok(BlockTotals {
            blocks: cells.int()?,
            bytes: cells.int()?,
            bytes_pinned: cells.int()?,
        })
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: BlockWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let query = match write {
        BlockWrite::PutBlockIntent { body, pin, bytes, at } => sqlx::query(
            "-- blocks_put_intent
             INSERT INTO blocks (body, intent, done, pinned, bytes, changed_ms) VALUES (?1, 0, 0, ?2, ?3, ?4)
             ON CONFLICT (body) DO UPDATE SET
                pinned = excluded.pinned, bytes = excluded.bytes, changed_ms = excluded.changed_ms,
                done = CASE WHEN intent = 0 THEN done ELSE 0 END, intent = 0",
        )
        .bind(body.0.to_vec())
        .bind(pin == Pin::Pinned)
        .bind(bytes)
        .bind(int(at.0)),
        BlockWrite::RemoveBlockIntent { body, at } => sqlx::query(
            "-- blocks_remove_intent
             UPDATE blocks SET intent = 1, done = 0, pinned = 0, changed_ms = ?2 WHERE body = ?1",
        )
        .bind(body.0.to_vec())
        .bind(int(at.0)),
        BlockWrite::BlockDone {
            body,
            intent: BlockIntent::Put,
            at,
        } => sqlx::query(
            "-- blocks_put_done\nUPDATE blocks SET done = 1, changed_ms = ?2 WHERE body = ?1 AND intent = 0",
        )
        .bind(body.0.to_vec())
        .bind(int(at.0)),
        BlockWrite::BlockDone {
            body,
            intent: BlockIntent::Remove,
            at: _,
        } => sqlx::query("-- blocks_remove_done\nDELETE FROM blocks WHERE body = ?1 AND intent = 1")
            .bind(body.0.to_vec()),
    };
    query.execute(&mut *on.conn).await?;
    Ok(())
}

fn read_block(row: &SqliteRow) -> Result<BlockRow, StoreError> {
    let mut cells = Cells::new("blocks", row);
    Ok(BlockRow {
        body: cells.array()?,
        intent: cells.code()?,
        done: cells.flag()?,
        pin: if cells.flag()? { Pin::Pinned } else { Pin::Loose },
        bytes: cells.int()?,
        changed: cells.millis()?,
    })
}
