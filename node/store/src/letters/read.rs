//! Reading letters, on SQLite.

use async_trait::async_trait;
use meteorite_protocol::ids::{LetterId, Peer};
use sqlx::sqlite::SqliteRow;

use super::{
    DepositRow, LetterKind, LetterRow, LetterStore, MailWatchRow, ReceiptRow, ThreadId, ThreadRow, Way,
};
use crate::db::Db;
use crate::error::StoreError;
use crate::private::{PrivateBytes, PrivateText};
use crate::seal::{Place, Sealer};
use crate::sql::{Cells, readable};

#[async_trait]
impl LetterStore for Db {
    async fn deposits(&self) -> Result<Vec<DepositRow>, StoreError> {
        let rows = sqlx::query(
            "-- letters_deposits
             SELECT letter, bottle, address, deposit, state, tries, made_ms, next_ms, until_ms
             FROM deposits ORDER BY made_ms, letter",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(read_deposit))
    }

    async fn receipts(&self) -> Result<Vec<ReceiptRow>, StoreError> {
        let rows = sqlx::query("-- letters_receipts\nSELECT letter, mailbox, receipt, got_ms, until_ms FROM receipts ORDER BY letter, mailbox")
            .fetch_all(self.reader())
            .await?;
        readable(rows.iter().map(read_receipt))
    }

    async fn threads(&self) -> Result<Vec<ThreadRow>, StoreError> {
        let rows = sqlx::query(
            "-- letters_threads
             SELECT thread, bottle, claimant, side, my_wish, their_wish, turns, unread, last_ms, their_reply_key,
                    reply_secret_sealed, pet_name_sealed
             FROM threads ORDER BY last_ms DESC, thread",
        )
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_thread(row, self.sealer())))
    }

    async fn thread(&self, thread: &ThreadId) -> Result<Option<ThreadRow>, StoreError> {
        let row = sqlx::query(
            "-- letters_thread
             SELECT thread, bottle, claimant, side, my_wish, their_wish, turns, unread, last_ms, their_reply_key,
                    reply_secret_sealed, pet_name_sealed
             FROM threads WHERE thread = ?1",
        )
        .bind(thread.as_ref())
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| read_thread(&row, self.sealer())).transpose()
    }

    async fn letters(&self, thread: &ThreadId) -> Result<Vec<LetterRow>, StoreError> {
        let rows = sqlx::query(
            "-- letters_of_thread
             SELECT letter, thread, bottle, way, seq, kind, light, is_read, at_ms, reply_key, text_sealed, reply_secret_sealed
             FROM letters WHERE thread = ?1 ORDER BY at_ms, seq, letter",
        )
        .bind(thread.as_ref())
        .fetch_all(self.reader())
        .await?;
        readable(rows.iter().map(|row| read_letter(row, self.sealer())))
    }

    async fn unread_letters(&self) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar(
            "-- letters_unread\nSELECT count(*) FROM letters WHERE is_read = 0 AND way = ?1 AND kind <> ?2",
        )
        .bind(Way::Received.code())
        .bind(LetterKind::Other.code())
        .fetch_one(self.reader())
        .await?;
        Ok(count)
    }

    async fn has_letter(&self, letter: &LetterId) -> Result<bool, StoreError> {
        let found: i64 = sqlx::query_scalar("-- letters_has\nSELECT count(*) FROM letters WHERE letter = ?1")
            .bind(letter.as_ref())
            .fetch_one(self.reader())
            .await?;
        Ok(found > 0)
    }

    async fn mail_watches(&self) -> Result<Vec<MailWatchRow>, StoreError> {
        let rows = sqlx::query("-- letters_watches\nSELECT address, bottle, next_ms, until_ms FROM mail_watches ORDER BY next_ms, address")
            .fetch_all(self.reader())
            .await?;
        readable(rows.iter().map(|row| {
            let mut cells = Cells::new("mail_watches", row);
            Ok(MailWatchRow {
                address: cells.array()?,
                bottle: cells.array()?,
                next: cells.millis()?,
                until: cells.millis()?,
            })
        }))
    }
}

/// Reads a letter from a row with all columns in the order of the struct.
pub(crate) fn read_letter(row: &SqliteRow, sealer: &Sealer) -> Result<LetterRow, StoreError> {
    let mut cells = Cells::new("letters", row);
    let mut read = LetterRow {
        letter: cells.array()?,
        thread: cells.array()?,
        bottle: cells.array()?,
        way: cells.code()?,
        seq: cells.int()?,
        kind: cells.code()?,
        light: cells.int()?,
        is_read: cells.flag()?,
        at: cells.millis()?,
        reply_key: cells.array_or_none()?,
        text: PrivateText::default(),
        reply_secret: PrivateBytes::default(),
    };
    let key = read.letter.as_ref();
    read.text = cells.sealed_text(
        sealer,
        Place {
            table: "letters",
            column: "text",
            row: key,
        },
    )?;
    read.reply_secret = cells.sealed(
        sealer,
        Place {
            table: "letters",
            column: "reply_secret",
            row: key,
        },
    )?;
    Ok(read)
}

fn read_deposit(row: &SqliteRow) -> Result<DepositRow, StoreError> {
    let mut cells = Cells::new("deposits", row);
    Ok(DepositRow {
        letter: cells.array()?,
        bottle: cells.array()?,
        address: cells.array()?,
        deposit: cells.bytes()?,
        state: cells.code()?,
        tries: cells.int()?,
        made: cells.millis()?,
        next: cells.millis()?,
        until: cells.millis()?,
    })
}

fn read_receipt(row: &SqliteRow) -> Result<ReceiptRow, StoreError> {
    let mut cells = Cells::new("receipts", row);
    let letter = cells.array()?;
    let mailbox = Peer::new(cells.blob()?).ok_or(StoreError::BadRow {
        table: "receipts",
        column: 1,
    })?;
    Ok(ReceiptRow {
        letter,
        mailbox,
        receipt: cells.bytes()?,
        got: cells.millis()?,
        until: cells.millis()?,
    })
}

fn read_thread(row: &SqliteRow, sealer: &Sealer) -> Result<ThreadRow, StoreError> {
    let mut cells = Cells::new("threads", row);
    let mut read = ThreadRow {
        thread: cells.array()?,
        bottle: cells.array()?,
        claimant: cells.array()?,
        side: cells.code()?,
        my_wish: cells.code()?,
        their_wish: cells.code()?,
        turns: cells.int()?,
        unread: cells.int()?,
        last: cells.millis()?,
        their_reply_key: cells.array_or_none()?,
        reply_secret: PrivateBytes::default(),
        pet_name: PrivateText::default(),
    };
    let key = read.thread.as_ref();
    read.reply_secret = cells.sealed(
        sealer,
        Place {
            table: "threads",
            column: "reply_secret",
            row: key,
        },
    )?;
    read.pet_name = cells.sealed_text(
        sealer,
        Place {
            table: "threads",
            column: "pet_name",
            row: key,
        },
    )?;
    Ok(read)
}
