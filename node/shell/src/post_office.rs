//! Letters held for others: the serving side of `/meteorite/mail/1` over the store.
//!
//! What is taken, refused, given out and forgotten is decided by `meteorite_protocol::mailbox`; here its numbers are looked up and
//! its decisions carried out. A receipt is signed only after the letter is on the disk. What each peer left today is counted in
//! memory: a restart forgives, and the totals still hold.

use std::collections::BTreeMap;

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{MailAddress, Peer, Signature};
use meteorite_protocol::limits;
use meteorite_protocol::mailbox::{
    BottleUse, Cursor, Decision, DepositFacts, DepositView, MailboxPolicy, PeerUse, QueryPlan, Strength,
    TotalUse, Weakest, decide, plan_query, receipt, refusal_of,
};
use meteorite_protocol::time::Now;
use meteorite_protocol::validate::{self, Params};
use meteorite_protocol::wire::{
    AddressPrefix, Bytes, MailAnswer, MailRequest, Payload, Receipt, RefuseReason, Side, Signed, Wire,
};
use meteorite_store::{
    Db, HeldLetter, MailPageLimits, MailboxRow, MailboxStore, MailboxTotals, MailboxWrite, MetaStore,
    MetaWrite, StoreError, ThreadSide, Unit,
};

/// Peers whose use of today is remembered; when full, the one with the fewest letters is forgotten.
const PEERS_MAX: usize = 4_096;
/// Letters that one sweep lets go.
const EXPIRE_AT_ONCE: usize = 500;

/// The mailbox of a node or bootstrap server.
#[derive(Debug)]
pub struct PostOffice {
    db: Db,
    key: SigningKey,
    me: Peer,
    params: Params,
    policy: MailboxPolicy,
    tag: u16,
    peers: BTreeMap<Peer, PeerUse>,
}

/// What came of one request.
#[derive(Debug, Default)]
pub struct Answered {
    /// The answer; `None` closes the stream, because the bytes are no request.
    pub bytes: Option<Vec<u8>>,
    /// Where a new letter waits now.
    pub kept: Option<MailAddress>,
}

impl PostOffice {
    /// A mailbox over `db` that signs with the device's network key.
    ///
    /// # Errors
    /// [`StoreError`] when the store's tag cannot be read or made.
    pub async fn open(
        db: Db,
        key: SigningKey,
        params: Params,
        policy: MailboxPolicy,
    ) -> Result<Self, StoreError> {
        let me = Peer::from_ed25519(&key.public());
        let tag = store_tag(&db).await?;
        Ok(Self {
            db,
            key,
            me,
            params,
            policy,
            tag,
            peers: BTreeMap::new(),
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; nothing was promised then.
    pub async fn answer(&mut self, peer: &Peer, bytes: &[u8], now: Now) -> Result<Answered, StoreError> {
        let Ok(request) = MailRequest::decode(bytes) else {
            return Ok(Answered::default());
        };
        let (answer, kept) = match request {
            MailRequest::Deposit(deposit) => self.deposit(peer, deposit.as_slice(), now).await?,
            MailRequest::Collect { prefix, cursor } => (self.collect(prefix, cursor).await?, None),
        };
        Ok(Answered {
            bytes: Some(answer.encode()),
            kept,
        })
    }

    /// Lets go what has expired; says whether more waits.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub async fn expire(&self, now: Now) -> Result<bool, StoreError> {
        Ok(self.db.expire_mailbox(now.wall, EXPIRE_AT_ONCE).await? == EXPIRE_AT_ONCE)
    }

    /// How much is held.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub async fn totals(&self) -> Result<MailboxTotals, StoreError> {
        self.db.mailbox_totals().await
    }

    async fn deposit(
        &mut self,
        peer: &Peer,
        bytes: &[u8],
        now: Now,
    ) -> Result<(MailAnswer, Option<MailAddress>), StoreError> {
        let deposit = match validate::deposit(bytes, &self.params, now) {
            Ok(deposit) => deposit,
            Err(verdict) => return Ok((MailAnswer::Refused(refusal_of(verdict)), None)),
        };
        let facts = DepositFacts::of(&deposit);
        let view = self.view(&facts, peer, now).await?;
        match decide(&facts, &view, &self.policy, now) {
            Decision::Known { until } => Ok((self.receipt(&facts, until), None)),
            Decision::Keep { until, evict } => {
                let mut unit = Unit::new("deposit");
                if let Some(letter) = evict {
                    unit.push(MailboxWrite::DeleteMailboxLetter(letter));
                }
                unit.push(MailboxWrite::PutMailboxLetter(Box::new(row_of(
                    &facts, until, bytes, now,
                ))));
                self.db.commit(unit).await?;
                self.count(peer, facts.bytes, now);
                Ok((self.receipt(&facts, until), Some(facts.address)))
            }
            Decision::Refuse(reason) => Ok((MailAnswer::Refused(reason), None)),
        }
    }

    async fn collect(&self, asked: AddressPrefix, cursor: u64) -> Result<MailAnswer, StoreError> {
        let plan = self.plan(asked, Cursor::seq_in(self.tag, cursor)).await?;
        let room = MailPageLimits {
            letters_max: limits::MAIL_LETTERS_MAX,
            bytes_max: limits::MAIL_ANSWER_BYTES_MAX
                - ANSWER_FRAME_BYTES
                - limits::MAIL_LETTERS_MAX * LETTER_FRAME_BYTES,
        };
        let page = self.db.mailbox_page(&plan.prefix, plan.after_seq, room).await?;
        Ok(MailAnswer::Letters {
            letters: page.letters.into_iter().map(Bytes).collect(),
            next: Cursor {
                tag: self.tag,
                seq: page.next,
            }
            .to_wire(),
            more: page.more,
            bucket: plan.bucket,
        })
    }

    /// The plan asks for a few counts; those that are not known yet are looked up and the plan is made again.
    async fn plan(&self, asked: AddressPrefix, after_seq: u64) -> Result<QueryPlan, StoreError> {
        let mut known: BTreeMap<AddressPrefix, u32> = BTreeMap::new();
        loop {
            let mut missing = None;
            let plan = plan_query(asked, after_seq, |prefix| match known.get(prefix) {
                Some(count) => *count,
                None => {
                    missing.get_or_insert(*prefix);
                    u32::MAX
                }
            });
            let Some(prefix) = missing else {
                return Ok(plan);
            };
            known.insert(prefix, self.db.mailbox_bucket(&prefix).await?);
        }
    }

    async fn view(&self, facts: &DepositFacts, peer: &Peer, now: Now) -> Result<DepositView, StoreError> {
        let kept = self.db.mailbox_letter(&facts.letter).await?;
        let held = self.db.mailbox_bottle(&facts.bottle).await?;
        let totals = self.db.mailbox_totals().await?;
        let side = side_of(facts.from);
        let same_turn = |letter: &HeldLetter| {
            letter.side == side
                && letter.seq == facts.seq
                && letter.claimant == facts.claimant
                && letter.letter != facts.letter
        };
        Ok(DepositView {
            kept_until: kept.map(|row| row.until),
            turn_taken: held.iter().any(same_turn),
            bottle: BottleUse {
                letters: u32::try_from(held.len()).unwrap_or(u32::MAX),
                bytes: held.iter().map(|letter| u64::from(letter.bytes)).sum(),
                weakest: weakest(&held),
            },
            peer: self.peers.get(peer).copied().unwrap_or_default().today(now),
            total: TotalUse {
                letters: totals.letters,
                bytes: totals.bytes,
            },
        })
    }

    fn receipt(&self, facts: &DepositFacts, until: meteorite_protocol::time::UnixMillis) -> MailAnswer {
        let payload = receipt(facts, until, self.me.clone()).encode();
        let signature = Signature(self.key.sign(Receipt::DOMAIN, &payload));
        match Signed::from_parts(payload, signature) {
            Ok(signed) => MailAnswer::Receipt(signed),
            Err(error) => {
                tracing::error!(%error, "a receipt does not fit its own limits");
                MailAnswer::Refused(RefuseReason::Busy)
            }
        }
    }

    fn count(&mut self, peer: &Peer, bytes: u32, now: Now) {
        if self.peers.len() >= PEERS_MAX && !self.peers.contains_key(peer) {
            let least = self
                .peers
                .iter()
                .min_by_key(|(_, used)| (used.day, used.letters))
                .map(|(peer, _)| peer.clone());
            if let Some(least) = least {
                self.peers.remove(&least);
            }
        }
        let used = self.peers.entry(peer.clone()).or_default();
        *used = used.today(now);
        used.letters = used.letters.saturating_add(1);
        used.bytes = used.bytes.saturating_add(u64::from(bytes));
    }
}

/// Drawn once for a store and never 0: the cursors of another store are not taken for this one's.
async fn store_tag(db: &Db) -> Result<u16, StoreError> {
    if let Some(tag) = db.setting(TAG_NAME).await?.and_then(|stored| stored.parse().ok()) {
        return Ok(tag);
    }
    let tag: u16 = rand::random_range(1..=u16::MAX);
    db.commit(Unit::new("mailbox tag").with(MetaWrite::PutSetting {
        name: TAG_NAME.to_owned(),
        value: tag.to_string(),
    }))
    .await?;
    Ok(tag)
}

fn weakest(held: &[HeldLetter]) -> Option<Weakest> {
    // Letters come in the order in which they were kept; of equals the latest makes room, so the last minimum is wanted.
    let strength = |letter: &HeldLetter| Strength {
        work_bits: letter.work,
        turn: std::cmp::Reverse(letter.seq),
    };
    let letter = held.iter().rev().min_by_key(|letter| strength(letter))?;
    Some(Weakest {
        letter: letter.letter,
        strength: strength(letter),
        bytes: letter.bytes,
    })
}

fn row_of(
    facts: &DepositFacts,
    until: meteorite_protocol::time::UnixMillis,
    deposit: &[u8],
    now: Now,
) -> MailboxRow {
    MailboxRow {
        letter: facts.letter,
        bottle: facts.bottle,
        claimant: facts.claimant,
        address: facts.address,
        side: side_of(facts.from),
        seq: facts.seq,
        work: facts.work_bits,
        received: now.wall,
        until,
        deposit: deposit.to_vec(),
    }
}

fn side_of(side: Side) -> ThreadSide {
    match side {
        Side::Finder => ThreadSide::Finder,
        Side::Author => ThreadSide::Author,
    }
}

const TAG_NAME: &str = "mailbox_tag";
/// The answer's map, keys, numbers and list head.
const ANSWER_FRAME_BYTES: usize = 128;
/// The head of a byte string.
const LETTER_FRAME_BYTES: usize = 5;
