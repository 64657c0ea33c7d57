//! Sealing of columns with the storage key.
//!
//! The context of each value is `table/column/row`, so that ciphertext moved to another row or column does not open. An
//! empty value is stored as an empty blob: that a bottle has no nickname is not worth 40 bytes. Refuses to work without a
//! key, instead of storing plaintext.

use std::fmt;
use std::fmt::Write as _;

use meteorite_crypto::storage::StorageKey;

use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};

/// Seals and opens columns; without a key it only handles empty values.
pub(crate) struct Sealer {
    key: Option<StorageKey>,
}

/// One sealed column of one row.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The table.
    pub(crate) table: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// The primary key of the row.
    pub(crate) row: &'a [u8],
}

impl Sealer {
    pub(crate) fn new(key: Option<StorageKey>) -> Self {
        Self { key }
    }

    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The ciphertext of `plain` for this place.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.key(place)?;
        match key.seal(&place.context(), plain, &mut rand::rng()) {
            Ok(sealed) => Ok(sealed),
            Err(_) => Err(StoreError::TooLong { table: place.table }),
        }
    }

    /// The bytes behind `sealed`.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<PrivateBytes, StoreError> {
        if sealed.is_empty() {
            return Ok(PrivateBytes::default());
        }
        let opened = self.key(place)?.open(&place.context(), sealed);
        match opened {
            Ok(plain) => Ok(PrivateBytes::new(plain.as_slice())),
            Err(_) => Err(StoreError::Unsealable { table: place.table }),
        }
    }

    /// The text behind `sealed`.
    pub(crate) fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<PrivateText, StoreError> {
        let plain = self.open(place, sealed)?;
        match std::str::from_utf8(&plain) {
            Ok(text) => Ok(PrivateText::new(text)),
            Err(_) => Err(StoreError::Unsealable { table: place.table }),
        }
    }

    fn key(&self, place: Place<'_>) -> Result<&StorageKey, StoreError> {
        self.key
            .as_ref()
            .ok_or(StoreError::NoStorageKey { table: place.table })
    }
}

impl Place<'_> {
    fn context(&self) -> String {
        let mut context = format!("{}/{}/", self.table, self.column);
        for byte in self.row {
            // Writing to a String cannot fail.
            write!(context, "{byte:02x}").ok();
        }
        context
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("has_key", &self.has_key())
            .finish()
    }
}
