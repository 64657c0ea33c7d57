//! Prints how long the sky takes at 100,000 bottles: `cargo run --release -p meteorite-store --example store_bench`.
//!
//! Not a test: figures belong to a machine. The targets are 5 ms for a page and well under a second for the index.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use meteorite_protocol::ids::{AuthorKey, BodyId, BottleId};
use meteorite_protocol::time::{Epoch, UnixMillis};
use meteorite_store::{
    CatchesRow, Db, HeaderFlags, HeaderRow, IndexRow, MetaWrite, SkyCursor, SkyFilter, SkyStore, SkyWrite,
    Unit,
};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const BOTTLES: u32 = 100_000;
const BATCH: u32 = 1_000;
const ROUNDS: usize = 200;
/// Shares of languages in percent, with one that is rare.
const LANGS: [(&str, u32); 6] = [
    ("en", 60),
    ("zh", 20),
    ("es", 10),
    ("ja", 6),
    ("de", 3),
    ("is", 1),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let db = Db::open(&path, None).await?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);

    let start = Instant::now();
    let mut ids = Vec::new();
    for batch in 0..BOTTLES / BATCH {
        ids.push(fill(&db, batch * BATCH, &mut rng).await?);
    }
    println!(
        "fill {BOTTLES} bottles, {BATCH} a unit: {:.1} s",
        start.elapsed().as_secs_f64()
    );
    db.close().await?;
    println!("file: {:.1} MB", std::fs::metadata(&path)?.len() as f64 / 1e6);

    let start = Instant::now();
    let db = Db::open(&path, None).await?;
    println!("open after a clean shutdown: {:?}", start.elapsed());
    load(&db).await?;
    pages(&db).await?;
    bulk(&db, &ids, &mut rng).await?;
    commits(&db).await?;
    drop(db);

    let start = Instant::now();
    let db = Db::open(&path, None).await?;
    println!("open after a crash, with its check: {:?}", start.elapsed());
    let start = Instant::now();
    let gone = db.expire_bottles(Epoch(u32::MAX), 1_000).await?.len();
    println!("expire {gone} bottles: {:?}", start.elapsed());
    db.close().await?;
    Ok(())
}

async fn fill(db: &Db, first: u32, rng: &mut ChaCha8Rng) -> Result<BottleId, Box<dyn Error>> {
    let mut unit = Unit::new("fill");
    let mut last = BottleId([0; 32]);
    for n in first..first + BATCH {
        let row = header(n, rng);
        last = row.index.bottle;
        if n % 3 == 0 {
            let messages = vec![vec![7; 280]; (n % 4) as usize];
            unit.push(SkyWrite::SetCatches(CatchesRow {
                bottle: last,
                messages,
            }));
        }
        unit.push(SkyWrite::PutHeader(Box::new(row)));
    }
    db.commit(unit).await?;
    Ok(last)
}

fn header(n: u32, rng: &mut ChaCha8Rng) -> HeaderRow {
    let mut ids = [[0; 32]; 3];
    ids.iter_mut().for_each(|id| rng.fill_bytes(id));
    let [bottle, author, body] = ids;
    let mut mood = [0; 8];
    rng.fill_bytes(&mut mood);
    let mut payload = vec![0; 450];
    rng.fill_bytes(&mut payload);
    let hidden = rng.random_range(0..50) == 0;
    HeaderRow {
        index: IndexRow {
            bottle: BottleId(bottle),
            author: AuthorKey(author),
            body: BodyId(body),
            body_len: 1024,
            shard: AuthorKey(author).shard(),
            thrown_at: Epoch(n / 100),
            expires_at: Epoch(n / 100 + 1_008),
            first_seen: UnixMillis(u64::from(n) * 6_000),
            lang: lang(rng.random_range(0..100)).to_owned(),
            mood,
            tone: 3,
            art: 1,
            length: 100,
            slots: 3,
            bits: 20,
            flags: if hidden {
                HeaderFlags::HIDDEN
            } else {
                HeaderFlags::NONE
            },
        },
        payload,
        signature: vec![1; 64],
    }
}

fn lang(mut percent: u32) -> &'static str {
    for (lang, share) in LANGS {
        if percent < share {
            return lang;
        }
        percent -= share;
    }
    "en"
}

async fn load(db: &Db) -> Result<(), Box<dyn Error>> {
    for round in ["first", "again"] {
        let start = Instant::now();
        let mut rows = Vec::with_capacity(BOTTLES as usize);
        let count = db.load_index(&mut |row| rows.push(row)).await?;
        println!("load_index, {round}: {count} rows in {:?}", start.elapsed());
    }
    let start = Instant::now();
    let mut messages = 0;
    let count = db.load_catches(&mut |row| messages += row.messages.len()).await?;
    println!(
        "load_catches: {messages} messages of {count} bottles in {:?}",
        start.elapsed()
    );
    let start = Instant::now();
    let counts = db.sky_counts().await?;
    println!("sky_counts: {counts:?} in {:?}", start.elapsed());
    Ok(())
}

async fn pages(db: &Db) -> Result<(), Box<dyn Error>> {
    let all: Vec<String> = LANGS.iter().map(|(lang, _)| (*lang).to_owned()).collect();
    let filters = [
        ("no filter", vec![], vec![]),
        ("common language", vec!["en".to_owned()], vec![]),
        ("rare language, one mood", vec!["is".to_owned()], vec![3]),
        ("unknown language", vec!["xx".to_owned()], vec![]),
        ("two moods", vec![], vec![1, 6]),
        ("six languages, seven moods", all, vec![0, 1, 2, 3, 4, 5, 6]),
    ];
    for (name, langs, moods) in filters {
        let filter = SkyFilter {
            langs,
            moods,
            ..SkyFilter::default()
        };
        let mut times = Vec::new();
        let mut after: Option<SkyCursor> = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let page = db.sky_page(&filter, after, 50).await?;
            times.push(start.elapsed());
            after = page.next;
        }
        report(&format!("sky_page of 50, {name}"), &mut times);
    }
    Ok(())
}

async fn bulk(db: &Db, ids: &[BottleId], rng: &mut ChaCha8Rng) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let asked: Vec<_> = (0..128)
            .filter_map(|_| ids.get(rng.random_range(0..ids.len())).copied())
            .collect();
        let start = Instant::now();
        let found = db.headers(&asked).await?;
        times.push(start.elapsed());
        if found.len() != asked.len() {
            return Err("a header is missing".into());
        }
    }
    report("headers of 128 ids", &mut times);
    Ok(())
}

async fn commits(db: &Db) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for n in 0..ROUNDS {
        let write = MetaWrite::PutSetting {
            name: "bench".to_owned(),
            value: n.to_string(),
        };
        let start = Instant::now();
        db.commit(Unit::new("bench").with(write)).await?;
        times.push(start.elapsed());
    }
    report("commit of one small durable unit", &mut times);
    Ok(())
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    let last = times.last().copied().unwrap_or_default();
    println!("{name}: median {:?}, p99 {:?}, worst {last:?}", at(0.5), at(0.99));
}
