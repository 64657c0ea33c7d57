//! Our own bottles and what is proven of their delivery.
//!
//! Products of this kind die of "sent" that was not. So every word shown about an own bottle is a count of things that
//! happened to us: neighbours that the shell handed the message to, neighbours that offered it back in sync (they have
//! it), claims kept in the set, letters that were opened. There are no acknowledgement messages, and nothing is inferred.
//!
//! # A bottle's way
//!
//! 1. Thrown: the header is stored, `Publish` is asked for at once, and the bottle is *withheld*: sync does not offer it,
//!    because whoever pulled it from us before anybody had it would know whose it is.
//! 2. Published again with backoff until a neighbour takes it, while gossip still does: receivers accept only their own
//!    ten-minute epoch and its neighbours, so after the *window* publishing is pointless.
//! 3. Released to sync as soon as a neighbour took it: from then on it is offered like everything that we forwarded, and
//!    nobody who asks can tell the two apart. Released without that at the end of the window, for a bottle written offline:
//!    it would stay withheld and unpublishable for ever.
//! 4. Caught, thrown back, answered; recast when its finders vanished; withdrawn before the first catch; sunk.
//! 5. Archived [`LETTER_KEEP_MS`] after its time: until then letters for it are valid.
//!
//! Holders are remembered as 8-byte tags salted with the bottle id, because only their number matters and a stolen disk
//! should not tell which neighbours had which bottle first.
//!
//! Called by `engine`. It refuses to sign, to publish bytes (it only names the bottle) and to hold secrets.

mod notice;
mod row;
mod rules;
mod truth;

pub use notice::{NOTICE_EVERY_MS, Notice, QuietHours};
pub use row::{
    CLAIMS_SEEN_MAX, FINDERS_MAX, OwnBottle, OwnBottleRow, PEERS_COUNTED_MAX, PeerTag, Release, SeenClaim,
};
pub use rules::{RecastRefusal, WithdrawRefusal};
pub use truth::{DeliveryTruth, End, Stage};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BottleId, ClaimantKey, Peer};
use crate::limits::{LETTER_KEEP_MS, THROWN_AT_SLACK_EPOCHS};
use crate::schedule::{Backoff, Jitter, earlier, mono_at};
use crate::time::{MINUTE_MS, Now, SECOND_MS, UnixMillis};

/// Own bottles followed at once; a throw beyond is refused. Six throws a day, 30 days of drifting and 14 of letters are
/// 264, so nobody who keeps to the daily allowance meets it.
pub const OWN_BOTTLES_MAX: usize = 320;

/// No more bottles can be followed: some must sink first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyBottles;

/// What kind of answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AnswerKind {
    /// A sticker.
    Light,
    /// A letter.
    Letter,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MineEffect {
    /// Durable: replace the row of this bottle.
    Save(Box<OwnBottleRow>),
    /// Publish the stored sky message of this bottle; report the neighbours with `handle_published`.
    Publish(BottleId),
    /// Sync may offer this bottle from now on.
    Release(BottleId, Release),
    /// What is proven of this bottle changed.
    Truth(BottleId, DeliveryTruth),
    /// Tell the user, once per bottle and hour, what happened since the last notice.
    Notice(BottleId, Notice),
    /// No longer followed; its row stays for the history. Its address needs no more collecting.
    Archive(BottleId),
}

/// All own bottles that may still change.
#[derive(Debug)]
pub struct Mine {
    bottles: BTreeMap<BottleId, Following>,
    jitter: Jitter,
    quiet: Option<QuietHours>,
}

/// One bottle with what is not stored: the publishing schedule and the last truth told.
#[derive(Debug)]
struct Following {
    row: OwnBottleRow,
    publish_at: Option<u64>,
    attempts: u32,
    told: DeliveryTruth,
    /// What was due up to then has been drawn.
    settled_at: UnixMillis,
}

impl Mine {
    /// Continues from stored rows; archived ones are skipped. Call `handle_start` next.
    pub fn restore(rows: impl IntoIterator<Item = OwnBottleRow>, jitter: Jitter) -> Self {
        let bottles = rows
            .into_iter()
            .filter(|row| !row.archived)
            .take(OWN_BOTTLES_MAX)
            .map(|row| (row.bottle.id, Following::new(row)))
            .collect();
        Self {
            bottles,
            jitter,
            quiet: None,
        }
    }

    /// Takes up the timers after a start and releases what was released before.
    pub fn handle_start(&mut self, now: Now, effects: &mut Vec<MineEffect>) {
        for (id, following) in &mut self.bottles {
            following.publish_at = Some(now.mono_ms.saturating_add(self.jitter.below(
                &id.0,
                0,
                START_SPREAD_MS,
            )));
            if following.row.release != Release::Withheld {
                effects.push(MineEffect::Release(*id, following.row.release));
            }
        }
        self.handle_tick(now, effects);
    }

    /// The hours in which notices wait; none for never.
    pub fn handle_quiet_hours(&mut self, quiet: Option<QuietHours>) {
        self.quiet = quiet;
    }

    /// A bottle was signed and stored: follow it and publish it. Known ones are left as they are.
    pub fn handle_thrown(
        &mut self,
        bottle: OwnBottle,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) -> Result<(), TooManyBottles> {
        let mut following = Following::new(OwnBottleRow::new(bottle, now.wall));
        following.publish_at = Some(now.mono_ms);
        self.follow(following, now, effects)
    }

    /// A bottle that came from the network is ours: its words were restored on another machine. It is followed from here on and
    /// never published again, because whoever sent it has it. Known ones are left as they are.
    pub fn handle_recognised(
        &mut self,
        bottle: OwnBottle,
        from: &Peer,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) -> Result<(), TooManyBottles> {
        let mut row = OwnBottleRow::new(bottle, now.wall);
        row.release = Release::Proven;
        row.add_held(from);
        self.follow(Following::new(row), now, effects)
    }

    fn follow(
        &mut self,
        following: Following,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) -> Result<(), TooManyBottles> {
        let id = following.row.bottle.id;
        if self.bottles.contains_key(&id) {
            return Ok(());
        }
        if self.bottles.len() >= OWN_BOTTLES_MAX {
            return Err(TooManyBottles);
        }
        effects.push(MineEffect::Save(Box::new(following.row.clone())));
        effects.push(MineEffect::Truth(id, following.told));
        self.bottles.insert(id, following);
        self.step(id, now, effects, |_| {});
        Ok(())
    }

    /// The shell handed the message to this many neighbours at once. Publishing again may reach the same ones, so the
    /// most that were reached at once count, never the sum.
    pub fn handle_published(
        &mut self,
        id: BottleId,
        neighbours: u16,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) {
        self.step(id, now, effects, |following| {
            following.row.handed = following.row.handed.max(neighbours);
        });
    }

    /// A neighbour offered the bottle in sync: it has it.
    pub fn handle_offered_back(
        &mut self,
        id: BottleId,
        peer: &Peer,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) {
        self.step(id, now, effects, |following| following.row.add_held(peer));
    }

    /// A neighbour connected: what nobody has been handed yet is published soon.
    pub fn handle_neighbour(&mut self, now: Now, effects: &mut Vec<MineEffect>) {
        let jitter = &self.jitter;
        for (id, following) in &mut self.bottles {
            if following.publish_at.is_some() {
                let soon = now.mono_ms.saturating_add(jitter.below(
                    &id.0,
                    u64::from(following.attempts),
                    JOIN_SPREAD_MS,
                ));
                following.publish_at = earlier(following.publish_at, Some(soon));
            }
        }
        self.handle_tick(now, effects);
    }

    /// The kept claims of the bottle as they stand now; replaces what was seen before.
    pub fn handle_claims(
        &mut self,
        id: BottleId,
        claims: Vec<SeenClaim>,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) {
        self.step(id, now, effects, |following| following.row.set_claims(claims));
    }

    /// A light or a letter for this bottle was opened. Repeats of one finder's kind count once.
    pub fn handle_answer(
        &mut self,
        id: BottleId,
        from: ClaimantKey,
        kind: AnswerKind,
        now: Now,
        effects: &mut Vec<MineEffect>,
    ) {
        self.step(id, now, effects, |following| following.row.add_answer(from, kind));
    }

    /// Our withdrawal was signed and stored (`check_withdraw` allowed it), or came back from the network.
    pub fn handle_withdrawn(&mut self, id: BottleId, now: Now, effects: &mut Vec<MineEffect>) {
        self.step(id, now, effects, |following| {
            following.row.finish(End::Withdrawn, now.wall)
        });
    }

    /// Two headers by this author key are about: both sink.
    pub fn handle_equivocation(&mut self, id: BottleId, now: Now, effects: &mut Vec<MineEffect>) {
        self.step(id, now, effects, |following| {
            following.row.finish(End::Equivocated, now.wall)
        });
    }

    /// Our recast `n` was signed and stored (`check_recast` allowed it), or came back from the network.
    pub fn handle_recast(&mut self, id: BottleId, n: u8, now: Now, effects: &mut Vec<MineEffect>) {
        self.step(id, now, effects, |following| following.row.add_recast(n));
    }

    /// Runs what is due: publishing, confirmations, the end of the window, notices, sinking, archiving.
    pub fn handle_tick(&mut self, now: Now, effects: &mut Vec<MineEffect>) {
        let due: Vec<BottleId> = self
            .bottles
            .iter()
            .filter(|(_, following)| {
                following
                    .next_deadline(self.quiet, now)
                    .is_some_and(|at| at <= now.mono_ms)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.step(id, now, effects, |_| {});
        }
    }

    /// The mono instant at which `handle_tick` is next useful.
    pub fn next_deadline(&self, now: Now) -> Option<u64> {
        self.bottles
            .values()
            .filter_map(|following| following.next_deadline(self.quiet, now))
            .min()
    }

    /// Whether this bottle is ours and still followed.
    pub fn contains(&self, id: &BottleId) -> bool {
        self.bottles.contains_key(id)
    }

    /// Whether sync must not offer this bottle yet.
    pub fn is_withheld(&self, id: &BottleId) -> bool {
        self.bottles
            .get(id)
            .is_some_and(|following| following.row.release == Release::Withheld)
    }

    /// The stored state of one bottle.
    pub fn row(&self, id: &BottleId) -> Option<&OwnBottleRow> {
        self.bottles.get(id).map(|following| &following.row)
    }

    /// The stored state of all bottles followed, by id.
    pub fn rows(&self) -> impl Iterator<Item = &OwnBottleRow> {
        self.bottles.values().map(|following| &following.row)
    }

    /// What is proven of one bottle at this instant.
    pub fn truth(&self, id: &BottleId, now: Now) -> Option<DeliveryTruth> {
        self.bottles
            .get(id)
            .map(|following| truth::of(&following.row, now.wall))
    }

    /// May the author take the bottle back? Only before the first catch.
    pub fn check_withdraw(&self, id: &BottleId, now: Now) -> Result<(), WithdrawRefusal> {
        rules::check_withdraw(self.row(id), now.wall)
    }

    /// May the author recast it, and with which number?
    pub fn check_recast(&self, id: &BottleId, now: Now) -> Result<u8, RecastRefusal> {
        rules::check_recast(self.row(id), now.wall)
    }

    /// Applies one change, then everything that follows from it at this instant, and saves the row if it differs.
    fn step(
        &mut self,
        id: BottleId,
        now: Now,
        effects: &mut Vec<MineEffect>,
        change: impl FnOnce(&mut Following),
    ) {
        let Some(following) = self.bottles.get_mut(&id) else {
            return;
        };
        let before = following.row.clone();
        let mut after_save = Vec::new();
        change(following);
        following.settle(now, self.quiet, &mut after_save);
        following.publish_if_due(&self.jitter, now, &mut after_save);
        let archive = following.row.archived;
        if following.row != before {
            effects.push(MineEffect::Save(Box::new(following.row.clone())));
        }
        effects.append(&mut after_save);
        if archive {
            self.bottles.remove(&id);
            effects.push(MineEffect::Archive(id));
        }
    }
}

impl Following {
    fn new(row: OwnBottleRow) -> Self {
        let told = truth::of(&row, row.queued_at);
        Self {
            row,
            publish_at: None,
            attempts: 0,
            told,
            settled_at: UnixMillis(0),
        }
    }

    /// Draws the consequences of time and of the last input.
    fn settle(&mut self, now: Now, quiet: Option<QuietHours>, effects: &mut Vec<MineEffect>) {
        let id = self.row.bottle.id;
        self.settled_at = now.wall;
        if now.wall >= self.row.bottle.expires_at {
            self.row.finish(End::Expired, self.row.bottle.expires_at);
        }
        if let Some(release) = self.row.due_release(now.wall >= window_end(&self.row.bottle)) {
            self.row.release = release;
            effects.push(MineEffect::Release(id, release));
        }
        self.row.announce_confirmed(now.wall);
        let truth = truth::of(&self.row, now.wall);
        if truth != self.told {
            self.told = truth;
            effects.push(MineEffect::Truth(id, truth));
        }
        if self
            .row
            .pending
            .due_at(self.row.notified_at, quiet, now.wall)
            .is_some_and(|at| at <= now.wall)
        {
            effects.push(MineEffect::Notice(id, std::mem::take(&mut self.row.pending)));
            self.row.notified_at = Some(now.wall);
        }
        self.row.archived =
            self.row.end.is_some() && now.wall >= archive_at(&self.row) && self.row.pending.is_empty();
    }

    fn publish_if_due(&mut self, jitter: &Jitter, now: Now, effects: &mut Vec<MineEffect>) {
        if !self.row.wants_publishing() || now.wall >= window_end(&self.row.bottle) {
            self.publish_at = None;
            return;
        }
        if self.publish_at.is_some_and(|at| at <= now.mono_ms) {
            effects.push(MineEffect::Publish(self.row.bottle.id));
            self.publish_at = Some(self.next_publish(jitter, now));
            self.attempts = self.attempts.saturating_add(1);
        }
    }

    fn next_publish(&self, jitter: &Jitter, now: Now) -> u64 {
        let delay = BACKOFF.delay_ms(self.attempts);
        now.mono_ms
            .saturating_add(jitter.around(&self.row.bottle.id.0, u64::from(self.attempts), delay))
    }

    fn next_deadline(&self, quiet: Option<QuietHours>, now: Now) -> Option<u64> {
        let row = &self.row;
        let wall = [
            row.end.is_none().then_some(row.bottle.expires_at),
            (row.release == Release::Withheld).then(|| window_end(&row.bottle)),
            row.next_confirmation(self.settled_at),
            row.pending.due_at(row.notified_at, quiet, now.wall),
            row.end.is_some().then(|| archive_at(row)),
        ];
        let wall = wall.into_iter().flatten().min().map(|at| mono_at(at, now));
        earlier(wall, self.publish_at)
    }
}

/// From here on gossip no longer takes the header.
fn window_end(bottle: &OwnBottle) -> UnixMillis {
    bottle.thrown_at.plus(THROWN_AT_SLACK_EPOCHS).plus(1).start()
}

/// From here on no letter for this bottle is valid.
fn archive_at(row: &OwnBottleRow) -> UnixMillis {
    row.bottle.expires_at.plus_ms(LETTER_KEEP_MS)
}

/// After a start the bottles of a session are published again spread over this time, so that they do not leave as a group.
const START_SPREAD_MS: u64 = 5 * SECOND_MS;
/// A new neighbour gets what waits within this time.
const JOIN_SPREAD_MS: u64 = 2 * SECOND_MS;
/// While no neighbour could be handed the message.
const BACKOFF: Backoff = Backoff::new(5 * SECOND_MS, MINUTE_MS);
