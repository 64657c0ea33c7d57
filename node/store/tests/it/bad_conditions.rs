//! Damage, refusal, a full disk, other programs and other versions: each has its own error, and what was stored stays.

use std::fs::{self, OpenOptions as FileOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use meteorite_crypto::storage::StorageKey;
use meteorite_store::{
    Db, MailboxStore as _, OpenError, OpenOptions, OwnProgress, OwnState, OwnStore as _, OwnWrite,
    SkyStore as _, SkyWrite, StoreError, Unit,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Home, bottle, header, home, key, open, own_bottle};

fn put(n: u32) -> OwnWrite {
    OwnWrite::PutOwnBottle(Box::new(own_bottle(n)))
}

async fn with_some_rows(home: &Home) {
    let db = open(home).await;
    let mut unit = Unit::new("rows");
    for n in 0..200 {
        unit.push(put(n));
        unit.push(SkyWrite::PutHeader(Box::new(header(n))));
    }
    db.commit(unit).await.unwrap();
    db.close().await.unwrap();
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

async fn refused(home: &Home) -> OpenError {
    Db::open(&home.path, Some(key())).await.unwrap_err()
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = FileOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged_and_stays_as_it_is() {
    let home = home();
    fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    let junk = vec![0x5a; 8_192];
    fs::write(&home.path, &junk).unwrap();
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("safe") && text.contains("backup"), "{text}");
    assert_eq!(fs::read(&home.path).unwrap(), junk);
}

#[tokio::test]
async fn a_damaged_header_page_is_damage() {
    let home = home();
    with_some_rows(&home).await;
    overwrite(&home.path, 0, &[0; 100]);
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_inside_is_found_after_a_crash() {
    let home = home();
    with_some_rows(&home).await;
    // The session before did not end well, so the file is checked.
    drop(open(&home).await);
    let pages = fs::metadata(&home.path).unwrap().len() / 4096;
    for page in 1..pages {
        overwrite(&home.path, page * 4096, &[0xff; 512]);
    }
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_met_while_reading_is_an_error_and_no_panic() {
    let home = home();
    with_some_rows(&home).await;
    let db = open(&home).await;
    db.close().await.unwrap();
    let pages = fs::metadata(&home.path).unwrap().len() / 4096;
    for page in pages / 2..pages {
        overwrite(&home.path, page * 4096, &[0xff; 4096]);
    }
    // A clean shutdown is not followed by a check, so the damage shows when it is read.
    match Db::open(&home.path, Some(key())).await {
        Ok(db) => {
            let damaged = db.integrity_check().await.unwrap_err();
            assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
        }
        Err(error) => assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}"),
    }
}

#[tokio::test]
async fn a_truncated_log_loses_its_tail_only() {
    let home = home();
    let db = open(&home).await;
    for n in 0..40 {
        db.commit(
            Unit::new("one")
                .with(put(n))
                .with(SkyWrite::PutHeader(Box::new(header(n)))),
        )
        .await
        .unwrap();
    }
    // Copies of file and log as they are while the database is open are what a crash leaves.
    let copy = home.folder.path().join("crashed.db");
    fs::copy(&home.path, &copy).unwrap();
    let log = fs::read(with_ending(&home.path, "-wal")).unwrap();
    db.close().await.unwrap();
    for keep in [
        0,
        20,
        32,
        4_000,
        log.len() / 3,
        log.len() / 2,
        log.len() - 1,
        log.len(),
    ] {
        let path = home.folder.path().join(format!("cut-{keep}.db"));
        fs::copy(&copy, &path).unwrap();
        fs::write(with_ending(&path, "-wal"), &log[..keep]).unwrap();
        let db = Db::open(&path, Some(key())).await.unwrap();
        db.integrity_check().await.unwrap();
        let bottles = u32::try_from(db.own_bottles().await.unwrap().len()).unwrap();
        assert_eq!(
            db.sky_counts().await.unwrap().all,
            u64::from(bottles),
            "each unit is whole"
        );
        for n in 0..bottles {
            assert!(
                db.own_bottle(&bottle(n)).await.unwrap().is_some(),
                "what is left is the beginning"
            );
        }
        assert!(keep != log.len() || bottles == 40);
        db.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_log_of_noise_is_ignored() {
    let home = home();
    with_some_rows(&home).await;
    fs::write(with_ending(&home.path, "-wal"), vec![0xa5; 50_000]).unwrap();
    let db = open(&home).await;
    assert_eq!(db.sky_counts().await.unwrap().all, 200);
    db.integrity_check().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() {
    let home = home();
    with_some_rows(&home).await;
    let mut conn = raw(&home.path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, X'00', 0)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error:?}");
    assert!(error.to_string().contains("newer version"));
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_untouched() {
    let home = home();
    fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    let mut conn = raw(&home.path).await;
    sqlx::query("CREATE TABLE theirs (x INTEGER)")
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    let before = fs::read(&home.path).unwrap();
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");
    assert_eq!(fs::read(&home.path).unwrap(), before);
}

#[tokio::test]
async fn a_second_opening_is_locked_out_until_the_first_closes() {
    let home = home();
    let db = open(&home).await;
    let error = refused(&home).await;
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    db.close().await.unwrap();
    // A clone of the handle still lives, but the database is free.
    open(&home).await.close().await.unwrap();
}

#[tokio::test]
async fn another_identity_is_refused() {
    let home = home();
    with_some_rows(&home).await;
    let error = Db::open(&home.path, Some(StorageKey::from_bytes(&[8; 32])))
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error:?}");
    assert_eq!(open(&home).await.own_bottles().await.unwrap().len(), 200);
}

#[tokio::test]
async fn a_full_disk_refuses_the_unit_and_keeps_the_rest() {
    let home = home();
    let options = OpenOptions {
        file_bytes_max: Some(600 * 1024),
    };
    let db = Db::open_with(&home.path, Some(key()), &options).await.unwrap();
    let mut stored = 0;
    let error = loop {
        match db
            .commit(
                Unit::new("one")
                    .with(put(stored))
                    .with(SkyWrite::PutHeader(Box::new(header(stored)))),
            )
            .await
        {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 5_000, "the bound works");
    };
    assert!(matches!(error, StoreError::DiskFull), "{error:?}");
    assert!(stored > 10, "there was room for some: {stored}");
    assert_eq!(db.own_bottles().await.unwrap().len(), stored as usize);
    assert_eq!(db.sky_counts().await.unwrap().all, u64::from(stored));
    db.integrity_check().await.unwrap();

    // The handle goes on working: a change in place goes through (SQLite stores 0 and 1 in the same space, so the row does not
    // grow), what needs a page is refused again.
    let progress = OwnProgress {
        state: OwnState::Handed,
        ..own_bottle(0).progress
    };
    let small = OwnWrite::SetOwnBottleState {
        bottle: bottle(0),
        progress,
    };
    db.commit(Unit::new("small").with(small)).await.unwrap();
    let again = || {
        Unit::new("again")
            .with(put(stored))
            .with(SkyWrite::PutHeader(Box::new(header(stored))))
    };
    assert!(matches!(db.commit(again()).await, Err(StoreError::DiskFull)));
    db.close().await.unwrap();

    // With room again the same unit goes through.
    let db = open(&home).await;
    assert_eq!(
        db.own_bottle(&bottle(0)).await.unwrap().unwrap().progress,
        progress
    );
    db.commit(again()).await.unwrap();
    assert_eq!(db.own_bottles().await.unwrap().len(), stored as usize + 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let home = home();
    let blocked = home.folder.path().join("file");
    fs::write(&blocked, b"in the way").unwrap();
    let error = Db::open(&blocked.join("sub").join("x.db"), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("sub"), "{error}");
    let error = Db::open(home.folder.path(), None).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Io { .. } | OpenError::ReadOnly { .. }),
        "{error:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let home = home();
    fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    fs::write(&home.path, b"").unwrap();
    fs::set_permissions(&home.path, fs::Permissions::from_mode(0o644)).unwrap();
    let db = open(&home).await;
    db.commit(Unit::new("one").with(put(1))).await.unwrap();
    for ending in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&with_ending(&home.path, ending)), 0o600, "{ending}");
    }
    let other = home.folder.path().join("new").join("x.db");
    drop(Db::open(&other, None).await.unwrap());
    assert_eq!(mode(other.parent().unwrap()), 0o700);
}

/// Modes do not stop root, so as root the opening is done by a child with the rights of nobody.
#[cfg(unix)]
mod read_only_folder {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    const CHILD_PATH: &str = "METEORITE_STORE_READ_ONLY_PATH";
    const NOBODY: u32 = 65_534;

    #[test]
    fn a_read_only_folder_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("test");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        for (path, mode) in [
            (folder.path(), 0o755),
            (program.as_path(), 0o755),
            (data.as_path(), 0o555),
        ] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let is_root = fs::write(data.join("probe"), b"").is_ok();
        let mut child = Command::new(&program);
        child.args([
            "--exact",
            "bad_conditions::read_only_folder::child_opens",
            "--nocapture",
        ]);
        child.env(CHILD_PATH, data.join("meteorite.db")).current_dir("/");
        if is_root {
            child.uid(NOBODY).gid(NOBODY);
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("refused as hoped"),
            "{output:?}"
        );
    }

    /// Not a test of its own: it does something only when the parent started it.
    #[tokio::test]
    async fn child_opens() {
        let Ok(path) = std::env::var(CHILD_PATH) else {
            return;
        };
        let error = Db::open(Path::new(&path), None).await.unwrap_err();
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains("cannot be written"), "{error}");
        println!("refused as hoped");
    }
}

#[tokio::test]
async fn a_database_without_a_key_still_serves_a_mailbox() {
    let home = home();
    let db = Db::open(&home.path, None).await.unwrap();
    assert_eq!(db.mailbox_totals().await.unwrap().letters, 0);
    assert!(matches!(
        db.commit(Unit::new("throw").with(put(1))).await,
        Err(StoreError::NoStorageKey { .. })
    ));
}

fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
