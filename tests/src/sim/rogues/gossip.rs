//! Rogues that spoil single messages: forged, too long, garbled, old, mismatched, from other times, contradictory.

use meteorite_protocol::ids::Signature;
use meteorite_protocol::limits::{CATCH_MESSAGE_BYTES_MAX, SKY_MESSAGE_BYTES_MAX};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{CatchMessage, Signed, SkyMessage, Wire as _};

use super::super::craft::{Draft, Recipe};
use super::{Hands, Strategy};

#[derive(Debug)]
pub(super) struct Forger;

impl Strategy for Forger {
    fn pause_ms(&self) -> u64 {
        7_000
    }

    /// A changed header under the old signature, or a claim under somebody else's.
    fn act(&mut self, hands: &mut Hands<'_>) {
        if hands.dice.chance(500) {
            let Some(message) = hands.any_bottle() else { return };
            let mut header = message.header.value().clone();
            header.tone = header.tone.wrapping_add(1);
            let signature = *message.header.signature();
            let Ok(header) = Signed::from_parts(header.encode(), signature) else {
                return;
            };
            let topic = Topic::of_author(&message.header.value().author);
            hands.tell_all(
                topic,
                SkyMessage {
                    header,
                    body: message.body,
                }
                .encode(),
            );
        } else {
            let Some(bytes) = hands.dice.pick(&hands.memory.catches) else {
                return;
            };
            let Ok(CatchMessage::Claim(claim)) = CatchMessage::decode(bytes) else {
                return;
            };
            let mut value = claim.value().clone();
            value.t.0 += 1;
            let Ok(forged) = Signed::from_parts(value.encode(), Signature(hands.dice.bytes())) else {
                return;
            };
            hands.tell_all(Topic::Catch, CatchMessage::Claim(forged).encode());
        }
    }
}

#[derive(Debug)]
pub(super) struct Oversizer;

impl Strategy for Oversizer {
    fn pause_ms(&self) -> u64 {
        9_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let (topic, max) = match hands.dice.below(2) {
            0 => (Topic::Sky(3), SKY_MESSAGE_BYTES_MAX),
            _ => (Topic::Catch, CATCH_MESSAGE_BYTES_MAX),
        };
        let more = hands.dice.place(4_000) + 1;
        let bytes = hands.dice.blob(max + more);
        hands.tell_all(topic, bytes);
    }
}

#[derive(Debug)]
pub(super) struct Babbler;

impl Strategy for Babbler {
    fn pause_ms(&self) -> u64 {
        5_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let topic = if hands.dice.chance(500) {
            Topic::Catch
        } else {
            Topic::Sky(0)
        };
        let known = hands
            .any_bottle()
            .map(|message| (Topic::of_author(&message.header.value().author), message));
        let (topic, bytes) = match (hands.dice.below(6), known) {
            (0, Some((topic, message))) => (topic, cut(message.encode(), hands)),
            (1, Some((topic, message))) => (topic, [message.encode(), vec![0]].concat()),
            (2, Some((Topic::Sky(shard), message))) => (Topic::Sky((shard + 1) % 16), message.encode()),
            (3, _) => (topic, vec![0x81; 400]),
            (4, _) => (topic, Vec::new()),
            (_, _) => {
                let len = hands.dice.place(700);
                (topic, hands.dice.blob(len))
            }
        };
        hands.tell_all(topic, bytes);
    }
}

fn cut(mut bytes: Vec<u8>, hands: &mut Hands<'_>) -> Vec<u8> {
    bytes.truncate(hands.dice.place(bytes.len()));
    bytes
}

#[derive(Debug)]
pub(super) struct Replayer;

impl Strategy for Replayer {
    fn pause_ms(&self) -> u64 {
        4_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        for _ in 0..4 {
            if let Some((topic, bytes)) = hands.dice.pick(&hands.memory.sky) {
                let (topic, bytes) = (*topic, bytes.to_vec());
                hands.tell_all(topic, bytes);
            }
            if let Some(bytes) = hands.dice.pick(&hands.memory.catches) {
                let bytes = bytes.to_vec();
                hands.tell_all(Topic::Catch, bytes);
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Swapper;

impl Strategy for Swapper {
    fn pause_ms(&self) -> u64 {
        8_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let (Some(one), Some(other)) = (hands.any_bottle(), hands.any_bottle()) else {
            return;
        };
        let topic = Topic::of_author(&one.header.value().author);
        if one.body != other.body {
            hands.tell_all(
                topic,
                SkyMessage {
                    header: one.header,
                    body: other.body,
                }
                .encode(),
            );
        }
    }
}

#[derive(Debug)]
pub(super) struct Latecomer;

impl Strategy for Latecomer {
    fn pause_ms(&self) -> u64 {
        10_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let epoch = hands.now.wall.epoch();
        let (thrown_at, ttl) = match hands.dice.below(3) {
            0 => (epoch.minus(40), 20),
            1 => (epoch.minus(3), 500),
            _ => (epoch.plus(3), 500),
        };
        let draft = Draft::new(
            &Recipe {
                slots: 2,
                ttl,
                thrown_at,
            },
            hands.dice,
        );
        let bottle = draft.finish(Params::for_tests().stamp_bits_floor());
        hands.threw(&bottle);
        hands.tell_all(bottle.topic(), bottle.message.encode());
    }
}

#[derive(Debug)]
pub(super) struct Equivocator;

impl Strategy for Equivocator {
    fn pause_ms(&self) -> u64 {
        60_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        let recipe = Recipe {
            slots: 3,
            ttl: 400,
            thrown_at: hands.now.wall.epoch(),
        };
        let bits = Params::for_tests().stamp_bits_floor() + 2;
        let first = Draft::new(&recipe, hands.dice).finish(bits);
        let second = first.second(bits, hands.dice);
        hands.threw(&first);
        hands.threw(&second);
        for (nth, to) in hands.neighbours.clone().into_iter().enumerate() {
            let bottle = if nth.is_multiple_of(2) { &first } else { &second };
            hands.tell(to, bottle.topic(), bottle.message.encode());
        }
    }
}
