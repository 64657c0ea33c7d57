//! 100,000 bottles in the database: a page of the sky, and the start of a node on it.

use std::time::Instant;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_node::data_dir::DataDir;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::ids::{AuthorKey, BodyId, BottleId};
use meteorite_protocol::time::{Epoch, UnixMillis};
use meteorite_store::{Db, HeaderFlags, HeaderRow, IndexRow, SkyFilter, SkyStore, SkyWrite};
use rand::RngExt;

use super::{Figure, percentile};

/// Bottles written in one transaction.
const BATCH: usize = 5_000;

pub(super) async fn run(bottles: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let keys = KeyFile::new(Root::generate(&mut rand::rng()), 0, &mut rand::rng());
    let dir = DataDir::new(folder.path());
    dir.create().map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let path = dir.database();
    let db = Db::open(&path, Some(keys.root.storage_key())).await?;
    fill(&db, bottles).await?;
    let one = |at: usize| SkyFilter {
        langs: vec![LANGS.iter().cycle().nth(at).copied().unwrap_or("en").to_owned()],
        ..SkyFilter::default()
    };
    let narrow = pages(&db, one).await?;
    let wide = pages(&db, |_| SkyFilter {
        langs: LANGS.iter().map(|lang| (*lang).to_owned()).collect(),
        ..SkyFilter::default()
    })
    .await?;
    db.close().await?;
    let start = Instant::now();
    let config = NodeConfig::loopback(folder.path());
    let node = Node::start(config, keys)
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let mut snapshot = node.snapshot();
    snapshot
        .wait_for(|now| now.drifting as usize >= bottles && !now.listening.is_empty())
        .await?;
    let ready = start.elapsed().as_secs_f64();
    node.shutdown()
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let conditions = format!("{bottles} bottles in SQLite on disk");
    Ok(vec![
        Figure::new(
            "a page of 30 stones in one language, p99",
            narrow,
            "ms",
            &conditions,
        ),
        Figure::new(
            "a page of 30 stones in four languages, p99",
            wide,
            "ms",
            &conditions,
        ),
        Figure::new("start of a node to ready", ready, "s", conditions),
    ])
}

async fn fill(db: &Db, bottles: usize) -> anyhow::Result<()> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let epoch = u32::try_from(since.as_secs() / 600)?;
    for batch in 0..bottles.div_ceil(BATCH) {
        let rows = (0..BATCH)
            .map(|at| SkyWrite::PutHeader(Box::new(row(epoch, batch * BATCH + at))))
            .collect();
        db.write_sky(rows).await?;
    }
    Ok(())
}

/// The slowest but one in a hundred of 200 pages.
async fn pages(db: &Db, filter: impl Fn(usize) -> SkyFilter) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for at in 0..200 {
        let filter = filter(at);
        let start = Instant::now();
        let page = db.sky_page(&filter, None, 30).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(page.rows.len() == 30, "a page of {} rows", page.rows.len());
    }
    times.sort_by(f64::total_cmp);
    Ok(percentile(&times, 0.99))
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
