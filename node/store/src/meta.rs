//! Settings: names and values that the user chose, as text in the caller's format.
//!
//! Facts about the file itself (clean shutdown, key check) are kept by [`crate::db`] in another table and are never part of a backup.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::Writer;

/// A change of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetaWrite {
    /// Sets a value.
    PutSetting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Returns to the default.
    DeleteSetting(String),
}

/// Storage of settings. Changes go through [`crate::Db::commit`].
#[async_trait]
pub trait MetaStore: Send + Sync {
    /// All settings that differ from their defaults.
    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError>;

    /// One setting.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// The newest migration that the file went through.
    async fn schema_version(&self) -> Result<i64, StoreError>;
}

#[async_trait]
impl MetaStore for Db {
    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("-- meta_settings\nSELECT name, value FROM settings")
                .fetch_all(self.reader())
                .await?;
        Ok(rows.into_iter().collect())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar("-- meta_setting\nSELECT value FROM settings WHERE name = ?1")
                .bind(name)
                .fetch_optional(self.reader())
                .await?,
        )
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("-- meta_schema\nSELECT coalesce(max(version), 0) FROM _sqlx_migrations")
                .fetch_one(self.reader())
                .await?,
        )
    }
}

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: MetaWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let query = match write {
        MetaWrite::PutSetting { name, value } => {
            sqlx::query("-- meta_put_setting\nINSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")
                .bind(name)
                .bind(value)
        }
        MetaWrite::DeleteSetting(name) => {
            sqlx::query("-- meta_delete_setting\nDELETE FROM settings WHERE name = ?1").bind(name)
        }
    };
    query.execute(&mut *on.conn).await?;
    Ok(())
}
