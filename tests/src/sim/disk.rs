//! The disk of one node: what was committed, what still waits to be written behind, and what a crash leaves.
//!
//! - A durable row is committed at once, and what waits for the same key is superseded by it.
//! - A cache row can be read at once but reaches the disk with the next flush, all or nothing.
//! - A crash throws away what waits. Restart reads what was committed and nothing else.
//!
//! Bodies lie in a block store of their own, as they do beside the real database.

use std::collections::BTreeMap;
use std::rc::Rc;

use meteorite_protocol::economy::EconomyRow;
use meteorite_protocol::engine::{
    BottleRow, ClaimsRow, Content, EntryPlan, EquivocationRow, LoadedEntry, Row,
};
use meteorite_protocol::hold::CatchRow;
use meteorite_protocol::ids::{AuthorKey, BodyId, BottleId, LetterId, Peer};
use meteorite_protocol::mine::OwnBottleRow;
use meteorite_protocol::post::{InboxRow, LetterRow, PollRow, PostRows};

/// Something to write.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// A row of the engine.
    Row(Rc<Row>),
    /// A body.
    Block(BodyId, Rc<[u8]>),
    /// Header, catch messages and body of these bottles go.
    DropBottles(Vec<BottleId>),
    /// Only their bodies go.
    DropBodies(Vec<BottleId>),
    /// A row of the post.
    Letter(Box<LetterRow>),
    /// A row of the post.
    Inbox(Box<InboxRow>),
    /// The row goes.
    InboxGone(LetterId),
    /// A row of the post.
    Poll(Box<PollRow>),
    /// The row goes.
    PollGone(Peer),
}

/// What a write replaces. Deletions have none: they follow whatever was written before.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Bottle(BottleId),
    Claims(BottleId),
    Proof(AuthorKey),
    Mine(BottleId),
    Hold(BottleId),
    Economy,
    Block(BodyId),
    Letter(LetterId),
    Inbox(LetterId),
    Poll(Peer),
}

/// Committed rows, and the same with everything that waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    committed: Rows,
    visible: Rows,
    waiting: Vec<Write>,
}

/// All tables.
#[derive(Debug, Clone, Default)]
struct Rows {
    bottles: BTreeMap<BottleId, Rc<BottleRow>>,
    claims: BTreeMap<BottleId, ClaimsRow>,
    proofs: BTreeMap<AuthorKey, EquivocationRow>,
    mine: BTreeMap<BottleId, Rc<OwnBottleRow>>,
    hold: BTreeMap<BottleId, Rc<CatchRow>>,
    economy: Option<EconomyRow>,
    blocks: BTreeMap<BodyId, Rc<[u8]>>,
    post: BTreeMap<LetterId, LetterRow>,
    inbox: BTreeMap<LetterId, InboxRow>,
    polls: BTreeMap<Peer, PollRow>,
}

impl Disk {
    /// Commits these writes together.
    pub(super) fn commit(&mut self, writes: &[Write]) {
        for write in writes {
            if let Some(key) = write.key() {
                self.waiting.retain(|other| other.key().as_ref() != Some(&key));
            }
            self.committed.apply(write);
            self.visible.apply(write);
        }
    }

    /// Writes behind. True if nothing waited before, so that a flush must be planned.
    pub(super) fn write_behind(&mut self, write: Write) -> bool {
        self.visible.apply(&write);
        self.waiting.push(write);
        self.waiting.len() == 1
    }

    /// What waits reaches the disk.
    pub(super) fn flush(&mut self) {
        for write in std::mem::take(&mut self.waiting) {
            self.committed.apply(&write);
        }
    }

    /// The power goes.
    pub(super) fn lose_waiting(&mut self) {
        self.waiting.clear();
        self.visible = self.committed.clone();
    }

    /// What an engine is restored from: everything that can be read.
    pub(super) fn rows(&self) -> Vec<Row> {
        let rows = &self.visible;
        let bottles = rows.bottles.values().map(|row| Row::Bottle(rows.to_restore(row)));
        let claims = rows.claims.values().cloned().map(Row::Claims);
        let proofs = rows.proofs.values().cloned().map(Row::Equivocation);
        let mine = rows.mine.values().map(|row| Row::Mine(Box::new((**row).clone())));
        let hold = rows.hold.values().map(|row| Row::Hold(Box::new((**row).clone())));
        let economy = rows.economy.clone().map(Row::Economy);
        bottles
            .chain(claims)
            .chain(proofs)
            .chain(mine)
            .chain(hold)
            .chain(economy)
            .collect()
    }

    /// What a post is restored from.
    pub(super) fn post_rows(&self) -> PostRows {
        PostRows {
            letters: self.visible.post.values().cloned().collect(),
            inbox: self.visible.inbox.values().cloned().collect(),
            polls: self.visible.polls.values().cloned().collect(),
        }
    }

    /// The headers of a sync answer; bottles without one are left out.
    pub(super) fn load(&self, plans: Vec<EntryPlan>) -> Vec<LoadedEntry> {
        let load = |plan: EntryPlan| {
            let content = self.content(&plan.bottle)?;
            Some(LoadedEntry {
                header: content.header.clone(),
                signature: content.signature,
                catch: plan.catch,
            })
        };
        plans.into_iter().filter_map(load).collect()
    }

    /// Header and signature of a bottle.
    pub(super) fn content(&self, bottle: &BottleId) -> Option<&Content> {
        self.visible.bottles.get(bottle)?.content.as_deref()
    }

    /// The row of a bottle.
    pub(super) fn bottle(&self, bottle: &BottleId) -> Option<&BottleRow> {
        self.visible.bottles.get(bottle).map(Rc::as_ref)
    }

    /// A body.
    pub(super) fn block(&self, body: &BodyId) -> Option<&Rc<[u8]>> {
        self.visible.blocks.get(body)
    }

    /// Whether header, signature and body of a bottle are committed.
    pub(super) fn has_committed_bottle(&self, bottle: &BottleId) -> bool {
        let row = self.committed.bottles.get(bottle);
        row.is_some_and(|row| row.content.is_some() && self.committed.blocks.contains_key(&row.body))
    }

    /// The committed row of an own bottle.
    pub(super) fn committed_mine(&self, bottle: &BottleId) -> Option<&OwnBottleRow> {
        self.committed.mine.get(bottle).map(Rc::as_ref)
    }

    /// The committed row of a catch.
    pub(super) fn committed_hold(&self, bottle: &BottleId) -> Option<&CatchRow> {
        self.committed.hold.get(bottle).map(Rc::as_ref)
    }

    /// The committed catch messages of a bottle.
    pub(super) fn committed_claims(&self, bottle: &BottleId) -> &[Vec<u8>] {
        self.committed
            .claims
            .get(bottle)
            .map(|row| row.messages.as_slice())
            .unwrap_or_default()
    }
}

impl Rows {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Row(row) => self.apply_row(row),
            Write::Block(id, bytes) => drop(self.blocks.insert(*id, Rc::clone(bytes))),
            Write::DropBottles(bottles) => bottles.iter().for_each(|bottle| self.drop_bottle(bottle)),
            Write::DropBodies(bottles) => bottles.iter().for_each(|bottle| self.drop_body(bottle)),
            Write::Letter(row) => drop(self.post.insert(row.letter.letter, (**row).clone())),
            Write::Inbox(row) => drop(self.inbox.insert(row.letter, (**row).clone())),
            Write::InboxGone(letter) => drop(self.inbox.remove(letter)),
            Write::Poll(row) => drop(self.polls.insert(row.mailbox.clone(), (**row).clone())),
            Write::PollGone(peer) => drop(self.polls.remove(peer)),
        }
    }

    fn apply_row(&mut self, row: &Row) {
        match row {
            Row::Bottle(row) => self.put_bottle(row),
            Row::Claims(row) => drop(self.claims.insert(row.bottle, row.clone())),
            Row::Equivocation(row) => drop(self.proofs.insert(row.author, row.clone())),
            Row::Mine(row) => drop(self.mine.insert(row.bottle.id, Rc::new((**row).clone()))),
            Row::Hold(row) => drop(self.hold.insert(row.bottle, Rc::new((**row).clone()))),
            Row::HoldGone(bottle) => drop(self.hold.remove(bottle)),
            Row::Economy(row) => self.economy = Some(row.clone()),
        }
    }

    /// The bytes of a bottle come once, with its first row; the body goes into the block store.
    fn put_bottle(&mut self, row: &BottleRow) {
        let mut row = row.clone();
        match &mut row.content {
            Some(content) => {
                if let Some(body) = content.body.take() {
                    self.blocks.insert(row.body, body.into());
                }
            }
            None => row.content = self.bottles.get(&row.bottle).and_then(|old| old.content.clone()),
        }
        self.bottles.insert(row.bottle, Rc::new(row));
    }

    fn drop_bottle(&mut self, bottle: &BottleId) {
        self.drop_body(bottle);
        self.bottles.remove(bottle);
        self.claims.remove(bottle);
        self.proofs.retain(|_, proof| !proof.bottles.contains(bottle));
    }

    fn drop_body(&mut self, bottle: &BottleId) {
        if let Some(row) = self.bottles.get(bottle) {
            self.blocks.remove(&row.body);
        }
    }

    /// Content is loaded only for own bottles that may have to be published again.
    fn to_restore(&self, row: &BottleRow) -> BottleRow {
        let own = self.mine.contains_key(&row.bottle);
        let body = self.blocks.get(&row.body);
        let content = row.content.as_ref().filter(|_| own).map(|content| {
            Box::new(Content {
                body: body.map(|bytes| bytes.to_vec()),
                ..(**content).clone()
            })
        });
        BottleRow {
            has_body: body.is_some(),
            content,
            ..row.clone()
        }
    }
}

impl Write {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Row(row) => match &**row {
                Row::Bottle(row) => Some(Key::Bottle(row.bottle)),
                Row::Claims(row) => Some(Key::Claims(row.bottle)),
                Row::Equivocation(row) => Some(Key::Proof(row.author)),
                Row::Mine(row) => Some(Key::Mine(row.bottle.id)),
                Row::Hold(row) => Some(Key::Hold(row.bottle)),
                Row::HoldGone(bottle) => Some(Key::Hold(*bottle)),
                Row::Economy(_) => Some(Key::Economy),
            },
            Self::Block(id, _) => Some(Key::Block(*id)),
            Self::Letter(row) => Some(Key::Letter(row.letter.letter)),
            Self::Inbox(row) => Some(Key::Inbox(row.letter)),
            Self::InboxGone(letter) => Some(Key::Inbox(*letter)),
            Self::Poll(row) => Some(Key::Poll(row.mailbox.clone())),
            Self::PollGone(peer) => Some(Key::Poll(peer.clone())),
            Self::DropBottles(_) | Self::DropBodies(_) => None,
        }
    }
}
