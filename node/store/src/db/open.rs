//! Opening: folder, lock, file mode, checks, migrations, pools.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use meteorite_protocol::time::MINUTE_MS;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use tracing::log::LevelFilter;

use super::{Inner, OpenOptions, Opened};
use crate::error::OpenError;
use crate::seal::{Place, Sealer};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Opens the file at `path`.
pub(super) async fn file(path: &Path, sealer: Sealer, options: &OpenOptions) -> Result<Inner, OpenError> {
    let lock = prepare(path)?;
    let created = create_private(path)?;
    let writer = connect(path, 1, writer_options(options).filename(path)).await?;
    let opened = match settle(path, &writer, &sealer, created).await {
        Ok(opened) => opened,
        Err(error) => {
            writer.close().await;
            return Err(error);
        }
    };
    let readers = connect(path, READERS, reader_options().filename(path)).await?;
    tracing::debug!(created, clean = opened.clean, "database open");
    Ok(Inner {
        writer,
        readers,
        sealer,
        path: Some(path.to_owned()),
        opened,
        lock: Some(lock),
    })
}

/// Opens a database in memory.
pub(super) async fn memory(sealer: Sealer) -> Result<Inner, OpenError> {
    let path = Path::new(":memory:");
    let options = base_options().in_memory(true).filename(path);
    let writer = connect(path, 1, options).await?;
    let opened = settle(path, &writer, &sealer, true).await?;
    Ok(Inner {
        readers: writer.clone(),
        writer,
        sealer,
        path: None,
        opened,
        lock: None,
    })
}

/// A connection beside the pools that may write.
pub(super) async fn spare(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    base_options()
        .filename(path)
        .pragma("wal_autocheckpoint", "0")
        .connect()
        .await
}

/// Notes whether the session ended well.
pub(super) async fn set_clean(conn: &mut SqliteConnection, clean: bool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- meta_set_clean
         INSERT INTO meta (name, value) VALUES ('clean', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind([u8::from(clean)].as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// Checks what was found and brings it to the current schema. Nothing is written before the checks passed.
async fn settle(
    path: &Path,
    writer: &SqlitePool,
    sealer: &Sealer,
    created: bool,
) -> Result<Opened, OpenError> {
    let told = |source| OpenError::from_sqlx(path, source);
    let mut conn = writer.acquire().await.map_err(told)?;
    let clean = created || inspect(path, &mut conn).await?;
    let known = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    // Only now: switching the journal writes to the file, and a foreign file stays as it is.
    sqlx::query("-- db_journal\nPRAGMA journal_mode = WAL")
        .execute(&mut *conn)
        .await
        .map_err(told)?;
    MIGRATIONS
        .run_direct(&mut *conn)
        .await
        .map_err(|error| OpenError::from_migrate(path, error, known))?;
    check_key(path, &mut conn, sealer).await?;
    let stamp = format!("-- db_stamp\nPRAGMA application_id = {APPLICATION_ID}");
    sqlx::query(&stamp).execute(&mut *conn).await.map_err(told)?;
    set_clean(&mut conn, false).await.map_err(told)?;
    Ok(Opened { created, clean })
}

/// Looks at an existing file without changing it; says whether the last session ended well.
async fn inspect(path: &Path, conn: &mut SqliteConnection) -> Result<bool, OpenError> {
    let told = |source| OpenError::from_sqlx(path, source);
    let application: i64 = sqlx::query_scalar("-- db_application\nPRAGMA application_id")
        .fetch_one(&mut *conn)
        .await
        .map_err(told)?;
    let tables: i64 =
        sqlx::query_scalar("-- db_tables\nSELECT count(*) FROM sqlite_schema WHERE type = 'table'")
            .fetch_one(&mut *conn)
            .await
            .map_err(told)?;
    if tables == 0 {
        // Created and then interrupted before the first migration.
        return Ok(true);
    }
    let ours = sqlx::query_scalar::<_, i64>(
        "-- db_ours\nSELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(told)?;
    if ours == 0 || (application != 0 && application != APPLICATION_ID) {
        return Err(OpenError::NotOurs {
            path: path.to_owned(),
        });
    }
    let clean = read_clean(conn).await.map_err(told)?;
    if !clean {
        let found: String = sqlx::query_scalar("-- db_quick_check\nPRAGMA quick_check(1)")
            .fetch_one(&mut *conn)
            .await
            .map_err(told)?;
        if found != "ok" {
            return Err(OpenError::Damaged {
                path: path.to_owned(),
                detail: found,
            });
        }
    }
    Ok(clean)
}

async fn read_clean(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let known: i64 =
        sqlx::query_scalar("-- db_has_meta\nSELECT count(*) FROM sqlite_schema WHERE name = 'meta'")
            .fetch_one(&mut *conn)
            .await?;
    if known == 0 {
        return Ok(false);
    }
    let value: Option<Vec<u8>> =
        sqlx::query_scalar("-- meta_get_clean\nSELECT value FROM meta WHERE name = 'clean'")
            .fetch_optional(conn)
            .await?;
    Ok(value.as_deref() == Some(&[1]))
}

/// A known word, sealed with the storage key when the file first sees one: other keys are refused at once instead of row by row.
async fn check_key(path: &Path, conn: &mut SqliteConnection, sealer: &Sealer) -> Result<(), OpenError> {
    if !sealer.has_key() {
        return Ok(());
    }
    let told = |source| OpenError::from_sqlx(path, source);
    let place = Place {
        table: "meta",
        column: "value",
        row: b"key_check",
    };
    let stored: Option<Vec<u8>> =
        sqlx::query_scalar("-- meta_get_key_check\nSELECT value FROM meta WHERE name = 'key_check'")
            .fetch_optional(&mut *conn)
            .await
            .map_err(told)?;
    let wrong = || OpenError::WrongKey {
        path: path.to_owned(),
    };
    if let Some(sealed) = stored {
        return match sealer.open(place, &sealed) {
            Ok(word) if *word == *KEY_CHECK => Ok(()),
            Ok(_) | Err(_) => Err(wrong()),
        };
    }
    let Ok(sealed) = sealer.seal(place, KEY_CHECK) else {
        return Err(wrong());
    };
    sqlx::query("-- meta_set_key_check\nINSERT INTO meta (name, value) VALUES ('key_check', ?1)")
        .bind(sealed)
        .execute(conn)
        .await
        .map_err(told)?;
    Ok(())
}

/// Creates the folder and takes the lock.
fn prepare(path: &Path) -> Result<File, OpenError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder).map_err(|source| OpenError::from_io(folder, source))?;
    let lock_path = beside(path, "lock");
    let lock = private_file(&lock_path).map_err(|source| OpenError::from_io(&lock_path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(OpenError::from_io(&lock_path, source)),
    }
}

/// Makes sure that the file exists and that only its owner reads it. SQLite gives the log and its index the same mode.
fn create_private(path: &Path) -> Result<bool, OpenError> {
    let created = !path.exists();
    let told = |source| OpenError::from_io(path, source);
    let file = private_file(path).map_err(told)?;
    set_private(&file).map_err(told)?;
    Ok(created || file.metadata().map_err(told)?.len() == 0)
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() {
        Ok(())
    } else {
        fs::create_dir_all(folder)
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn set_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        file.set_permissions(fs::Permissions::from_mode(0o600))
    }
}

#[cfg(not(unix))]
fn set_private(_file: &File) -> std::io::Result<()> {
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// A pool whose connections live as long as it does: a database in memory is its connection.
async fn connect(
    path: &Path,
    connections: u32,
    options: SqliteConnectOptions,
) -> Result<SqlitePool, OpenError> {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_millis(MINUTE_MS))
        .connect_with(options)
        .await
        .map_err(|source| OpenError::from_sqlx(path, source))
}

fn base_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .thread_name(|n| format!("store-sqlite-{n}"))
        .row_buffer_size(ROWS_AHEAD)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
        .log_slow_statements(LevelFilter::Debug, SLOW_STATEMENT)
}

fn writer_options(options: &OpenOptions) -> SqliteConnectOptions {
    let writer = base_options()
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_BYTES_KEPT.to_string())
        .pragma("cache_size", CACHE_KIB);
    match options.file_bytes_max {
        Some(bytes) => writer.pragma("max_page_count", (bytes / PAGE_BYTES).to_string()),
        None => writer,
    }
}

/// Readers never write and never fold the log back: only the writer does, so that no two connections meet there.
fn reader_options() -> SqliteConnectOptions {
    base_options()
        .pragma("query_only", "ON")
        .pragma("wal_autocheckpoint", "0")
        .pragma("cache_size", CACHE_KIB)
}

/// "MDBs" in the header of the file.
const APPLICATION_ID: i64 = 0x4d44_4273;
const KEY_CHECK: &[u8] = b"meteorite";
/// Readers beside the writer: a page of the UI, a sync answer and a collection may run at once; more would only use memory.
const READERS: u32 = 3;
/// How long SQLite waits for a lock of another process before it reports [`crate::StoreError::Busy`].
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements slower than this are logged at DEBUG, without their values.
const SLOW_STATEMENT: Duration = Duration::from_millis(500);
/// Rows that the SQLite thread may read ahead of us; it then waits.
const ROWS_AHEAD: usize = 512;
/// After a long burst the log file is cut back to this size.
const LOG_BYTES_KEPT: u64 = 16 << 20;
/// Page cache of each connection (SQLite counts a negative number in KiB).
const CACHE_KIB: &str = "-8000";
/// SQLite's default page size.
const PAGE_BYTES: u64 = 4096;
