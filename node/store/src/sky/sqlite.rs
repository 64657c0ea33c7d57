//! The sky on SQLite.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::time::Epoch;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{
    CatchesRow, EquivocationRow, ExpiredBottle, HeaderFlags, HeaderRow, IndexRow, SKY_BULK_MAX, SkyCounts,
    SkyCursor, SkyFilter, SkyPage, SkyStore, SkyWrite, page, strongest_mood,
};
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Cells, Writer, int, limit, packed, readable};
use crate::unit::Write;

#[async_trait]
impl SkyStore for Db {
    async fn write_sky(&self, writes: Vec<SkyWrite>) -> Result<(), StoreError> {
        self.write_all("sky", writes.into_iter().map(Write::Sky)).await
    }

    async fn sky_page(
        &self,
        filter: &SkyFilter,
        after: Option<SkyCursor>,
        limit: usize,
    ) -> Result<SkyPage, StoreError> {
        page::read(self, filter, after, limit).await
    }

    async fn headers(&self, bottles: &[BottleId]) -> Result<Vec<HeaderRow>, StoreError> {
        let bottles = bottles.get(..SKY_BULK_MAX).unwrap_or(bottles);
        let rows = sqlx::query(HEADERS_BY_ID)
            .bind(packed(bottles))
            .fetch_all(self.reader())
            .await?;
        readable(rows.iter().map(read_header))
    }

    async fn catches(&self, bottles: &[BottleId]) -> Result<Vec<CatchesRow>, StoreError> {
        let bottles = bottles.get(..SKY_BULK_MAX).unwrap_or(bottles);
        let rows = sqlx::query(CATCHES_BY_BOTTLE)
            .bind(packed(bottles))
            .fetch_all(self.reader())
            .await?;
        let mut groups = Groups::default();
        let mut found: Vec<CatchesRow> = Vec::new();
        for row in &rows {
            found.extend(groups.next(row)?);
        }
        found.extend(groups.last());
        Ok(found)
    }

    async fn load_index(&self, each: &mut (dyn FnMut(IndexRow) + Send)) -> Result<usize, StoreError> {
        let mut rows = sqlx::query(LOAD_INDEX).fetch(self.reader());
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            for index in readable(std::iter::once(read_packed(&row)))? {
                each(index);
                count += 1;
            }
        }
        Ok(count)
    }

    async fn load_catches(&self, each: &mut (dyn FnMut(CatchesRow) + Send)) -> Result<usize, StoreError> {
        let mut rows =
            sqlx::query("-- sky_load_catches\nSELECT bottle, message FROM catches ORDER BY bottle, position")
                .fetch(self.reader());
        let mut groups = Groups::default();
        let mut count = 0;
        let mut give = |group: CatchesRow| {
            count += 1;
            each(group);
        };
        while let Some(row) = rows.try_next().await? {
            groups.next(&row)?.into_iter().for_each(&mut give);
        }
        groups.last().into_iter().for_each(give);
        Ok(count)
    }

    async fn equivocations(&self) -> Result<Vec<EquivocationRow>, StoreError> {
        let rows = sqlx::query(
            "-- sky_equivocations\nSELECT author, first, second, until FROM equivocations ORDER BY author",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("equivocations", row);
            let author = cells.array()?;
            Ok(EquivocationRow {
                author,
                bottles: [cells.array()?, cells.array()?],
                until: cells.epoch()?,
            })
        }))
    }

    async fn expire_bottles(&self, now: Epoch, limit: usize) -> Result<Vec<ExpiredBottle>, StoreError> {
        let mut work = self.begin_cache().await?;
        let outcome = expire(now, limit, work.conn()).await;
        work.finish(outcome).await
    }

    async fn sky_counts(&self) -> Result<SkyCounts, StoreError> {
        let rows = sqlx::query("-- sky_counts\nSELECT visibility, count(*) FROM headers GROUP BY visibility")
            .fetch_all(self.reader())
            .await?;
        let mut counts = SkyCounts::default();
        for row in &rows {
            let mut cells = Cells::new("headers", row);
            let visibility: u8 = cells.int()?;
            let count: u64 = cells.int()?;
            counts.all += count;
            match visibility {
                0 => counts.shown = count,
                1 => counts.hidden = count,
                _ => {}
            }
        }
        Ok(counts)
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: SkyWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    match write {
        SkyWrite::PutHeader(header) => put_header(&header, on).await,
        SkyWrite::SetFlags { bottle, set, clear } => {
            sqlx::query("-- sky_set_flags\nUPDATE headers SET flags = (flags | ?2) & ~?3 WHERE bottle = ?1")
                .bind(bottle.as_ref())
                .bind(set.bits())
                .bind(clear.bits())
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
        SkyWrite::SetCatches(row) => set_catches(&row, on).await,
        SkyWrite::PutEquivocation(row) => put_equivocation(&row, on).await,
        SkyWrite::DeleteBottle(bottle) => {
            delete_catches(&bottle, on).await?;
            sqlx::query("-- sky_delete_header\nDELETE FROM headers WHERE bottle = ?1")
                .bind(bottle.as_ref())
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
    }
}

async fn expire(
    now: Epoch,
    limit_rows: usize,
    conn: &mut SqliteConnection,
) -> Result<Vec<ExpiredBottle>, StoreError> {
    sqlx::query("-- sky_expire_equivocations\nDELETE FROM equivocations WHERE until <= ?1")
        .bind(now.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "-- sky_expire_catches
         DELETE FROM catches WHERE bottle IN
            (SELECT bottle FROM headers WHERE expires_at <= ?1 ORDER BY expires_at, id LIMIT ?2)",
    )
    .bind(now.0)
    .bind(limit(limit_rows))
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query(
        "-- sky_expire_headers
         DELETE FROM headers WHERE id IN (SELECT id FROM headers WHERE expires_at <= ?1 ORDER BY expires_at, id LIMIT ?2)
         RETURNING bottle, body",
    )
    .bind(now.0)
    .bind(limit(limit_rows))
    .fetch_all(conn)
    .await?;
    readable(rows.iter().map(|row| {
        let mut cells = Cells::new("headers", row);
        Ok(ExpiredBottle {
            bottle: cells.array()?,
            body: cells.array()?,
        })
    }))
}

async fn put_header(header: &HeaderRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let index = &header.index;
    let id: i64 = sqlx::query_scalar(
        "-- sky_put_header
         INSERT INTO headers (bottle, author, body, body_len, shard, thrown_at, expires_at, first_seen_ms, lang, mood,
                              strongest, tone, art, length, slots, flags, bits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
         ON CONFLICT (bottle) DO UPDATE SET flags = flags | excluded.flags
         RETURNING id",
    )
    .bind(index.bottle.as_ref())
    .bind(index.author.as_ref())
    .bind(index.body.as_ref())
    .bind(index.body_len)
    .bind(index.shard)
    .bind(index.thrown_at.0)
    .bind(index.expires_at.0)
    .bind(int(index.first_seen.0))
    .bind(&index.lang)
    .bind(index.mood.as_slice())
    .bind(strongest_mood(&index.mood))
    .bind(index.tone)
    .bind(index.art)
    .bind(index.length)
    .bind(index.slots)
    .bind(index.flags.bits())
    .bind(index.bits)
    .fetch_one(&mut *on.conn)
    .await?;
    sqlx::query(
        "-- sky_put_header_bytes
         INSERT INTO header_bytes (id, payload, signature) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(&header.payload)
    .bind(&header.signature)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn set_catches(row: &CatchesRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    delete_catches(&row.bottle, on).await?;
    for (position, message) in (0_i64..).zip(&row.messages) {
        sqlx::query("-- sky_put_catch\nINSERT INTO catches (bottle, position, message) VALUES (?1, ?2, ?3)")
            .bind(row.bottle.as_ref())
            .bind(position)
            .bind(message)
            .execute(&mut *on.conn)
            .await?;
    }
    Ok(())
}

async fn put_equivocation(row: &EquivocationRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let [first, second] = row.bottles;
    sqlx::query(
        "-- sky_put_equivocation
         INSERT OR REPLACE INTO equivocations (author, first, second, until) VALUES (?1, ?2, ?3, ?4)",
    )
    .bind(row.author.as_ref())
    .bind(first.as_ref())
    .bind(second.as_ref())
    .bind(row.until.0)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn delete_catches(bottle: &BottleId, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query("-- sky_delete_catches\nDELETE FROM catches WHERE bottle = ?1")
        .bind(bottle.as_ref())
        .execute(&mut *on.conn)
        .await?;
    Ok(())
}

/// Reads the columns of [`IndexRow`] in their order.
pub(super) fn read_index(cells: &mut Cells<'_>) -> Result<IndexRow, StoreError> {
    Ok(IndexRow {
        bottle: cells.array()?,
        author: cells.array()?,
        body: cells.array()?,
        body_len: cells.int()?,
        shard: cells.int()?,
        thrown_at: cells.epoch()?,
        expires_at: cells.epoch()?,
        first_seen: cells.millis()?,
        lang: cells.text()?,
        mood: cells.array()?,
        tone: cells.int()?,
        art: cells.int()?,
        length: cells.int()?,
        slots: cells.int()?,
        bits: cells.int()?,
        flags: HeaderFlags::from_bits(cells.int()?),
    })
}

/// Reads a row of [`LOAD_INDEX`].
fn read_packed(row: &SqliteRow) -> Result<IndexRow, StoreError> {
    let mut cells = Cells::new("headers", row);
    let bad = || StoreError::BadRow {
        table: "headers",
        column: 0,
    };
    let (bottle, rest) = cells.blob()?.split_first_chunk::<32>().ok_or_else(bad)?;
    let (author, rest) = rest.split_first_chunk::<32>().ok_or_else(bad)?;
    let (body, rest) = rest.split_first_chunk::<32>().ok_or_else(bad)?;
    let Ok(mood) = <[u8; 8]>::try_from(rest) else {
        return Err(bad());
    };
    let [
        _,
        _,
        len_high,
        len_low,
        art_high,
        art_low,
        length_high,
        length_low,
    ] = cells.bits()?;
    let [t3, t2, t1, t0, e3, e2, e1, e0] = cells.bits()?;
    let [_, _, _, shard, tone, slots, bits, flags] = cells.bits()?;
    Ok(IndexRow {
        bottle: (*bottle).into(),
        author: (*author).into(),
        body: (*body).into(),
        body_len: u16::from_be_bytes([len_high, len_low]),
        shard,
        thrown_at: Epoch(u32::from_be_bytes([t3, t2, t1, t0])),
        expires_at: Epoch(u32::from_be_bytes([e3, e2, e1, e0])),
        first_seen: cells.millis()?,
        lang: cells.text()?,
        mood,
        tone,
        art: u16::from_be_bytes([art_high, art_low]),
        length: u16::from_be_bytes([length_high, length_low]),
        slots,
        bits,
        flags: HeaderFlags::from_bits(flags),
    })
}

fn read_header(row: &SqliteRow) -> Result<HeaderRow, StoreError> {
    let mut cells = Cells::new("headers", row);
    Ok(HeaderRow {
        index: read_index(&mut cells)?,
        payload: cells.bytes()?,
        signature: cells.bytes()?,
    })
}

/// Gathers rows that come bottle by bottle.
#[derive(Default)]
struct Groups {
    open: Option<CatchesRow>,
}

impl Groups {
    /// Takes a row; gives the group before it, if this row begins another.
    fn next(&mut self, row: &SqliteRow) -> Result<Option<CatchesRow>, StoreError> {
        let mut cells = Cells::new("catches", row);
        let bottle: BottleId = cells.array()?;
        let message = cells.bytes()?;
        if let Some(open) = &mut self.open
            && open.bottle == bottle
        {
            open.messages.push(message);
            return Ok(None);
        }
        Ok(self.open.replace(CatchesRow {
            bottle,
            messages: vec![message],
        }))
    }

    /// The group that is still open at the end.
    fn last(&mut self) -> Option<CatchesRow> {
        self.open.take()
    }
}

// sqlx copies every value of every row (`sqlite3_value_dup`), which is most of the time that 100,000 rows take. So small columns
// travel packed: 6 values a row instead of 16. In SQLite << and | bind equally, hence the parentheses.
const LOAD_INDEX: &str = "-- sky_load_index
    SELECT CAST(bottle || author || body || mood AS BLOB), (body_len << 32) | (art << 16) | length,
           (thrown_at << 32) | expires_at, (shard << 32) | (tone << 24) | (slots << 16) | (bits << 8) | flags,
           first_seen_ms, lang
    FROM headers ORDER BY id";

// Both statements walk a blob of packed ids, so that one statement serves any number of them and keeps their order.

const HEADERS_BY_ID: &str = "-- sky_headers_by_id
    WITH RECURSIVE ids (n, bottle) AS (
        SELECT 0, substr(?1, 1, 32) WHERE length(?1) >= 32
        UNION ALL SELECT n + 1, substr(?1, (n + 1) * 32 + 1, 32) FROM ids WHERE (n + 2) * 32 <= length(?1)
    )
    SELECT h.bottle, author, body, body_len, shard, thrown_at, expires_at, first_seen_ms, lang, mood, tone, art, h.length,
           slots, bits, flags, payload, signature
    FROM ids CROSS JOIN headers h ON h.bottle = ids.bottle CROSS JOIN header_bytes b ON b.id = h.id
    ORDER BY ids.n";

const CATCHES_BY_BOTTLE: &str = "-- sky_catches_by_bottle
    WITH RECURSIVE ids (n, bottle) AS (
        SELECT 0, substr(?1, 1, 32) WHERE length(?1) >= 32
        UNION ALL SELECT n + 1, substr(?1, (n + 1) * 32 + 1, 32) FROM ids WHERE (n + 2) * 32 <= length(?1)
    )
    SELECT c.bottle, message FROM ids CROSS JOIN catches c ON c.bottle = ids.bottle
    ORDER BY ids.n, c.position";
