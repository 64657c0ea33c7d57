//! An honest node: the real engine, its disk, its clocks, its user, and the part of gossipsub that matters to it.
//!
//! Nothing but the disk and what the user remembers survives a crash. The engine is always made by `Engine::restore`.

use std::collections::BTreeMap;
use std::rc::Rc;

use meteorite_protocol::engine::{Config, Engine, MessageHandle};
use meteorite_protocol::ids::Peer;
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;

use super::clock::Clock;
use super::disk::Disk;
use super::letters::Letters;
use super::links::LinkIx;
use super::queue::{Connection, Ix};
use super::users::User;

/// The name of a message to gossipsub: the hash of its bytes.
pub(super) type GossipId = [u8; 32];

/// One honest node.
#[derive(Debug)]
pub(super) struct SimNode {
    pub(super) peer: Peer,
    pub(super) clock: Clock,
    /// `None` while the program does not run.
    pub(super) engine: Option<Engine>,
    pub(super) disk: Disk,
    /// Counts starts, so that events for an earlier run of the program are known.
    pub(super) boot: u32,
    /// The computer sleeps until then.
    pub(super) asleep_until: Option<u64>,
    /// Connections whose beginning was told to the engine, and not their end.
    pub(super) connected: BTreeMap<LinkIx, u32>,
    /// Gossip ids seen lately and until when they are remembered.
    pub(super) seen: BTreeMap<GossipId, u64>,
    /// Messages that wait for their verdict.
    pub(super) waiting: BTreeMap<MessageHandle, Waiting>,
    pub(super) next_handle: u64,
    /// The next moment at which the engine is to be woken, in world time.
    pub(super) wake_ms: Option<u64>,
    /// How often it was woken in the same millisecond.
    pub(super) spins: (u64, u32),
    pub(super) user: User,
    pub(super) letters: Option<Letters>,
}

/// A gossip message that waits for its verdict.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) from: Ix,
    pub(super) connection: Connection,
    pub(super) topic: Topic,
    pub(super) bytes: Rc<[u8]>,
}

impl SimNode {
    pub(super) fn new(peer: Peer, clock: Clock, user: User) -> Self {
        Self {
            peer,
            clock,
            engine: None,
            disk: Disk::default(),
            boot: 0,
            asleep_until: None,
            connected: BTreeMap::new(),
            seen: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next_handle: 0,
            wake_ms: None,
            spins: (0, 0),
            user,
            letters: None,
        }
    }

    /// Whether the program runs and the computer is awake.
    pub(super) const fn is_up(&self) -> bool {
        self.engine.is_some() && self.asleep_until.is_none()
    }

    /// An engine from what is on the disk.
    pub(super) fn restored(&self, sky_max: usize, seed: [u8; 32]) -> Engine {
        let config = Config {
            params: Params::for_tests(),
            sky_bottles_max: sky_max,
        };
        Engine::restore(&config, seed, self.disk.rows())
    }

    /// Whether gossipsub has seen this message lately; from now on it has.
    pub(super) fn sees(&mut self, id: GossipId, now_ms: u64) -> bool {
        if self.seen.len() > SEEN_SWEEP_AT {
            self.seen.retain(|_, until| *until > now_ms);
        }
        let known = self.seen.get(&id).is_some_and(|until| *until > now_ms);
        if !known {
            self.seen.insert(id, now_ms + SEEN_MS);
        }
        known
    }

    /// What the program held in memory is gone.
    pub(super) fn forget(&mut self) {
        self.engine = None;
        self.boot += 1;
        self.connected.clear();
        self.seen.clear();
        self.waiting.clear();
        self.wake_ms = None;
        self.letters = None;
        self.user.stop_mining();
    }
}

/// `duplicate_cache_time` of the real gossipsub configuration.
const SEEN_MS: u64 = 180_000;
/// Old ids are thrown out when there are as many.
const SEEN_SWEEP_AT: usize = 2_000;
