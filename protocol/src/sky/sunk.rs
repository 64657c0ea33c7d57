//! Author keys that signed two headers.

use std::collections::BTreeMap;

use crate::ids::{AuthorKey, BottleId, ItemHash};
use crate::limits::EQUIVOCATORS_MAX;
use crate::time::Epoch;

/// A proof of equivocation: whose, the two bottles that were seen first, and until when it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sunk {
    /// The key that signed both.
    pub author: AuthorKey,
    /// The bottles, smaller id first.
    pub bottles: [BottleId; 2],
    /// The first epoch in which neither would drift any more.
    pub until: Epoch,
}

/// All proofs, at most [`EQUIVOCATORS_MAX`].
#[derive(Debug, Clone, Default)]
pub(super) struct Sunken {
    by_author: BTreeMap<AuthorKey, Sunk>,
    by_bottle: BTreeMap<BottleId, AuthorKey>,
    by_item: BTreeMap<ItemHash, AuthorKey>,
}

impl Sunk {
    /// A proof from two bottles and the ends of their time.
    #[must_use]
    pub fn new(author: AuthorKey, one: (BottleId, Epoch), other: (BottleId, Epoch)) -> Self {
        let bottles = if one.0 < other.0 {
            [one.0, other.0]
        } else {
            [other.0, one.0]
        };
        Self {
            author,
            bottles,
            until: one.1.max(other.1),
        }
    }

    /// The item under which sync compares the proof. Nodes that saw other pairs of the same author have the same.
    #[must_use]
    pub fn item(author: &AuthorKey) -> ItemHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"meteorite/1/sunk");
        hasher.update(author.as_bytes());
        ItemHash(*hasher.finalize().as_bytes())
    }
}

impl Sunken {
    pub(super) fn add(&mut self, sunk: Sunk) {
        if self.by_author.len() >= EQUIVOCATORS_MAX {
            let first = self
                .by_author
                .values()
                .min_by_key(|known| (known.until, known.author))
                .copied();
            if let Some(first) = first {
                self.remove(&first);
            }
        }
        for bottle in sunk.bottles {
            self.by_bottle.insert(bottle, sunk.author);
        }
        self.by_item.insert(Sunk::item(&sunk.author), sunk.author);
        self.by_author.insert(sunk.author, sunk);
    }

    pub(super) fn get(&self, author: &AuthorKey) -> Option<Sunk> {
        self.by_author.get(author).copied()
    }

    pub(super) fn has_bottle(&self, bottle: &BottleId) -> bool {
        self.by_bottle.contains_key(bottle)
    }

    pub(super) fn author_of(&self, item: &ItemHash) -> Option<AuthorKey> {
        self.by_item.get(item).copied()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = ItemHash> {
        self.by_item.keys().copied()
    }

    pub(super) fn next_end(&self) -> Option<Epoch> {
        self.by_author.values().map(|sunk| sunk.until).min()
    }

    /// Forgets the proofs whose time ended before or with this epoch; the bottles whose headers can go.
    pub(super) fn expire(&mut self, now: Epoch) -> Vec<BottleId> {
        let over: Vec<Sunk> = self
            .by_author
            .values()
            .filter(|sunk| sunk.until <= now)
            .copied()
            .collect();
        for sunk in &over {
            self.remove(sunk);
        }
        over.iter().flat_map(|sunk| sunk.bottles).collect()
    }

    fn remove(&mut self, sunk: &Sunk) {
        self.by_author.remove(&sunk.author);
        self.by_item.remove(&Sunk::item(&sunk.author));
        for bottle in &sunk.bottles {
            self.by_bottle.remove(bottle);
        }
    }
}
