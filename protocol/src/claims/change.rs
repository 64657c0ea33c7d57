//! Everything that changes a claim set: union, then truncation at once.

use std::collections::BTreeMap;

use crate::limits::{CLAIMS_KEPT_MAX, RECASTS_MAX, THROW_BACK_DEPTH_MAX};
use crate::wire::Place;

use super::{ClaimKey, ClaimSet, Kept, Merge, Room, throw_back_id};

impl ClaimSet {
    /// Adds a claim that is otherwise valid; `message` is the catch message that carried it.
    pub fn add_claim(&mut self, key: &ClaimKey, message: &[u8]) -> Merge {
        let merge = self.insert_claim(key, message);
        self.refresh(merge)
    }

    /// Adds a throw-back and the claim that it embeds. `message` carries the throw-back, `claim_message` the claim alone.
    pub fn add_throw_back(&mut self, key: &ClaimKey, claim_message: &[u8], message: &[u8]) -> Merge {
        let merge = self.insert_throw_back(key, claim_message, message);
        self.refresh(merge)
    }

    /// Adds the author's recast number `n`, counted from 1.
    pub fn add_recast(&mut self, n: u8, message: &[u8]) -> Merge {
        if n == 0 || n > RECASTS_MAX {
            return Merge::Invalid;
        }
        if self.withdrawal.is_some() {
            return Merge::Withdrawn;
        }
        if self.recasts.contains_key(&n) {
            return Merge::Known;
        }
        self.recasts.insert(n, message.into());
        self.places.insert(Place::Recast(n), Room::default());
        self.refresh(Merge::Entered)
    }

    /// Adds the author's withdrawal. All claims go.
    pub fn add_withdrawal(&mut self, message: &[u8]) -> Merge {
        if self.withdrawal.is_some() {
            return Merge::Known;
        }
        self.withdrawal = Some(message.into());
        self.recasts.clear();
        self.places.clear();
        self.refresh(Merge::Entered)
    }

    /// Takes in everything that another set of the same bottle holds. True if this set changed.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.bottle != other.bottle || self.slots != other.slots {
            return false;
        }
        if let Some(message) = &other.withdrawal {
            return self.add_withdrawal(message) == Merge::Entered;
        }
        let mut changed = false;
        for (n, message) in &other.recasts {
            changed |= self.add_recast(*n, message) == Merge::Entered;
        }
        for (place, room) in other.rooms_from_root() {
            for (rank, kept) in &room.kept {
                let key = ClaimKey {
                    place,
                    claimant: kept.claimant,
                    t: rank.t,
                };
                changed |= self.insert_claim(&key, &kept.claim) == Merge::Entered;
            }
            for (rank, kept) in &room.kept {
                let key = ClaimKey {
                    place,
                    claimant: kept.claimant,
                    t: rank.t,
                };
                if let Some(message) = &kept.throw_back {
                    changed |= self.insert_throw_back(&key, &kept.claim, message) == Merge::Entered;
                }
            }
        }
        if changed {
            self.digest = self.compute_digest();
        }
        changed
    }

    fn insert_claim(&mut self, key: &ClaimKey, message: &[u8]) -> Merge {
        if self.withdrawal.is_some() {
            return Merge::Withdrawn;
        }
        let rank = self.rank(key);
        let size = self.room_size(&key.place);
        let Some(room) = self.places.get_mut(&key.place) else {
            return not_open(&key.place);
        };
        let displaced = match room.find(&key.claimant) {
            Some(known) if known <= rank => return Merge::Known,
            Some(later) => Some(later),
            None if room.kept.len() < size => None,
            None => match room.kept.last_key_value() {
                Some((last, _)) if rank < *last => Some(*last),
                Some(_) | None => return Merge::Lost,
            },
        };
        let lost = displaced.and_then(|rank| room.kept.remove(&rank).map(|kept| (rank.t, kept.claimant)));
        let entry = Kept {
            claimant: key.claimant,
            claim: message.into(),
            throw_back: None,
        };
        room.kept.insert(rank, entry);
        if let Some((t, claimant)) = lost {
            self.close_behind(ClaimKey {
                place: key.place,
                claimant,
                t,
            });
        }
        Merge::Entered
    }

    fn insert_throw_back(&mut self, key: &ClaimKey, claim_message: &[u8], message: &[u8]) -> Merge {
        let merge = self.insert_claim(key, claim_message);
        let rank = self.rank(key);
        let Some(room) = self.places.get_mut(&key.place) else {
            return merge;
        };
        let depth = room.depth;
        let Some(kept) = room.kept.get_mut(&rank) else {
            return merge;
        };
        if depth >= THROW_BACK_DEPTH_MAX {
            return if merge == Merge::Entered {
                merge
            } else {
                Merge::Invalid
            };
        }
        if kept.throw_back.is_some() {
            return merge;
        }
        kept.throw_back = Some(message.into());
        let behind = Room {
            depth: depth + 1,
            kept: BTreeMap::new(),
        };
        self.places
            .insert(Place::After(throw_back_id(&self.bottle, key)), behind);
        Merge::Entered
    }

    /// Closes the place that a claim opened, and every place behind it.
    fn close_behind(&mut self, claim: ClaimKey) {
        let mut closing = vec![claim];
        while let Some(claim) = closing.pop() {
            let place = Place::After(throw_back_id(&self.bottle, &claim));
            if let Some(room) = self.places.remove(&place) {
                let behind = room.kept.iter();
                closing.extend(behind.map(|(rank, kept)| ClaimKey {
                    place,
                    claimant: kept.claimant,
                    t: rank.t,
                }));
            }
        }
    }

    fn refresh(&mut self, merge: Merge) -> Merge {
        if merge == Merge::Entered {
            self.digest = self.compute_digest();
        }
        debug_assert!(self.claims().count() <= CLAIMS_KEPT_MAX);
        merge
    }
}

const fn not_open(place: &Place) -> Merge {
    match place {
        Place::Root | Place::After(_) => Merge::NotOpen,
        Place::Recast(n) if *n == 0 || *n > RECASTS_MAX => Merge::Invalid,
        Place::Recast(_) => Merge::NotOpen,
    }
}
