//! Rogues that lie when they are asked, or ask too much.

use meteorite_protocol::engine::Protocol;
use meteorite_protocol::ids::{ItemHash, Signature};
use meteorite_protocol::limits::SYNC_ANSWER_BYTES_MAX;
use meteorite_protocol::wire::{BodyAnswer, Bytes, SyncAnswer, SyncEntry, SyncRequest, Wire as _};

use super::{Hands, Reply, Strategy};

#[derive(Debug)]
pub(super) struct Liar;

impl Strategy for Liar {
    fn pause_ms(&self) -> u64 {
        600_000
    }

    fn act(&mut self, _hands: &mut Hands<'_>) {}

    fn answer(&mut self, protocol: Protocol, request: &[u8], hands: &mut Hands<'_>) -> Reply {
        if protocol != Protocol::Sync {
            let len = hands.dice.place(600);
            return Reply::Answer(hands.dice.blob(len));
        }
        let asked = SyncRequest::decode(request).ok();
        let reconciling = matches!(asked, Some(SyncRequest::Reconcile { .. }));
        match hands.dice.below(8) {
            // Items without end.
            0..=2 if reconciling => {
                let ids: Vec<[u8; 32]> = (0..1_500).map(|_| hands.dice.bytes()).collect();
                Reply::Answer(item_list(&ids))
            }
            // Never the same.
            3 if reconciling => Reply::Answer(reconcile([vec![0x61, 0, 0, 1], hands.dice.blob(16)].concat())),
            // All is equal.
            4 if reconciling => Reply::Answer(reconcile(vec![0x61, 0, 0, 0])),
            5 => Reply::Answer(reconcile(hands.dice.blob(100))),
            6 => Reply::Answer(hands.dice.blob(SYNC_ANSWER_BYTES_MAX + 1)),
            _ => Reply::Answer(SyncAnswer::Entries(Vec::new()).encode()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Trickster;

impl Strategy for Trickster {
    fn pause_ms(&self) -> u64 {
        600_000
    }

    fn act(&mut self, _hands: &mut Hands<'_>) {}

    fn answer(&mut self, protocol: Protocol, request: &[u8], hands: &mut Hands<'_>) -> Reply {
        if protocol == Protocol::Body {
            return Reply::Answer(other_bodies(hands));
        }
        match SyncRequest::decode(request) {
            Ok(SyncRequest::Reconcile { .. }) => {
                let ids: Vec<[u8; 32]> = (0..40).map(|_| hands.dice.bytes()).collect();
                Reply::Answer(item_list(&ids))
            }
            Ok(SyncRequest::Fetch { .. }) => Reply::Answer(other_entries(hands)),
            Err(_) => Reply::Close,
        }
    }
}

#[derive(Debug)]
pub(super) struct Nagger;

impl Strategy for Nagger {
    fn pause_ms(&self) -> u64 {
        1_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let Some(to) = hands.dice.pick(&hands.neighbours).copied() else {
            return;
        };
        for _ in 0..40 {
            let request = match hands.dice.below(3) {
                0 => SyncRequest::Reconcile {
                    msg: Bytes(vec![0x61]),
                },
                1 => SyncRequest::Fetch {
                    items: (0..64).map(|_| ItemHash(hands.dice.bytes())).collect(),
                },
                _ => SyncRequest::Fetch { items: Vec::new() },
            };
            hands.ask(to, Protocol::Sync, request.encode());
        }
    }
}

/// A reconciliation answer that offers these items in one range over everything.
pub(super) fn item_list(ids: &[[u8; 32]]) -> Vec<u8> {
    let mut message = vec![0x61, 0, 0, 2];
    let count = ids.len();
    // Numbers are written in base 128, the high bit set on all digits but the last.
    let digits =
        [count >> 14 & 0x7f, count >> 7 & 0x7f, count & 0x7f].map(|digit| u8::try_from(digit).unwrap_or(0));
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(2);
    message.extend(digits[first..2].iter().map(|digit| digit | 0x80));
    message.push(digits[2]);
    ids.iter().for_each(|id| message.extend_from_slice(id));
    reconcile(message)
}

fn reconcile(message: Vec<u8>) -> Vec<u8> {
    SyncAnswer::Reconcile { msg: Bytes(message) }.encode()
}

/// True bottles that were not asked for, false ones, or catch messages of another bottle.
fn other_entries(hands: &mut Hands<'_>) -> Vec<u8> {
    let mut entries = Vec::new();
    for _ in 0..hands.dice.place(5) + 1 {
        let Some(message) = hands.any_bottle() else { break };
        let payload = Bytes(message.header.payload().to_vec());
        let signature = *message.header.signature();
        let entry = match hands.dice.below(3) {
            0 => SyncEntry(payload, signature, Vec::new()),
            1 => SyncEntry(payload, Signature(hands.dice.bytes()), Vec::new()),
            _ => {
                let foreign = hands
                    .dice
                    .pick(&hands.memory.catches)
                    .map(|bytes| Bytes(bytes.to_vec()));
                SyncEntry(payload, signature, foreign.into_iter().collect())
            }
        };
        entries.push(entry);
    }
    SyncAnswer::Entries(entries).encode()
}

/// True bodies that were not asked for.
fn other_bodies(hands: &mut Hands<'_>) -> Vec<u8> {
    let bodies = (0..2)
        .filter_map(|_| hands.any_bottle())
        .map(|message| Bytes(message.body.into_vec()));
    BodyAnswer {
        blocks: bodies.collect(),
    }
    .encode()
}
