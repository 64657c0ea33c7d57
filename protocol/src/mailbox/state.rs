//! A mailbox in memory, for tests, the simulator and nodes without a store.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BottleId, ClaimantKey, LetterId, MailAddress, Peer};
use crate::limits::MAIL_LETTERS_MAX;
use crate::mailbox::deposit::{
    self, BottleUse, Decision, DepositFacts, DepositView, PeerUse, TotalUse, Weakest,
};
use crate::mailbox::query::{Cursor, cut_page, plan_query};
use crate::mailbox::{MailboxPolicy, refusal_of};
use crate::schedule::mono_at;
use crate::time::{Now, UnixMillis};
use crate::validate::{self, Params};
use crate::wire::{AddressPrefix, Bytes, MailAnswer, MailRequest, Receipt, RefuseReason, Side};

/// Peers whose daily use is counted; with more on one day, unknown ones are refused until the next.
pub const PEERS_COUNTED_MAX: usize = 65_536;

/// A letter that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLetter {
    /// What decided about it.
    pub facts: DepositFacts,
    /// Until when.
    pub until: UnixMillis,
    /// The encoded signed deposit.
    pub deposit: Vec<u8>,
}

/// What to answer a mail request with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxReply {
    /// Sign this with the mailbox's key and answer with it.
    Promise(Receipt),
    /// Answer with this.
    Answer(MailAnswer),
}

/// Letters by number, with the indexes that the decisions need. All are bounded by `MailboxPolicy::letters_max`.
#[derive(Debug)]
pub struct MailboxState {
    me: Peer,
    tag: u16,
    policy: MailboxPolicy,
    params: Params,
    next_seq: u64,
    letters: BTreeMap<u64, StoredLetter>,
    by_letter: BTreeMap<LetterId, u64>,
    by_address: BTreeSet<(MailAddress, u64)>,
    by_bottle: BTreeSet<(BottleId, u64)>,
    by_turn: BTreeSet<(BottleId, ClaimantKey, Side, u8)>,
    by_end: BTreeSet<(UnixMillis, u64)>,
    peers: BTreeMap<Peer, PeerUse>,
    bytes: u64,
}

impl MailboxState {
    /// An empty mailbox. `tag` is the store's, see [`Cursor`]; 0 becomes 1.
    pub fn new(me: Peer, tag: u16, policy: MailboxPolicy, params: Params) -> Self {
        Self {
            me,
            tag: tag.max(1),
            policy,
            params,
            next_seq: 1,
            letters: BTreeMap::new(),
            by_letter: BTreeMap::new(),
            by_address: BTreeSet::new(),
            by_bottle: BTreeSet::new(),
            by_turn: BTreeSet::new(),
            by_end: BTreeSet::new(),
            peers: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Answers one request of a peer.
    pub fn handle_request(&mut self, peer: &Peer, request: &MailRequest, now: Now) -> MailboxReply {
        self.handle_tick(now);
        match request {
            MailRequest::Deposit(bytes) => self.deposit(peer, bytes, now),
            MailRequest::Collect { prefix, cursor } => MailboxReply::Answer(self.collect(*prefix, *cursor)),
        }
    }

    /// Forgets what is over.
    pub fn handle_tick(&mut self, now: Now) {
        while let Some((until, seq)) = self.by_end.first().copied() {
            if until > now.wall {
                break;
            }
            self.remove(seq);
        }
    }

    /// The mono instant at which `handle_tick` is next useful.
    pub fn next_deadline(&self, now: Now) -> Option<u64> {
        self.by_end.first().map(|(until, _)| mono_at(*until, now))
    }

    /// The letters kept, in their order; what a peer hands over when it leaves for good.
    pub fn letters(&self) -> impl Iterator<Item = &StoredLetter> {
        self.letters.values()
    }

    /// Whether this letter is kept.
    pub fn contains(&self, letter: &LetterId) -> bool {
        self.by_letter.contains_key(letter)
    }

    /// What is kept in all.
    pub fn total(&self) -> TotalUse {
        TotalUse {
            letters: u64::try_from(self.letters.len()).unwrap_or(u64::MAX),
            bytes: self.bytes,
        }
    }

    fn deposit(&mut self, peer: &Peer, bytes: &Bytes, now: Now) -> MailboxReply {
        let refused = |reason| MailboxReply::Answer(MailAnswer::Refused(reason));
        let facts = match validate::deposit(bytes.as_slice(), &self.params, now) {
            Ok(deposit) => DepositFacts::of(&deposit),
            Err(verdict) => return refused(refusal_of(verdict)),
        };
        let Some(view) = self.view(peer, &facts, now) else {
            return refused(RefuseReason::Busy);
        };
        match deposit::decide(&facts, &view, &self.policy, now) {
            Decision::Known { until } => {
                MailboxReply::Promise(deposit::receipt(&facts, until, self.me.clone()))
            }
            Decision::Refuse(reason) => refused(reason),
            Decision::Keep { until, evict } => {
                if let Some(seq) = evict.and_then(|letter| self.by_letter.get(&letter).copied()) {
                    self.remove(seq);
                }
                let used = self.peers.entry(peer.clone()).or_default();
                *used = view.peer.today(now);
                used.letters = used.letters.saturating_add(1);
                used.bytes = used.bytes.saturating_add(u64::from(facts.bytes));
                self.insert(StoredLetter {
                    facts,
                    until,
                    deposit: bytes.as_slice().to_vec(),
                });
                MailboxReply::Promise(deposit::receipt(&facts, until, self.me.clone()))
            }
        }
    }

    fn collect(&self, asked: AddressPrefix, cursor: u64) -> MailAnswer {
        let plan = plan_query(asked, Cursor::seq_in(self.tag, cursor), |prefix| {
            self.count(prefix)
        });
        let mut found: Vec<u64> = self
            .under(&plan.prefix)
            .filter(|seq| *seq > plan.after_seq)
            .collect();
        found.sort_unstable();
        found.truncate(MAIL_LETTERS_MAX + 1);
        let found: Vec<(u64, &StoredLetter)> = found
            .into_iter()
            .filter_map(|seq| self.letters.get(&seq).map(|letter| (seq, letter)))
            .collect();
        let cut = cut_page(
            &plan,
            found.iter().map(|(seq, letter)| (*seq, letter.deposit.len())),
        );
        let letters = found
            .iter()
            .take(cut.letters)
            .map(|(_, letter)| Bytes(letter.deposit.clone()))
            .collect();
        let next = Cursor {
            tag: self.tag,
            seq: cut.next_seq,
        }
        .to_wire();
        MailAnswer::Letters {
            letters,
            next,
            more: cut.more,
            bucket: plan.bucket,
        }
    }

    /// What the decision needs; none if this peer is one too many to count.
    fn view(&mut self, peer: &Peer, facts: &DepositFacts, now: Now) -> Option<DepositView> {
        if !self.peers.contains_key(peer) && self.peers.len() >= PEERS_COUNTED_MAX {
            self.peers.retain(|_, used| used.today(now) == *used);
            if self.peers.len() >= PEERS_COUNTED_MAX {
                return None;
            }
        }
        let kept = self
            .by_letter
            .get(&facts.letter)
            .and_then(|seq| self.letters.get(seq));
        Some(DepositView {
            kept_until: kept.map(|letter| letter.until),
            turn_taken: self.by_turn.contains(&turn_of(facts)),
            bottle: self.bottle_use(&facts.bottle),
            peer: self.peers.get(peer).copied().unwrap_or_default(),
            total: self.total(),
        })
    }

    fn bottle_use(&self, bottle: &BottleId) -> BottleUse {
        let range = (*bottle, 0)..=(*bottle, u64::MAX);
        let mut used = BottleUse::default();
        for (_, seq) in self.by_bottle.range(range) {
            let Some(letter) = self.letters.get(seq) else {
                continue;
            };
            used.letters += 1;
            used.bytes += u64::from(letter.facts.bytes);
            let strength = letter.facts.strength();
            // In the order of numbers, so that of equals the latest remains.
            if used.weakest.is_none_or(|weakest| strength <= weakest.strength) {
                let (letter, bytes) = (letter.facts.letter, letter.facts.bytes);
                used.weakest = Some(Weakest {
                    letter,
                    strength,
                    bytes,
                });
            }
        }
        used
    }

    fn under(&self, prefix: &AddressPrefix) -> impl Iterator<Item = u64> {
        self.by_address
            .range((prefix.first(), 0)..=(prefix.last(), u64::MAX))
            .map(|(_, seq)| *seq)
    }

    fn count(&self, prefix: &AddressPrefix) -> u32 {
        u32::try_from(self.under(prefix).count()).unwrap_or(u32::MAX)
    }

    fn insert(&mut self, letter: StoredLetter) {
        let (seq, facts) = (self.next_seq, letter.facts);
        self.next_seq = seq.saturating_add(1);
        self.by_letter.insert(facts.letter, seq);
        self.by_address.insert((facts.address, seq));
        self.by_bottle.insert((facts.bottle, seq));
        self.by_turn.insert(turn_of(&facts));
        self.by_end.insert((letter.until, seq));
        self.bytes = self.bytes.saturating_add(u64::from(facts.bytes));
        self.letters.insert(seq, letter);
    }

    fn remove(&mut self, seq: u64) {
        let Some(letter) = self.letters.remove(&seq) else {
            self.by_end.retain(|(_, other)| *other != seq);
            return;
        };
        let facts = letter.facts;
        self.by_letter.remove(&facts.letter);
        self.by_address.remove(&(facts.address, seq));
        self.by_bottle.remove(&(facts.bottle, seq));
        self.by_turn.remove(&turn_of(&facts));
        self.by_end.remove(&(letter.until, seq));
        self.bytes = self.bytes.saturating_sub(u64::from(facts.bytes));
    }
}

fn turn_of(facts: &DepositFacts) -> (BottleId, ClaimantKey, Side, u8) {
    (facts.bottle, facts.claimant, facts.from, facts.seq)
}
