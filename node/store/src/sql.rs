//! Small helpers between SQLite's values and ours.
//!
//! SQLite knows signed 64-bit integers, text and blobs. Numbers too large for it are stored as the largest it knows; a value
//! that does not fit its Rust type is reported as a malformed row, never cut.

use meteorite_protocol::time::{Epoch, UnixMillis};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::seal::{Place, Sealer};

/// What a write needs: the connection inside its transaction, and the sealer.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    /// The connection, inside a transaction.
    pub(crate) conn: &'a mut SqliteConnection,
    /// Seals the columns.
    pub(crate) sealer: &'a Sealer,
}

/// Reads the columns of a row from left to right, in the order of the statement.
pub(crate) struct Cells<'r> {
    table: &'static str,
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, row, next: 0 }
    }

    /// A blob of exactly `N` bytes as an array or an id.
    pub(crate) fn array<const N: usize, T: From<[u8; N]>>(&mut self) -> Result<T, StoreError> {
        let bytes = self.blob()?;
        <[u8; N]>::try_from(bytes).map(T::from).or_else(|_| self.bad())
    }

    /// A blob that is empty or has exactly 32 bytes.
    pub(crate) fn array_or_none<const N: usize, T: From<[u8; N]>>(
        &mut self,
    ) -> Result<Option<T>, StoreError> {
        let bytes = self.blob()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        <[u8; N]>::try_from(bytes)
            .map(|array| Some(T::from(array)))
            .or_else(|_| self.bad())
    }

    /// A blob, borrowed from the row.
    pub(crate) fn blob(&mut self) -> Result<&'r [u8], StoreError> {
        let at = self.step();
        Ok(self.row.try_get::<&[u8], _>(at)?)
    }

    /// A blob.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        Ok(self.blob()?.to_vec())
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        let at = self.step();
        Ok(self.row.try_get(at)?)
    }

    /// An integer in the range of `T`.
    pub(crate) fn int<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        let at = self.step();
        let value: i64 = self.row.try_get(at)?;
        T::try_from(value).or_else(|_| self.bad())
    }

    /// The eight bytes of an integer, highest first.
    pub(crate) fn bits(&mut self) -> Result<[u8; 8], StoreError> {
        let at = self.step();
        let value: i64 = self.row.try_get(at)?;
        Ok(value.to_be_bytes())
    }

    /// A yes or no, stored as 1 or 0.
    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.int::<i64>()? != 0)
    }

    /// A moment.
    pub(crate) fn millis(&mut self) -> Result<UnixMillis, StoreError> {
        self.int().map(UnixMillis)
    }

    /// An epoch.
    pub(crate) fn epoch(&mut self) -> Result<Epoch, StoreError> {
        self.int().map(Epoch)
    }

    /// An enum stored as its code.
    pub(crate) fn code<T: TryFrom<u8>>(&mut self) -> Result<T, StoreError> {
        let code: u8 = self.int()?;
        T::try_from(code).or_else(|_| self.bad())
    }

    /// A sealed blob.
    pub(crate) fn sealed(&mut self, sealer: &Sealer, place: Place<'_>) -> Result<PrivateBytes, StoreError> {
        let sealed = self.blob()?;
        sealer.open(place, sealed)
    }

    /// A sealed text.
    pub(crate) fn sealed_text(
        &mut self,
        sealer: &Sealer,
        place: Place<'_>,
    ) -> Result<PrivateText, StoreError> {
        let sealed = self.blob()?;
        sealer.open_text(place, sealed)
    }

    fn step(&mut self) -> usize {
        let at = self.next;
        self.next += 1;
        at
    }

    fn bad<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::BadRow {
            table: self.table,
            column: self.next.saturating_sub(1),
        })
    }
}

/// Gathers rows and leaves out those that are malformed or do not open: one broken row must not hide the others.
pub(crate) fn readable<T>(rows: impl Iterator<Item = Result<T, StoreError>>) -> Result<Vec<T>, StoreError> {
    let mut read = Vec::with_capacity(rows.size_hint().0);
    for row in rows {
        match row {
            Ok(row) => read.push(row),
            Err(error) if error.is_about_one_row() => tracing::error!(%error, "row left out"),
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// An unsigned number as SQLite stores it; what does not fit becomes the largest that does.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count as a statement's limit.
pub(crate) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Ids one after the other in one blob, for statements that take a list.
pub(crate) fn packed<T: AsRef<[u8]>>(ids: &[T]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.as_ref().iter().copied()).collect()
}

/// An enum that is stored as a small number. The numbers never change their meaning.
macro_rules! stored_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "u8", try_from = "u8")]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// The number under which it is stored.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl From<$name> for u8 {
            fn from(value: $name) -> Self {
                value.code()
            }
        }

        impl TryFrom<u8> for $name {
            type Error = $crate::UnknownCode;

            fn try_from(code: u8) -> Result<Self, $crate::UnknownCode> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownCode { code }),
                }
            }
        }
    };
}
pub(crate) use stored_enum;

/// A stored number that this version of the program does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown stored code {code}")]
pub struct UnknownCode {
    /// The number.
    pub code: u8,
}
