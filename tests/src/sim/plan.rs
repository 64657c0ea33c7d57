//! What a seed decides about its world, before anything happens in it.
//!
//! *Swarm testing* (Groce et al., 2012): each world has only some of the faults, and each at a strength of its own, because
//! a fault that is always on hides what only happens without it. A tenth of the seeds has no faults and no rogues.

use super::dice::Dice;
use super::rogues::RogueKind;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Whether anything goes wrong at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Peaceful,
    Rough,
}

/// A world before it begins.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Nodes that run the real engine.
    pub(super) honest: usize,
    /// Nodes that do not.
    pub(super) rogues: Vec<RogueKind>,
    pub(super) net: NetPlan,
    pub(super) users: UserPlan,
    pub(super) faults: FaultPlan,
    /// How long users, faults and rogues do what they do.
    pub(super) safety_ms: u64,
    /// Letters are written, and so many mailboxes hold them; 0 for a world without letters.
    pub(super) mailboxes: usize,
    /// Bottles that fit into an index.
    pub(super) sky_max: usize,
}

/// The network.
#[derive(Debug, Clone)]
pub(super) struct NetPlan {
    /// Connections that each node seeks.
    pub(super) degree: usize,
    /// Least and greatest delay of a link.
    pub(super) latency_ms: (u64, u64),
    /// What comes on top, drawn anew for each message.
    pub(super) jitter_ms: u64,
    /// Of a thousand messages, requests or answers so many are lost.
    pub(super) loss: u32,
    /// Of a thousand gossip messages so many come twice.
    pub(super) duplicate: u32,
    /// Messages overtake each other on a link.
    pub(super) reorder: bool,
}

/// The users.
#[derive(Debug, Clone)]
pub(super) struct UserPlan {
    /// Between two things that one user does.
    pub(super) pause_ms: u64,
    /// Now and then many want the same bottle at once.
    pub(super) frenzies: bool,
    /// Of a thousand actions so many are ones that must be refused.
    pub(super) mischief: u32,
    /// Places of a bottle at most.
    pub(super) slots_max: u64,
    /// Of a thousand bottles so many drift for less than an hour.
    pub(super) short_lived: u32,
}

/// What goes wrong. `None` and 0 mean never.
#[derive(Debug, Clone, Default)]
pub(super) struct FaultPlan {
    /// Between two crashes.
    pub(super) crash_ms: Option<u64>,
    /// Of a thousand crashes so many find the cache written.
    pub(super) cache_kept: u32,
    /// Of a thousand durable steps so many fail to commit.
    pub(super) commit_fails: u32,
    /// Between two nodes that fall asleep.
    pub(super) sleep_ms: Option<u64>,
    /// Between two partitions.
    pub(super) partition_ms: Option<u64>,
    /// By how much clocks are wrong at most.
    pub(super) skew_ms: u64,
    /// Between two jumps of a clock.
    pub(super) jump_ms: Option<u64>,
    /// Of a thousand failed calls so many are never reported to the engine.
    pub(super) unreported: u32,
    /// Of a thousand bodies handed out so many are missing or broken.
    pub(super) body_trouble: u32,
    /// Everybody sleeps for a day in the middle.
    pub(super) night: bool,
}

impl Plan {
    /// The world of this seed, with this many honest nodes if that is said.
    pub(super) fn of(seed: u64, honest: Option<usize>) -> Self {
        let dice = &mut Dice::new(seed, "plan");
        let weather = if Self::is_peaceful(seed) {
            Weather::Peaceful
        } else {
            Weather::Rough
        };
        let rough = weather == Weather::Rough;
        let honest = honest.unwrap_or_else(|| size(dice));
        let crowded = honest > 60;
        let faults = if rough {
            FaultPlan::draw(honest, dice)
        } else {
            FaultPlan::default()
        };
        let rogues = if rough {
            draw_rogues(honest, dice)
        } else {
            Vec::new()
        };
        let safety_ms = if crowded {
            3 * MINUTE_MS
        } else {
            dice.between(4, 14) * MINUTE_MS
        };
        let letters = !crowded && dice.chance(400);
        let small_sky = rough && !crowded && dice.chance(60);
        Self {
            seed,
            honest,
            rogues,
            net: NetPlan::draw(weather, dice),
            users: UserPlan::draw(honest, &faults, dice),
            faults,
            safety_ms,
            mailboxes: if letters {
                usize::try_from(dice.between(2, 4)).unwrap_or(2)
            } else {
                0
            },
            sky_max: if small_sky { 12 } else { 4_000 },
        }
    }

    /// A tenth of the seeds.
    pub(super) const fn is_peaceful(seed: u64) -> bool {
        seed.is_multiple_of(10)
    }

    /// Whether no node has to forget bottles for want of room.
    pub(super) const fn has_room(&self) -> bool {
        self.sky_max >= 4_000
    }

    /// How long the world may take to come to rest once everything is mended. Each node compares with one random neighbour a
    /// minute. Clocks that were far ahead make refused items unwanted for an hour, and letters are asked for every half hour.
    pub(super) const fn settle_ms(&self) -> u64 {
        let clocks_were_right = self.faults.skew_ms <= 2_000 && self.faults.jump_ms.is_none();
        if clocks_were_right && self.mailboxes == 0 {
            45 * MINUTE_MS
        } else {
            2 * HOUR_MS + 30 * MINUTE_MS
        }
    }
}

impl NetPlan {
    fn draw(weather: Weather, dice: &mut Dice) -> Self {
        let rough = weather == Weather::Rough;
        let low = dice.between(2, 60);
        let high = low + dice.between(5, 200);
        let lossy = rough && dice.chance(400);
        Self {
            degree: usize::try_from(dice.between(3, 8)).unwrap_or(4),
            latency_ms: (low, high),
            jitter_ms: dice.between(0, 60),
            loss: if lossy {
                u32::try_from(dice.between(5, 120)).unwrap_or(0)
            } else {
                0
            },
            duplicate: if lossy {
                u32::try_from(dice.between(0, 80)).unwrap_or(0)
            } else {
                0
            },
            reorder: rough && dice.chance(300),
        }
    }
}

impl UserPlan {
    fn draw(honest: usize, faults: &FaultPlan, dice: &mut Dice) -> Self {
        let busy = match honest {
            _ if faults.night => dice.between(6_000, 12_000),
            61.. => 90_000,
            _ => dice.between(8_000, 60_000),
        };
        Self {
            pause_ms: busy,
            frenzies: dice.chance(500),
            mischief: 120,
            // What is to be cast again after a night must be full before it.
            slots_max: if faults.night { 1 } else { dice.between(1, 4) },
            short_lived: if dice.chance(400) { 500 } else { 50 },
        }
    }
}

impl FaultPlan {
    fn draw(honest: usize, dice: &mut Dice) -> Self {
        let every = |per_mille: u32, low_min: u64, high_min: u64, dice: &mut Dice| {
            let on = dice.chance(per_mille);
            on.then(|| dice.between(low_min * MINUTE_MS / 2, high_min * MINUTE_MS))
        };
        let skew_ms = match dice.below(10) {
            0..=3 => 0,
            4..=7 => 2_000,
            8 => 90_000,
            _ => 25 * MINUTE_MS,
        };
        Self {
            crash_ms: every(500, 1, 4, dice),
            cache_kept: u32::try_from(dice.below(1_001)).unwrap_or(0),
            commit_fails: if dice.chance(300) { 30 } else { 0 },
            sleep_ms: every(300, 2, 6, dice),
            partition_ms: every(450, 2, 5, dice),
            skew_ms,
            jump_ms: every(200, 2, 6, dice),
            unreported: if dice.chance(250) { 150 } else { 0 },
            body_trouble: if dice.chance(300) { 150 } else { 0 },
            night: honest <= 8 && dice.chance(200),
        }
    }
}

fn size(dice: &mut Dice) -> usize {
    let size = match dice.below(20) {
        0..=7 => dice.between(3, 6),
        8..=15 => dice.between(7, 14),
        16..=18 => dice.between(15, 25),
        _ => dice.between(26, 40),
    };
    usize::try_from(size).unwrap_or(3)
}

/// None, one, or several kinds at once, but always fewer than the honest ones.
fn draw_rogues(honest: usize, dice: &mut Dice) -> Vec<RogueKind> {
    let wanted = match dice.below(10) {
        0..=2 => 0,
        3..=5 => 1,
        6..=7 => 2,
        _ => dice.between(2, 5),
    };
    let most = (honest / 2).max(1) as u64;
    (0..wanted.min(most))
        .filter_map(|_| dice.pick(&RogueKind::ALL).copied())
        .collect()
}
