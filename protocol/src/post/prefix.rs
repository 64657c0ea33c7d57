//! How many bits of an address a mailbox is told.
//!
//! The set in which an address hides are the addresses with the same prefix. A short prefix hides well and costs bytes,
//! because all letters of the bucket are sent; a long one is cheap and tells the mailbox whose letters are fetched. So a
//! collector starts with no bits at all and lengthens by one when a bucket was so full that half of it is still enough.
//!
//! The mailbox must not be able to talk it into more: the number it claims (`bucket`) may only shorten the prefix, and
//! lengthening takes letters that really came. A mailbox that makes up letters can still reach [`COLLECT_BITS_MAX`], and
//! no further; those bits are the ones that chose the mailbox in the first place.

use crate::limits::MAIL_BUCKET_MIN;

/// Bits of an address that a mailbox is ever told. At 100,000 live addresses, 400 share the prefix.
pub const COLLECT_BITS_MAX: u16 = 8;
/// Letters that came from one bucket in one round, from which on the prefix grows: half of them are twice the minimum.
pub const LENGTHEN_AT: u32 = 4 * MAIL_BUCKET_MIN;

/// What one round showed about the length of the prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Letters under the prefix that came from the emptiest bucket asked.
    came_min: Option<u32>,
    /// A bucket was too small, or the mailbox widened it.
    too_long: bool,
}

impl Fit {
    /// One bucket: letters under the asked prefix that came, whether others came too (the mailbox widened it), and how many
    /// it says there are.
    pub fn saw(&mut self, came: u32, widened: bool, claimed: u32) {
        self.came_min = Some(self.came_min.map_or(came, |least| least.min(came)));
        self.too_long |= widened || claimed < MAIL_BUCKET_MIN;
    }

    /// The bits for the next round: at most one more or one fewer.
    pub fn next_bits(&self, bits: u16) -> u16 {
        if self.too_long {
            return bits.saturating_sub(1);
        }
        let full = self.came_min.is_some_and(|came| came >= LENGTHEN_AT);
        if full {
            bits.saturating_add(1).min(COLLECT_BITS_MAX)
        } else {
            bits
        }
    }
}
