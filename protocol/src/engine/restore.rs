//! An engine from its rows. It is the path that every start takes, so a crash is nothing special.

use std::collections::{BTreeMap, BTreeSet};

use crate::admission::Admission;
use crate::clock_watch::ClockWatch;
use crate::economy::{Economy, UtcOffset};
use crate::hold::Hold;
use crate::ids::{BottleId, Signature};
use crate::mine::{Mine, OwnBottleRow};
use crate::reputation::Reputation;
use crate::schedule::Jitter;
use crate::sky::{Sky, Standing, Stone, Sunk};
use crate::wire::{BodyBlock, CatchMessage, Signed, SkyMessage};

use super::apply::merge_unchecked;
use super::bodies::Bodies;
use super::calls::Calls;
use super::dice::{Dice, derive};
use super::sync::Sync;
use super::{BottleRow, ClaimsRow, Config, Content, Engine, EquivocationRow, Row};

impl Engine {
    /// An engine with the memory of these rows, in any order. Rows are trusted: this node verified what is in them.
    /// What does not decode any more is left out; sync brings it back.
    #[must_use]
    pub fn restore(config: &Config, seed: [u8; 32], rows: impl IntoIterator<Item = Row>) -> Self {
        let mut loaded = Loaded::new(config);
        let (mut mine, mut catches, mut economy) = (Vec::new(), Vec::new(), None);
        for row in rows {
            match row {
                Row::Bottle(row) => loaded.bottle(row),
                Row::Claims(row) => loaded.claims.push(row),
                Row::Equivocation(row) => loaded.equivocation(&row),
                Row::Mine(row) => mine.push(*row),
                Row::Hold(row) => catches.push(*row),
                Row::Economy(row) => economy = Some(row),
                Row::HoldGone(_) => {}
            }
        }
        loaded.finish(&mine);
        let mut dice = Dice::new(&seed, "engine");
        let first = dice.below(u64::MAX);
        Self {
            params: config.params,
            sky: loaded.sky,
            admission: Admission::new(config.params),
            reputation: Reputation::default(),
            mine: Mine::restore(mine, Jitter::new(derive(&seed, "mine"))),
            hold: Hold::restore(catches),
            economy: Economy::restore(economy),
            offset: UtcOffset::default(),
            neighbours: BTreeSet::new(),
            sync: Sync::default(),
            calls: Calls::new(first),
            bodies: loaded.bodies,
            own_messages: loaded.messages,
            publications: BTreeMap::new(),
            next_publication: first,
            dice,
            clock_watch: ClockWatch::default(),
        }
    }
}

/// The state while rows come in.
struct Loaded {
    sky: Sky,
    bodies: Bodies,
    /// Held back until all bottles are in.
    claims: Vec<ClaimsRow>,
    messages: BTreeMap<BottleId, Vec<u8>>,
}

impl Loaded {
    fn new(config: &Config) -> Self {
        Self {
            sky: Sky::with_max(config.sky_bottles_max),
            bodies: Bodies::default(),
            claims: Vec::new(),
            messages: BTreeMap::new(),
        }
    }

    fn bottle(&mut self, row: BottleRow) {
        let stone = Stone {
            bottle: row.bottle,
            author: row.author,
            thrown_at: row.thrown_at,
            expires_at: row.expires_at,
            bits: row.bits,
            slots: row.slots,
            withheld: false,
        };
        self.sky.insert(stone);
        if !row.has_body {
            self.bodies.want(row.body, row.bottle, None);
        }
        if let Some(message) = row.content.and_then(|content| sky_message(*content)) {
            self.messages.insert(row.bottle, message);
        }
    }

    fn equivocation(&mut self, row: &EquivocationRow) {
        self.sky.sink(Sunk {
            author: row.author,
            bottles: row.bottles,
            until: row.until,
        });
    }

    fn finish(&mut self, mine: &[OwnBottleRow]) {
        for row in std::mem::take(&mut self.claims) {
            self.sky.update_claims(&row.bottle, |claims| {
                for message in row
                    .messages
                    .iter()
                    .filter_map(|bytes| CatchMessage::decode(bytes).ok())
                {
                    merge_unchecked(claims, &message);
                }
            });
        }
        let sky = &self.sky;
        self.bodies
            .retain(|bottle| sky.standing(bottle) == Standing::Drifting);
        let withheld = mine
            .iter()
            .filter(|row| row.release == crate::mine::Release::Withheld && !row.archived);
        let withheld: BTreeSet<BottleId> = withheld.map(|row| row.bottle.id).collect();
        for bottle in &withheld {
            self.sky.set_withheld(bottle, true);
        }
        self.messages.retain(|bottle, _| withheld.contains(bottle));
    }
}

fn sky_message(content: Content) -> Option<Vec<u8>> {
    let header = Signed::from_parts(content.header, Signature(content.signature)).ok()?;
    let body = BodyBlock::new(content.body?).ok()?;
    Some(SkyMessage { header, body }.encode())
}
