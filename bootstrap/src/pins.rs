//! Which bodies this server keeps: all live ones, as long as they fit.
//!
//! Beyond the quota those farthest (XOR) from the server's own id go, so that several small servers keep different parts of
//! the sky instead of the same one. What is kept depends on network data only. The book is in memory and rebuilt from the
//! index of the back end at start; [`keeper`] carries out what it decides.
//!
//! Anyone can make a header that names another bottle's body, so a body stays until the last bottle that names it is over.

mod keeper;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use meteorite_protocol::ids::{BodyId, BottleId};

pub(crate) use keeper::{Keeper, ORDERS_MAX, Order};
pub(crate) use sweep::{Sweep, sweep};

/// The bodies that are kept, and the bottles that name them.
#[derive(Debug)]
pub(crate) struct Book {
    home: [u8; 32],
    bytes_max: u64,
    bytes: u64,
    kept: BTreeMap<BodyId, u32>,
    /// The last one goes first.
    by_distance: BTreeSet<([u8; 32], BodyId)>,
    // As many as the engine has bottles, which bounds them.
    by_bottle: BTreeMap<BottleId, BodyId>,
    by_body: BTreeSet<(BodyId, BottleId)>,
}

impl Book {
    /// An empty book. `home` is what distances are measured from: the hash of the server's peer id.
    pub(crate) fn new(home: [u8; 32], bytes_max: u64) -> Self {
        Self {
            home,
            bytes_max,
            bytes: 0,
            kept: BTreeMap::new(),
            by_distance: BTreeSet::new(),
            by_bottle: BTreeMap::new(),
            by_body: BTreeSet::new(),
        }
    }

    /// A live bottle names this body.
    pub(crate) fn link(&mut self, bottle: BottleId, body: BodyId) {
        self.by_bottle.insert(bottle, body);
        self.by_body.insert((body, bottle));
    }

    /// Keeps a body of this size; the bodies that make room. It may be among them, or not be wanted by any bottle: then
    /// [`Self::has`] says no.
    pub(crate) fn keep(&mut self, body: BodyId, bytes: u32) -> Vec<BodyId> {
        if self.is_named(&body) && !self.kept.contains_key(&body) {
            self.kept.insert(body, bytes);
            self.by_distance.insert((self.distance(&body), body));
            self.bytes = self.bytes.saturating_add(u64::from(bytes));
        }
        let mut gone = Vec::new();
        while self.bytes > self.bytes_max {
            let Some((_, farthest)) = self.by_distance.last().copied() else {
                break;
            };
            self.forget(&farthest);
            gone.push(farthest);
        }
        gone
    }

    /// A bottle is over; its body, if it was kept and no other bottle names it.
    pub(crate) fn drop_bottle(&mut self, bottle: &BottleId) -> Option<BodyId> {
        let body = self.by_bottle.remove(bottle)?;
        self.by_body.remove(&(body, *bottle));
        (!self.is_named(&body) && self.forget(&body)).then_some(body)
    }

    /// Whether a body is kept.
    pub(crate) fn has(&self, body: &BodyId) -> bool {
        self.kept.contains_key(body)
    }

    /// Forgets a body, for example because it could not be stored; whether it was kept.
    pub(crate) fn forget(&mut self, body: &BodyId) -> bool {
        let Some(bytes) = self.kept.remove(body) else {
            return false;
        };
        self.bytes = self.bytes.saturating_sub(u64::from(bytes));
        self.by_distance.remove(&(self.distance(body), *body))
    }

    /// How many bodies are kept.
    pub(crate) fn bodies(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of all bodies that are kept.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_named(&self, body: &BodyId) -> bool {
        let bottles = (*body, BottleId([0; 32]))..=(*body, BottleId([u8::MAX; 32]));
        self.by_body.range(bottles).next().is_some()
    }

    fn distance(&self, body: &BodyId) -> [u8; 32] {
        let mut distance = self.home;
        for (byte, other) in distance.iter_mut().zip(body.as_bytes()) {
            *byte ^= other;
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(first: u8) -> [u8; 32] {
        let mut id = [0; 32];
        id[0] = first;
        id
    }

    fn keep(book: &mut Book, first: u8) -> Vec<BodyId> {
        book.link(BottleId(id(first)), BodyId(id(first)));
        book.keep(BodyId(id(first)), 100)
    }

    #[test]
    fn the_farthest_go_first() {
        let mut book = Book::new([0; 32], 250);
        assert!(keep(&mut book, 0x80).is_empty());
        assert!(keep(&mut book, 0x01).is_empty());
        assert_eq!(keep(&mut book, 0x10), [BodyId(id(0x80))]);
        assert_eq!(
            keep(&mut book, 0x40),
            [BodyId(id(0x40))],
            "a newcomer may be the farthest itself"
        );
        assert_eq!((book.bodies(), book.bytes()), (2, 200));
    }

    #[test]
    fn a_body_counts_once_and_leaves_with_its_last_bottle() {
        let mut book = Book::new([7; 32], 250);
        keep(&mut book, 1);
        keep(&mut book, 1);
        book.link(BottleId(id(9)), BodyId(id(1)));
        assert_eq!(book.bytes(), 100);
        assert_eq!(
            book.drop_bottle(&BottleId(id(9))),
            None,
            "the first bottle still names it"
        );
        assert_eq!(book.drop_bottle(&BottleId(id(1))), Some(BodyId(id(1))));
        assert_eq!(book.drop_bottle(&BottleId(id(1))), None);
        assert_eq!((book.bodies(), book.bytes()), (0, 0));
    }

    #[test]
    fn a_body_that_no_bottle_names_is_not_kept() {
        let mut book = Book::new([7; 32], 250);
        assert!(book.keep(BodyId(id(3)), 100).is_empty());
        assert!(!book.has(&BodyId(id(3))));
    }
}
