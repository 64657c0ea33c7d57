//! Own bottles that arrive from the network: their words were restored on a machine that has none of their rows.

use meteorite_protocol::engine::Command;
use meteorite_protocol::ids::{AuthorKey, BottleId, Nonce, Peer, Signature};
use meteorite_protocol::mine::OwnBottle;
use meteorite_protocol::wire::{BodyBlock, Header, Signed, SkyMessage};
use meteorite_store::{
    HeaderFlags, OwnBottleRow, OwnProgress, OwnState, OwnStore, OwnWrite, PrivateBody, SkyStore, SkyWrite,
    Unit,
};

use super::Actor;
use super::open::words;
use super::trouble::{Trouble, bug};
use crate::vault;

impl Actor {
    /// Follows a bottle that only we can have thrown: its state, and the letters for it. True if it is such a bottle.
    pub(super) async fn recognise(
        &mut self,
        bottle: BottleId,
        from: Peer,
        author: &AuthorKey,
        nonce: &Nonce,
    ) -> Result<bool, Trouble> {
        if !vault::bottle::is_ours(&self.keys.root, author, nonce) {
            return Ok(false);
        }
        if self.shell.db().own_bottle(&bottle).await?.is_some() {
            return Ok(true);
        }
        let (header, block) = self.header_and_block(&bottle).await?;
        let mut row = unread(bottle, &header);
        if let Some(block) = block {
            self.fill(&mut row, &header, block).await?;
        }
        let own = OwnBottle {
            id: bottle,
            nonce: header.nonce,
            author: header.author,
            reply_to: header.reply_to,
            slots: header.slots,
            thrown_at: header.thrown_at,
            expires_at: header.expires_at().start(),
        };
        let flags = SkyWrite::SetFlags {
            bottle,
            set: HeaderFlags::OWN,
            clear: HeaderFlags::NONE,
        };
        let rows = vec![OwnWrite::PutOwnBottle(Box::new(row)).into(), flags.into()];
        let (outcome, events) = self.shell.command(Command::Recognise { own, from }, rows).await?;
        if let Err(refusal) = outcome {
            tracing::warn!(?refusal, "an own bottle came back and cannot be followed");
            return Ok(true);
        }
        tracing::info!(%bottle, "an own bottle came back: it was thrown with these words before");
        self.watch_own(bottle, &header.nonce, header.expires_at());
        Box::pin(self.on_events(events)).await?;
        Ok(true)
    }

    /// The text of a recognised bottle came.
    pub(super) async fn learn_own_words(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        let Some(mut row) = self.shell.db().own_bottle(&bottle).await? else {
            return Ok(());
        };
        if !row.message.is_empty() {
            return Ok(());
        }
        let (header, block) = self.header_and_block(&bottle).await?;
        let Some(block) = block else {
            return Ok(());
        };
        self.fill(&mut row, &header, block).await?;
        let unit = Unit::new("own words").with(OwnWrite::PutOwnBottle(Box::new(row)));
        Ok(self.shell.commit(unit).await?)
    }

    async fn fill(&self, row: &mut OwnBottleRow, header: &Header, block: BodyBlock) -> Result<(), Trouble> {
        let Some(body) = vault::bottle::open(header, &block) else {
            return Ok(());
        };
        let stored = self.shell.db().headers(&[row.bottle]).await?;
        let stored = stored
            .into_iter()
            .next()
            .ok_or_else(|| bug("The header of an own bottle is gone."))?;
        let header = <[u8; 64]>::try_from(&stored.signature[..])
            .ok()
            .and_then(|signature| Signed::from_parts(stored.payload, Signature(signature)).ok())
            .ok_or_else(|| bug("A stored header is damaged."))?;
        row.message = SkyMessage { header, body: block }.encode().into();
        row.words = words(body);
        Ok(())
    }
}

/// What the header alone says.
fn unread(bottle: BottleId, header: &Header) -> OwnBottleRow {
    OwnBottleRow {
        bottle,
        nonce: header.nonce,
        body: header.body,
        message: Vec::new().into(),
        words: PrivateBody::default(),
        created: header.thrown_at.start(),
        thrown_at: header.thrown_at,
        expires_at: header.expires_at(),
        slots: header.slots,
        progress: OwnProgress {
            state: OwnState::Drifting,
            handed: 0,
            seen: 0,
            caught: 0,
            answers: 0,
            recasts: 0,
        },
    }
}
