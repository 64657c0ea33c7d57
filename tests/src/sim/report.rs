//! What a run brought: its fingerprint, its figures, and what was wrong.

use std::fmt;

use meteorite_protocol::verdict::Verdict;

/// The outcome of one run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// BLAKE3 over all steps; equal for equal runs.
    pub hash: [u8; 32],
    /// Steps that engines made.
    pub steps: u64,
    /// Virtual milliseconds that passed.
    pub virtual_ms: u64,
    /// Honest nodes and rogues.
    pub nodes: (usize, usize),
    /// What happened.
    pub figures: Figures,
    /// What was wrong, if anything.
    pub failure: Option<Failure>,
}

/// The first thing that was wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed that shows it.
    pub seed: u64,
    /// Virtual milliseconds from the beginning.
    pub at_ms: u64,
    /// Steps made before.
    pub steps: u64,
    /// The node it concerns.
    pub node: Option<usize>,
    /// What is wrong.
    pub what: String,
}

/// What happened in a run, counted.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Bottles thrown by honest nodes.
    pub thrown: u64,
    /// Stones opened.
    pub opened: u64,
    /// Claims made by honest nodes.
    pub claims: u64,
    /// Claims that others displaced.
    pub displaced: u64,
    /// Bottles thrown back.
    pub thrown_back: u64,
    /// Bottles withdrawn.
    pub withdrawn: u64,
    /// Bottles cast again.
    pub recasts: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Letters written.
    pub letters: u64,
    /// Letters read by their addressees.
    pub letters_read: u64,
    /// Gossip messages that reached an engine.
    pub gossip: u64,
    /// Of those accepted.
    pub accepted: u64,
    /// Of those rejected.
    pub rejected: u64,
    /// Bodies fetched.
    pub bodies: u64,
    /// Bodies of drifting bottles that nodes should have in the end, and those that they gave up.
    pub bodies_shown: u64,
    /// See there.
    pub bodies_missing: u64,
    /// Reconciliations that ended, and those of them that were complete.
    pub syncs: (u64, u64),
    /// Calls without an answer.
    pub failed_calls: u64,
    /// Messages sent by rogues on their own account.
    pub rogue_messages: u64,
    /// Times that a rogue was cut off.
    pub cut_off: u64,
    /// Times that an admission level rose.
    pub admission_rises: u64,
    /// Crashes.
    pub crashes: u64,
    /// Nights slept through.
    pub nights: u64,
    /// Engines compared with what their disk would give.
    pub restarts_compared: u64,
    /// Milliseconds from throwing to arrival at each honest node, sorted.
    pub delivery_ms: Vec<u64>,
    /// Virtual milliseconds from the mending to rest.
    pub settled_in_ms: u64,
}

impl Figures {
    pub(super) const fn judged(&mut self, verdict: Verdict) {
        if verdict.is_accept() {
            self.accepted += 1;
        } else if verdict.is_reject() {
            self.rejected += 1;
        }
    }

    /// The delivery time that so many of a hundred deliveries do not exceed.
    #[must_use]
    pub fn delivery_percentile(&self, percent: usize) -> u64 {
        let last = self.delivery_ms.len().saturating_sub(1);
        self.delivery_ms.get(last * percent / 100).copied().unwrap_or(0)
    }

    /// Adds the figures of another run; maxima stay maxima.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.thrown, other.thrown),
            (&mut self.opened, other.opened),
            (&mut self.claims, other.claims),
            (&mut self.displaced, other.displaced),
            (&mut self.thrown_back, other.thrown_back),
            (&mut self.withdrawn, other.withdrawn),
            (&mut self.recasts, other.recasts),
            (&mut self.refused, other.refused),
            (&mut self.letters, other.letters),
            (&mut self.letters_read, other.letters_read),
            (&mut self.gossip, other.gossip),
            (&mut self.accepted, other.accepted),
            (&mut self.rejected, other.rejected),
            (&mut self.bodies, other.bodies),
            (&mut self.bodies_shown, other.bodies_shown),
            (&mut self.bodies_missing, other.bodies_missing),
            (&mut self.syncs.0, other.syncs.0),
            (&mut self.syncs.1, other.syncs.1),
            (&mut self.failed_calls, other.failed_calls),
            (&mut self.rogue_messages, other.rogue_messages),
            (&mut self.cut_off, other.cut_off),
            (&mut self.admission_rises, other.admission_rises),
            (&mut self.crashes, other.crashes),
            (&mut self.nights, other.nights),
            (&mut self.restarts_compared, other.restarts_compared),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
        self.settled_in_ms = self.settled_in_ms.max(other.settled_in_ms);
        self.delivery_ms.extend_from_slice(&other.delivery_ms);
        self.delivery_ms.sort_unstable();
    }
}

/// One line, with the command that shows it again.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, secs, ms) = (self.seed, self.at_ms / 1_000, self.at_ms % 1_000);
        write!(f, "seed {seed}, {secs}.{ms:03} s, step {}", self.steps)?;
        if let Some(node) = self.node {
            write!(f, ", node {node}")?;
        }
        write!(
            f,
            ": {}. Replay: cargo run --release -p meteorite-tests --bin sim -- --seeds 1 --first {seed} --log",
            self.what
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "bottles: {} thrown, {} withdrawn, {} cast again; delivery p50 {} ms, p99 {} ms",
            self.thrown,
            self.withdrawn,
            self.recasts,
            self.delivery_percentile(50),
            self.delivery_percentile(99),
        )?;
        writeln!(
            f,
            "claims: {} opened, {} claimed, {} displaced, {} thrown back; {} commands refused",
            self.opened, self.claims, self.displaced, self.thrown_back, self.refused
        )?;
        writeln!(f, "letters: {} written, {} read", self.letters, self.letters_read)?;
        writeln!(
            f,
            "gossip: {} judged, {} accepted, {} rejected; {} from rogues, {} times cut off, {} admission rises",
            self.gossip,
            self.accepted,
            self.rejected,
            self.rogue_messages,
            self.cut_off,
            self.admission_rises
        )?;
        writeln!(
            f,
            "sync: {} sessions, {} complete; {} bodies fetched, {} of {} missing in the end; {} calls failed",
            self.syncs.0,
            self.syncs.1,
            self.bodies,
            self.bodies_missing,
            self.bodies_shown,
            self.failed_calls
        )?;
        write!(
            f,
            "faults: {} crashes, {} nights; {} restarts compared; at most {} s to settle",
            self.crashes,
            self.nights,
            self.restarts_compared,
            self.settled_in_ms / 1_000
        )
    }
}
