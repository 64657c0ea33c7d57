//! Units of work, the write-behind, and the life of a database.

use std::time::Duration;

use meteorite_store::{
    BATCH_ROWS_MAX, Db, HeaderFlags, MetaStore as _, MetaWrite, Opened, OwnStore as _, OwnWrite,
    SkyStore as _, SkyWrite, StoreError, UNIT_WRITES_MAX, Unit, WriteBehind,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::support::{self, bottle, header, home, memory, open, own_bottle};

fn put_header(n: u32) -> SkyWrite {
    SkyWrite::PutHeader(Box::new(header(n)))
}

#[tokio::test]
async fn a_unit_is_stored_whole_or_not_at_all() {
    // Without a key the sealed write fails, after the header was applied inside the transaction.
    let db = Db::in_memory(None).await.unwrap();
    let unit = Unit::new("throw")
        .with(put_header(1))
        .with(OwnWrite::PutOwnBottle(Box::new(own_bottle(1))));
    let refused = db.commit(unit).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::NoStorageKey { table: "own_bottles" }),
        "{refused:?}"
    );
    assert_eq!(db.sky_counts().await.unwrap().all, 0);

    db.commit(Unit::new("fall").with(put_header(1))).await.unwrap();
    assert_eq!(db.sky_counts().await.unwrap().all, 1);
}

#[tokio::test]
async fn a_dropped_commit_stores_all_or_nothing_and_hinders_nobody() {
    let home = home();
    for db in [memory().await, open(&home).await] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for n in 0..100 {
            let unit = Unit::new("dropped")
                .with(put_header(n))
                .with(OwnWrite::PutOwnBottle(Box::new(own_bottle(n))));
            let wait = Duration::from_micros(rng.random_range(0..2_000));
            if let Ok(done) = tokio::time::timeout(wait, db.commit(unit)).await {
                done.unwrap();
            }
        }
        db.commit(Unit::new("last").with(put_header(500))).await.unwrap();
        let bottles = db.own_bottles().await.unwrap();
        assert_eq!(db.sky_counts().await.unwrap().all, bottles.len() as u64 + 1);
        db.integrity_check().await.unwrap();
    }
}

#[tokio::test]
async fn a_unit_that_is_too_large_is_refused_whole() {
    let db = memory().await;
    let mut unit = Unit::new("flood");
    for n in 0..=UNIT_WRITES_MAX {
        unit.push(MetaWrite::DeleteSetting(n.to_string()));
    }
    assert!(matches!(
        db.commit(unit).await,
        Err(StoreError::UnitTooLarge { name: "flood" })
    ));
}

#[tokio::test]
async fn a_clean_shutdown_is_remembered_and_a_crash_is_seen() {
    let home = home();
    let db = open(&home).await;
    assert_eq!(
        db.opened(),
        Opened {
            created: true,
            clean: true
        }
    );
    db.commit(Unit::new("fall").with(put_header(1))).await.unwrap();
    db.close().await.unwrap();
    assert!(matches!(db.sky_counts().await, Err(StoreError::Closed)));

    let db = open(&home).await;
    assert_eq!(
        db.opened(),
        Opened {
            created: false,
            clean: true
        }
    );
    assert_eq!(db.headers(&[bottle(1)]).await.unwrap(), [header(1)]);
    drop(db);

    let db = open(&home).await;
    assert_eq!(
        db.opened(),
        Opened {
            created: false,
            clean: false
        }
    );
    assert_eq!(db.sky_counts().await.unwrap().all, 1);
}

#[tokio::test]
async fn rows_written_behind_are_there_after_a_flush() {
    let db = memory().await;
    let (behind, task) = WriteBehind::new(db.clone());
    let task = tokio::spawn(task.run());
    for n in 0..(BATCH_ROWS_MAX as u32 + 500) {
        behind.push(put_header(n)).unwrap();
    }
    behind
        .push(SkyWrite::SetFlags {
            bottle: bottle(0),
            set: HeaderFlags::HIDDEN,
            clear: HeaderFlags::NONE,
        })
        .unwrap();
    behind.flush().await.unwrap();
    let counts = db.sky_counts().await.unwrap();
    assert_eq!((counts.all, counts.hidden), (BATCH_ROWS_MAX as u64 + 500, 1));

    behind.push(put_header(9_999)).unwrap();
    drop(behind);
    tokio::time::timeout(Duration::from_secs(30), task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(db.headers(&[bottle(9_999)]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_buffer_drops_rows_and_counts_them() {
    let db = memory().await;
    // The task does not run, so nothing drains the buffer.
    let (behind, _task) = WriteBehind::new(db);
    let mut dropped = 0;
    for n in 0..(meteorite_store::BUFFER_ROWS_MAX as u32 + 3) {
        dropped += u64::from(behind.push(put_header(n)).is_err());
    }
    assert_eq!((dropped, behind.dropped()), (3, 3));
}

#[tokio::test]
async fn a_failed_batch_is_reported_by_the_next_flush() {
    let db = memory().await;
    let (behind, task) = WriteBehind::new(db.clone());
    let task = tokio::spawn(task.run());
    db.close().await.unwrap();
    behind.push(put_header(1)).unwrap();
    assert!(matches!(behind.flush().await, Err(StoreError::Closed)));
    assert!(behind.flush().await.is_ok());
    drop(behind);
    task.await.unwrap();
}

#[tokio::test]
async fn settings_come_and_go() {
    let db = memory().await;
    let put = |name: &str, value: &str| MetaWrite::PutSetting {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    db.commit(
        Unit::new("settings")
            .with(put("breadth", "0.4"))
            .with(put("lang", "ja"))
            .with(put("lang", "es")),
    )
    .await
    .unwrap();
    assert_eq!(db.setting("lang").await.unwrap().as_deref(), Some("es"));
    db.commit(Unit::new("settings").with(MetaWrite::DeleteSetting("lang".to_owned())))
        .await
        .unwrap();
    assert_eq!(db.setting("lang").await.unwrap(), None);
    assert_eq!(db.settings().await.unwrap().len(), 1);
    assert!(db.schema_version().await.unwrap() >= 8);
}

#[tokio::test]
async fn a_snapshot_is_a_database_of_its_own() {
    let home = home();
    let db = open(&home).await;
    db.commit(Unit::new("throw").with(OwnWrite::PutOwnBottle(Box::new(own_bottle(1)))))
        .await
        .unwrap();
    let target = home.folder.path().join("copy.db");
    db.snapshot(&target).await.unwrap();
    assert!(
        db.snapshot(&target).await.is_err(),
        "an existing file is not overwritten"
    );
    let copy = Db::open(&target, Some(support::key())).await.unwrap();
    assert_eq!(copy.own_bottles().await.unwrap(), [own_bottle(1)]);
    copy.integrity_check().await.unwrap();
}
