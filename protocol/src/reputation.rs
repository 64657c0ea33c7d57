//! What each peer has earned and spent: blame, a request budget and a byte budget.
//!
//! Blame comes only from what no honest peer sends: messages rejected for reasons that every honest peer sees, and
//! answers that are broken or not what was asked for. It is forgiven at a steady rate; at [`BLAME_MAX`] the peer is cut
//! off and blocked, each time twice as long. A flood of invalid headers at 50 a second lasts less than a second.
//! Ignored messages never count as blame, so honest traffic and floods of valid messages are not punished: those only
//! use up the byte budget, beyond which messages are dropped unread, and raise [`crate::admission`].
//!
//! Peer ids are free, so this protects against faults and cheap attacks; the shell may block the address as well.
//! Called by the engine for every message, request and answer.

use std::collections::BTreeMap;

use crate::ids::Peer;
use crate::limits::{
    BLAME_FORGIVEN_PER_SEC, BLAME_MAX, BLOCK_SECS_FIRST, BLOCK_SECS_MAX, OFFENDERS_MAX, PEER_BYTES_BURST,
    PEER_BYTES_PER_SEC, PEERS_MAX, REQUESTS_BURST, REQUESTS_PER_SEC,
};

/// All peers that are connected or remembered for an offence.
#[derive(Debug, Clone, Default)]
pub struct Reputation {
    // At most PEERS_MAX; a peer beyond is not tracked and gets `Allowance::Busy`.
    peers: BTreeMap<Peer, Account>,
    // At most OFFENDERS_MAX, see there.
    offenders: BTreeMap<Peer, Offence>,
}

/// What to do with a peer: the connection ends, and is refused for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// Seconds for which the peer stays blocked.
    pub block_secs: u64,
}

/// Whether a peer's message or request is worth our time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Go on.
    Serve,
    /// Its budget is used up: drop or answer Busy, without blame.
    Busy,
}

/// What a peer did that no honest peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A message or request that every honest peer rejects.
    Rejected,
    /// An answer that is broken, or not what was asked for.
    BadAnswer,
    /// A request although the budget was used up.
    OverBudget,
}

#[derive(Debug, Clone)]
struct Account {
    blame: u32,
    blame_ms: u64,
    requests: Bucket,
    bytes: Bucket,
}

/// A token bucket in thousandths, so that slow rates do not round to nothing.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    milli: u64,
    burst: u64,
    per_sec: u64,
    filled_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Offence {
    times: u32,
    last_ms: u64,
    until_ms: u64,
}

impl Reputation {
    /// A peer connected. A sentence if it is still blocked, for the rest of the block.
    pub fn peer_up(&mut self, peer: &Peer, mono_ms: u64) -> Option<Sentence> {
        let left_ms = self
            .offenders
            .get(peer)
            .map_or(0, |offence| offence.until_ms.saturating_sub(mono_ms));
        if left_ms > 0 {
            return Some(Sentence {
                block_secs: left_ms.div_ceil(1_000),
            });
        }
        if self.peers.len() < PEERS_MAX {
            self.peers
                .entry(peer.clone())
                .or_insert_with(|| Account::new(mono_ms));
        }
        None
    }

    /// A peer left. Its blame goes with the connection; a past sentence is remembered.
    pub fn peer_down(&mut self, peer: &Peer) {
        self.peers.remove(peer);
    }

    /// A gossip message or an answer of this many bytes came from the peer.
    pub fn received(&mut self, peer: &Peer, bytes: usize, mono_ms: u64) -> Allowance {
        let Some(account) = self.peers.get_mut(peer) else {
            return Allowance::Busy;
        };
        account.bytes.take(bytes as u64, mono_ms)
    }

    /// An answer of this many bytes came, which we asked for: it counts, but it is taken whatever is left.
    pub fn spend_bytes(&mut self, peer: &Peer, bytes: usize, mono_ms: u64) {
        if let Some(account) = self.peers.get_mut(peer) {
            account.bytes.drain(bytes as u64, mono_ms);
        }
    }

    /// A request of this many bytes came from the peer.
    pub fn asked(&mut self, peer: &Peer, bytes: usize, mono_ms: u64) -> Allowance {
        let Some(account) = self.peers.get_mut(peer) else {
            return Allowance::Busy;
        };
        match account.requests.take(1, mono_ms) {
            Allowance::Busy => Allowance::Busy,
            Allowance::Serve => account.bytes.take(bytes as u64, mono_ms),
        }
    }

    /// Blames the peer. A sentence if that was too much.
    #[must_use]
    pub fn blame(&mut self, peer: &Peer, fault: Fault, mono_ms: u64) -> Option<Sentence> {
        let account = self.peers.get_mut(peer)?;
        account.forgive(mono_ms);
        account.blame = account.blame.saturating_add(fault.points());
        if account.blame < BLAME_MAX {
            return None;
        }
        self.peers.remove(peer);
        Some(self.sentence(peer, mono_ms))
    }

    /// The blame of a peer at this time, for display and for choosing whom to ask.
    #[must_use]
    pub fn blame_of(&self, peer: &Peer, mono_ms: u64) -> u32 {
        self.peers
            .get(peer)
            .map_or(0, |account| account.blame_at(mono_ms))
    }

    /// Whether the peer is connected and tracked.
    #[must_use]
    pub fn knows(&self, peer: &Peer) -> bool {
        self.peers.contains_key(peer)
    }

    fn sentence(&mut self, peer: &Peer, mono_ms: u64) -> Sentence {
        let times = self.offenders.get(peer).map_or(0, |offence| offence.times);
        let block_secs = BLOCK_SECS_FIRST
            .saturating_mul(1_u64 << times.min(20))
            .min(BLOCK_SECS_MAX);
        if self.offenders.len() >= OFFENDERS_MAX && !self.offenders.contains_key(peer) {
            let oldest = self.offenders.iter().min_by_key(|(_, offence)| offence.last_ms);
            if let Some(oldest) = oldest.map(|(peer, _)| peer.clone()) {
                self.offenders.remove(&oldest);
            }
        }
        let until_ms = mono_ms.saturating_add(block_secs.saturating_mul(1_000));
        self.offenders.insert(
            peer.clone(),
            Offence {
                times: times.saturating_add(1),
                last_ms: mono_ms,
                until_ms,
            },
        );
        Sentence { block_secs }
    }
}

impl Fault {
    const fn points(self) -> u32 {
        use crate::limits::{BLAME_BAD_ANSWER, BLAME_OVER_BUDGET, BLAME_REJECT};
        match self {
            Self::Rejected => BLAME_REJECT,
            Self::BadAnswer => BLAME_BAD_ANSWER,
            Self::OverBudget => BLAME_OVER_BUDGET,
        }
    }
}

impl Account {
    const fn new(mono_ms: u64) -> Self {
        Self {
            blame: 0,
            blame_ms: mono_ms,
            requests: Bucket::full(REQUESTS_BURST as u64, REQUESTS_PER_SEC as u64, mono_ms),
            bytes: Bucket::full(PEER_BYTES_BURST, PEER_BYTES_PER_SEC, mono_ms),
        }
    }

    fn blame_at(&self, mono_ms: u64) -> u32 {
        let secs = mono_ms.saturating_sub(self.blame_ms) / 1_000;
        let forgiven = u32::try_from(secs)
            .unwrap_or(u32::MAX)
            .saturating_mul(BLAME_FORGIVEN_PER_SEC);
        self.blame.saturating_sub(forgiven)
    }

    fn forgive(&mut self, mono_ms: u64) {
        let secs = mono_ms.saturating_sub(self.blame_ms) / 1_000;
        self.blame = self.blame_at(mono_ms);
        self.blame_ms += secs * 1_000;
    }
}

impl Bucket {
    const fn full(burst: u64, per_sec: u64, mono_ms: u64) -> Self {
        Self {
            milli: burst * 1_000,
            burst: burst * 1_000,
            per_sec,
            filled_ms: mono_ms,
        }
    }

    fn fill(&mut self, mono_ms: u64) {
        let earned = mono_ms
            .saturating_sub(self.filled_ms)
            .saturating_mul(self.per_sec);
        self.milli = self.milli.saturating_add(earned).min(self.burst);
        self.filled_ms = self.filled_ms.max(mono_ms);
    }

    fn drain(&mut self, tokens: u64, mono_ms: u64) {
        self.fill(mono_ms);
        self.milli = self.milli.saturating_sub(tokens.saturating_mul(1_000));
    }

    fn take(&mut self, tokens: u64, mono_ms: u64) -> Allowance {
        self.fill(mono_ms);
        let cost = tokens.saturating_mul(1_000);
        if self.milli < cost {
            return Allowance::Busy;
        }
        self.milli -= cost;
        Allowance::Serve
    }
}
