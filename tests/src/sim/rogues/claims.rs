//! Rogues that want every bottle: many claims at once, and claims that pretend to be old.

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::claims::{ClaimKey, ClaimSet};
use meteorite_protocol::engine::Protocol;
use meteorite_protocol::ids::ItemHash;
use meteorite_protocol::sky::item_hash;
use meteorite_protocol::time::Tick;
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{
    Bytes, CatchMessage, Place, SkyMessage, SyncAnswer, SyncEntry, SyncRequest, Wire as _,
};

use super::super::craft;
use super::{Hands, Reply, Strategy, sync};

#[derive(Debug)]
pub(super) struct ClaimFlooder;

impl Strategy for ClaimFlooder {
    fn pause_ms(&self) -> u64 {
        3_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let Some(message) = hands.any_bottle() else { return };
        for _ in 0..6 {
            let t = hands.now.wall.tick();
            let claim = claim(&message, t, hands);
            hands.tell_all(Topic::Catch, claim);
        }
    }
}

/// Live claims nine seconds old, and entries with claims from the hour in which the bottle was thrown.
#[derive(Debug, Default)]
pub(super) struct Backdater {
    offered: Vec<(ItemHash, SyncEntry)>,
}

impl Strategy for Backdater {
    fn pause_ms(&self) -> u64 {
        11_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let Some(message) = hands.any_bottle() else { return };
        let t = hands.now.wall.minus_ms(9_000).tick();
        let claim = claim(&message, t, hands);
        hands.tell_all(Topic::Catch, claim);
    }

    fn answer(&mut self, protocol: Protocol, request: &[u8], hands: &mut Hands<'_>) -> Reply {
        if protocol != Protocol::Sync {
            return Reply::Close;
        }
        match SyncRequest::decode(request) {
            Ok(SyncRequest::Reconcile { .. }) => match self.offer(hands) {
                Some(item) => Reply::Answer(sync::item_list(&[item.0])),
                None => Reply::Answer(SyncAnswer::Busy.encode()),
            },
            Ok(SyncRequest::Fetch { items }) => {
                let wanted = self.offered.iter().filter(|(item, _)| items.contains(item));
                Reply::Answer(SyncAnswer::Entries(wanted.map(|(_, entry)| entry.clone()).collect()).encode())
            }
            Err(_) => Reply::Close,
        }
    }
}

impl Backdater {
    /// A bottle with a single claim, made as early as is believed.
    fn offer(&mut self, hands: &mut Hands<'_>) -> Option<ItemHash> {
        let message = hands.any_bottle()?;
        let header = message.header.value();
        let earliest = header.thrown_at.minus(1).start().tick();
        let t = Tick(earliest.0 + hands.dice.below(300));
        let bytes = claim(&message, t, hands);
        let Ok(CatchMessage::Claim(signed)) = CatchMessage::decode(&bytes) else {
            return None;
        };
        let mut set = ClaimSet::new(message.header.bottle(), header.slots);
        set.add_claim(&ClaimKey::of(signed.value()), &bytes);
        let item = item_hash(&message.header.bottle(), &set.digest());
        let payload = Bytes(message.header.payload().to_vec());
        let entry = SyncEntry(payload, *message.header.signature(), vec![Bytes(bytes)]);
        self.offered.push((item, entry));
        Some(item)
    }
}

/// A real claim of the root by a fresh key.
fn claim(message: &SkyMessage, t: Tick, hands: &mut Hands<'_>) -> Vec<u8> {
    let key = SigningKey::from_seed(&hands.dice.bytes());
    let bits = Params::for_tests().claim_bits_floor() + 3;
    let claim = craft::claim(message.header.bottle(), Place::Root, &key, t, bits);
    hands.claimed(claim.value());
    CatchMessage::Claim(claim).encode()
}
