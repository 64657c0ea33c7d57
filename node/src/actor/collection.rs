//! What was read: the collection, and showing an opened bottle again.

use meteorite_protocol::control::{BottleView, Reply};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::wire::{Header, SkyMessage, Wire};
use meteorite_store::{COLLECTION_PAGE_MAX, CollectionKind, CollectionRow, OwnStore};

use super::Actor;
use super::trouble::Trouble;
use super::views::{hold_state, opened_view};

impl Actor {
    pub(super) async fn collection(&mut self, search: Option<String>) -> Result<Reply, Trouble> {
        let rows = match search.filter(|words| !words.trim().is_empty()) {
            Some(words) => {
                self.shell
                    .db()
                    .search_collection(words.trim(), COLLECTION_PAGE_MAX)
                    .await?
            }
            None => {
                self.shell
                    .db()
                    .collection_page(CollectionKind::Kept, None, COLLECTION_PAGE_MAX)
                    .await?
                    .rows
            }
        };
        Ok(Reply::Collection(
            rows.iter().filter_map(|row| self.collected_view(row)).collect(),
        ))
    }

    /// What was opened before, or an own bottle; `None` for a bottle that is still sealed.
    pub(super) async fn read_again(&self, bottle: &BottleId) -> Result<Option<BottleView>, Trouble> {
        if let Some(row) = self.shell.db().collected(bottle).await? {
            let Some(mut view) = self.collected_view(&row) else {
                return Ok(None);
            };
            if row.kind != CollectionKind::Kept {
                self.screen_bottle(&mut view).await;
            }
            return Ok(Some(view));
        }
        let Some(own) = self.shell.db().own_bottle(bottle).await? else {
            return Ok(None);
        };
        let message = SkyMessage::decode(&own.message).ok();
        Ok(message
            .map(|message| opened_view(self.open_stone(*bottle, message.header.value()), None, &own.words)))
    }

    fn collected_view(&self, row: &CollectionRow) -> Option<BottleView> {
        let header = Header::decode(&row.header).ok()?;
        let state = self.shell.engine().hold().row(&row.bottle).map(hold_state);
        Some(opened_view(
            self.open_stone(row.bottle, &header),
            state,
            &row.words,
        ))
    }
}
