//! The stored state of one own bottle and the changes that inputs make to it.
//!
//! Everything here is a plain struct that the store writes as one row; nothing is derived from the clock. Sets are
//! bounded by named limits, beyond which more proof is not counted (a count then reads "at least").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::claims::ClaimSet;
use crate::ids::{AuthorKey, BottleId, ClaimantKey, Nonce, Peer, ReplyKey};
use crate::limits::{CLAIM_SETTLE_MS, RECASTS_MAX};
use crate::mine::notice::Notice;
use crate::mine::{AnswerKind, End};
use crate::time::{Epoch, Tick, UnixMillis};
use crate::wire::Place;

/// Neighbours counted as holding one bottle; further ones are not counted.
pub const PEERS_COUNTED_MAX: usize = 64;
/// Claims of one bottle looked at; a claim set keeps fewer (8 places, 4 casts, chains of 4), so none is cut.
pub const CLAIMS_SEEN_MAX: usize = 256;
/// Finders remembered as answered or announced per bottle; further ones count no more.
pub const FINDERS_MAX: usize = 256;

/// What identifies an own bottle and when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBottle {
    /// Its id.
    pub id: BottleId,
    /// The salt of its keys.
    pub nonce: Nonce,
    /// The key that signed it.
    pub author: AuthorKey,
    /// The key that first letters are sealed to.
    pub reply_to: ReplyKey,
    /// Places for finders per cast.
    pub slots: u8,
    /// When it was thrown, as its header says.
    pub thrown_at: Epoch,
    /// When it sinks.
    pub expires_at: UnixMillis,
}

/// A neighbour as remembered for one bottle: the first 8 bytes of BLAKE3(bottle ‖ peer id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeerTag(pub u64);

impl PeerTag {
    /// The tag of this peer for this bottle.
    pub fn of(bottle: &BottleId, peer: &Peer) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bottle.0);
        hasher.update(peer.as_bytes());
        let mut word = [0u8; 8];
        hasher.finalize_xof().fill(&mut word);
        Self(u64::from_be_bytes(word))
    }
}

/// Why sync may, or may not yet, offer an own bottle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Release {
    /// Not offered: nobody has it yet, and whoever pulled it would know whose it is.
    Withheld,
    /// Neighbours took it: it is offered like everything that we forwarded.
    Handed,
    /// A neighbour is proven to have it, or a claim came.
    Proven,
    /// Gossip no longer takes it and nobody is proven to have it: sync is the only way left.
    WindowClosed,
}

/// A kept claim of an own bottle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeenClaim {
    /// The place it fills.
    pub place: Place,
    /// Who claims.
    pub claimant: ClaimantKey,
    /// When, in ticks.
    pub t: Tick,
    /// Whether the claimant threw the bottle back.
    pub thrown_back: bool,
}

impl SeenClaim {
    /// The kept claims of a set.
    pub fn all_of(claims: &ClaimSet) -> Vec<Self> {
        let seen = |claim: crate::claims::KeptClaim<'_>| Self {
            place: claim.key.place,
            claimant: claim.key.claimant,
            t: claim.key.t,
            thrown_back: claim.thrown_back,
        };
        claims.claims().map(seen).collect()
    }

    /// From here on the claim is shown as confirmed.
    pub fn confirmed_at(&self) -> UnixMillis {
        self.t.end().plus_ms(CLAIM_SETTLE_MS)
    }
}

/// One own bottle as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBottleRow {
    /// What it is.
    pub bottle: OwnBottle,
    /// When it was queued here.
    pub queued_at: UnixMillis,
    /// The most neighbours that the message was handed to at once.
    pub handed: u16,
    /// Neighbours that offered it or said that they have it, at most [`PEERS_COUNTED_MAX`].
    pub held: BTreeSet<PeerTag>,
    /// Whether sync offers it.
    pub release: Release,
    /// The kept claims as last seen, at most [`CLAIMS_SEEN_MAX`].
    pub claims: Vec<SeenClaim>,
    /// Finders whose confirmed catch went into a notice, and whether their throw-back did; at most [`FINDERS_MAX`].
    #[serde(with = "crate::rows::pairs")]
    pub announced: BTreeMap<ClaimantKey, bool>,
    /// Finders and the kinds of answer that came from them, at most [`FINDERS_MAX`].
    pub answers: BTreeSet<(ClaimantKey, AnswerKind)>,
    /// Recasts made, 0 to 3.
    pub recasts: u8,
    /// How and when it ended.
    pub end: Option<(End, UnixMillis)>,
    /// What the next notice will say.
    pub pending: Notice,
    /// When the last notice went out.
    pub notified_at: Option<UnixMillis>,
    /// Nothing can change any more; kept for the history.
    pub archived: bool,
}

impl OwnBottleRow {
    pub(super) fn new(bottle: OwnBottle, queued_at: UnixMillis) -> Self {
        Self {
            bottle,
            queued_at,
            handed: 0,
            held: BTreeSet::new(),
            release: Release::Withheld,
            claims: Vec::new(),
            announced: BTreeMap::new(),
            answers: BTreeSet::new(),
            recasts: 0,
            end: None,
            pending: Notice::default(),
            notified_at: None,
            archived: false,
        }
    }

    pub(super) fn add_held(&mut self, peer: &Peer) {
        insert_bounded(
            &mut self.held,
            PeerTag::of(&self.bottle.id, peer),
            PEERS_COUNTED_MAX,
        );
    }

    pub(super) fn set_claims(&mut self, mut claims: Vec<SeenClaim>) {
        claims.sort_unstable();
        claims.dedup();
        claims.truncate(CLAIMS_SEEN_MAX);
        self.claims = claims;
    }

    pub(super) fn add_answer(&mut self, from: ClaimantKey, kind: AnswerKind) {
        if insert_bounded(&mut self.answers, (from, kind), FINDERS_MAX) {
            match kind {
                AnswerKind::Light => self.pending.lights = self.pending.lights.saturating_add(1),
                AnswerKind::Letter => self.pending.letters = self.pending.letters.saturating_add(1),
            }
        }
    }

    pub(super) fn add_recast(&mut self, n: u8) {
        self.recasts = self.recasts.max(n.min(RECASTS_MAX));
    }

    /// The first end counts.
    pub(super) fn finish(&mut self, end: End, at: UnixMillis) {
        if self.end.is_none() {
            self.end = Some((end, at));
        }
    }

    /// The release that is due now, if it changes.
    pub(super) fn due_release(&self, window_closed: bool) -> Option<Release> {
        if self.release != Release::Withheld {
            return None;
        }
        if !self.held.is_empty() || !self.claims.is_empty() || !self.answers.is_empty() {
            return Some(Release::Proven);
        }
        if self.handed > 0 {
            return Some(Release::Handed);
        }
        window_closed.then_some(Release::WindowClosed)
    }

    /// Nobody took it, and it has not ended.
    pub(super) fn wants_publishing(&self) -> bool {
        self.release == Release::Withheld && self.end.is_none()
    }

    /// Puts catches whose tick has settled, and their throw-backs, into the next notice, each finder once.
    pub(super) fn announce_confirmed(&mut self, wall: UnixMillis) {
        for claim in &self.claims {
            if claim.confirmed_at() > wall {
                continue;
            }
            let known = self.announced.get(&claim.claimant).copied();
            if known.is_none() && self.announced.len() >= FINDERS_MAX {
                continue;
            }
            if known.is_none() {
                self.pending.caught = self.pending.caught.saturating_add(1);
            }
            let back_before = known.unwrap_or(false);
            if claim.thrown_back && !back_before {
                self.pending.thrown_back = self.pending.thrown_back.saturating_add(1);
            }
            self.announced
                .insert(claim.claimant, claim.thrown_back || back_before);
        }
    }

    /// When the next provisional catch settles.
    pub(super) fn next_confirmation(&self, wall: UnixMillis) -> Option<UnixMillis> {
        self.claims
            .iter()
            .map(SeenClaim::confirmed_at)
            .filter(|at| *at > wall)
            .min()
    }
}

/// Adds to a set that must not outgrow `max`; true if it was added.
fn insert_bounded<T: Ord>(set: &mut BTreeSet<T>, item: T, max: usize) -> bool {
    set.len() < max && set.insert(item)
}
