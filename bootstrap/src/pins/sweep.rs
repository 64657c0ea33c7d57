//! The sweep at start: what a crash left open is finished, and the book is rebuilt.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_net::{ContentError, Net};
use meteorite_protocol::ids::{BodyId, BottleId};

use super::Book;
use crate::backends::{PinIndex, PinRow, Wish};
use crate::clock::Clock;
use crate::error::StartError;

/// What a sweep needs.
#[derive(Clone, Copy)]
pub(crate) struct Sweep<'a> {
    /// The index of pins.
    pub(crate) index: &'a dyn PinIndex,
    /// The block repository.
    pub(crate) net: &'a Net,
    /// The bottles in the sky and their bodies.
    pub(crate) links: &'a [(BottleId, BodyId)],
    /// Whether the last run ended well; otherwise the repository is searched for blocks that no row names.
    pub(crate) clean: bool,
    /// The time.
    pub(crate) clock: Clock,
}

/// Finishes what is open and fills the book.
pub(crate) async fn sweep(book: &mut Book, work: Sweep<'_>) -> Result<(), StartError> {
    for (bottle, body) in work.links {
        book.link(*bottle, *body);
    }
    let rows = work.index.load().await?;
    let mut gone = BTreeSet::new();
    let mut put = Vec::new();
    for (body, row) in &rows {
        if is_here(&work, body, *row).await? {
            gone.extend(book.keep(*body, row.bytes));
            if !row.done {
                put.push(*body);
            }
        }
    }
    gone.extend(rows.keys().copied());
    gone.retain(|body| !book.has(body));
    put.retain(|body| book.has(body));
    let at = work.clock.now().wall;
    work.index.done(&put, Wish::Keep, at).await?;
    let gone: Vec<BodyId> = gone.into_iter().collect();
    work.index.wish_removed(&gone, at).await?;
    for body in &gone {
        work.net
            .content()
            .remove_block(&body.cid())
            .await
            .map_err(content)?;
    }
    work.index.done(&gone, Wish::Remove, at).await?;
    if !work.clean {
        remove_unnamed(&work, &rows).await?;
    }
    tracing::debug!(
        kept = book.bodies(),
        bytes = book.bytes(),
        gone = gone.len(),
        "bodies swept"
    );
    Ok(())
}

async fn is_here(work: &Sweep<'_>, body: &BodyId, row: PinRow) -> Result<bool, StartError> {
    match row.wish {
        Wish::Remove => Ok(false),
        Wish::Keep if row.done => Ok(true),
        Wish::Keep => work.net.content().contains(&body.cid()).await.map_err(content),
    }
}

/// Blocks are put after their wish, but a crash of the machine may lose the wish and keep the block.
async fn remove_unnamed(work: &Sweep<'_>, rows: &BTreeMap<BodyId, PinRow>) -> Result<(), StartError> {
    for cid in work.net.content().list().await.map_err(content)? {
        let named = BodyId::from_cid(&cid).is_some_and(|body| rows.contains_key(&body));
        if !named {
            work.net.content().remove_block(&cid).await.map_err(content)?;
        }
    }
    Ok(())
}

fn content(error: ContentError) -> StartError {
    StartError::Blocks(error)
}
