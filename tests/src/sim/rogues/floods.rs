//! Rogues that send too much: invalid headers, which end the connection, and valid ones, which only raise the price.

use meteorite_protocol::ids::{Nonce, Signature};
use meteorite_protocol::limits::SHARD_HEADERS_PER_MINUTE;
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{Signed, SkyMessage, Wire as _};

use super::super::craft::{Bottle, Draft, Recipe};
use super::{Hands, Strategy};

/// Thirty headers a second with a good stamp and a bad signature.
#[derive(Debug, Default)]
pub(super) struct InvalidFlooder {
    base: Option<Bottle>,
    sent: u32,
}

impl Strategy for InvalidFlooder {
    fn pause_ms(&self) -> u64 {
        200
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        if hands.neighbours.is_empty() || self.sent >= INVALID_MAX {
            return;
        }
        self.sent += 6;
        let epoch = hands.now.wall.epoch();
        if self
            .base
            .as_ref()
            .is_none_or(|base| base.header().thrown_at != epoch)
        {
            let recipe = Recipe {
                slots: 3,
                ttl: 400,
                thrown_at: epoch,
            };
            self.base =
                Some(Draft::new(&recipe, hands.dice).finish(Params::for_tests().stamp_bits_floor() + 4));
        }
        let Some(base) = &self.base else { return };
        for _ in 0..6 {
            // The stamp depends on author and epoch alone, so each nonce makes a new header that is worth a look.
            let mut header = base.header().clone();
            header.nonce = Nonce(hands.dice.bytes());
            let Ok(header) = Signed::from_parts(header.encode(), Signature(hands.dice.bytes())) else {
                return;
            };
            hands.tell_all(
                base.topic(),
                SkyMessage {
                    header,
                    body: base.message.body.clone(),
                }
                .encode(),
            );
        }
    }
}

/// Twice as many headers as a shard takes in a minute, with the least stamp, for a while.
#[derive(Debug, Default)]
pub(super) struct ValidFlooder {
    sent: u32,
}

impl Strategy for ValidFlooder {
    fn pause_ms(&self) -> u64 {
        1_000
    }

    fn act(&mut self, hands: &mut Hands<'_>) {
        if self.sent >= 2 * SHARD_HEADERS_PER_MINUTE {
            return;
        }
        let recipe = Recipe {
            slots: 1,
            ttl: 300,
            thrown_at: hands.now.wall.epoch(),
        };
        let base = Draft::new(&recipe, hands.dice);
        for _ in 0..4 {
            let bottle = base
                .in_shard(FLOODED_SHARD, hands.dice)
                .finish(Params::for_tests().stamp_bits_floor());
            hands.threw(&bottle);
            hands.tell_all(bottle.topic(), bottle.message.encode());
            self.sent += 1;
        }
    }
}

/// Enough for more than a minute.
const INVALID_MAX: u32 = 2_400;
/// All of the flood goes here.
const FLOODED_SHARD: u8 = 5;
