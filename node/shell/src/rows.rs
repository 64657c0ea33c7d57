//! Rows of the engine and rows of the store: the same facts in two shapes, because wire types and database rows change for
//! different reasons.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_net::Net;
use meteorite_protocol::engine::{
    BottleRow, ClaimsRow, Content, EntryPlan, EquivocationRow, LoadedEntry, Row,
};
use meteorite_protocol::ids::{BodyId, BottleId};
use meteorite_protocol::mine::Release;
use meteorite_protocol::rows::{decode, encode};
use meteorite_protocol::time::UnixMillis;
use meteorite_protocol::wire::{Header, Wire};
use meteorite_store::{
    CatchesRow, CoreRow, Db, EquivocationRow as StoredEquivocation, HeaderFlags, HeaderRow, IndexRow,
    OwnStore, OwnWrite, SkyStore, SkyWrite, StoreError, Write,
};

/// What the engine starts from.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// Bodies in the block store with their bytes.
    pub(crate) bodies: Vec<(BodyId, u32)>,
    /// Of those, the ones that belong to no bottle: a crash came between a deletion and its block.
    pub(crate) strays: Vec<BodyId>,
}

/// Reads all rows and compares them with the bodies found in the block store. `own` says whether this program has a user.
pub(crate) async fn restore(db: &Db, net: &Net, found: &[BodyId], own: bool) -> Result<Restored, StoreError> {
    let here: BTreeSet<BodyId> = found.iter().copied().collect();
    let mut bytes = BTreeMap::new();
    let mut bottles = Vec::new();
    db.load_index(&mut |index| {
        bytes.insert(index.body, u32::from(index.body_len));
        bottles.push(bottle_row(&index, here.contains(&index.body)));
    })
    .await?;
    let mut rows = if own { load_cores(db).await? } else { Vec::new() };
    load_withheld(db, net, &rows, &mut bottles).await?;
    rows.extend(bottles.into_iter().map(Row::Bottle));
    db.load_catches(&mut |row| {
        rows.push(Row::Claims(ClaimsRow {
            bottle: row.bottle,
            messages: row.messages,
        }))
    })
    .await?;
    let proofs = db.equivocations().await?;
    rows.extend(proofs.into_iter().map(|proof| {
        Row::Equivocation(EquivocationRow {
            author: proof.author,
            bottles: proof.bottles,
            until: proof.until,
        })
    }));
    let strays = here
        .iter()
        .filter(|body| !bytes.contains_key(body))
        .copied()
        .collect();
    let bodies = here
        .iter()
        .map(|body| (*body, bytes.get(body).copied().unwrap_or_default()))
        .collect();
    Ok(Restored { rows, bodies, strays })
}

/// Own bottles that no neighbour has yet may have to be published again, so the engine needs their bytes.
async fn load_withheld(
    db: &Db,
    net: &Net,
    cores: &[Row],
    bottles: &mut [BottleRow],
) -> Result<(), StoreError> {
    let withheld: BTreeSet<BottleId> = cores
        .iter()
        .filter_map(|row| match row {
            Row::Mine(mine) if mine.release == Release::Withheld => Some(mine.bottle.id),
            _ => None,
        })
        .collect();
    for row in bottles.iter_mut().filter(|row| withheld.contains(&row.bottle)) {
        let headers = db.headers(&[row.bottle]).await?;
        let body = net.content().get_local(&row.body.cid()).await.ok().flatten();
        row.content = headers.into_iter().next().and_then(|header| {
            Some(Box::new(Content {
                header: header.payload,
                signature: header.signature.try_into().ok()?,
                body,
            }))
        });
    }
    Ok(())
}

async fn load_cores(db: &Db) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for row in db.core_rows(MINE).await? {
        rows.extend(readable(MINE, decode(&row.state)).map(|row| Row::Mine(Box::new(row))));
    }
    for row in db.core_rows(HOLD).await? {
        rows.extend(readable(HOLD, decode(&row.state)).map(|row| Row::Hold(Box::new(row))));
    }
    for row in db.core_rows(ECONOMY).await? {
        rows.extend(readable(ECONOMY, decode(&row.state)).map(Row::Economy));
    }
    Ok(rows)
}

fn readable<T>(core: &'static str, row: Option<T>) -> Option<T> {
    if row.is_none() {
        tracing::error!(
            core,
            "a stored row is not understood; it is left as it is and not used"
        );
    }
    row
}

/// Whose bottle a row is about: durable rows are the user's, cached ones are not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    Ours,
    Others,
}

/// The store's writes for a row of the engine, and the body that belongs into the block store.
pub(crate) fn writes_of(row: Row, whose: Whose, now: UnixMillis) -> (Vec<Write>, Option<(BodyId, Vec<u8>)>) {
    match row {
        Row::Bottle(mut row) => match row.content.take() {
            Some(content) => first_writes(&row, *content, whose, now),
            None => (vec![flags_write(&row).into()], None),
        },
        Row::Claims(row) => (vec![claims_write(row).into()], None),
        Row::Equivocation(row) => {
            let proof = StoredEquivocation {
                author: row.author,
                bottles: row.bottles,
                until: row.until,
            };
            (vec![SkyWrite::PutEquivocation(proof).into()], None)
        }
        Row::Mine(row) => (
            vec![core_write(MINE, row.bottle.id.0.to_vec(), encode(&row))],
            None,
        ),
        Row::Hold(row) => (vec![core_write(HOLD, row.bottle.0.to_vec(), encode(&row))], None),
        Row::HoldGone(bottle) => {
            let gone = OwnWrite::DeleteCoreRow {
                core: HOLD.to_owned(),
                row: bottle.0.to_vec(),
            };
            (vec![gone.into()], None)
        }
        Row::Economy(row) => (vec![core_write(ECONOMY, Vec::new(), encode(&row))], None),
    }
}

fn core_write(core: &str, row: Vec<u8>, state: Vec<u8>) -> Write {
    OwnWrite::PutCoreRow(CoreRow {
        core: core.to_owned(),
        row,
        state: state.into(),
    })
    .into()
}

/// Notes that a bottle is over while its header stays.
pub(crate) fn sunk(bottle: BottleId) -> SkyWrite {
    SkyWrite::SetFlags {
        bottle,
        set: HeaderFlags::SUNK,
        clear: HeaderFlags::NONE,
    }
}

/// The entries of a sync answer whose headers are in the store, in the order of the plan.
pub(crate) fn loaded(entries: Vec<EntryPlan>, headers: Vec<HeaderRow>) -> Vec<LoadedEntry> {
    let mut headers: BTreeMap<BottleId, HeaderRow> = headers
        .into_iter()
        .map(|header| (header.index.bottle, header))
        .collect();
    let load = |entry: EntryPlan| {
        let header = headers.remove(&entry.bottle)?;
        Some(LoadedEntry {
            header: header.payload,
            signature: header.signature.try_into().ok()?,
            catch: entry.catch,
        })
    };
    entries.into_iter().filter_map(load).collect()
}

fn bottle_row(index: &IndexRow, has_body: bool) -> BottleRow {
    BottleRow {
        bottle: index.bottle,
        author: index.author,
        body: index.body,
        thrown_at: index.thrown_at,
        expires_at: index.expires_at,
        slots: index.slots,
        bits: index.bits,
        has_body,
        content: None,
    }
}

fn first_writes(
    row: &BottleRow,
    content: Content,
    whose: Whose,
    now: UnixMillis,
) -> (Vec<Write>, Option<(BodyId, Vec<u8>)>) {
    // The engine validated it; a payload that does not decode is a fault of this program and is not stored.
    let Ok(header) = Header::decode(&content.header) else {
        tracing::error!("a validated header does not decode");
        return (Vec::new(), None);
    };
    let mut flags = match whose {
        Whose::Ours => HeaderFlags::OWN,
        Whose::Others => HeaderFlags::NONE,
    };
    if header.forward_only() {
        flags = flags.with(HeaderFlags::FORWARD_ONLY);
    }
    if row.has_body {
        flags = flags.with(HeaderFlags::HAS_BODY);
    }
    let index = IndexRow {
        bottle: row.bottle,
        author: row.author,
        body: row.body,
        body_len: header.body_len,
        shard: row.author.shard(),
        bits: row.bits,
        thrown_at: row.thrown_at,
        expires_at: row.expires_at,
        first_seen: now,
        lang: header.lang.to_string(),
        mood: header.mood.0,
        tone: header.tone,
        art: header.art,
        length: header.length,
        slots: row.slots,
        flags,
    };
    let stored = HeaderRow {
        index,
        payload: content.header,
        signature: content.signature.to_vec(),
    };
    let body = content.body.map(|block| (row.body, block));
    (vec![SkyWrite::PutHeader(Box::new(stored)).into()], body)
}

fn flags_write(row: &BottleRow) -> SkyWrite {
    let (set, clear) = match row.has_body {
        true => (HeaderFlags::HAS_BODY, HeaderFlags::NONE),
        false => (HeaderFlags::NONE, HeaderFlags::HAS_BODY),
    };
    SkyWrite::SetFlags {
        bottle: row.bottle,
        set,
        clear,
    }
}

fn claims_write(row: ClaimsRow) -> SkyWrite {
    SkyWrite::SetCatches(CatchesRow {
        bottle: row.bottle,
        messages: row.messages,
    })
}

const MINE: &str = "mine";
const HOLD: &str = "hold";
const ECONOMY: &str = "economy";
