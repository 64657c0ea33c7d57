//! The database: one file, one writer, a few readers.
//!
//! All writes go through one connection, so that SQLite never has to arbitrate and a commit is one `fsync`. Readers see the last
//! commit and never wait for the writer (write-ahead log). A lock file keeps a second process out. Row-level work lives in the
//! store modules; this one opens, commits, snapshots and closes.

mod open;
mod work;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use meteorite_crypto::storage::StorageKey;
use sqlx::{Connection as _, SqlitePool};

use crate::error::{OpenError, StoreError};
use crate::seal::Sealer;
use crate::sql::Writer;
use crate::unit::{self, UNIT_WRITES_MAX, Unit, Write};
pub(crate) use work::Work;

/// A handle on the open database. Cloning is cheap; the last clone should call [`Db::close`].
#[derive(Debug, Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    sealer: Sealer,
    path: Option<PathBuf>,
    opened: Opened,
    /// Released by the system when the process ends, however it ends.
    lock: Option<File>,
}

/// How the database was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Whether this call created it.
    pub created: bool,
    /// Whether the last session closed it. If not, it was checked for damage, and block intents need a sweep.
    pub clean: bool,
}

/// Choices at opening.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The file never grows above this many bytes (rounded down to pages of 4 KiB); a write that would is refused as
    /// [`StoreError::DiskFull`]. `None` is no bound. At the bound even a deletion may need a page and be refused, so quotas of
    /// the caller should end well below it.
    pub file_bytes_max: Option<u64>,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// On the disk before the call returns.
    Full,
    /// In order and consistent after a crash, but the last commits may be missing.
    Cache,
}

impl Db {
    /// Opens the database at `path`, creating folder and file if needed. Without a key, sealed columns cannot be used
    /// (bootstrap servers have none).
    ///
    /// # Errors
    /// See [`OpenError`]; in every case the file was left as it was.
    pub async fn open(path: &Path, key: Option<StorageKey>) -> Result<Self, OpenError> {
        Self::open_with(path, key, &OpenOptions::default()).await
    }

    /// Like [`Db::open`], with choices.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_with(
        path: &Path,
        key: Option<StorageKey>,
        options: &OpenOptions,
    ) -> Result<Self, OpenError> {
        open::file(path, Sealer::new(key), options)
            .await
            .map(Self::from_inner)
    }

    /// A database that lives in memory and is gone when closed. One connection serves reads and writes.
    ///
    /// # Errors
    /// Only if SQLite itself does not start.
    pub async fn in_memory(key: Option<StorageKey>) -> Result<Self, OpenError> {
        open::memory(Sealer::new(key)).await.map(Self::from_inner)
    }

    /// How the database was found.
    #[must_use]
    pub fn opened(&self) -> Opened {
        self.inner.opened
    }

    /// The database file; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Stores a unit in one transaction and returns when it is on the disk. A dropped call stores all or nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was stored then.
    pub async fn commit(&self, unit: Unit) -> Result<(), StoreError> {
        self.commit_with(unit, Durability::Full).await
    }

    /// Stores a unit of cache rows: in one transaction, but without waiting for the disk.
    pub(crate) async fn commit_cache(&self, unit: Unit) -> Result<(), StoreError> {
        self.commit_with(unit, Durability::Cache).await
    }

    /// Writes a consistent copy of the whole database to `target`, which must not exist. Sealed columns stay sealed.
    ///
    /// # Errors
    /// See [`StoreError`]; a target that exists is refused.
    pub async fn snapshot(&self, target: &Path) -> Result<(), StoreError> {
        let statement =
            sqlx::query("-- db_snapshot\nVACUUM INTO ?1").bind(target.to_string_lossy().into_owned());
        match self.path() {
            Some(path) => {
                // On a connection of its own: readers may not write at all, and the writer must not wait for this.
                let mut conn = open::spare(path).await?;
                statement.execute(&mut conn).await?;
                conn.close().await?;
            }
            None => {
                statement.execute(&self.inner.writer).await?;
            }
        }
        Ok(())
    }

    /// Checks the structure of the whole file; reads all of it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with what is wrong.
    pub async fn integrity_check(&self) -> Result<(), StoreError> {
        let found: Vec<String> = sqlx::query_scalar("-- db_integrity\nPRAGMA integrity_check(10)")
            .fetch_all(self.reader())
            .await?;
        if found == ["ok"] {
            return Ok(());
        }
        Err(StoreError::Damaged {
            detail: found.join("; "),
        })
    }

    /// Notes a clean shutdown, folds the log into the file and closes all connections. Later calls on any clone fail with
    /// [`StoreError::Closed`].
    ///
    /// # Errors
    /// See [`StoreError`]; the connections are closed in any case, and everything committed is safe.
    pub async fn close(&self) -> Result<(), StoreError> {
        if self.inner.path.is_some() {
            // In memory, readers and writer are one connection, which is still needed.
            self.inner.readers.close().await;
        }
        let noted = self.note_clean_shutdown().await;
        self.inner.writer.close().await;
        if let Some(lock) = &self.inner.lock
            && let Err(error) = lock.unlock()
        {
            tracing::debug!(%error, "the lock goes with the process");
        }
        noted
    }

    async fn note_clean_shutdown(&self) -> Result<(), StoreError> {
        let mut conn = self.inner.writer.acquire().await?;
        sqlx::query("-- db_wait_for_disk\nPRAGMA synchronous = FULL")
            .execute(&mut *conn)
            .await?;
        open::set_clean(&mut conn, true).await?;
        // Housekeeping: on a full disk it fails, and nothing is lost by that.
        for statement in [
            "-- db_optimize\nPRAGMA optimize",
            "-- db_checkpoint\nPRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            if let Err(error) = sqlx::query(statement).execute(&mut *conn).await {
                tracing::debug!(%error, "housekeeping at closing was left out");
            }
        }
        Ok(())
    }

    async fn commit_with(&self, unit: Unit, durability: Durability) -> Result<(), StoreError> {
        let name = unit.name();
        if unit.len() > UNIT_WRITES_MAX {
            return Err(StoreError::UnitTooLarge { name });
        }
        if unit.is_empty() {
            return Ok(());
        }
        tracing::trace!(unit = name, writes = unit.len(), ?durability, "commit");
        let mut work = self.begin_with(durability).await?;
        let outcome = self.apply_all(unit, &mut work).await;
        work.finish(outcome).await
    }

    async fn apply_all(&self, unit: Unit, work: &mut Work) -> Result<(), StoreError> {
        for write in unit.into_writes() {
            unit::apply(
                write,
                &mut Writer {
                    conn: work.conn(),
                    sealer: &self.inner.sealer,
                },
            )
            .await?;
        }
        Ok(())
    }

    async fn begin_with(&self, durability: Durability) -> Result<Work, StoreError> {
        Work::begin(&self.inner.writer, durability, self.inner.path.is_none()).await
    }

    /// Commits changes that need no name of their own.
    pub(crate) async fn write_all(
        &self,
        name: &'static str,
        writes: impl Iterator<Item = Write>,
    ) -> Result<(), StoreError> {
        let mut unit = Unit::new(name);
        unit.extend(writes);
        self.commit(unit).await
    }

    /// A transaction for work that reads what it changes; on the disk when it is finished.
    pub(crate) async fn begin(&self) -> Result<Work, StoreError> {
        self.begin_with(Durability::Full).await
    }

    /// A transaction for cache rows.
    pub(crate) async fn begin_cache(&self) -> Result<Work, StoreError> {
        self.begin_with(Durability::Cache).await
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.inner.readers
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }
}
