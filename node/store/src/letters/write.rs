//! Changes of letters, on SQLite.

use super::{DepositRow, LetterRow, LetterWrite, MailWatchRow, ReceiptRow, ThreadId, ThreadRow};
use crate::error::StoreError;
use crate::seal::Place;
use crate::sql::{Writer, int};

/// Applies one change inside a transaction.
pub(crate) async fn apply(write: LetterWrite, on: &mut Writer<'_>) -> Result<(), StoreError> {
    match write {
        LetterWrite::PutDeposit(row) => put_deposit(&row, on).await,
        LetterWrite::SetDepositState {
            letter,
            state,
            tries,
            next,
        } => {
            sqlx::query("-- letters_set_deposit_state\nUPDATE deposits SET state = ?2, tries = ?3, next_ms = ?4 WHERE letter = ?1")
                .bind(letter.as_ref())
                .bind(state.code())
                .bind(tries)
                .bind(int(next.0))
                .execute(&mut *on.conn)
                .await?;
            Ok(())
        }
        LetterWrite::DeleteDeposit(letter) => {
            by_key(
                "-- letters_delete_deposit\nDELETE FROM deposits WHERE letter = ?1",
                letter.as_ref(),
                on,
            )
            .await?;
            by_key(
                "-- letters_delete_receipts\nDELETE FROM receipts WHERE letter = ?1",
                letter.as_ref(),
                on,
            )
            .await
        }
        LetterWrite::PutReceipt(row) => put_receipt(&row, on).await,
        LetterWrite::PutThread(row) => put_thread(&row, on).await,
        LetterWrite::DeleteThread(thread) => {
            by_key(
                "-- letters_delete_thread\nDELETE FROM threads WHERE thread = ?1",
                thread.as_ref(),
                on,
            )
            .await?;
            by_key(
                "-- letters_delete_of_thread\nDELETE FROM letters WHERE thread = ?1",
                thread.as_ref(),
                on,
            )
            .await
        }
        LetterWrite::PutLetter(row) => put_letter(&row, on).await,
        LetterWrite::SetThreadRead(thread) => set_read(&thread, on).await,
        LetterWrite::PutMailWatch(row) => put_mail_watch(row, on).await,
        LetterWrite::DeleteMailWatch(address) => {
            by_key(
                "-- letters_delete_watch\nDELETE FROM mail_watches WHERE address = ?1",
                address.as_ref(),
                on,
            )
            .await
        }
    }
}

async fn by_key(statement: &'static str, key: &[u8], on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query(statement).bind(key).execute(&mut *on.conn).await?;
    Ok(())
}

async fn put_deposit(row: &DepositRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "-- letters_put_deposit
         INSERT OR REPLACE INTO deposits (letter, bottle, address, deposit, state, tries, made_ms, next_ms, until_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(row.letter.as_ref())
    .bind(row.bottle.as_ref())
    .bind(row.address.as_ref())
    .bind(&row.deposit)
    .bind(row.state.code())
    .bind(row.tries)
    .bind(int(row.made.0))
    .bind(int(row.next.0))
    .bind(int(row.until.0))
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn put_receipt(row: &ReceiptRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "-- letters_put_receipt
         INSERT OR REPLACE INTO receipts (letter, mailbox, receipt, got_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(row.letter.as_ref())
    .bind(row.mailbox.as_bytes())
    .bind(&row.receipt)
    .bind(int(row.got.0))
    .bind(int(row.until.0))
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn put_thread(row: &ThreadRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.thread.as_ref();
    let secret = on.sealer.seal(
        Place {
            table: "threads",
            column: "reply_secret",
            row: key,
        },
        &row.reply_secret,
    )?;
    let name = on.sealer.seal(
        Place {
            table: "threads",
            column: "pet_name",
            row: key,
        },
        row.pet_name.as_bytes(),
    )?;
    sqlx::query(
        "-- letters_put_thread
         INSERT OR REPLACE INTO threads (thread, bottle, claimant, side, my_wish, their_wish, turns, unread, last_ms,
                                         their_reply_key, reply_secret_sealed, pet_name_sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .bind(key)
    .bind(row.bottle.as_ref())
    .bind(row.claimant.as_ref())
    .bind(row.side.code())
    .bind(row.my_wish.code())
    .bind(row.their_wish.code())
    .bind(row.turns)
    .bind(row.unread)
    .bind(int(row.last.0))
    .bind(row.their_reply_key.as_ref().map(AsRef::as_ref).unwrap_or_default())
    .bind(secret)
    .bind(name)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn put_letter(row: &LetterRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    let key = row.letter.as_ref();
    let text = on.sealer.seal(
        Place {
            table: "letters",
            column: "text",
            row: key,
        },
        row.text.as_bytes(),
    )?;
    let secret = on.sealer.seal(
        Place {
            table: "letters",
            column: "reply_secret",
            row: key,
        },
        &row.reply_secret,
    )?;
    sqlx::query(
        "-- letters_put_letter
         INSERT INTO letters (letter, thread, bottle, way, seq, kind, light, is_read, at_ms, reply_key, text_sealed,
                              reply_secret_sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (letter) DO NOTHING",
    )
    .bind(key)
    .bind(row.thread.as_ref())
    .bind(row.bottle.as_ref())
    .bind(row.way.code())
    .bind(row.seq)
    .bind(row.kind.code())
    .bind(row.light)
    .bind(row.is_read)
    .bind(int(row.at.0))
    .bind(row.reply_key.as_ref().map(AsRef::as_ref).unwrap_or_default())
    .bind(text)
    .bind(secret)
    .execute(&mut *on.conn)
    .await?;
    Ok(())
}

async fn set_read(thread: &ThreadId, on: &mut Writer<'_>) -> Result<(), StoreError> {
    by_key(
        "-- letters_set_read\nUPDATE letters SET is_read = 1 WHERE thread = ?1",
        thread.as_ref(),
        on,
    )
    .await?;
    by_key(
        "-- letters_set_thread_read\nUPDATE threads SET unread = 0 WHERE thread = ?1",
        thread.as_ref(),
        on,
    )
    .await
}

async fn put_mail_watch(row: MailWatchRow, on: &mut Writer<'_>) -> Result<(), StoreError> {
    sqlx::query("-- letters_put_watch\nINSERT OR REPLACE INTO mail_watches (address, bottle, next_ms, until_ms) VALUES (?1, ?2, ?3, ?4)")
        .bind(row.address.as_ref())
        .bind(row.bottle.as_ref())
        .bind(int(row.next.0))
        .bind(int(row.until.0))
        .execute(&mut *on.conn)
        .await?;
    Ok(())
}
