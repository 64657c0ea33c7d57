//! A fair sea: which bottles a device lets compete, before taste has a word.
//!
//! A device sees of a bottle how many of its places are taken, when it sinks and which neighbour brought it. The pool fills with
//! bottles that nobody has found, those that sink first before the others; then with those that one has found, and so on; a bottle all of
//! whose places are taken comes last. So being found makes a bottle rarer, not more frequent: nothing grows by being popular. Taste then
//! chooses inside the pool.
//!
//! Claims are places in the game and no lock. A bottle whose places are all taken may still fall when nothing better drifts: whoever claims the whole
//! sea hides nothing, because the finder reads it, and its author takes letters from any valid claim.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use meteorite_protocol::limits::{FALL_AGAIN_MS, FALLS_MAX, RECAST_AFTER_MS};
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::softmax::unit;

/// Bottles that compete for one fall unless the caller wants more.
pub const POOL: usize = 16;
/// Waves in a watch.
pub const WAVES_PER_WATCH: u32 = 3;
/// Bottles that fall in one wave at most.
pub const FALLS_PER_WAVE: u32 = 1;
/// Falls that the cap on a neighbour looks back on.
pub const NEIGHBOUR_WINDOW: usize = 24;
/// Of so many falls at most this share came by one neighbour, while others have something to offer.
pub const NEIGHBOUR_FALLS_MAX: usize = 8;
/// Of [`POOL`] at most this share came by one neighbour, while others have something to offer.
pub const NEIGHBOUR_POOL_SHARE: f64 = 0.34;

/// A number for the neighbour that a bottle came from first; the same neighbour has the same number while the program runs.
pub type Neighbour = u64;

/// What decides about a bottle's place in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drifting {
    /// Places, 1 to 8.
    pub places: u8,
    /// Places that are taken.
    pub taken: u8,
    /// Times its author opened new places because neither a light nor a letter came.
    pub recasts: u8,
    /// Milliseconds since 1970 at which it was thrown.
    pub thrown_at_ms: u64,
    /// Milliseconds since 1970 at which it sinks.
    pub sinks_at_ms: u64,
    /// Times it fell here and was missed.
    pub falls: u8,
    /// When it last fell here, in milliseconds since 1970.
    pub last_fall_ms: u64,
    /// The neighbour that brought it.
    pub neighbour: Neighbour,
    /// The reader threw it, has opened it, or hid it.
    pub barred: bool,
    /// The place of its language in the reader's list ([`super::Reader::place`]); `None` when it must not fall.
    pub language: Option<u8>,
}

impl Drifting {
    /// Whether it may fall now at all.
    #[must_use]
    pub fn may_fall(&self, now_ms: u64) -> bool {
        let rested = self.falls == 0 || now_ms >= self.last_fall_ms.saturating_add(FALL_AGAIN_MS);
        !self.barred
            && self.language.is_some()
            && self.falls < FALLS_MAX
            && rested
            && now_ms < self.sinks_at_ms
    }

    /// The smaller, the earlier in the pool: share of places taken in eighths, none for what will sink soon; full ones last.
    fn tier(&self, now_ms: u64) -> u8 {
        if self.taken >= self.places {
            return FULL;
        }
        let soon = self.sinks_at_ms.saturating_sub(now_ms) < SINKING_SOON_MS;
        if soon {
            0
        } else {
            self.taken.saturating_mul(8) / self.places.max(1)
        }
    }

    /// The smaller, the earlier among its likes. Free places: what sinks first. Full ones: what was thrown or recast last, because it may
    /// have been claimed by somebody who does not read.
    fn urgency(&self, now_ms: u64) -> u64 {
        if self.taken < self.places {
            return self.sinks_at_ms.saturating_sub(now_ms) / URGENCY_STEP_MS;
        }
        let recasts = u64::from(self.recasts).saturating_mul(RECAST_AFTER_MS);
        now_ms.saturating_sub(self.thrown_at_ms).saturating_sub(recasts) / FULL_STEP_MS
    }
}

/// The neighbours of the last falls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falls {
    recent: VecDeque<Neighbour>,
}

impl Falls {
    /// A bottle fell that this neighbour had brought.
    pub fn handle_fall(&mut self, neighbour: Neighbour) {
        self.recent.truncate(NEIGHBOUR_WINDOW - 1);
        self.recent.push_front(neighbour);
    }

    /// Keeps only the last so many.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.recent.truncate(count);
    }

    /// Whether so many of the last falls came by this neighbour that others go first.
    #[must_use]
    pub fn is_tired_of(&self, neighbour: Neighbour) -> bool {
        self.recent
            .iter()
            .take(NEIGHBOUR_WINDOW)
            .filter(|known| **known == neighbour)
            .count()
            >= NEIGHBOUR_FALLS_MAX
    }
}

/// The bottles that compete for a fall: indices into `sky`, at most `size`, none twice. Ties are broken at random.
#[must_use]
pub fn pool(sky: &[Drifting], falls: &Falls, size: usize, now_ms: u64, rng: &mut dyn Rng) -> Vec<usize> {
    let language = some_language(sky, now_ms, rng);
    let mut ranked: Vec<(Rank, usize)> = Vec::new();
    for (index, bottle) in sky.iter().enumerate() {
        if bottle.may_fall(now_ms) {
            let rank = Rank {
                tired: falls.is_tired_of(bottle.neighbour),
                tier: bottle.tier(now_ms),
                other_language: bottle.taken >= bottle.places && bottle.language != language,
                urgent: bottle.urgency(now_ms),
                ticket: (unit(rng) * f64::from(u32::MAX)) as u32,
            };
            ranked.push((rank, index));
        }
    }
    // Only the first few can matter: sorting the rest would cost more than the choice.
    let most = size.saturating_mul(SORTED_SHARE);
    if ranked.len() > most {
        ranked.select_nth_unstable(most);
        ranked.truncate(most);
    }
    ranked.sort_unstable();
    spread(&ranked, sky, size)
}

/// One of the languages in which bottles may fall, all alike. Among full ones it goes first: where claims tell nothing, languages with many
/// readers would otherwise be read more often than those with few.
fn some_language(sky: &[Drifting], now_ms: u64, rng: &mut dyn Rng) -> Option<u8> {
    let may = sky.iter().filter(|bottle| bottle.may_fall(now_ms));
    let languages: BTreeSet<u8> = may.filter_map(|bottle| bottle.language).collect();
    let at = (unit(rng) * languages.len() as f64) as usize;
    languages.into_iter().nth(at)
}

/// In which order bottles enter the pool, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    tired: bool,
    tier: u8,
    other_language: bool,
    urgent: u64,
    ticket: u32,
}

/// Takes the first of each neighbour up to its share, then whatever comes.
fn spread(ranked: &[(Rank, usize)], sky: &[Drifting], size: usize) -> Vec<usize> {
    let most = ((size as f64 * NEIGHBOUR_POOL_SHARE).ceil() as usize).max(1);
    let mut by_neighbour: BTreeMap<Neighbour, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    let mut waiting = Vec::new();
    let mut full = 0;
    for (_, index) in ranked {
        let Some(bottle) = sky.get(*index) else { continue };
        if bottle.taken >= bottle.places {
            full += 1;
            if full > FULL_MAX {
                continue;
            }
        }
        let count = by_neighbour.entry(bottle.neighbour).or_default();
        if *count < most {
            *count += 1;
            chosen.push(*index);
        } else {
            waiting.push(*index);
        }
        if chosen.len() >= size {
            return chosen;
        }
    }
    let room = size - chosen.len();
    chosen.extend(waiting.into_iter().take(room));
    chosen
}

const FULL: u8 = u8::MAX;
/// The same for full ones (12 hours).
const FULL_STEP_MS: u64 = 12 * 3_600_000;
/// Full ones in one pool: nobody knows which of them were really found, so among them chance decides and not taste.
const FULL_MAX: usize = 1;
/// What sinks within this time goes first, whoever has found it (48 hours).
const SINKING_SOON_MS: u64 = 48 * 3_600_000;
/// Ranked bottles that are looked at for each that enters the pool.
const SORTED_SHARE: usize = 8;
/// Moments as close together as this count as the same (6 hours), so that the pool is not always the same.
const URGENCY_STEP_MS: u64 = 6 * 3_600_000;
