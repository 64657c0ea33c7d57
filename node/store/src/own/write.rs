//! Changes of what this user owns, on SQLite.

use meteorite_protocol::ids::{BottleId, ClaimantKey};

use super::{
    ClaimUse, CollectionRow, CoreRow, DraftRow, FallRow, OwnBottleRow, OwnClaimRow, OwnProgress, OwnWrite,
    PrivateBody,
};
use crate::error::StoreError;
use crate::private::PrivateText;
use crate::seal::{Place, Sealer};
use crate::sql::{Writer, int};

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: OwnWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    match write {
        OwnWrite::PutOwnBottle(row) => put_own_bottle(&row, on).await,
        OwnWrite::SetOwnBottleState { bottle, progress } => set_progress(&bottle, progress, on).await,
        OwnWrite::DeleteOwnBottle(bottle) => {
            delete(
                "-- own_delete_bottle\nDELETE FROM own_bottles WHERE bottle = ?1",
                bottle.as_ref(),
                on,
            )
            .await
        }
        OwnWrite::PutOwnClaim(row) => put_own_claim(&row, on).await,
        OwnWrite::SetOwnClaimState { claimant, state } => {
            sqlx::query("-- own_set_claim_state\nUPDATE own_claims SET state = ?2 WHERE claimant = ?1")
                .bind(claimant.as_ref())
                .bind(state.code())
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
        OwnWrite::SetOwnClaimUsed { claimant, what } => set_used(&claimant, what, on).await,
        OwnWrite::PutFall(row) => put_fall(row, on).await,
        OwnWrite::DeleteFallsBefore(moment) => {
            sqlx::query("-- own_delete_falls\nDELETE FROM falls WHERE last_ms < ?1")
                .bind(int(moment.0))
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
        OwnWrite::PutCollection(row) => put_collection(&row, on).await,
        OwnWrite::DeleteCollection(bottle) => {
            delete(
                "-- own_delete_collection\nDELETE FROM collection WHERE bottle = ?1",
                bottle.as_ref(),
                on,
            )
            .await
        }
        OwnWrite::PutDraft(row) => put_draft(&row, on).await,
        OwnWrite::DeleteDraft(draft) => {
            sqlx::query("-- own_delete_draft\nDELETE FROM drafts WHERE draft = ?1")
                .bind(draft)
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
        OwnWrite::PutCoreRow(row) => put_core_row(&row, on).await,
        OwnWrite::DeleteCoreRow { core, row } => {
            sqlx::query("-- own_delete_core_row\nDELETE FROM core_rows WHERE core = ?1 AND row = ?2")
                .bind(core)
                .bind(row)
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
    }
}

async fn delete(statement: &'static str, key: &[u8], on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query(statement).bind(key).execute(&mut *on.conn).await?;
    Ok(())
}

async fn put_own_bottle(row: &OwnBottleRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.bottle.as_ref();
    let words = SealedWords::new("own_bottles", key, &row.words, on.sealer)?;
    let message = on.sealer.seal(
        Place {
            table: "own_bottles",
            column: "message",
            row: key,
        },
        &row.message,
    )?;
    sqlx::query(
        "-- own_put_bottle
         INSERT INTO own_bottles (bottle, nonce, body, message_sealed, text_sealed, nick_sealed, tags_sealed, created_ms,
                                  thrown_at, expires_at, slots)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (bottle) DO UPDATE SET
            nonce = excluded.nonce, body = excluded.body, message_sealed = excluded.message_sealed,
            text_sealed = excluded.text_sealed, nick_sealed = excluded.nick_sealed, tags_sealed = excluded.tags_sealed,
            created_ms = excluded.created_ms, thrown_at = excluded.thrown_at, expires_at = excluded.expires_at,
            slots = excluded.slots",
    )
    .bind(key)
    .bind(row.nonce.as_ref())
    .bind(row.body.as_ref())
    .bind(message)
    .bind(words.text)
    .bind(words.nick)
    .bind(words.tags)
    .bind(int(row.created.0))
    .bind(row.thrown_at.0)
    .bind(row.expires_at.0)
    .bind(row.slots)
    .execute(&mut *on.conn)
    .await?;
    set_progress(&row.bottle, row.progress, on).await
}

async fn set_progress(
    bottle: &BottleId,
    progress: OwnProgress,
    on: &mut Writer<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "-- own_set_progress
         UPDATE own_bottles SET state = ?2, handed = ?3, seen = ?4, caught = ?5, answers = ?6, recasts = ?7 WHERE bottle = ?1",
    )
    .bind(bottle.as_ref())
    .bind(progress.state.code())
    .bind(progress.handed)
    .bind(progress.seen)
    .bind(progress.caught)
    .bind(progress.answers)
    .bind(progress.recasts)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn put_own_claim(row: &OwnClaimRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.claimant.as_ref();
    let secret = on.sealer.seal(
        Place {
            table: "own_claims",
            column: "secret",
            row: key,
        },
        &row.secret,
    )?;
    sqlx::query(
        "-- own_put_claim
         INSERT INTO own_claims (claimant, bottle, secret_sealed, claim, tick, made_ms, state, light_sent, letter_sent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (claimant) DO UPDATE SET
            bottle = excluded.bottle, secret_sealed = excluded.secret_sealed, claim = excluded.claim, tick = excluded.tick,
            made_ms = excluded.made_ms, state = excluded.state, light_sent = excluded.light_sent,
            letter_sent = excluded.letter_sent",
    )
    .bind(key)
    .bind(row.bottle.as_ref())
    .bind(secret)
    .bind(&row.claim)
    .bind(int(row.tick.0))
    .bind(int(row.made.0))
    .bind(row.state.code())
    .bind(row.light_sent)
    .bind(row.letter_sent)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn set_used(claimant: &ClaimantKey, what: ClaimUse, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let statement = match what {
        ClaimUse::Light => "-- own_set_light_sent\nUPDATE own_claims SET light_sent = 1 WHERE claimant = ?1",
        ClaimUse::Letter => {
            "-- own_set_letter_sent\nUPDATE own_claims SET letter_sent = 1 WHERE claimant = ?1"
        }
    };
    delete(statement, claimant.as_ref(), on).await
}

async fn put_fall(row: FallRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query("-- own_put_fall\nINSERT OR REPLACE INTO falls (bottle, times, last_ms) VALUES (?1, ?2, ?3)")
        .bind(row.bottle.as_ref())
        .bind(row.times)
        .bind(int(row.last.0))
        .execute(&mut *on.conn)
        .await?;
    Ok(())
}

async fn put_collection(row: &CollectionRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.bottle.as_ref();
    let words = SealedWords::new("collection", key, &row.words, on.sealer)?;
    let header = on.sealer.seal(
        Place {
            table: "collection",
            column: "header",
            row: key,
        },
        &row.header,
    )?;
    let note = on.sealer.seal(
        Place {
            table: "collection",
            column: "note",
            row: key,
        },
        row.note.as_bytes(),
    )?;
    sqlx::query(
        "-- own_put_collection
         INSERT INTO collection (bottle, kind, opened_ms, header_sealed, text_sealed, nick_sealed, tags_sealed, note_sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (bottle) DO UPDATE SET
            kind = excluded.kind, opened_ms = excluded.opened_ms, header_sealed = excluded.header_sealed,
            text_sealed = excluded.text_sealed, nick_sealed = excluded.nick_sealed, tags_sealed = excluded.tags_sealed,
            note_sealed = excluded.note_sealed",
    )
    .bind(key)
    .bind(row.kind.code())
    .bind(int(row.opened.0))
    .bind(header)
    .bind(words.text)
    .bind(words.nick)
    .bind(words.tags)
    .bind(note)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn put_draft(row: &DraftRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let place = Place {
        table: "drafts",
        column: "text",
        row: row.draft.as_bytes(),
    };
    sqlx::query("-- own_put_draft\nINSERT OR REPLACE INTO drafts (draft, text_sealed, changed_ms) VALUES (?1, ?2, ?3)")
        .bind(&row.draft)
        .bind(on.sealer.seal(place, row.text.as_bytes())?)
        .bind(int(row.changed.0))
        .execute(&mut *on.conn)
        .await?;
    Ok(())
}

async fn put_core_row(row: &CoreRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.sealing_key();
    let state = on.sealer.seal(
        Place {
            table: "core_rows",
            column: "state",
            row: &key,
        },
        &row.state,
    )?;
    sqlx::query(
        "-- own_put_core_row\nINSERT OR REPLACE INTO core_rows (core, row, state_sealed) VALUES (?1, ?2, ?3)",
    )
    .bind(&row.core)
    .bind(&row.row)
    .bind(state)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

/// The three sealed columns of a bottle's words.
struct SealedWords {
    text: Vec<u8>,
    nick: Vec<u8>,
    tags: Vec<u8>,
}

impl SealedWords {
    fn new(
        table: &'static str,
        row: &[u8],
        words: &PrivateBody,
        sealer: &Sealer,
    ) -> Result<Self, StoreError> {
        let tags: Vec<&str> = words.tags.iter().map(|tag| &**tag).collect();
        // A tag has no line breaks: the protocol's text rules allow them in the text only.
        let tags = PrivateText::new(tags.join("\n"));
        Ok(Self {
            text: sealer.seal(
                Place {
                    table,
                    column: "text",
                    row,
                },
                words.text.as_bytes(),
            )?,
            nick: sealer.seal(
                Place {
                    table,
                    column: "nick",
                    row,
                },
                words.nick.as_bytes(),
            )?,
            tags: sealer.seal(
                Place {
                    table,
                    column: "tags",
                    row,
                },
                tags.as_bytes(),
            )?,
        })
    }
}
