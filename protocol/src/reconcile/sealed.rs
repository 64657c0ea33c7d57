//! A sorted, unchanging copy of the items, shared by everything that compares at the moment.

use std::sync::Arc;

use negentropy::{Bound, Error, Id, Item, NegentropyStorageBase, NegentropyStorageVector};

use crate::ids::ItemHash;
use crate::sky::Sky;
use crate::time::{Epoch, Now};

/// The items that we offered at some moment. 40 bytes each.
#[derive(Debug, Clone)]
pub struct Sealed {
    vector: Arc<NegentropyStorageVector>,
    pub(super) revision: u64,
    pub(super) epoch: Epoch,
    pub(super) sealed_ms: u64,
}

/// The same vector, as negentropy wants to own it.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<NegentropyStorageVector>);

impl Sealed {
    /// Sorts what the sky offers now.
    #[must_use]
    pub fn new(sky: &Sky, now: Now) -> Self {
        let epoch = now.wall.epoch();
        let mut vector = NegentropyStorageVector::with_capacity(sky.len());
        // Neither insert nor seal fails: the vector is sealed once, after all inserts.
        let inserted = sky
            .items(epoch)
            .try_for_each(|(thrown, item)| vector.insert(u64::from(thrown.0), Id::from_byte_array(item.0)));
        if inserted.and_then(|()| vector.seal()).is_err() {
            vector = NegentropyStorageVector::new();
        }
        Self {
            vector: Arc::new(vector),
            revision: sky.revision(),
            epoch,
            sealed_ms: now.mono_ms,
        }
    }

    /// How many items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vector.size().unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this item, thrown in this epoch, is among them.
    #[must_use]
    pub fn contains(&self, thrown_at: Epoch, item: &ItemHash) -> bool {
        let wanted = Item::with_timestamp_and_id(u64::from(thrown_at.0), Id::from_byte_array(item.0));
        let at = self
            .vector
            .find_lower_bound(0, self.len(), &Bound::from_item(&wanted));
        self.vector.get_item(at).is_ok_and(|found| found == Some(wanted))
    }

    pub(super) fn share(&self) -> Shared {
        Shared(Arc::clone(&self.vector))
    }
}

impl NegentropyStorageBase for Shared {
    fn size(&self) -> Result<usize, Error> {
        self.0.size()
    }

    fn get_item(&self, i: usize) -> Result<Option<Item>, Error> {
        self.0.get_item(i)
    }

    fn iterate(
        &self,
        begin: usize,
        end: usize,
        cb: &mut dyn FnMut(Item, usize) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.0.iterate(begin, end, cb)
    }

    fn find_lower_bound(&self, first: usize, last: usize, value: &Bound) -> usize {
        self.0.find_lower_bound(first, last, value)
    }
}
