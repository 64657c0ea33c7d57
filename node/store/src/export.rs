//! What belongs to an identity, as one value: for a backup, or to move to another device.
//!
//! Contains own bottles, claims with their secrets, core rows, collection, drafts, outbox, receipts, threads, letters, addresses
//! to ask, settings and moderation. Contains no cache: no sky, no mailbox, no blocks, no peers. Its text is plain, so the caller
//! must seal the encoded value as a whole (`meteorite_crypto::vault`) and never write it otherwise.
//!
//! Importing merges: what is here already wins, what is missing is added, in one transaction. Doing it twice changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::db::{Db, Work};
use crate::error::StoreError;
use crate::letters::{
    DepositRow, LetterRow, LetterStore as _, LetterWrite, MailWatchRow, ReceiptRow, ThreadRow, read_letter,
};
use crate::meta::{MetaStore as _, MetaWrite};
use crate::moderation::{BlockedRow, HiddenRow, ModerationStore as _, ModerationWrite, ReportRow};
use crate::own::{
    COLLECTION_PAGE_MAX, CollectionKind, CollectionRow, CoreRow, DraftRow, OwnBottleRow, OwnClaimRow,
    OwnStore as _, OwnWrite,
};
use crate::sql::{Writer, readable};
use crate::unit::{self, Write};

/// Everything that belongs to an identity. Unknown fields of later formats are ignored by serde only within one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The format, [`EXPORT_VERSION`].
    pub version: u16,
    /// Own bottles.
    pub own_bottles: Vec<OwnBottleRow>,
    /// Own claims, with their secrets: without them no thread could go on.
    pub own_claims: Vec<OwnClaimRow>,
    /// Rows of the pure cores.
    pub core_rows: Vec<CoreRow>,
    /// Opened and kept bottles, fragments.
    pub collection: Vec<CollectionRow>,
    /// Drafts.
    pub drafts: Vec<DraftRow>,
    /// The outbox.
    pub deposits: Vec<DepositRow>,
    /// Receipts for it.
    pub receipts: Vec<ReceiptRow>,
    /// Threads.
    pub threads: Vec<ThreadRow>,
    /// Letters.
    pub letters: Vec<LetterRow>,
    /// Addresses to ask about.
    pub mail_watches: Vec<MailWatchRow>,
    /// Settings.
    pub settings: BTreeMap<String, String>,
    /// Hidden bottles.
    pub hidden: Vec<HiddenRow>,
    /// Blocked authors, threads, personas.
    pub blocked: Vec<BlockedRow>,
    /// Reports.
    pub reports: Vec<ReportRow>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Rows that were missing and were added.
    pub added: usize,
    /// Rows that were here already and stayed as they are.
    pub known: usize,
}

impl Db {
    /// Reads everything that belongs to the identity. Rows that do not open are left out and logged.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn export_rows(&self) -> Result<Export, StoreError> {
        Ok(Export {
            version: EXPORT_VERSION,
            own_bottles: self.own_bottles().await?,
            own_claims: self.own_claims().await?,
            core_rows: self.all_core_rows().await?,
            collection: self.all_collected().await?,
            drafts: self.drafts().await?,
            deposits: self.deposits().await?,
            receipts: self.receipts().await?,
            threads: self.threads().await?,
            letters: self.all_letters().await?,
            mail_watches: self.mail_watches().await?,
            settings: self.settings().await?,
            hidden: self.hidden().await?,
            blocked: self.blocked().await?,
            reports: self.reports(usize::MAX).await?,
        })
    }

    /// Adds what is missing here, in one transaction; what is here already stays.
    ///
    /// # Errors
    /// [`StoreError::NewerExport`] for a format of a later version; otherwise see [`StoreError`]. Nothing was added then.
    pub async fn import_rows(&self, export: Export) -> Result<Imported, StoreError> {
        if export.version > EXPORT_VERSION {
            return Err(StoreError::NewerExport {
                found: export.version,
            });
        }
        let mut work = self.begin().await?;
        let outcome = self.import_all(export, &mut work).await;
        work.finish(outcome).await
    }

    async fn import_all(&self, export: Export, work: &mut Work) -> Result<Imported, StoreError> {
        let mut imported = Imported::default();
        for item in items(export) {
            if item.is_known(work.conn()).await? {
                imported.known += 1;
            } else {
                unit::apply(
                    item.write,
                    &mut Writer {
                        conn: work.conn(),
                        sealer: self.sealer(),
                    },
                )
                .await?;
                imported.added += 1;
            }
        }
        Ok(imported)
    }

    async fn all_letters(&self) -> Result<Vec<LetterRow>, StoreError> {
        let rows = sqlx::query(
            "-- export_letters
             SELECT letter, thread, bottle, way, seq, kind, light, is_read, at_ms, reply_key, text_sealed, reply_secret_sealed
             FROM letters ORDER BY at_ms, letter",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_letter(row, self.sealer())))
    }

    async fn all_core_rows(&self) -> Result<Vec<CoreRow>, StoreError> {
        let cores: Vec<String> =
            sqlx::query_scalar("-- export_cores\nSELECT DISTINCT core FROM core_rows ORDER BY core")
                .fetch_all(self.reader())
                .await?;
        let mut all = Vec::new();
        for core in cores {
            all.extend(self.core_rows(&core).await?);
        }
        Ok(all)
    }

    async fn all_collected(&self) -> Result<Vec<CollectionRow>, StoreError> {
        let mut all = Vec::new();
        for kind in [
            CollectionKind::Opened,
            CollectionKind::Kept,
            CollectionKind::Fragment,
        ] {
            let mut after = None;
            loop {
                let page = self.collection_page(kind, after, COLLECTION_PAGE_MAX).await?;
                all.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(all)
    }
}

/// One row of an export: how to see whether it is here, and how to add it.
struct Item {
    /// Counts rows with the key `?1` (and `?2`).
    count: &'static str,
    key: Key,
    write: Write,
}

enum Key {
    Bytes(Vec<u8>),
    Text(String),
    TextAndBytes(String, Vec<u8>),
    BytesAndBytes(Vec<u8>, Vec<u8>),
    CodeAndBytes(u8, Vec<u8>),
}

impl Item {
    fn new(count: &'static str, key: Key, write: impl Into<Write>) -> Self {
        Self {
            count,
            key,
            write: write.into(),
        }
    }

    async fn is_known(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(self.count);
        let query = match &self.key {
            Key::Bytes(key) => query.bind(key),
            Key::Text(key) => query.bind(key),
            Key::TextAndBytes(text, key) => query.bind(text).bind(key),
            Key::BytesAndBytes(first, second) => query.bind(first).bind(second),
            Key::CodeAndBytes(code, key) => query.bind(*code).bind(key),
        };
        Ok(query.fetch_one(conn).await? > 0)
    }
}

fn items(export: Export) -> impl Iterator<Item = Item> {
    let own_bottles = export.own_bottles.into_iter().map(|row| {
        let count = "-- import_own_bottle\nSELECT count(*) FROM own_bottles WHERE bottle = ?1";
        Item::new(
            count,
            Key::Bytes(row.bottle.0.to_vec()),
            OwnWrite::PutOwnBottle(Box::new(row)),
        )
    });
    let own_claims = export.own_claims.into_iter().map(|row| {
        let count = "-- import_own_claim\nSELECT count(*) FROM own_claims WHERE claimant = ?1";
        Item::new(
            count,
            Key::Bytes(row.claimant.0.to_vec()),
            OwnWrite::PutOwnClaim(Box::new(row)),
        )
    });
    let core_rows = export.core_rows.into_iter().map(|row| {
        let count = "-- import_core_row\nSELECT count(*) FROM core_rows WHERE core = ?1 AND row = ?2";
        Item::new(
            count,
            Key::TextAndBytes(row.core.clone(), row.row.clone()),
            OwnWrite::PutCoreRow(row),
        )
    });
    let collection = export.collection.into_iter().map(|row| {
        let count = "-- import_collection\nSELECT count(*) FROM collection WHERE bottle = ?1";
        Item::new(
            count,
            Key::Bytes(row.bottle.0.to_vec()),
            OwnWrite::PutCollection(Box::new(row)),
        )
    });
    let drafts = export.drafts.into_iter().map(|row| {
        let count = "-- import_draft\nSELECT count(*) FROM drafts WHERE draft = ?1";
        Item::new(count, Key::Text(row.draft.clone()), OwnWrite::PutDraft(row))
    });
    let settings = export.settings.into_iter().map(|(name, value)| {
        let count = "-- import_setting\nSELECT count(*) FROM settings WHERE name = ?1";
        Item::new(
            count,
            Key::Text(name.clone()),
            MetaWrite::PutSetting { name, value },
        )
    });
    let letters = letter_items(
        export.deposits,
        export.receipts,
        export.threads,
        export.letters,
        export.mail_watches,
    );
    let moderation = moderation_items(export.hidden, export.blocked, export.reports);
    own_bottles
        .chain(own_claims)
        .chain(core_rows)
        .chain(collection)
        .chain(drafts)
        .chain(settings)
        .chain(letters)
        .chain(moderation)
}

fn letter_items(
    deposits: Vec<DepositRow>,
    receipts: Vec<ReceiptRow>,
    threads: Vec<ThreadRow>,
    letters: Vec<LetterRow>,
    watches: Vec<MailWatchRow>,
) -> impl Iterator<Item = Item> {
    let deposits = deposits.into_iter().map(|row| {
        let count = "-- import_deposit\nSELECT count(*) FROM deposits WHERE letter = ?1";
        Item::new(
            count,
            Key::Bytes(row.letter.0.to_vec()),
            LetterWrite::PutDeposit(Box::new(row)),
        )
    });
    let receipts = receipts.into_iter().map(|row| {
        let count = "-- import_receipt\nSELECT count(*) FROM receipts WHERE letter = ?1 AND mailbox = ?2";
        let key = Key::BytesAndBytes(row.letter.0.to_vec(), row.mailbox.as_bytes().to_vec());
        Item::new(count, key, LetterWrite::PutReceipt(row))
    });
    let threads = threads.into_iter().map(|row| {
        let count = "-- import_thread\nSELECT count(*) FROM threads WHERE thread = ?1";
        Item::new(
            count,
            Key::Bytes(row.thread.0.to_vec()),
            LetterWrite::PutThread(Box::new(row)),
        )
    });
    let letters = letters.into_iter().map(|row| {
        let count = "-- import_letter\nSELECT count(*) FROM letters WHERE letter = ?1";
        Item::new(
            count,
            Key::Bytes(row.letter.0.to_vec()),
            LetterWrite::PutLetter(Box::new(row)),
        )
    });
    let watches = watches.into_iter().map(|row| {
        let count = "-- import_watch\nSELECT count(*) FROM mail_watches WHERE address = ?1";
        Item::new(
            count,
            Key::Bytes(row.address.0.to_vec()),
            LetterWrite::PutMailWatch(row),
        )
    });
    deposits
        .chain(receipts)
        .chain(threads)
        .chain(letters)
        .chain(watches)
}

fn moderation_items(
    hidden: Vec<HiddenRow>,
    blocked: Vec<BlockedRow>,
    reports: Vec<ReportRow>,
) -> impl Iterator<Item = Item> {
    let hidden = hidden.into_iter().map(|row| {
        let count = "-- import_hidden\nSELECT count(*) FROM hidden WHERE bottle = ?1";
        Item::new(
            count,
            Key::Bytes(row.bottle.0.to_vec()),
            ModerationWrite::PutHidden(row),
        )
    });
    let blocked = blocked.into_iter().map(|row| {
        let count = "-- import_blocked\nSELECT count(*) FROM blocked WHERE kind = ?1 AND key = ?2";
        Item::new(
            count,
            Key::CodeAndBytes(row.kind.code(), row.key.to_vec()),
            ModerationWrite::PutBlocked(row),
        )
    });
    let reports = reports.into_iter().map(|row| {
        let count = "-- import_report\nSELECT count(*) FROM reports WHERE report = ?1";
        Item::new(
            count,
            Key::Bytes(row.report.to_vec()),
            ModerationWrite::PutReport(Box::new(row)),
        )
    });
    hidden.chain(blocked).chain(reports)
}

/// The format written by this version.
pub const EXPORT_VERSION: u16 = 1;
