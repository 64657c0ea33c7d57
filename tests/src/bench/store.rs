//! 100,000 bottles in the database: a page of the sky, and the start of a node on it.

use std::time::Instant;

use meteorite_protocol::ids::{AuthorKey, BodyId, BottleId};
use meteorite_protocol::time::{Epoch, UnixMillis};
use meteorite_store::{Db, HeaderFlags, HeaderRow, IndexRow, SkyFilter, SkyStore, SkyWrite};
use rand::RngExt;

use super::{Figure, percentile};

/// Bottles written in one transaction.
const BATCH: usize = 5_000;

pub(super) async fn run(bottles: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sky.sqlite");
    let db = Db::open(&path, None).await?;
    let now = u32::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs()
            / 600,
    )?;
    for batch in 0..bottles.div_ceil(BATCH) {
        let rows = (0..BATCH)
            .map(|at| SkyWrite::PutHeader(Box::new(row(now, batch * BATCH + at))))
            .collect();
        db.write_sky(rows).await?;
    }
    let mut times = Vec::new();
    for lang in LANGS.iter().cycle().take(200) {
        let filter = SkyFilter {
            langs: vec![(*lang).to_owned()],
            ..SkyFilter::default()
        };
        let start = Instant::now();
        let page = db.sky_page(&filter, None, 30).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(page.rows.len() == 30, "a page of {} rows", page.rows.len());
    }
    times.sort_by(f64::total_cmp);
    db.close().await?;
    let start = Instant::now();
    let db = Db::open(&path, None).await?;
    let mut count = 0_usize;
    db.load_index(&mut |_| count += 1).await?;
    let load = start.elapsed().as_secs_f64();
    anyhow::ensure!(count >= bottles, "only {count} rows");
    db.close().await?;
    let conditions = format!("{bottles} bottles in SQLite on disk");
    Ok(vec![
        Figure::new(
            "a page of 30 stones in one language, p99",
            percentile(&times, 0.99),
            "ms",
            &conditions,
        ),
        Figure::new(
            "open the database and read the whole index",
            load,
            "s",
            conditions,
        ),
    ])
}

fn row(epoch: u32, at: usize) -> HeaderRow {
    let mut id = [0; 32];
    rand::rng().fill(&mut id);
    let mut payload = vec![0; 380];
    rand::rng().fill(payload.as_mut_slice());
    let index = IndexRow {
        bottle: BottleId(id),
        author: AuthorKey(id),
        body: BodyId(id),
        body_len: 515,
        shard: id[0] & 15,
        thrown_at: Epoch(epoch),
        expires_at: Epoch(epoch + 1_008),
        first_seen: UnixMillis(at as u64),
        lang: LANGS
            .iter()
            .cycle()
            .nth(at % LANGS.len())
            .copied()
            .unwrap_or("en")
            .to_owned(),
        mood: [(at % 256) as u8; 8],
        tone: 0,
        art: 1,
        length: 80,
        slots: 3,
        bits: 20,
        flags: HeaderFlags::NONE,
    };
    HeaderRow {
        index,
        payload,
        signature: vec![0; 64],
    }
}

const LANGS: [&str; 4] = ["en", "zh", "es", "ja"];
