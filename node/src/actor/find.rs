//! Finding what a user means by the end of an id.

use std::collections::BTreeSet;

use meteorite_protocol::control::{Problem, ProblemKind};
use meteorite_protocol::ids::BottleId;
use meteorite_store::{CollectionKind, OwnStore};

use super::Actor;
use super::trouble::{Trouble, missing};

/// Fewer characters than that would fit too many ids.
pub(super) const NAME_CHARS_MIN: usize = 4;

impl Actor {
    /// A bottle of the sky.
    pub(super) fn find_drifting(&self, name: &str) -> Result<BottleId, Trouble> {
        let drifting = self.shell.engine().sky().stones().map(|stone| stone.bottle);
        one("drifting bottle", name, drifting)
    }

    /// A stone of the hold or a bottle opened from it.
    pub(super) fn find_held(&self, name: &str) -> Result<BottleId, Trouble> {
        one(
            "bottle in your hold",
            name,
            self.shell.engine().hold().rows().map(|row| row.bottle),
        )
    }

    /// An own bottle.
    pub(super) async fn find_own(&self, name: &str) -> Result<BottleId, Trouble> {
        let own = self.shell.db().own_bottles().await?;
        one("bottle of yours", name, own.into_iter().map(|row| row.bottle))
    }

    /// Whatever can be read: opened, kept, own, or in the hold.
    pub(super) async fn find_readable(&self, name: &str) -> Result<BottleId, Trouble> {
        let mut known: BTreeSet<BottleId> = self.shell.engine().hold().rows().map(|row| row.bottle).collect();
        known.extend(
            self.shell
                .db()
                .own_bottles()
                .await?
                .into_iter()
                .map(|row| row.bottle),
        );
        for kind in [CollectionKind::Opened, CollectionKind::Kept] {
            let page = self
                .shell
                .db()
                .collection_page(kind, None, meteorite_store::COLLECTION_PAGE_MAX)
                .await?;
            known.extend(page.rows.into_iter().map(|row| row.bottle));
        }
        one(
            "bottle in your hold, collection or among your own",
            name,
            known.into_iter(),
        )
    }

    /// Anything with an id.
    pub(super) async fn find_any(&self, name: &str) -> Result<BottleId, Trouble> {
        match self.find_readable(name).await {
            Ok(bottle) => Ok(bottle),
            Err(_) => self.find_drifting(name),
        }
    }
}

/// The one bottle whose id ends like that.
fn one(what: &str, name: &str, among: impl Iterator<Item = BottleId>) -> Result<BottleId, Trouble> {
    let wanted = name.trim().to_lowercase();
    if wanted.chars().count() < NAME_CHARS_MIN {
        return Err(Problem::new(
            ProblemKind::Input,
            format!("“{name}” is too short for an id."),
            "Nothing was changed.",
            format!("Give at least its last {NAME_CHARS_MIN} characters."),
        )
        .into());
    }
    if let Ok(exact) = wanted.parse::<BottleId>() {
        return Ok(exact);
    }
    let mut found = among.filter(|bottle| bottle.to_string().ends_with(&wanted));
    match (found.next(), found.next()) {
        (Some(bottle), None) => Ok(bottle),
        (Some(_), Some(_)) => Err(ambiguous(name).into()),
        (None, _) => Err(missing(what, name).into()),
    }
}

pub(super) fn ambiguous(name: &str) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!("More than one id ends in “{name}”."),
        "Nothing was changed.",
        "Give a few more of its last characters.",
    )
}
