//! What the network is made of: nodes with their people, and stones.

use std::collections::BTreeMap;

use meteorite_ml::matcher::{
    Bottle, BottleDigest, Drifting, Features, LANGUAGES, Matcher, Reader, Shown, features,
};

use super::{DRIFTS_MS, PLACES};
use crate::config::SeaConfig;
use crate::dice::Dice;
use crate::people::{Person, draw_length};
use crate::vectors::Vector;

/// A device and whoever uses it.
pub(crate) struct Node {
    pub(crate) matcher: Matcher,
    pub(crate) reader: Reader,
    pub(crate) person: Person,
    /// Watches a day.
    pub(crate) watches: f64,
    /// Messages they could have written.
    pub(crate) written: Vec<usize>,
    /// Today's opens, throws and strangers answered.
    pub(crate) opened: u32,
    pub(crate) thrown: u32,
    pub(crate) answered: u32,
    /// Stones that fell here.
    pub(crate) met: BTreeMap<usize, Met>,
}

/// What a node remembers of a stone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    pub(crate) falls: u8,
    pub(crate) last: u64,
    pub(crate) opened: bool,
}

impl Node {
    /// The node of this rank in busyness, counted from 0.
    pub(crate) fn new(config: &SeaConfig, vectors: &[Vector], rank: usize, dice: &mut Dice) -> Self {
        let own = vectors[dice.below(vectors.len())].language;
        let other = vectors[dice.below(vectors.len())].language;
        let written = vectors
            .iter()
            .enumerate()
            .filter(|(_, vector)| vector.language == own);
        let busy = config.watches_most * (rank as f64 + 1.0).powf(-config.zipf);
        Self {
            matcher: Matcher::default(),
            reader: Reader {
                languages: vec![LANGUAGES[own].to_owned(), LANGUAGES[other].to_owned()],
                all_languages: false,
            },
            person: Person::new(vectors, own, config.shared, dice),
            watches: busy.max(config.watches_least),
            written: written.map(|(index, _)| index).collect(),
            opened: 0,
            thrown: 0,
            answered: 0,
            met: BTreeMap::new(),
        }
    }

    /// A new day.
    pub(crate) fn wake(&mut self) {
        self.opened = 0;
        self.thrown = 0;
        self.answered = 0;
    }
}

/// A bottle of the network.
pub(crate) struct Stone {
    pub(crate) author: usize,
    pub(crate) vector: usize,
    pub(crate) length: u16,
    pub(crate) thrown_at: u64,
    pub(crate) sinks_at: u64,
    pub(crate) places: u8,
    pub(crate) taken: u8,
    pub(crate) recasts: u8,
    /// When its last place was taken; 1 when that was since the last look, 0 when places are free.
    pub(crate) filled_at: u64,
    pub(crate) answered: bool,
    /// When the first stranger opened it.
    pub(crate) first_open: Option<u64>,
    /// Times it was looked at, and by whom.
    pub(crate) shows: u32,
    pub(crate) strangers: Vec<usize>,
}

impl Stone {
    pub(crate) fn new(author: usize, vector: usize, now: u64, dice: &mut Dice) -> Self {
        Self {
            author,
            vector,
            length: draw_length(dice),
            thrown_at: now,
            sinks_at: now + DRIFTS_MS,
            places: PLACES,
            taken: 0,
            recasts: 0,
            filled_at: 0,
            answered: false,
            first_open: None,
            shows: 0,
            strangers: Vec::new(),
        }
    }

    /// The neighbour that brought it to this node.
    pub(crate) fn neighbour(&self, node: usize) -> u64 {
        let mixed = (self.thrown_at ^ (self.author as u64).rotate_left(32) ^ node as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) % NEIGHBOURS
    }

    /// As it competes at this node; `number` is its own.
    pub(crate) fn drifting(
        &self,
        number: usize,
        (node, reader): (usize, &Node),
        language: usize,
    ) -> Drifting {
        let met = reader.met.get(&number).copied().unwrap_or_default();
        Drifting {
            places: self.places,
            taken: self.taken,
            recasts: self.recasts,
            thrown_at_ms: self.thrown_at,
            sinks_at_ms: self.sinks_at,
            falls: met.falls,
            last_fall_ms: met.last,
            neighbour: self.neighbour(node),
            barred: self.author == node || met.opened,
            language: reader.reader.place(LANGUAGES[language]),
        }
    }

    /// As the matcher sees it.
    pub(crate) fn bottle<'a>(&self, message: &'a Vector, now: u64) -> Bottle<'a> {
        let hours = |ms: u64| ms as f32 / 3_600_000.0;
        Bottle {
            left_hours: hours(self.sinks_at.saturating_sub(now)),
            places: self.places,
            ..message.bottle(hours(now.saturating_sub(self.thrown_at)), self.length, self.taken)
        }
    }

    /// Somebody looked at it.
    pub(crate) fn shown(&mut self, node: usize) {
        self.shows += 1;
        if !self.strangers.contains(&node) {
            self.strangers.push(node);
        }
    }

    /// Somebody opened it, and took a place if one was free.
    pub(crate) fn open(&mut self, now: u64) {
        self.first_open.get_or_insert(now);
        if self.taken < self.places {
            self.taken += 1;
            if self.taken == self.places {
                self.filled_at = now;
            }
        }
    }
}

/// Names a stone.
pub(crate) fn digest(index: usize) -> BottleDigest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&(index as u64).to_le_bytes());
    digest
}

/// A stone that is looked at.
pub(crate) fn shown(index: usize, vector: Features, message: &Vector, now: u64) -> Shown {
    Shown::new(
        &digest(index),
        features::pack(&vector),
        (&message.gist, message.mood),
        now,
    )
}

const NEIGHBOURS: u64 = 8;
