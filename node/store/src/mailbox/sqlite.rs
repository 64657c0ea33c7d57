//! The mailbox on SQLite.

use async_trait::async_trait;
use meteorite_protocol::ids::{BottleId, LetterId};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::AddressPrefix;

use super::{
    HeldLetter, MailPage, MailPageLimits, MailboxRow, MailboxStore, MailboxTotals, MailboxWrite, cut_page,
};
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Cells, Writer, int, limit, readable};
use crate::unit::Write;

#[async_trait]
impl MailboxStore for Db {
    async fn write_mailbox(&self, writes: Vec<MailboxWrite>) -> Result<(), StoreError> {
        self.write_all("mailbox", writes.into_iter().map(Write::Mailbox))
            .await
    }

    async fn mailbox_bottle(&self, bottle: &BottleId) -> Result<Vec<HeldLetter>, StoreError> {
        let rows = sqlx::query(
            "-- mailbox_bottle
             SELECT letter, claimant, address, side, seq, work, bytes, received_ms, until_ms FROM mailbox WHERE bottle = ?1 ORDER BY id",
        )
        .bind(bottle.as_ref())
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("mailbox", row);
            Ok(HeldLetter {
                letter: cells.array()?,
                claimant: cells.array()?,
                address: cells.array()?,
                side: cells.code()?,
                seq: cells.int()?,
                work: cells.int()?,
                bytes: cells.int()?,
                received: cells.millis()?,
                until: cells.millis()?,
            })
        }))
    }

    async fn mailbox_letter(&self, letter: &LetterId) -> Result<Option<MailboxRow>, StoreError> {
        let row = sqlx::query(
            "-- mailbox_letter
             SELECT letter, bottle, claimant, address, side, seq, work, received_ms, until_ms, deposit FROM mailbox WHERE letter = ?1",
        )
        .bind(letter.as_ref())
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            let mut cells = Cells::new("mailbox", &row);
            Ok(MailboxRow {
                letter: cells.array()?,
                bottle: cells.array()?,
                claimant: cells.array()?,
                address: cells.array()?,
                side: cells.code()?,
                seq: cells.int()?,
                work: cells.int()?,
                received: cells.millis()?,
                until: cells.millis()?,
                deposit: cells.bytes()?,
            })
        })
        .transpose()
    }

    async fn mailbox_totals(&self) -> Result<MailboxTotals, StoreError> {
        let row = sqlx::query("-- mailbox_totals\nSELECT letters, bytes FROM mailbox_totals WHERE id = 0")
            .fetch_one(self.reader())
            .await?;
        let mut cells = Cells::new("mailbox_totals", &row);
        Ok(MailboxTotals {
            letters: cells.int()?,
            bytes: cells.int()?,
        })
    }

    async fn mailbox_bucket(&self, prefix: &AddressPrefix) -> Result<u32, StoreError> {
        let bucket = sqlx::query_scalar(
            "-- mailbox_bucket\nSELECT count(*) FROM mailbox WHERE address BETWEEN ?1 AND ?2",
        )
        .bind(prefix.first().as_ref())
        .bind(prefix.last().as_ref())
        .fetch_one(self.reader())
        .await?;
        Ok(bucket)
    }

    async fn mailbox_page(
        &self,
        prefix: &AddressPrefix,
        cursor: u64,
        limits: MailPageLimits,
    ) -> Result<MailPage, StoreError> {
        let (first, last) = (prefix.first(), prefix.last());
        let bucket = self.mailbox_bucket(prefix).await?;
        let rows = sqlx::query(
            "-- mailbox_page
             SELECT id, deposit FROM mailbox WHERE id IN
                (SELECT id FROM mailbox WHERE address BETWEEN ?1 AND ?2 AND id > ?3 ORDER BY id LIMIT ?4)
             ORDER BY id",
        )
        .bind(first.as_ref())
        .bind(last.as_ref())
        .bind(int(cursor))
        .bind(limit(limits.letters_max.saturating_add(1)))
        .fetch_all(self.reader())
        .await?;
        let rows = readable(rows.iter().map(|row| {
            let mut cells = Cells::new("mailbox", row);
            Ok((cells.int()?, cells.bytes()?))
        }))?;
        Ok(cut_page(rows, cursor, bucket, limits))
    }

    async fn expire_mailbox(&self, now: UnixMillis, limit_rows: usize) -> Result<usize, StoreError> {
        let mut work = self.begin().await?;
        let outcome = sqlx::query(
            "-- mailbox_expire
             DELETE FROM mailbox WHERE id IN (SELECT id FROM mailbox WHERE until_ms <= ?1 ORDER BY until_ms, id LIMIT ?2)",
        )
        .bind(int(now.0))
        .bind(limit(limit_rows))
        .execute(work.conn())
        .await;
        let gone = work.finish(outcome.map_err(StoreError::from)).await?;
        Ok(usize::try_from(gone.rows_affected()).unwrap_or(usize::MAX))
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: MailboxWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    match write {
        MailboxWrite::PutMailboxLetter(row) => put(&row, on).await,
        MailboxWrite::DeleteMailboxLetter(letter) => {
            sqlx::query("-- mailbox_delete\nDELETE FROM mailbox WHERE letter = ?1")
                .bind(letter.as_ref())
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
    }
}

async fn put(row: &MailboxRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "-- mailbox_put
         INSERT INTO mailbox (letter, bottle, claimant, address, side, seq, work, bytes, received_ms, until_ms, deposit)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, length(?10), ?8, ?9, ?10)
         ON CONFLICT (letter) DO NOTHING",
    )
    .bind(row.letter.as_ref())
    .bind(row.bottle.as_ref())
    .bind(row.claimant.as_ref())
    .bind(row.address.as_ref())
    .bind(row.side.code())
    .bind(row.seq)
    .bind(row.work)
    .bind(int(row.received.0))
    .bind(int(row.until.0))
    .bind(&row.deposit)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}
