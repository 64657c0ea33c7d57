//! Taking letters: check, decide, commit, and only then promise.

use meteorite_net::{PeerId, RequestRef};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::mailbox::{
    BottleUse, Decision, DepositFacts, DepositView, PEERS_COUNTED_MAX, PeerUse, Strength, TotalUse, Weakest,
    decide, receipt, refusal_of,
};
use meteorite_protocol::time::{Now, UnixMillis};
use meteorite_protocol::validate;
use meteorite_protocol::wire::{Bytes, MailAnswer, RefuseReason, Side, Signed};
use meteorite_store::{HeldLetter, MailboxRow, MailboxWrite, StoreError, ThreadSide};

use super::Mail;

/// Deposits that are decided and wait for one commit.
#[derive(Default)]
struct Batch {
    writes: Vec<MailboxWrite>,
    promises: Vec<(RequestRef, DepositFacts, UnixMillis)>,
    /// Bottles with an undecided write: another letter of theirs waits for the next batch.
    bottles: Vec<BottleId>,
    letters: u64,
    bytes: u64,
}

impl Mail {
    /// Answers deposits; each receipt stands for a row that is on the disk.
    pub(super) async fn deposits(
        &mut self,
        orders: Vec<(RequestRef, PeerId, Bytes)>,
    ) -> Vec<(RequestRef, MailAnswer)> {
        let mut answers = Vec::with_capacity(orders.len());
        let mut batch = Batch::default();
        for (request, peer, bytes) in orders {
            let now = self.parts.clock.now();
            let facts = match validate::deposit(bytes.as_slice(), &self.parts.params, now) {
                Ok(deposit) => DepositFacts::of(&deposit),
                Err(verdict) => {
                    tracing::debug!(verdict = verdict.name(), "deposit refused");
                    answers.push((request, MailAnswer::Refused(refusal_of(verdict))));
                    continue;
                }
            };
            if batch.bottles.contains(&facts.bottle) {
                answers.extend(self.commit(std::mem::take(&mut batch)).await);
            }
            match self.decide(peer, &facts, &batch, now).await {
                Ok(Decision::Refuse(reason)) => answers.push((request, MailAnswer::Refused(reason))),
                Ok(Decision::Known { until }) => answers.push((request, self.promise(&facts, until))),
                Ok(Decision::Keep { until, evict }) => {
                    self.count(peer, &facts, now);
                    batch.writes.extend(evict.map(MailboxWrite::DeleteMailboxLetter));
                    batch.keep(request, facts, (until, now.wall), bytes.0);
                }
                Err(error) => answers.push((request, self.failed(&error))),
            }
        }
        answers.extend(self.commit(batch).await);
        answers
    }

    async fn commit(&self, batch: Batch) -> Vec<(RequestRef, MailAnswer)> {
        if batch.writes.is_empty() {
            return Vec::new();
        }
        let begun = std::time::Instant::now();
        let stored = self.parts.store.write_mailbox(batch.writes).await;
        self.parts.metrics.commit.observe(begun.elapsed().as_secs_f64());
        let promises = batch.promises.into_iter();
        match stored {
            Ok(()) => {
                self.parts.health.storage(true);
                promises
                    .map(|(request, facts, until)| (request, self.promise(&facts, until)))
                    .collect()
            }
            Err(error) => {
                let answer = self.failed(&error);
                promises
                    .map(|(request, _, _)| (request, answer.clone()))
                    .collect()
            }
        }
    }

    fn promise(&self, facts: &DepositFacts, until: UnixMillis) -> MailAnswer {
        let receipt = receipt(facts, until, self.parts.me.clone());
        MailAnswer::Receipt(Signed::sign(receipt, &self.parts.key))
    }

    async fn decide(
        &mut self,
        peer: PeerId,
        facts: &DepositFacts,
        batch: &Batch,
        now: Now,
    ) -> Result<Decision, StoreError> {
        if !self.may_count(peer, now) {
            return Ok(Decision::Refuse(RefuseReason::Busy));
        }
        let held = self.parts.store.mailbox_bottle(&facts.bottle).await?;
        let totals = self.parts.store.mailbox_totals().await?;
        let view = DepositView {
            kept_until: held
                .iter()
                .find(|held| held.letter == facts.letter)
                .map(|held| held.until),
            turn_taken: held
                .iter()
                .any(|held| held.letter != facts.letter && is_same_turn(facts, held)),
            bottle: bottle_use(&held),
            peer: self.used.get(&peer).copied().unwrap_or_default(),
            total: TotalUse {
                letters: totals.letters + batch.letters,
                bytes: totals.bytes + batch.bytes,
            },
        };
        Ok(decide(facts, &view, &self.parts.policy, now))
    }

    /// Whether what this peer leaves can be counted.
    fn may_count(&mut self, peer: PeerId, now: Now) -> bool {
        if !self.used.contains_key(&peer) && self.used.len() >= PEERS_COUNTED_MAX {
            self.used.retain(|_, used| used.today(now) == *used);
        }
        self.used.contains_key(&peer) || self.used.len() < PEERS_COUNTED_MAX
    }

    fn count(&mut self, peer: PeerId, facts: &DepositFacts, now: Now) {
        let today = self.used.get(&peer).copied().unwrap_or_default().today(now);
        let used = PeerUse {
            letters: today.letters.saturating_add(1),
            bytes: today.bytes.saturating_add(u64::from(facts.bytes)),
            ..today
        };
        self.used.insert(peer, used);
    }
}

impl Batch {
    fn keep(
        &mut self,
        request: RequestRef,
        facts: DepositFacts,
        times: (UnixMillis, UnixMillis),
        deposit: Vec<u8>,
    ) {
        let (until, received) = times;
        self.letters += 1;
        self.bytes = self.bytes.saturating_add(u64::from(facts.bytes));
        self.bottles.push(facts.bottle);
        self.promises.push((request, facts, until));
        self.writes
            .push(MailboxWrite::PutMailboxLetter(Box::new(MailboxRow {
                letter: facts.letter,
                bottle: facts.bottle,
                claimant: facts.claimant,
                address: facts.address,
                side: side_of(facts.from),
                seq: facts.seq,
                work: facts.work_bits,
                received,
                until,
                deposit,
            })));
    }
}

fn is_same_turn(facts: &DepositFacts, held: &HeldLetter) -> bool {
    (held.claimant, held.side, held.seq) == (facts.claimant, side_of(facts.from), facts.seq)
}

fn bottle_use(held: &[HeldLetter]) -> BottleUse {
    let mut used = BottleUse::default();
    for letter in held {
        used.letters += 1;
        used.bytes += u64::from(letter.bytes);
        let strength = Strength {
            work_bits: letter.work,
            turn: std::cmp::Reverse(letter.seq),
        };
        // In the order in which they came, so that of equals the latest makes room.
        if used.weakest.is_none_or(|weakest| strength <= weakest.strength) {
            used.weakest = Some(Weakest {
                letter: letter.letter,
                strength,
                bytes: letter.bytes,
            });
        }
    }
    used
}

const fn side_of(side: Side) -> ThreadSide {
    match side {
        Side::Finder => ThreadSide::Finder,
        Side::Author => ThreadSide::Author,
    }
}
