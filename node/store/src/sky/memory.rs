//! The sky in memory, for tests and for programs that keep nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use meteorite_protocol::ids::{AuthorKey, BottleId};
use meteorite_protocol::time::Epoch;

use super::page::Wanted;
use super::{
    CatchesRow, EquivocationRow, ExpiredBottle, HeaderFlags, HeaderRow, Hidden, IndexRow, SKY_BULK_MAX,
    SKY_PAGE_MAX, SkyCounts, SkyCursor, SkyFilter, SkyPage, SkyStore, SkyWrite, strongest_mood,
};
use crate::error::StoreError;

/// A [`SkyStore`] that forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemorySky {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: i64,
    headers: BTreeMap<BottleId, (i64, HeaderRow)>,
    catches: BTreeMap<BottleId, CatchesRow>,
    equivocations: BTreeMap<AuthorKey, EquivocationRow>,
}

impl MemorySky {
    /// An empty sky.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // A panic inside cannot leave a half-done change worth protecting: tests only.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl SkyStore for MemorySky {
    async fn write_sky(&self, writes: Vec<SkyWrite>) -> Result<(), StoreError> {
        self.with(|state| {
            for write in writes {
                state.apply(write);
            }
        });
        Ok(())
    }

    async fn sky_page(
        &self,
        filter: &SkyFilter,
        after: Option<SkyCursor>,
        limit: usize,
    ) -> Result<SkyPage, StoreError> {
        let limit = limit.clamp(1, SKY_PAGE_MAX);
        let wanted = Wanted::new(filter);
        Ok(self.with(|state| state.page(&wanted, after, limit)))
    }

    async fn headers(&self, bottles: &[BottleId]) -> Result<Vec<HeaderRow>, StoreError> {
        let bottles = bottles.get(..SKY_BULK_MAX).unwrap_or(bottles);
        Ok(self.with(|state| {
            bottles
                .iter()
                .filter_map(|id| state.headers.get(id))
                .map(|(_, row)| row.clone())
                .collect()
        }))
    }

    async fn catches(&self, bottles: &[BottleId]) -> Result<Vec<CatchesRow>, StoreError> {
        let bottles = bottles.get(..SKY_BULK_MAX).unwrap_or(bottles);
        Ok(self.with(|state| {
            bottles
                .iter()
                .filter_map(|id| state.catches.get(id))
                .cloned()
                .collect()
        }))
    }

    async fn load_index(&self, each: &mut (dyn FnMut(IndexRow) + Send)) -> Result<usize, StoreError> {
        let mut rows = self.with(|state| state.headers.values().cloned().collect::<Vec<_>>());
        rows.sort_by_key(|(id, _)| *id);
        let count = rows.len();
        for (_, row) in rows {
            each(row.index);
        }
        Ok(count)
    }

    async fn load_catches(&self, each: &mut (dyn FnMut(CatchesRow) + Send)) -> Result<usize, StoreError> {
        let rows = self.with(|state| state.catches.values().cloned().collect::<Vec<_>>());
        let count = rows.len();
        rows.into_iter().for_each(each);
        Ok(count)
    }

    async fn equivocations(&self) -> Result<Vec<EquivocationRow>, StoreError> {
        Ok(self.with(|state| state.equivocations.values().copied().collect()))
    }

    async fn expire_bottles(&self, now: Epoch, limit: usize) -> Result<Vec<ExpiredBottle>, StoreError> {
        Ok(self.with(|state| state.expire(now, limit)))
    }

    async fn sky_counts(&self) -> Result<SkyCounts, StoreError> {
        Ok(self.with(|state| {
            let mut counts = SkyCounts::default();
            for (_, row) in state.headers.values() {
                counts.all += 1;
                counts.shown += u64::from(visibility(row.index.flags) == 0);
                counts.hidden += u64::from(visibility(row.index.flags) == 1);
            }
            counts
        }))
    }
}

impl State {
    fn apply(&mut self, write: SkyWrite) {
        match write {
            SkyWrite::PutHeader(row) => {
                if let Some((_, known)) = self.headers.get_mut(&row.index.bottle) {
                    known.index.flags = known.index.flags.with(row.index.flags);
                } else {
                    self.next_id += 1;
                    self.headers.insert(row.index.bottle, (self.next_id, *row));
                }
            }
            SkyWrite::SetFlags { bottle, set, clear } => {
                if let Some((_, row)) = self.headers.get_mut(&bottle) {
                    row.index.flags = row.index.flags.with(set).without(clear);
                }
            }
            SkyWrite::SetCatches(row) if row.messages.is_empty() => {
                self.catches.remove(&row.bottle);
            }
            SkyWrite::SetCatches(row) => {
                self.catches.insert(row.bottle, row);
            }
            SkyWrite::PutEquivocation(row) => {
                self.equivocations.insert(row.author, row);
            }
            SkyWrite::DeleteBottle(bottle) => {
                self.catches.remove(&bottle);
                self.headers.remove(&bottle);
            }
        }
    }

    fn page(&self, wanted: &Wanted<'_>, after: Option<SkyCursor>, limit: usize) -> SkyPage {
        let mut rows: Vec<_> = self
            .headers
            .values()
            .filter(|(id, row)| {
                let seen = visibility(row.index.flags);
                let visible = seen == 0 || (seen == 1 && wanted.hidden == Hidden::Include);
                let lang = wanted.langs.is_empty() || wanted.langs.contains(row.index.lang.as_str());
                let mood = wanted.moods.is_empty() || wanted.moods.contains(&strongest_mood(&row.index.mood));
                let later =
                    after.is_none_or(|after| (row.index.first_seen, *id) < (after.first_seen, after.id));
                visible && lang && mood && later
            })
            .collect();
        rows.sort_by_key(|(id, row)| std::cmp::Reverse((row.index.first_seen, *id)));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|(id, row)| SkyCursor {
            first_seen: row.index.first_seen,
            id: *id,
        });
        SkyPage {
            next: last.filter(|_| more),
            rows: rows.into_iter().map(|(_, row)| row.clone()).collect(),
        }
    }

    fn expire(&mut self, now: Epoch, limit: usize) -> Vec<ExpiredBottle> {
        let mut ended: Vec<_> = self
            .headers
            .values()
            .filter(|(_, row)| row.index.expires_at <= now)
            .map(|(id, row)| {
                (
                    (row.index.expires_at, *id),
                    ExpiredBottle {
                        bottle: row.index.bottle,
                        body: row.index.body,
                    },
                )
            })
            .collect();
        ended.sort_unstable_by_key(|(order, _)| *order);
        ended.truncate(limit);
        self.equivocations.retain(|_, row| row.until > now);
        for (_, gone) in &ended {
            self.apply(SkyWrite::DeleteBottle(gone.bottle));
        }
        ended.into_iter().map(|(_, gone)| gone).collect()
    }
}

/// The same three classes as the generated column of the table.
fn visibility(flags: HeaderFlags) -> u8 {
    let never = [HeaderFlags::OWN, HeaderFlags::SUNK, HeaderFlags::FORWARD_ONLY];
    if never.iter().any(|flag| flags.has(*flag)) {
        2
    } else {
        u8::from(flags.has(HeaderFlags::HIDDEN))
    }
}
