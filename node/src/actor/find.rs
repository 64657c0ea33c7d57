//! Finding what a user means by a part of an id: its end, or the beginning of the ending that is shown.

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

/// Characters of an id that programs show: its last ones.
const SHOWN_CHARS: usize = 10;

/// Whether a user may mean this id: the last letters of it, or the first ones of what is shown.
pub(super) fn is_meant(id: &str, wanted: &str) -> bool {
    let shown = id.len().saturating_sub(SHOWN_CHARS);
    id.ends_with(wanted) || id.get(shown..).is_some_and(|shown| shown.starts_with(wanted))
}

/// The one bottle whose id is meant.
fn one(what: &str, name: &str, among: impl Iterator<Item = BottleId>) -> Result<BottleId, Trouble> {
    let wanted = name.trim().to_lowercase();
    if wanted.chars().count() < NAME_CHARS_MIN {
        return Err(Problem::new(
            ProblemKind::Input,
            format!("“{name}” is too short for an id."),
            "Nothing was changed.",
            format!("Give at least {NAME_CHARS_MIN} characters of it."),
        )
        .into());
    }
    if let Ok(exact) = wanted.parse::<BottleId>() {
        return Ok(exact);
    }
    let mut found = among.filter(|bottle| is_meant(&bottle.to_string(), &wanted));
    match (found.next(), found.next()) {
        (Some(bottle), None) => Ok(bottle),
        (Some(_), Some(_)) => Err(ambiguous(name).into()),
        (None, _) => Err(missing(what, name).into()),
    }
}

pub(super) fn ambiguous(name: &str) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!("More than one id fits “{name}”."),
        "Nothing was changed.",
        "Give a few more characters of it.",
    )
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn both_ends_of_what_is_shown_name_an_id() {
        let id = "bafyreiga4qko76dcmoo4bsyz25d6yhfeci";
        assert!(
            is_meant(id, "hfeci") && is_meant(id, "25d6yhfeci") && is_meant(id, "25d6") && is_meant(id, id)
        );
        assert!(!is_meant(id, "bafyrei") && !is_meant(id, "yhfec") && !is_meant("ab", "abc"));
    }
}
