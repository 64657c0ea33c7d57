//! The network: hundreds of nodes, thousands of bottles, two weeks.
//!
//! Each node has the real matcher with the real pool, features and rewards, and a person of the stated population. Time goes in steps of
//! ten minutes; a bottle or claim is known everywhere within one, which is slow for gossip. A watch has three waves with one fall each. Who opens
//! claims a place if one is free; who finds none free may read and answer all the same, because a claim is no lock. All constants of the
//! economy are the program's own.

mod outcome;
mod shore;

use meteorite_ml::matcher::fairness::{FALLS_PER_WAVE, WAVES_PER_WATCH};
use meteorite_ml::matcher::model::sigmoid;
use meteorite_ml::matcher::{Act, Drifting, Features, Knob, POOL};
use meteorite_protocol::limits::{
    CLAIM_BITS_FLOOR, OPENS_PER_DAY, RECAST_AFTER_MS, RECASTS_MAX, SLOTS_DEFAULT, THROWS_PER_DAY,
    THROWS_PER_DAY_MAX,
};

pub(crate) use self::outcome::Outcome;
pub(crate) use self::shore::shown;
use self::shore::{Node, Stone};
use crate::config::SeaConfig;
use crate::dice::Dice;
use crate::vectors::Vector;

/// How nodes choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choosing {
    /// As the program does.
    Matcher,
    /// Any bottle that may fall, all alike.
    Random,
    /// The best expected of all that may fall, with no regard to who was found.
    Relevance,
}

/// Who else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// Nobody.
    None,
    /// Somebody claims every place at once; readers may open what has no free place.
    OpenSea,
    /// The same, where a bottle without a free place cannot be opened.
    Locked,
}

/// One network.
pub(crate) struct Sea<'a> {
    config: &'a SeaConfig,
    vectors: &'a [Vector],
    choosing: Choosing,
    attack: Attack,
    nodes: Vec<Node>,
    stones: Vec<Stone>,
    /// Stones that still drift.
    live: Vec<usize>,
    dice: Dice,
    /// Claims that the attacker has mined and not spent.
    claims: f64,
}

impl<'a> Sea<'a> {
    pub(crate) fn new(
        config: &'a SeaConfig,
        vectors: &'a [Vector],
        (choosing, attack): (Choosing, Attack),
        seed: u64,
    ) -> Self {
        let mut dice = Dice::new(seed, 7);
        let nodes = (0..config.nodes)
            .map(|rank| Node::new(config, vectors, rank, &mut dice))
            .collect();
        Self {
            config,
            vectors,
            choosing,
            attack,
            nodes,
            stones: Vec::new(),
            live: Vec::new(),
            dice,
            claims: 0.0,
        }
    }

    /// Plays all days.
    pub(crate) fn play(mut self) -> Outcome {
        let steps = self.config.days * DAY_MS / STEP_MS;
        for step in 0..steps {
            let now = START_MS + step * STEP_MS;
            self.step(now);
        }
        Outcome::of(&self.stones, START_MS + self.config.days * DAY_MS)
    }

    fn step(&mut self, now: u64) {
        if (now - START_MS).is_multiple_of(DAY_MS) {
            self.nodes.iter_mut().for_each(Node::wake);
        }
        let stones = &self.stones;
        self.live.retain(|index| stones[*index].sinks_at > now);
        self.strike();
        self.recast(now);
        // Everybody in an order of chance.
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, self.dice.below(at + 1));
        }
        for node in order {
            let chance = self.nodes[node].watches * STEP_MS as f64 / DAY_MS as f64;
            if self.dice.chance(chance) {
                self.watch(node, now);
            }
        }
    }

    /// The attacker takes every free place that its cores can pay for.
    fn strike(&mut self) {
        if self.attack == Attack::None {
            return;
        }
        let each = f64::from(2_u32.pow(CLAIM_BITS_FLOOR));
        self.claims += self.config.attack_cores * self.config.attack_hashes * STEP_MS as f64 / 1e3 / each;
        for index in &self.live {
            let stone = &mut self.stones[*index];
            while stone.taken < stone.places && self.claims >= 1.0 {
                self.claims -= 1.0;
                stone.taken += 1;
                stone.filled_at = stone.filled_at.max(1);
            }
        }
    }

    /// Authors who are there open new places where nobody answered.
    fn recast(&mut self, now: u64) {
        let here = self.config.author_returns * STEP_MS as f64 / 3_600_000.0;
        for index in &self.live {
            let stone = &mut self.stones[*index];
            if stone.filled_at == 1 {
                stone.filled_at = now;
            }
            let due = stone.taken >= stone.places && now >= stone.filled_at + RECAST_AFTER_MS;
            if due && !stone.answered && stone.recasts < RECASTS_MAX && self.dice.chance(here) {
                stone.recasts += 1;
                stone.taken = 0;
                stone.filled_at = 0;
            }
        }
    }

    /// A watch: waves with a fall each, and perhaps a throw at its end.
    fn watch(&mut self, node: usize, now: u64) {
        self.nodes[node].matcher.handle_tick(now);
        for _ in 0..WAVES_PER_WATCH * FALLS_PER_WAVE {
            self.fall(node, now);
        }
        self.throw(node, now);
    }

    fn throw(&mut self, node: usize, now: u64) {
        let over = now >= START_MS + self.config.throwing_days * DAY_MS;
        let rate = self.config.bottles as f64 / self.config.throwing_days as f64;
        let watches: f64 = self.nodes.iter().map(|node| node.watches).sum();
        let thrower = &mut self.nodes[node];
        let allowed = (THROWS_PER_DAY + thrower.answered).min(THROWS_PER_DAY_MAX);
        // Busy nodes meet their allowance, so a watch that may throw does so a little more often than the mean.
        let wanted = THROW_HASTE * rate / watches;
        if over || self.stones.len() >= self.config.bottles {
            return;
        }
        let throws = wanted as u32 + u32::from(self.dice.chance(wanted.fract()));
        for _ in 0..throws.min(allowed.saturating_sub(thrower.thrown)) {
            thrower.thrown += 1;
            let vector = thrower.written[self.dice.below(thrower.written.len())];
            let message = &self.vectors[vector];
            thrower.matcher.handle_written(&message.gist, message.mood);
            self.live.push(self.stones.len());
            self.stones.push(Stone::new(node, vector, now, &mut self.dice));
        }
    }

    fn fall(&mut self, node: usize, now: u64) {
        let Some((stone, features)) = self.choose(node, now) else {
            return;
        };
        let reader = &mut self.nodes[node];
        let seen = self.dice.chance(self.config.looked_at);
        let met = reader.met.entry(stone).or_default();
        met.falls += 1;
        met.last = now;
        reader.matcher.handle_fall(self.stones[stone].neighbour(node));
        if seen {
            self.look(node, stone, features, now);
        }
    }

    /// The bottle that falls, and its features.
    fn choose(&mut self, node: usize, now: u64) -> Option<(usize, Features)> {
        let reader = &self.nodes[node];
        let locked = self.attack == Attack::Locked;
        let drifting = |index: &usize| {
            let stone = &self.stones[*index];
            let mut drifting = stone.drifting(*index, (node, reader), self.vectors[stone.vector].language);
            drifting.barred |= locked && drifting.taken >= drifting.places;
            drifting
        };
        let sky: Vec<Drifting> = self.live.iter().map(drifting).collect();
        let knob = match self.choosing {
            Choosing::Matcher => Knob::new(self.config.knob),
            Choosing::Random => Knob::SURPRISE_ME,
            Choosing::Relevance => Knob::LIKE_ME,
        };
        let pool = match self.choosing {
            Choosing::Matcher => reader.matcher.pool(&sky, POOL, now, &mut self.dice.0),
            Choosing::Random | Choosing::Relevance => vacant(&sky, now),
        };
        if self.choosing == Choosing::Random {
            let index = *pool.get(self.dice.below(pool.len().max(1)))?;
            let stone = self.live[index];
            return Some((stone, self.features(node, stone, now)));
        }
        let candidates: Vec<Features> = pool
            .iter()
            .map(|index| self.features(node, self.live[*index], now))
            .collect();
        let choice = reader.matcher.choose(&candidates, knob, &mut self.dice.0)?;
        Some((self.live[pool[choice.index]], candidates[choice.index]))
    }

    fn features(&self, node: usize, stone: usize, now: u64) -> Features {
        let stone = &self.stones[stone];
        let bottle = stone.bottle(&self.vectors[stone.vector], now);
        self.nodes[node]
            .matcher
            .features(&bottle, &self.nodes[node].reader)
    }

    /// A stone is looked at; its reader does what they do.
    fn look(&mut self, node: usize, index: usize, features: Features, now: u64) {
        let config = self.config;
        let (stone, reader) = (&mut self.stones[index], &mut self.nodes[node]);
        let message = &self.vectors[stone.vector];
        let liking = reader.person.liking(message, stone.length);
        stone.shown(node);
        reader
            .matcher
            .handle_shown(shore::shown(index, features, message, now));
        let dice = &mut self.dice;
        let mut chance = |[constant, slope]: [f64; 2]| dice.chance(sigmoid(constant + slope * liking));
        if reader.opened >= OPENS_PER_DAY || !chance(config.open) {
            return;
        }
        let (light, answer) = (chance(config.light), chance(config.answer));
        reader.opened += 1;
        reader.met.entry(index).or_default().opened = true;
        stone.open(now);
        let mut acts = vec![Act::Opened, Act::Read];
        let other = self.dice.unit();
        if light {
            acts.push(Act::Lit);
        }
        if answer {
            acts.push(Act::Answered);
            reader.answered += 1;
        }
        if other < config.keep {
            acts.push(Act::Kept);
        } else if other < config.keep + config.throw_back {
            acts.push(Act::ThrownBack);
            stone.taken = stone.taken.saturating_sub(1);
        } else if other < config.keep + config.throw_back + config.report {
            acts.push(Act::Reported);
        }
        stone.answered |= light || answer;
        for act in acts {
            reader.matcher.handle_act(&shore::digest(index), act, now);
        }
    }
}

/// All bottles with a free place that may fall; all that may fall when there is none.
fn vacant(sky: &[Drifting], now: u64) -> Vec<usize> {
    let may = |index: &usize| sky[*index].may_fall(now);
    let free: Vec<usize> = (0..sky.len())
        .filter(may)
        .filter(|index| sky[*index].taken < sky[*index].places)
        .collect();
    if free.is_empty() {
        (0..sky.len()).filter(may).collect()
    } else {
        free
    }
}

const STEP_MS: u64 = 600_000;
const DAY_MS: u64 = 24 * 3_600_000;
const START_MS: u64 = 1_000 * DAY_MS;
const THROW_HASTE: f64 = 1.15;
/// A bottle drifts for seven days.
const DRIFTS_MS: u64 = 7 * DAY_MS;
const PLACES: u8 = SLOTS_DEFAULT;
