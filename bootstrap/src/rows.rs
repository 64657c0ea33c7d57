//! Between the engine's rows and those of the store, which are different types on purpose.
//!
//! A server has no user: it never throws, catches or spends, so rows about that cannot come, and are refused by name.

use meteorite_protocol::engine::{BottleRow, ClaimsRow, Content, EquivocationRow, Row};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::{Header, Wire as _};
use meteorite_store::{CatchesRow, HeaderFlags, HeaderRow, IndexRow, SkyWrite};

/// A row that this server cannot store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unstorable {
    /// It belongs to a user, and a server has none.
    #[error("a row about {0} came up, and a server has no user")]
    Personal(&'static str),
    /// The header in it does not decode, although the engine had it decoded.
    #[error("a header that was let in does not decode")]
    Header,
}

/// What to write for a row; `None` if nothing is to be written, because the bottle is stored already.
pub(crate) fn to_store(row: Row, now: UnixMillis) -> Result<Option<SkyWrite>, Unstorable> {
    match row {
        Row::Bottle(row) => bottle(row, now),
        Row::Claims(row) => Ok(Some(SkyWrite::SetCatches(CatchesRow {
            bottle: row.bottle,
            messages: row.messages,
        }))),
        Row::Equivocation(row) => Ok(Some(SkyWrite::PutEquivocation(
            meteorite_store::EquivocationRow {
                author: row.author,
                bottles: row.bottles,
                until: row.until,
            },
        ))),
        Row::Mine(_) => Err(Unstorable::Personal("an own bottle")),
        Row::Hold(_) | Row::HoldGone(_) => Err(Unstorable::Personal("a catch")),
        Row::Economy(_) => Err(Unstorable::Personal("the day's allowance")),
    }
}

fn bottle(row: BottleRow, now: UnixMillis) -> Result<Option<SkyWrite>, Unstorable> {
    let Some(content) = row.content else {
        return Ok(None);
    };
    let Content {
        header: payload,
        signature,
        body: _,
    } = *content;
    let Ok(header) = Header::decode(&payload) else {
        return Err(Unstorable::Header);
    };
    let flags = if header.forward_only() {
        HeaderFlags::FORWARD_ONLY
    } else {
        HeaderFlags::NONE
    };
    let index = IndexRow {
        bottle: row.bottle,
        author: row.author,
        body: row.body,
        body_len: header.body_len,
        shard: row.author.shard(),
        thrown_at: row.thrown_at,
        expires_at: row.expires_at,
        first_seen: now,
        lang: header.lang.to_string(),
        mood: header.mood.0,
        tone: header.tone,
        art: header.art,
        length: header.length,
        slots: row.slots,
        bits: row.bits,
        flags,
    };
    Ok(Some(SkyWrite::PutHeader(Box::new(HeaderRow {
        index,
        payload,
        signature: signature.to_vec(),
    }))))
}

/// The engine's row of a stored bottle.
pub(crate) fn from_index(index: &IndexRow, has_body: bool) -> Row {
    Row::Bottle(BottleRow {
        bottle: index.bottle,
        author: index.author,
        body: index.body,
        thrown_at: index.thrown_at,
        expires_at: index.expires_at,
        slots: index.slots,
        bits: index.bits,
        has_body,
        content: None,
    })
}

/// The engine's row of stored catch messages.
pub(crate) fn from_catches(row: CatchesRow) -> Row {
    Row::Claims(ClaimsRow {
        bottle: row.bottle,
        messages: row.messages,
    })
}

/// The engine's row of a stored proof.
pub(crate) fn from_equivocation(row: &meteorite_store::EquivocationRow) -> Row {
    Row::Equivocation(EquivocationRow {
        author: row.author,
        bottles: row.bottles,
        until: row.until,
    })
}
