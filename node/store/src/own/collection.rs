//! The collection: pages, and a search that opens every row in memory.

use futures::TryStreamExt as _;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::time::UnixMillis;
use sqlx::sqlite::SqliteRow;

use super::{COLLECTION_PAGE_MAX, CollectionCursor, CollectionKind, CollectionPage, CollectionRow, read};
use crate::db::Db;
use crate::error::StoreError;
use crate::seal::{Place, Sealer};
use crate::sql::{Cells, int, limit, readable};

pub(super) async fn page(
    db: &Db,
    kind: CollectionKind,
    after: Option<CollectionCursor>,
    rows_max: usize,
) -> Result<CollectionPage, StoreError> {
    let rows_max = rows_max.clamp(1, COLLECTION_PAGE_MAX);
    let start = after.unwrap_or(CollectionCursor {
        opened: UnixMillis(u64::MAX),
        id: i64::MAX,
    });
    let rows = sqlx::query(
        "-- collection_page
         SELECT id, bottle, kind, opened_ms, header_sealed, text_sealed, nick_sealed, tags_sealed, note_sealed
         FROM collection WHERE kind = ?1 AND (opened_ms, id) < (?2, ?3)
         ORDER BY opened_ms DESC, id DESC LIMIT ?4",
    )
    .bind(kind.code())
    .bind(int(start.opened.0))
    .bind(start.id)
    .bind(limit(rows_max + 1))
    .fetch_all(db.reader())
    .await?;
    let more = rows.len() > rows_max;
    let mut read = readable(rows.iter().map(|row| read_row(row, db.sealer())))?;
    read.truncate(rows_max);
    let next = if more {
        read.last().map(|(cursor, _)| *cursor)
    } else {
        None
    };
    Ok(CollectionPage {
        rows: read.into_iter().map(|(_, row)| row).collect(),
        next,
    })
}

pub(super) async fn one(db: &Db, bottle: &BottleId) -> Result<Option<CollectionRow>, StoreError> {
    let row = sqlx::query(
        "-- collection_one
         SELECT id, bottle, kind, opened_ms, header_sealed, text_sealed, nick_sealed, tags_sealed, note_sealed
         FROM collection WHERE bottle = ?1",
    )
    .bind(bottle.as_ref())
    .fetch_optional(db.reader())
    .await?;
    row.map(|row| Ok(read_row(&row, db.sealer())?.1)).transpose()
}

pub(super) async fn search(db: &Db, words: &str, rows_max: usize) -> Result<Vec<CollectionRow>, StoreError> {
    let words = words.to_lowercase();
    let mut rows = sqlx::query(
        "-- collection_all
         SELECT id, bottle, kind, opened_ms, header_sealed, text_sealed, nick_sealed, tags_sealed, note_sealed
         FROM collection ORDER BY opened_ms DESC, id DESC",
    )
    .fetch(db.reader());
    let mut found = Vec::new();
    while found.len() < rows_max.min(COLLECTION_PAGE_MAX)
        && let Some(row) = rows.try_next().await?
    {
        let read = readable(std::iter::once(read_row(&row, db.sealer())))?;
        found.extend(
            read.into_iter()
                .map(|(_, row)| row)
                .filter(|row| matches(row, &words)),
        );
    }
    Ok(found)
}

fn matches(row: &CollectionRow, lowercase: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(lowercase);
    has(&row.words.text)
        || has(&row.words.nick)
        || has(&row.note)
        || row.words.tags.iter().any(|tag| has(tag))
}

fn read_row(row: &SqliteRow, sealer: &Sealer) -> Result<(CollectionCursor, CollectionRow), StoreError> {
    let table = "collection";
    let mut cells = Cells::new(table, row);
    let id = cells.int()?;
    let bottle: BottleId = cells.array()?;
    let key = bottle.as_ref();
    let row = CollectionRow {
        bottle,
        kind: cells.code()?,
        opened: cells.millis()?,
        header: cells.sealed(
            sealer,
            Place {
                table,
                column: "header",
                row: key,
            },
        )?,
        words: read::read_words(&mut cells, table, key, sealer)?,
        note: cells.sealed_text(
            sealer,
            Place {
                table,
                column: "note",
                row: key,
            },
        )?,
    };
    Ok((
        CollectionCursor {
            opened: row.opened,
            id,
        },
        row,
    ))
}
