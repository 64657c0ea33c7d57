//! One transaction on the writer, from its `BEGIN` to its end.
//!
//! We send `BEGIN`, `COMMIT` and `ROLLBACK` ourselves instead of using `sqlx::Transaction`: SQLite rolls back by itself when the
//! disk is full or an I/O error occurs (<https://www.sqlite.org/lang_transaction.html>), and sqlx 0.8 then counts one open
//! transaction too many, so that every later one on that connection fails. A transaction that is dropped without an end (its
//! caller was cancelled) closes its connection, and with it whatever was open; the pool opens a new one.

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};

use super::Durability;
use crate::error::StoreError;

/// A transaction that holds the write lock.
#[derive(Debug)]
pub(crate) struct Work {
    conn: PoolConnection<Sqlite>,
    on_drop: OnDrop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    /// Nothing is open.
    Keep,
    /// The transaction is open: close the connection.
    Close,
    /// The transaction is open, but the connection is the database (in memory): the next one rolls it back.
    Leave,
}

impl Work {
    /// Begins, and takes the write lock at once, so that no step fails in its middle.
    pub(super) async fn begin(
        pool: &SqlitePool,
        durability: Durability,
        in_memory: bool,
    ) -> Result<Self, StoreError> {
        let mut conn = pool.acquire().await?;
        let waits = match durability {
            Durability::Full => "-- work_wait_for_disk\nPRAGMA synchronous = FULL",
            Durability::Cache => "-- work_do_not_wait\nPRAGMA synchronous = NORMAL",
        };
        // Set each time, because the last transaction may have been of the other kind. Without effect inside a transaction,
        // so a leftover one goes first.
        if in_memory {
            roll_back(&mut conn).await;
        }
        sqlx::query(waits).execute(&mut *conn).await?;
        let on_drop = if in_memory { OnDrop::Leave } else { OnDrop::Close };
        // From here on a dropped call leaves nothing open.
        let mut work = Self { conn, on_drop };
        sqlx::query("-- work_begin\nBEGIN IMMEDIATE")
            .execute(work.conn())
            .await?;
        Ok(work)
    }

    /// The connection, inside the transaction.
    pub(crate) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    /// Ends the transaction: commits after success, rolls back after an error, and passes the outcome on.
    pub(crate) async fn finish<T>(mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        let value = match outcome {
            Ok(value) => value,
            Err(error) => {
                roll_back(&mut self.conn).await;
                self.on_drop = OnDrop::Keep;
                return Err(error);
            }
        };
        if let Err(error) = sqlx::query("-- work_commit\nCOMMIT").execute(self.conn()).await {
            roll_back(&mut self.conn).await;
            return Err(error.into());
        }
        self.on_drop = OnDrop::Keep;
        Ok(value)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        match self.on_drop {
            OnDrop::Close => self.conn.close_on_drop(),
            OnDrop::Keep | OnDrop::Leave => {}
        }
    }
}

/// Rolls back what is open. That nothing is open, because SQLite did it, is the usual "failure" and of no interest.
async fn roll_back(conn: &mut SqliteConnection) {
    if let Err(error) = sqlx::query("-- work_roll_back\nROLLBACK").execute(conn).await {
        tracing::trace!(%error, "nothing to roll back");
    }
}
