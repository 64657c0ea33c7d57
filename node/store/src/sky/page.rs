//! Pages of the sky by keyset.
//!
//! A page is a merge of short index ranges: one per pair of visibility, language and strongest mood. Each range gives at most
//! `limit + 1` rows from an index that holds them in the order wanted, so the cost depends on the filter and the limit, not on
//! the number of bottles.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sqlx::sqlite::SqliteRow;

use super::{HeaderRow, Hidden, MOODS, SKY_LANGS_MAX, SKY_PAGE_MAX, SkyCursor, SkyFilter, SkyPage, sqlite};
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Cells, int, limit};

/// The languages and moods of a filter, without repetition and within bounds. Shared by all implementations.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) langs: BTreeSet<&'a str>,
    pub(super) moods: BTreeSet<u8>,
    pub(super) hidden: Hidden,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(filter: &'a SkyFilter) -> Self {
        let langs = filter
            .langs
            .iter()
            .take(SKY_LANGS_MAX)
            .map(String::as_str)
            .collect();
        let mut moods: BTreeSet<u8> = filter
            .moods
            .iter()
            .copied()
            .filter(|mood| *mood < MOODS)
            .collect();
        if moods.len() == usize::from(MOODS) {
            moods.clear();
        }
        Self {
            langs,
            moods,
            hidden: filter.hidden,
        }
    }

    fn visibilities(&self) -> &'static [u8] {
        match self.hidden {
            Hidden::Leave => &[0],
            Hidden::Include => &[0, 1],
        }
    }

    /// One condition per index range.
    fn ranges(&self) -> Vec<Range<'a>> {
        let langs: Vec<Option<&str>> = options(&self.langs);
        let mut moods: Vec<Option<u8>> = options(&self.moods);
        if !self.langs.is_empty() && self.moods.is_empty() {
            // The index by language continues with the mood, so all eight are named.
            moods = (0..MOODS).map(Some).collect();
        }
        let mut ranges = Vec::new();
        for visibility in self.visibilities() {
            for lang in &langs {
                ranges.extend(moods.iter().map(|mood| Range {
                    visibility: *visibility,
                    lang: *lang,
                    mood: *mood,
                }));
            }
        }
        ranges
    }
}

#[derive(Debug, Clone, Copy)]
struct Range<'a> {
    visibility: u8,
    lang: Option<&'a str>,
    mood: Option<u8>,
}

/// Reads one page.
pub(super) async fn read(
    db: &Db,
    filter: &SkyFilter,
    after: Option<SkyCursor>,
    rows_max: usize,
) -> Result<SkyPage, StoreError> {
    let rows_max = rows_max.clamp(1, SKY_PAGE_MAX);
    let wanted = Wanted::new(filter);
    let ranges = wanted.ranges();
    let statement = statement(&ranges);
    let start = after.unwrap_or(SkyCursor {
        first_seen: meteorite_protocol::time::UnixMillis(u64::MAX),
        id: i64::MAX,
    });
    let mut query = sqlx::query(&statement)
        .bind(limit(rows_max + 1))
        .bind(int(start.first_seen.0))
        .bind(start.id);
    for lang in &wanted.langs {
        query = query.bind(*lang);
    }
    let rows = query.fetch_all(db.reader()).await?;
    let mut read = rows.iter().map(read_row).collect::<Result<Vec<_>, _>>()?;
    let more = read.len() > rows_max;
    read.truncate(rows_max);
    let next = if more {
        read.last().map(|(cursor, _)| *cursor)
    } else {
        None
    };
    Ok(SkyPage {
        rows: read.into_iter().map(|(_, row)| row).collect(),
        next,
    })
}

/// The text depends only on the number of languages and the set of moods; languages are bound, moods are small numbers of ours.
fn statement(ranges: &[Range<'_>]) -> String {
    let mut text = String::from("-- sky_page\nWITH picks (id, first_seen_ms) AS (SELECT * FROM (");
    let mut langs: Vec<&str> = ranges.iter().filter_map(|range| range.lang).collect();
    langs.sort_unstable();
    langs.dedup();
    for (n, range) in ranges.iter().enumerate() {
        if n > 0 {
            text.push_str(" UNION ALL ");
        }
        // Writing to a String cannot fail.
        write!(
            text,
            "SELECT * FROM (SELECT id, first_seen_ms FROM headers WHERE visibility = {}",
            range.visibility
        )
        .ok();
        if let Some(lang) = range.lang {
            let position = langs.iter().position(|known| *known == lang).unwrap_or_default();
            write!(text, " AND lang = ?{}", FIRST_LANG + position).ok();
        }
        if let Some(mood) = range.mood {
            write!(text, " AND strongest = {mood}").ok();
        }
        text.push_str(" AND (first_seen_ms, id) < (?2, ?3) ORDER BY first_seen_ms DESC, id DESC LIMIT ?1)");
    }
    text.push_str(PAGE_TAIL);
    text
}

fn read_row(row: &SqliteRow) -> Result<(SkyCursor, HeaderRow), StoreError> {
    let mut cells = Cells::new("headers", row);
    let id = cells.int()?;
    let index = sqlite::read_index(&mut cells)?;
    let cursor = SkyCursor {
        first_seen: index.first_seen,
        id,
    };
    Ok((
        cursor,
        HeaderRow {
            index,
            payload: cells.bytes()?,
            signature: cells.bytes()?,
        },
    ))
}

fn options<T: Copy + Ord>(set: &BTreeSet<T>) -> Vec<Option<T>> {
    if set.is_empty() {
        vec![None]
    } else {
        set.iter().copied().map(Some).collect()
    }
}

const FIRST_LANG: usize = 4;

const PAGE_TAIL: &str = ") ORDER BY first_seen_ms DESC, id DESC LIMIT ?1)
    SELECT h.id, bottle, author, body, body_len, shard, thrown_at, expires_at, h.first_seen_ms, lang, mood, tone, art,
           h.length, slots, bits, flags, payload, signature
    FROM picks CROSS JOIN headers h ON h.id = picks.id CROSS JOIN header_bytes b ON b.id = h.id
    ORDER BY h.first_seen_ms DESC, h.id DESC";
