//! What validation asks of the state.

use crate::claims::ClaimKey;
use crate::ids::{AuthorKey, BottleId, ReplyKey};
use crate::sky::{Sky, Standing};
use crate::validate::{BottleFacts, Cost, Known};
use crate::wire::CatchMessage;

/// The sky, as validation sees it.
pub(super) struct View<'a>(pub(super) &'a Sky);

impl Known for View<'_> {
    fn has_header(&self, id: &BottleId) -> bool {
        self.0.standing(id) != Standing::Unknown
    }

    fn other_bottle(&self, author: &AuthorKey, id: &BottleId) -> Option<BottleId> {
        let sunk = self
            .0
            .sunk(author)
            .and_then(|sunk| sunk.bottles.into_iter().find(|bottle| bottle != id));
        sunk.or_else(|| self.0.rival(author, id))
    }

    fn bottle(&self, id: &BottleId) -> Option<BottleFacts> {
        let stone = self.0.stone(id)?;
        Some(BottleFacts {
            author: stone.author,
            // The index does not keep it, and nothing that comes after a header is checked against it.
            reply_to: ReplyKey([0; 32]),
            slots: stone.slots,
            thrown_at: stone.thrown_at,
            expires_at: stone.expires_at,
            sunk: self.0.standing(id) != Standing::Drifting,
        })
    }

    fn has_catch(&self, message: &CatchMessage) -> bool {
        let Some(claims) = self.0.claims_if_any(&message.bottle()) else {
            return false;
        };
        match message {
            CatchMessage::Claim(claim) => claims.has_claim(&ClaimKey::of(claim.value())),
            CatchMessage::ThrowBack(back) => claims.has_throw_back(&ClaimKey::of(back.value().claim.value())),
            CatchMessage::Withdrawal(_) => claims.is_withdrawn(),
            CatchMessage::Recast(recast) => claims.has_recast(recast.value().n),
        }
    }

    /// Room is made by eviction, shares are kept by reputation and admission.
    fn has_budget(&self, _cost: &Cost) -> bool {
        true
    }
}
