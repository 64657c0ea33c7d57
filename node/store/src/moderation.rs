//! What this user does not want to see, and what they reported.
//!
//! Local and durable: nothing here is offered to peers. Evidence of a report is what the user saw, so it is sealed. The denylist
//! holds content ids from lists that the user or operator chose; every store honours it, this one only remembers it.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use crate::db::Db;
use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::seal::{Place, Sealer};
use crate::sql::{Cells, Writer, int, limit, readable, stored_enum};

stored_enum!(
    /// Why a bottle is hidden.
    pub enum HideReason {
        /// The user hid it.
        User = 0,
        /// The user reported it.
        Reported = 1,
        /// The local parser judged it.
        Parser = 2,
        /// A list names it.
        List = 3,
    }
);

stored_enum!(
    /// What is blocked.
    pub enum BlockKind {
        /// A bottle's one-time author key.
        Author = 0,
        /// A letter thread.
        Thread = 1,
        /// A persona of the radio.
        Persona = 2,
        /// Texts like one that was reported or blocked.
        Likeness = 3,
    }
);

/// A hidden bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Why.
    pub reason: HideReason,
    /// Since when.
    pub at: UnixMillis,
}

/// A blocked author, thread, persona or likeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedRow {
    /// What it is.
    pub kind: BlockKind,
    /// Its key or id.
    #[serde(with = "serde_bytes")]
    pub key: [u8; 32],
    /// Since when.
    pub at: UnixMillis,
}

/// A report with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// The id of the report, chosen by the caller.
    #[serde(with = "serde_bytes")]
    pub report: [u8; 32],
    /// The bottle.
    pub bottle: BottleId,
    /// The reason chosen, a code of the caller.
    pub reason: u8,
    /// When.
    pub at: UnixMillis,
    /// The signed bytes that prove it.
    pub evidence: PrivateBytes,
    /// What the user added.
    pub note: PrivateText,
}

/// A denied content id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DenyRow {
    /// The sha2-256 digest of the CID: of a header or of a body.
    pub digest: [u8; 32],
    /// The list it is from.
    pub list: String,
}

/// A change of moderation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModerationWrite {
    /// Hides a bottle.
    PutHidden(HiddenRow),
    /// Shows a bottle again.
    DeleteHidden(BottleId),
    /// Blocks an author, thread or persona.
    PutBlocked(BlockedRow),
    /// Lifts a block.
    DeleteBlocked {
        /// What it is.
        kind: BlockKind,
        /// Its key or id.
        key: [u8; 32],
    },
    /// Stores a report.
    PutReport(Box<ReportRow>),
    /// Replaces a denylist.
    SetDenylist {
        /// Its name.
        list: String,
        /// Its digests from now on.
        digests: Vec<[u8; 32]>,
        /// Now.
        at: UnixMillis,
    },
}

/// Storage of moderation. Changes go through [`crate::Db::commit`].
#[async_trait]
pub trait ModerationStore: Send + Sync {
    /// All hidden bottles.
    async fn hidden(&self) -> Result<Vec<HiddenRow>, StoreError>;

    /// Everything blocked.
    async fn blocked(&self) -> Result<Vec<BlockedRow>, StoreError>;

    /// The latest reports, newest first.
    async fn reports(&self, limit: usize) -> Result<Vec<ReportRow>, StoreError>;

    /// Calls `each` for every denied content id and says how many there were.
    async fn load_denylist(&self, each: &mut (dyn FnMut(DenyRow) + Send)) -> Result<usize, StoreError>;

    /// Whether a list denies this content id.
    async fn is_denied(&self, digest: &[u8; 32]) -> Result<bool, StoreError>;
}

#[async_trait]
impl ModerationStore for Db {
    async fn hidden(&self) -> Result<Vec<HiddenRow>, StoreError> {
        let rows = sqlx::query(
            "-- moderation_hidden\nSELECT bottle, reason, at_ms FROM hidden ORDER BY at_ms, bottle",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("hidden", row);
            Ok(HiddenRow {
                bottle: cells.array()?,
                reason: cells.code()?,
                at: cells.millis()?,
            })
        }))
    }

    async fn blocked(&self) -> Result<Vec<BlockedRow>, StoreError> {
        let rows = sqlx::query(
            "-- moderation_blocked\nSELECT kind, key, at_ms FROM blocked ORDER BY at_ms, kind, key",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("blocked", row);
            Ok(BlockedRow {
                kind: cells.code()?,
                key: cells.array()?,
                at: cells.millis()?,
            })
        }))
    }

    async fn reports(&self, limit_rows: usize) -> Result<Vec<ReportRow>, StoreError> {
        let rows = sqlx::query(
            "-- moderation_reports
             SELECT report, bottle, reason, at_ms, evidence_sealed, note_sealed FROM reports
             ORDER BY at_ms DESC, report LIMIT ?1",
        )
        .bind(limit(limit_rows))
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_report(row, self.sealer())))
    }

    async fn load_denylist(&self, each: &mut (dyn FnMut(DenyRow) + Send)) -> Result<usize, StoreError> {
        let mut rows =
            sqlx::query("-- moderation_denylist\nSELECT digest, list FROM denylist ORDER BY digest, list")
                .fetch(self.reader());
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            let mut cells = Cells::new("denylist", &row);
            each(DenyRow {
                digest: cells.array()?,
                list: cells.text()?,
            });
            count += 1;
        }
        Ok(count)
    }

    async fn is_denied(&self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        let found: i64 =
            sqlx::query_scalar("-- moderation_is_denied\nSELECT count(*) FROM denylist WHERE digest = ?1")
                .bind(digest.as_slice())
                .fetch_one(self.reader())
                .await?;
        Ok(found > 0)
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: ModerationWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let query = match write {
        ModerationWrite::PutHidden(row) => sqlx::query(
            "-- moderation_hide\nINSERT OR REPLACE INTO hidden (bottle, reason, at_ms) VALUES (?1, ?2, ?3)",
        )
        .bind(row.bottle.0.to_vec())
        .bind(row.reason.code())
        .bind(int(row.at.0)),
        ModerationWrite::DeleteHidden(bottle) => {
            sqlx::query("-- moderation_show\nDELETE FROM hidden WHERE bottle = ?1").bind(bottle.0.to_vec())
        }
        ModerationWrite::PutBlocked(row) => sqlx::query(
            "-- moderation_block\nINSERT OR REPLACE INTO blocked (kind, key, at_ms) VALUES (?1, ?2, ?3)",
        )
        .bind(row.kind.code())
        .bind(row.key.to_vec())
        .bind(int(row.at.0)),
        ModerationWrite::DeleteBlocked { kind, key } => {
            sqlx::query("-- moderation_unblock\nDELETE FROM blocked WHERE kind = ?1 AND key = ?2")
                .bind(kind.code())
                .bind(key.to_vec())
        }
        ModerationWrite::PutReport(row) => return put_report(&row, on).await,
        ModerationWrite::SetDenylist { list, digests, at } => {
            return set_denylist(&list, &digests, at, on).await;
        }
    };
    query.execute(&mut *on.conn).await?;
    Ok(())
}

async fn put_report(row: &ReportRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.report.as_slice();
    let evidence = on.sealer.seal(
        Place {
            table: "reports",
            column: "evidence",
            row: key,
        },
        &row.evidence,
    )?;
    let note = on.sealer.seal(
        Place {
            table: "reports",
            column: "note",
            row: key,
        },
        row.note.as_bytes(),
    )?;
    sqlx::query(
        "-- moderation_put_report
         INSERT OR REPLACE INTO reports (report, bottle, reason, at_ms, evidence_sealed, note_sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(key)
    .bind(row.bottle.as_ref())
    .bind(row.reason)
    .bind(int(row.at.0))
    .bind(evidence)
    .bind(note)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn set_denylist(
    list: &str,
    digests: &[[u8; 32]],
    at: UnixMillis,
    on: &mut Writer<'_>,
) -> Result<(), StoreError> {
    sqlx::query("-- moderation_clear_denylist\nDELETE FROM denylist WHERE list = ?1")
        .bind(list)
        .execute(&mut *on.conn)
        .await?;
    for digest in digests {
        sqlx::query(
            "-- moderation_deny\nINSERT OR IGNORE INTO denylist (digest, list, at_ms) VALUES (?1, ?2, ?3)",
        )
        .bind(digest.as_slice())
        .bind(list)
        .bind(int(at.0))
        .execute(&mut *on.conn)
        .await?;
    }
    Ok(())
}

fn read_report(row: &SqliteRow, sealer: &Sealer) -> Result<ReportRow, StoreError> {
    let mut cells = Cells::new("reports", row);
    let report: [u8; 32] = cells.array()?;
    Ok(ReportRow {
        report,
        bottle: cells.array()?,
        reason: cells.int()?,
        at: cells.millis()?,
        evidence: cells.sealed(
            sealer,
            Place {
                table: "reports",
                column: "evidence",
                row: &report,
            },
        )?,
        note: cells.sealed_text(
            sealer,
            Place {
                table: "reports",
                column: "note",
                row: &report,
            },
        )?,
    })
}
