//! What can go wrong, in words that a caller can act on and a user can read.
//!
//! A message says what happened, what is safe and what to do next. It never contains content of a row.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has this database open.
    #[error(
        "Another MeteoriteDriftBottle is using {}. Nothing was changed. Close the other one, or talk to it instead of starting a second.", path.display()
    )]
    Locked {
        /// The database file.
        path: PathBuf,
    },
    /// The file is damaged, or its write-ahead log does not fit it.
    #[error(
        "The database {} is damaged ({detail}). Nothing was removed from it. Your words and your key file are not in it and are safe. \
         Move the file away (keep it), start again, and restore your latest backup; the sky fills itself from other peers.", path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// The file is a database, but not one of ours.
    #[error("{} is a database of another program. It was not changed. Choose another folder.", path.display())]
    NotOurs {
        /// The database file.
        path: PathBuf,
    },
    /// The folder or the file cannot be written.
    #[error(
        "{} cannot be written ({detail}). Nothing was changed. Give yourself the right to write there, or choose another folder.", path.display()
    )]
    ReadOnly {
        /// The file or folder that refused.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// No space left for the file, or for its migration.
    #[error("There is no space left for {}. What was stored before is safe. Free some space and start again.", path.display())]
    DiskFull {
        /// The database file.
        path: PathBuf,
    },
    /// A later version of this program wrote the file.
    #[error(
        "The database {} was written by a newer version of this program (schema {found}, this program knows up to {known}). \
         It was not changed. Install the newer version.", path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema version in the file.
        found: i64,
        /// The newest schema version this program knows.
        known: i64,
    },
    /// The file's text was sealed by other words.
    #[error(
        "The database {} belongs to another identity. It was not changed. Use the key file it was made with, or another folder.", path.display()
    )]
    WrongKey {
        /// The database file.
        path: PathBuf,
    },
    /// The system refused for another reason.
    #[error(
        "{} could not be opened: {source}. Nothing was changed, and what was stored before is safe. \
         See whether the disk has room and is sound, then try again.", path.display()
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused for another reason.
    #[error(
        "{} could not be opened: {source}. Nothing was changed, and what was stored before is safe. \
         See whether the disk has room and is sound, then try again.", path.display()
    )]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
}

/// Why a read or a commit failed. A failed commit changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space left: nothing was written. Retrying helps once there is space.
    #[error(
        "There is no space left on the disk. What was stored before is safe, this step was not stored. Free some space and try again."
    )]
    DiskFull,
    /// The file is damaged: stop writing and tell the user.
    #[error(
        "The database is damaged ({detail}). Your words and your key file are safe. Close the program, keep a copy of the folder, and restore your latest backup."
    )]
    Damaged {
        /// What SQLite said.
        detail: String,
    },
    /// The file became read-only under us.
    #[error(
        "The database can no longer be written ({detail}). What was stored before is safe. Check the rights of its folder."
    )]
    ReadOnly {
        /// What SQLite said.
        detail: String,
    },
    /// Somebody else holds the write lock for longer than the busy timeout.
    #[error("The database is busy. Nothing was written. Try again.")]
    Busy,
    /// The database was closed.
    #[error("The database is closed.")]
    Closed,
    /// A sealed column was read or written by a database that was opened without a storage key: a fault of the caller.
    #[error("{table} holds sealed text, and this database was opened without a storage key")]
    NoStorageKey {
        /// The table.
        table: &'static str,
    },
    /// A sealed column does not open: it was changed outside of this program.
    #[error(
        "a row of {table} does not open with this identity's storage key; the row is skipped, the others are safe"
    )]
    Unsealable {
        /// The table.
        table: &'static str,
    },
    /// A value is too long to be sealed: a fault of the caller.
    #[error("a value for {table} is too long to be sealed")]
    TooLong {
        /// The table.
        table: &'static str,
    },
    /// A row holds what this program never writes.
    #[error("a row of {table} is malformed in column {column}; the others are safe")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The position of the column in the statement.
        column: usize,
    },
    /// A unit has more writes than [`crate::UNIT_WRITES_MAX`]: a fault of the caller.
    #[error("the unit {name} has too many writes")]
    UnitTooLarge {
        /// The name of the unit.
        name: &'static str,
    },
    /// A backup of a later version of this program.
    #[error(
        "This backup was written by a newer version of this program (format {found}). Nothing was changed. Install the newer version."
    )]
    NewerExport {
        /// The format version in the backup.
        found: u16,
    },
    /// SQLite refused for another reason.
    #[error("the database refused: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match Trouble::of(&error) {
            Trouble::Full => Self::DiskFull,
            Trouble::Damaged => Self::Damaged {
                detail: error.to_string(),
            },
            Trouble::ReadOnly => Self::ReadOnly {
                detail: error.to_string(),
            },
            Trouble::Busy => Self::Busy,
            Trouble::Closed => Self::Closed,
            Trouble::Other => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Whether only one row is affected and the others can be used.
    #[must_use]
    pub const fn is_about_one_row(&self) -> bool {
        matches!(self, Self::Unsealable { .. } | Self::BadRow { .. })
    }
}

impl OpenError {
    /// Puts an error of SQLite into words about the file at `path`.
    pub(crate) fn from_sqlx(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        match Trouble::of(&source) {
            Trouble::Full => Self::DiskFull { path },
            Trouble::Damaged => Self::Damaged {
                path,
                detail: source.to_string(),
            },
            Trouble::ReadOnly => Self::ReadOnly {
                path,
                detail: source.to_string(),
            },
            Trouble::Busy => Self::Locked { path },
            Trouble::Closed | Trouble::Other => Self::Database { path, source },
        }
    }

    /// Puts an error of the migrations into words about the file at `path`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "sqlx's enum may grow; whatever else it says, the file does not fit this program"
    )]
    pub(crate) fn from_migrate(path: &Path, error: MigrateError, known: i64) -> Self {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::from_sqlx(path, source)
            }
            MigrateError::VersionMissing(found) => Self::Newer {
                path: path.to_owned(),
                found,
                known,
            },
            other => Self::Damaged {
                path: path.to_owned(),
                detail: other.to_string(),
            },
        }
    }

    /// Puts an error of the file system into words about `path`.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        let detail = source.to_string();
        if REFUSED.contains(&source.kind()) {
            Self::ReadOnly { path, detail }
        } else if FULL.contains(&source.kind()) {
            Self::DiskFull { path }
        } else {
            Self::Io { path, source }
        }
    }
}

/// The few kinds of trouble that need different reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Full,
    Damaged,
    ReadOnly,
    Busy,
    Closed,
    Other,
}

impl Trouble {
    fn of(error: &sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) {
            return Self::Closed;
        }
        let code = error
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse::<u32>().ok())
            .unwrap_or_default();
        match code & 0xff {
            SQLITE_FULL => Self::Full,
            SQLITE_CORRUPT | SQLITE_NOTADB => Self::Damaged,
            SQLITE_READONLY | SQLITE_CANTOPEN | SQLITE_PERM => Self::ReadOnly,
            SQLITE_BUSY | SQLITE_LOCKED => Self::Busy,
            _ => Self::Other,
        }
    }
}

const REFUSED: [io::ErrorKind; 2] = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
const FULL: [io::ErrorKind; 2] = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];

// Primary result codes, <https://www.sqlite.org/rescode.html>.
const SQLITE_PERM: u32 = 3;
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_system_names_its_cause() {
        let check = |kind: io::ErrorKind, expected: &str| {
            let text = OpenError::from_io(Path::new("/folder/x.db"), kind.into()).to_string();
            assert!(text.contains(expected), "{kind:?} became: {text}");
        };
        check(io::ErrorKind::ReadOnlyFilesystem, "cannot be written");
        check(io::ErrorKind::PermissionDenied, "cannot be written");
        check(io::ErrorKind::StorageFull, "no space left");
        check(io::ErrorKind::NotADirectory, "could not be opened");
    }
}
