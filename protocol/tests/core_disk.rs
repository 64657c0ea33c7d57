//! What a node keeps on disk. `Durable` and `Cache` rows are the same here; a crash test takes away what it wants.

use std::collections::BTreeMap;

use meteorite_protocol::engine::{Content, Row};
use meteorite_protocol::ids::{BodyId, BottleId};

/// Rows by kind, the bytes of bottles, and the block store.
#[derive(Default, Clone)]
pub(crate) struct Store {
    pub(crate) bottles: BTreeMap<BottleId, Row>,
    pub(crate) content: BTreeMap<BottleId, Content>,
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) blocks: BTreeMap<BodyId, Vec<u8>>,
}

impl Store {
    pub(crate) fn write(&mut self, row: Row) {
        let key = match &row {
            Row::Bottle(_) => return self.write_bottle(row),
            Row::HoldGone(bottle) => {
                self.rows.remove(&format!("hold {bottle}"));
                return;
            }
            Row::Claims(row) => format!("claims {}", row.bottle),
            Row::Equivocation(row) => format!("equivocation {}", row.author),
            Row::Mine(row) => format!("mine {}", row.bottle.id),
            Row::Hold(row) => format!("hold {}", row.bottle),
            Row::Economy(_) => "economy".to_owned(),
        };
        self.rows.insert(key, row);
    }

    fn write_bottle(&mut self, row: Row) {
        let Row::Bottle(mut row) = row else {
            unreachable!("asked above")
        };
        if let Some(content) = row.content.take() {
            if let Some(body) = &content.body {
                self.blocks.insert(row.body, body.clone());
            }
            self.content.insert(row.bottle, *content);
        }
        self.bottles.insert(row.bottle, Row::Bottle(row));
    }

    pub(crate) fn drop_bottle(&mut self, bottle: &BottleId) {
        self.bottles.remove(bottle);
        self.content.remove(bottle);
        self.rows.remove(&format!("claims {bottle}"));
    }

    /// Everything, as it would be loaded after a crash.
    pub(crate) fn load(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.values().cloned().collect();
        for row in self.bottles.values() {
            let mut row = row.clone();
            if let Row::Bottle(row) = &mut row {
                row.has_body = self.blocks.contains_key(&row.body);
                row.content = self.content.get(&row.bottle).cloned().map(Box::new);
            }
            rows.push(row);
        }
        rows
    }
}
