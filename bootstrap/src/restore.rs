//! What the engine is made from: everything the local file remembers of the sky.

use meteorite_protocol::engine::Row;
use meteorite_protocol::ids::{BodyId, BottleId};
use meteorite_store::{CatchesRow, Db, EquivocationRow, IndexRow, SkyStore as _, StoreError};

use crate::rows;

/// The rows of the sky.
#[derive(Debug)]
pub(crate) struct Memory {
    index: Vec<IndexRow>,
    catches: Vec<CatchesRow>,
    equivocations: Vec<EquivocationRow>,
}

impl Memory {
    /// Reads everything. The engine bounds how many bottles there are, and so this.
    pub(crate) async fn load(db: &Db) -> Result<Self, StoreError> {
        let (mut index, mut catches) = (Vec::new(), Vec::new());
        db.load_index(&mut |row| index.push(row)).await?;
        db.load_catches(&mut |row| catches.push(row)).await?;
        let equivocations = db.equivocations().await?;
        tracing::info!(bottles = index.len(), "the sky is read");
        Ok(Self {
            index,
            catches,
            equivocations,
        })
    }

    /// The bottles and the bodies that they name.
    pub(crate) fn links(&self) -> Vec<(BottleId, BodyId)> {
        self.index.iter().map(|row| (row.bottle, row.body)).collect()
    }

    /// The engine's rows. `has_body` says which bodies are kept.
    pub(crate) fn into_rows(self, has_body: impl Fn(&BodyId) -> bool) -> Vec<Row> {
        let mut made: Vec<Row> = self
            .index
            .iter()
            .map(|row| rows::from_index(row, has_body(&row.body)))
            .collect();
        made.extend(self.catches.into_iter().map(rows::from_catches));
        made.extend(self.equivocations.iter().map(rows::from_equivocation));
        made
    }
}
