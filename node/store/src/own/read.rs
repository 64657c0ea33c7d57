//! Reading what this user owns, on SQLite.

use async_trait::async_trait;
use meteorite_protocol::ids::{BottleId, ClaimantKey};
use meteorite_protocol::time::Tick;
use sqlx::sqlite::SqliteRow;

use super::{
    CollectionCursor, CollectionKind, CollectionPage, CollectionRow, CoreRow, DraftRow, FallRow,
    OwnBottleRow, OwnClaimRow, OwnProgress, OwnStore, PrivateBody, collection,
};
use crate::db::Db;
use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::seal::{Place, Sealer};
use crate::sql::{Cells, readable};

#[async_trait]
impl OwnStore for Db {
    async fn own_bottles(&self) -> Result<Vec<OwnBottleRow>, StoreError> {
        let rows = sqlx::query(OWN_BOTTLES).fetch_all(self.reader()).await?;
        readable(rows.iter().map(|row| read_own_bottle(row, self.sealer())))
    }

    async fn own_bottle(&self, bottle: &BottleId) -> Result<Option<OwnBottleRow>, StoreError> {
        let row = sqlx::query(OWN_BOTTLE)
            .bind(bottle.as_ref())
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| read_own_bottle(&row, self.sealer())).transpose()
    }

    async fn own_claims(&self) -> Result<Vec<OwnClaimRow>, StoreError> {
        let rows = sqlx::query(
            "-- own_claims
             SELECT claimant, bottle, secret_sealed, claim, tick, made_ms, state, light_sent, letter_sent
             FROM own_claims ORDER BY made_ms DESC, claimant",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_own_claim(row, self.sealer())))
    }

    async fn own_claims_of(&self, bottle: &BottleId) -> Result<Vec<OwnClaimRow>, StoreError> {
        let rows = sqlx::query(
            "-- own_claims_of
             SELECT claimant, bottle, secret_sealed, claim, tick, made_ms, state, light_sent, letter_sent
             FROM own_claims WHERE bottle = ?1 ORDER BY made_ms DESC, claimant",
        )
        .bind(bottle.as_ref())
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_own_claim(row, self.sealer())))
    }

    async fn falls(&self) -> Result<Vec<FallRow>, StoreError> {
        let rows = sqlx::query("-- own_falls\nSELECT bottle, times, last_ms FROM falls")
            .fetch_all(self.reader())
            .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("falls", row);
            Ok(FallRow {
                bottle: cells.array()?,
                times: cells.int()?,
                last: cells.millis()?,
            })
        }))
    }

    async fn collection_page(
        &self,
        kind: CollectionKind,
        after: Option<CollectionCursor>,
        limit: usize,
    ) -> Result<CollectionPage, StoreError> {
        collection::page(self, kind, after, limit).await
    }

    async fn collected(&self, bottle: &BottleId) -> Result<Option<CollectionRow>, StoreError> {
        collection::one(self, bottle).await
    }

    async fn search_collection(&self, words: &str, limit: usize) -> Result<Vec<CollectionRow>, StoreError> {
        collection::search(self, words, limit).await
    }

    async fn drafts(&self) -> Result<Vec<DraftRow>, StoreError> {
        let rows = sqlx::query("-- own_drafts\nSELECT draft, text_sealed, changed_ms FROM drafts ORDER BY changed_ms DESC, draft")
            .fetch_all(self.reader())
            .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("drafts", row);
            let draft = cells.text()?;
            let place = Place {
                table: "drafts",
                column: "text",
                row: draft.as_bytes(),
            };
            let text = cells.sealed_text(self.sealer(), place)?;
            Ok(DraftRow {
                text,
                changed: cells.millis()?,
                draft,
            })
        }))
    }

    async fn core_rows(&self, core: &str) -> Result<Vec<CoreRow>, StoreError> {
        let rows = sqlx::query(
            "-- own_core_rows\nSELECT row, state_sealed FROM core_rows WHERE core = ?1 ORDER BY row",
        )
        .bind(core)
        .fetch_all(self.reader())
        .await?;
        readable(
            rows.iter()
                .map(|row| read_core_row(core.to_owned(), row, self.sealer())),
        )
    }
}

/// Reads the key and the state of a core's row.
fn read_core_row(core: String, row: &SqliteRow, sealer: &Sealer) -> Result<CoreRow, StoreError> {
    let mut cells = Cells::new("core_rows", row);
    let mut read = CoreRow {
        core,
        row: cells.bytes()?,
        state: PrivateBytes::default(),
    };
    read.state = cells.sealed(
        sealer,
        Place {
            table: "core_rows",
            column: "state",
            row: &read.sealing_key(),
        },
    )?;
    Ok(read)
}

/// Reads the three sealed columns of a bottle's words.
pub(super) fn read_words(
    cells: &mut Cells<'_>,
    table: &'static str,
    row: &[u8],
    sealer: &Sealer,
) -> Result<PrivateBody, StoreError> {
    let text = cells.sealed_text(
        sealer,
        Place {
            table,
            column: "text",
            row,
        },
    )?;
    let nick = cells.sealed_text(
        sealer,
        Place {
            table,
            column: "nick",
            row,
        },
    )?;
    let tags = cells.sealed_text(
        sealer,
        Place {
            table,
            column: "tags",
            row,
        },
    )?;
    Ok(PrivateBody {
        text,
        nick,
        tags: tags.lines().map(PrivateText::from).collect(),
    })
}

fn read_own_bottle(row: &SqliteRow, sealer: &Sealer) -> Result<OwnBottleRow, StoreError> {
    let mut cells = Cells::new("own_bottles", row);
    let bottle: BottleId = cells.array()?;
    let key = bottle.as_ref();
    Ok(OwnBottleRow {
        bottle,
        nonce: cells.array()?,
        body: cells.array()?,
        message: cells.sealed(
            sealer,
            Place {
                table: "own_bottles",
                column: "message",
                row: key,
            },
        )?,
        words: read_words(&mut cells, "own_bottles", key, sealer)?,
        created: cells.millis()?,
        thrown_at: cells.epoch()?,
        expires_at: cells.epoch()?,
        slots: cells.int()?,
        progress: OwnProgress {
            state: cells.code()?,
            handed: cells.int()?,
            seen: cells.int()?,
            caught: cells.int()?,
            answers: cells.int()?,
            recasts: cells.int()?,
        },
    })
}

fn read_own_claim(row: &SqliteRow, sealer: &Sealer) -> Result<OwnClaimRow, StoreError> {
    let mut cells = Cells::new("own_claims", row);
    let claimant: ClaimantKey = cells.array()?;
    Ok(OwnClaimRow {
        claimant,
        bottle: cells.array()?,
        secret: cells.sealed(
            sealer,
            Place {
                table: "own_claims",
                column: "secret",
                row: claimant.as_ref(),
            },
        )?,
        claim: cells.bytes()?,
        tick: Tick(cells.int()?),
        made: cells.millis()?,
        state: cells.code()?,
        light_sent: cells.flag()?,
        letter_sent: cells.flag()?,
    })
}

const OWN_BOTTLES: &str = "-- own_bottles
    SELECT bottle, nonce, body, message_sealed, text_sealed, nick_sealed, tags_sealed, created_ms, thrown_at, expires_at,
           slots, state, handed, seen, caught, answers, recasts
    FROM own_bottles ORDER BY created_ms DESC, bottle";
const OWN_BOTTLE: &str = "-- own_bottle
    SELECT bottle, nonce, body, message_sealed, text_sealed, nick_sealed, tags_sealed, created_ms, thrown_at, expires_at,
           slots, state, handed, seen, caught, answers, recasts
    FROM own_bottles WHERE bottle = ?1";
