//! What every sky store promises, run on SQLite (file and memory) and on the one in memory.

use std::collections::BTreeSet;

use meteorite_protocol::time::{Epoch, UnixMillis};
use meteorite_store::{
    CatchesRow, EquivocationRow, ExpiredBottle, HeaderFlags, HeaderRow, Hidden, IndexRow, MemorySky,
    SkyCounts, SkyFilter, SkyStore, SkyWrite, strongest_mood,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::support::{self, body, bottle, bytes, header};

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod in_memory { $(#[tokio::test] async fn $name() { super::$name(&super::MemorySky::new()).await; })+ }
        mod sqlite_in_memory { $(#[tokio::test] async fn $name() { super::$name(&super::support::memory().await).await; })+ }
        mod sqlite_file {
            $(#[tokio::test] async fn $name() {
                let home = super::support::home();
                let db = super::support::open(&home).await;
                super::$name(&db).await;
                db.integrity_check().await.unwrap();
                db.close().await.unwrap();
            })+
        }
    };
}

contract!(
    headers_come_back_in_the_order_asked,
    a_second_copy_only_adds_flags,
    flags_move_a_bottle_in_and_out_of_the_page,
    pages_agree_with_a_plain_filter,
    catch_messages_are_replaced_and_keep_their_order,
    the_sweep_takes_what_ended_in_batches,
    a_deleted_bottle_leaves_nothing,
    proofs_of_equivocation_are_kept_until_their_end,
    loading_gives_every_bottle_in_order_of_arrival,
);

async fn put(sky: &dyn SkyStore, rows: impl IntoIterator<Item = HeaderRow>) {
    let writes = rows
        .into_iter()
        .map(|row| SkyWrite::PutHeader(Box::new(row)))
        .collect();
    sky.write_sky(writes).await.unwrap();
}

async fn headers_come_back_in_the_order_asked(sky: &dyn SkyStore) {
    put(sky, (0..50).map(header)).await;
    let asked = [bottle(31), bottle(4), bottle(999), bottle(17)];
    let found = sky.headers(&asked).await.unwrap();
    assert_eq!(found, [header(31), header(4), header(17)]);
    assert!(sky.headers(&[]).await.unwrap().is_empty());
}

async fn a_second_copy_only_adds_flags(sky: &dyn SkyStore) {
    put(sky, [header(1)]).await;
    let mut again = header(1);
    again.index.first_seen.0 += 1_000;
    again.index.flags = HeaderFlags::HAS_BODY;
    again.payload = vec![0; 3];
    put(sky, [again]).await;
    let mut expected = header(1);
    expected.index.flags = HeaderFlags::HAS_BODY;
    assert_eq!(sky.headers(&[bottle(1)]).await.unwrap(), [expected]);
}

async fn flags_move_a_bottle_in_and_out_of_the_page(sky: &dyn SkyStore) {
    put(sky, (0..4).map(header)).await;
    let set = |n, set, clear| SkyWrite::SetFlags {
        bottle: bottle(n),
        set,
        clear,
    };
    let writes = vec![
        set(0, HeaderFlags::HIDDEN, HeaderFlags::NONE),
        set(1, HeaderFlags::OWN.with(HeaderFlags::WITHHELD), HeaderFlags::NONE),
        set(2, HeaderFlags::SUNK, HeaderFlags::NONE),
        set(77, HeaderFlags::SUNK, HeaderFlags::NONE),
    ];
    sky.write_sky(writes).await.unwrap();
    let shown = |hidden| async move {
        let filter = SkyFilter {
            hidden,
            ..SkyFilter::default()
        };
        let page = sky.sky_page(&filter, None, 10).await.unwrap();
        page.rows.iter().map(|row| row.index.bottle).collect::<Vec<_>>()
    };
    assert_eq!(shown(Hidden::Leave).await, [bottle(3)]);
    assert_eq!(shown(Hidden::Include).await, [bottle(3), bottle(0)]);
    assert_eq!(
        sky.sky_counts().await.unwrap(),
        SkyCounts {
            all: 4,
            shown: 1,
            hidden: 1
        }
    );

    sky.write_sky(vec![set(0, HeaderFlags::NONE, HeaderFlags::HIDDEN)])
        .await
        .unwrap();
    assert_eq!(shown(Hidden::Leave).await, [bottle(3), bottle(0)]);
    let own = sky.headers(&[bottle(1)]).await.unwrap();
    assert!(
        own[0]
            .index
            .flags
            .has(HeaderFlags::OWN.with(HeaderFlags::WITHHELD))
    );
}

async fn pages_agree_with_a_plain_filter(sky: &dyn SkyStore) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut rows: Vec<HeaderRow> = (0..300).map(header).collect();
    for row in &mut rows {
        if rng.random_range(0..5) == 0 {
            row.index.flags = HeaderFlags::from_bits(1 << rng.random_range(0..6_u8));
        }
    }
    put(sky, rows.iter().cloned()).await;
    let langs = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let filters = [
        (langs(""), vec![]),
        (langs("en"), vec![]),
        (langs("en ja en"), vec![2, 5]),
        (langs("zh fr"), vec![]),
        (langs(""), vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (langs(""), vec![6, 200]),
        (langs("fr"), vec![1]),
    ];
    for (langs, moods) in filters {
        for hidden in [Hidden::Leave, Hidden::Include] {
            let filter = SkyFilter {
                langs: langs.clone(),
                moods: moods.clone(),
                hidden,
            };
            let expected = plainly_filtered(&rows, &filter);
            for limit in [1, 7, 100] {
                assert_eq!(
                    all_pages(sky, &filter, limit).await,
                    expected,
                    "{filter:?} by {limit}"
                );
            }
        }
    }
}

fn plainly_filtered(rows: &[HeaderRow], filter: &SkyFilter) -> Vec<HeaderRow> {
    let never = [HeaderFlags::OWN, HeaderFlags::SUNK, HeaderFlags::FORWARD_ONLY];
    let mut kept: Vec<(usize, HeaderRow)> = rows
        .iter()
        .cloned()
        .enumerate()
        .filter(|(_, row)| !never.iter().any(|flag| row.index.flags.has(*flag)))
        .filter(|(_, row)| filter.hidden == Hidden::Include || !row.index.flags.has(HeaderFlags::HIDDEN))
        .filter(|(_, row)| filter.langs.is_empty() || filter.langs.contains(&row.index.lang))
        .filter(|(_, row)| filter.moods.is_empty() || filter.moods.contains(&strongest_mood(&row.index.mood)))
        .collect();
    kept.sort_by_key(|(n, row)| std::cmp::Reverse((row.index.first_seen, *n)));
    kept.into_iter().map(|(_, row)| row).collect()
}

async fn all_pages(sky: &dyn SkyStore, filter: &SkyFilter, limit: usize) -> Vec<HeaderRow> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = sky.sky_page(filter, after, limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        assert!(page.next.is_none() || page.rows.len() == limit);
        all.extend(page.rows);
        // A cursor travels as text through programs that show pages.
        after = page.next.map(|cursor| cursor.to_string().parse().unwrap());
        if after.is_none() {
            return all;
        }
    }
}

async fn catch_messages_are_replaced_and_keep_their_order(sky: &dyn SkyStore) {
    let row = |n: u32, messages: &[&[u8]]| CatchesRow {
        bottle: bottle(n),
        messages: messages.iter().map(|message| message.to_vec()).collect(),
    };
    let set = |row: CatchesRow| SkyWrite::SetCatches(row);
    let writes = vec![
        set(row(1, &[b"z", b"a", b"m"])),
        set(row(2, &[b"two"])),
        set(row(3, &[b"three"])),
    ];
    sky.write_sky(writes).await.unwrap();
    sky.write_sky(vec![set(row(2, &[b"later", b"two"])), set(row(3, &[]))])
        .await
        .unwrap();
    let found = sky.catches(&[bottle(2), bottle(3), bottle(1)]).await.unwrap();
    assert_eq!(found, [row(2, &[b"later", b"two"]), row(1, &[b"z", b"a", b"m"])]);

    let mut loaded = Vec::new();
    let count = sky.load_catches(&mut |row| loaded.push(row)).await.unwrap();
    assert_eq!(count, 2);
    loaded.sort_by_key(|row| row.messages.len());
    assert_eq!(loaded, found);
}

async fn the_sweep_takes_what_ended_in_batches(sky: &dyn SkyStore) {
    put(sky, (0..10).map(header)).await;
    let catches = CatchesRow {
        bottle: bottle(0),
        messages: vec![b"claim".to_vec()],
    };
    sky.write_sky(vec![SkyWrite::SetCatches(catches)]).await.unwrap();
    let now = Epoch(2_006);
    let mut gone = BTreeSet::new();
    for expected in [3, 3, 1, 0] {
        let batch = sky.expire_bottles(now, 3).await.unwrap();
        assert_eq!(batch.len(), expected);
        gone.extend(batch);
    }
    let ended: BTreeSet<_> = (0..7)
        .map(|n| ExpiredBottle {
            bottle: bottle(n),
            body: body(n),
        })
        .collect();
    assert_eq!(gone, ended);
    assert_eq!(sky.sky_counts().await.unwrap().all, 3);
    assert!(sky.catches(&[bottle(0)]).await.unwrap().is_empty());
}

async fn a_deleted_bottle_leaves_nothing(sky: &dyn SkyStore) {
    put(sky, [header(1), header(2)]).await;
    let catches = CatchesRow {
        bottle: bottle(1),
        messages: vec![b"claim".to_vec()],
    };
    sky.write_sky(vec![
        SkyWrite::SetCatches(catches),
        SkyWrite::DeleteBottle(bottle(1)),
    ])
    .await
    .unwrap();
    assert_eq!(sky.headers(&[bottle(1), bottle(2)]).await.unwrap(), [header(2)]);
    assert!(sky.catches(&[bottle(1)]).await.unwrap().is_empty());
    put(sky, [header(1)]).await;
    assert_eq!(sky.headers(&[bottle(1)]).await.unwrap(), [header(1)]);
}

async fn proofs_of_equivocation_are_kept_until_their_end(sky: &dyn SkyStore) {
    let proof = |n: u32, until| EquivocationRow {
        author: bytes(5, n).into(),
        bottles: [bottle(n), bottle(n + 100)],
        until: Epoch(until),
    };
    let writes = [proof(1, 50), proof(2, 60)]
        .map(SkyWrite::PutEquivocation)
        .to_vec();
    sky.write_sky(writes).await.unwrap();
    sky.write_sky(vec![SkyWrite::PutEquivocation(proof(1, 55))])
        .await
        .unwrap();
    sky.expire_bottles(Epoch(54), 10).await.unwrap();
    let mut kept = sky.equivocations().await.unwrap();
    kept.sort_by_key(|row| row.until);
    assert_eq!(kept, [proof(1, 55), proof(2, 60)]);
    sky.expire_bottles(Epoch(55), 10).await.unwrap();
    assert_eq!(sky.equivocations().await.unwrap(), [proof(2, 60)]);
}

async fn loading_gives_every_bottle_in_order_of_arrival(sky: &dyn SkyStore) {
    // Values at their ends come back as they were.
    let mut extreme = header(7);
    extreme.index = IndexRow {
        body_len: u16::MAX,
        shard: u8::MAX,
        thrown_at: Epoch(u32::MAX),
        expires_at: Epoch(u32::MAX - 1),
        first_seen: UnixMillis(0),
        lang: String::new(),
        mood: [0xff; 8],
        tone: u8::MAX,
        art: u16::MAX,
        length: u16::MAX - 1,
        slots: u8::MAX,
        bits: u8::MAX - 1,
        flags: HeaderFlags::from_bits(0xfe),
        ..extreme.index
    };
    put(sky, [extreme.clone()]).await;
    put(sky, [5, 3, 9, 1].map(header)).await;
    let mut loaded = Vec::new();
    let count = sky.load_index(&mut |row| loaded.push(row)).await.unwrap();
    assert_eq!(count, 5);
    assert_eq!(loaded.remove(0), extreme.index);
    assert_eq!(loaded, [5, 3, 9, 1].map(|n| header(n).index));
    assert_eq!(sky.headers(&[bottle(7)]).await.unwrap(), [extreme]);
}
