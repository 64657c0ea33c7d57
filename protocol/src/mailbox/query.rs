//! What a question about a prefix is answered with.

use crate::limits::{MAIL_ANSWER_BYTES_MAX, MAIL_BUCKET_MIN, MAIL_LETTERS_MAX};
use crate::wire::AddressPrefix;

/// Bits of a prefix that are looked at; a longer one is cut, so that a question costs a few counts only.
pub const QUERY_BITS_MAX: u16 = 16;

/// A place in the order of kept letters, as the wire carries it: a tag of the store and a number in it.
///
/// The tag is drawn when the store is made and is never 0. A cursor of another store starts from the beginning: otherwise
/// a mailbox that lost its data and began to count anew would hide new letters behind old cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Of the store, not 0.
    pub tag: u16,
    /// The number of the last letter given out, below 2^48.
    pub seq: u64,
}

impl Cursor {
    /// The number on the wire.
    pub fn to_wire(self) -> u64 {
        (u64::from(self.tag) << SEQ_BITS) | (self.seq & SEQ_MASK)
    }

    /// The letter number behind which this store goes on: 0 for the beginning and for cursors of other stores.
    pub fn seq_in(tag: u16, wire: u64) -> u64 {
        if wire >> SEQ_BITS == u64::from(tag) {
            wire & SEQ_MASK
        } else {
            0
        }
    }
}

/// What to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryPlan {
    /// Letters whose address has this prefix: what was asked, or less of it.
    pub prefix: AddressPrefix,
    /// With a number above this one, in the order of numbers.
    pub after_seq: u64,
    /// How many letters have the prefix in all.
    pub bucket: u32,
}

/// What fits into an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCut {
    /// How many of the candidates.
    pub letters: usize,
    /// The number of the last one, or where the question began.
    pub next_seq: u64,
    /// Whether some did not fit.
    pub more: bool,
}

/// Cuts and widens the prefix so that its bucket is not too small to hide in. `count` says how many letters have a prefix;
/// it is asked at most six times.
pub fn plan_query(
    asked: AddressPrefix,
    after_seq: u64,
    mut count: impl FnMut(&AddressPrefix) -> u32,
) -> QueryPlan {
    let shortened = |bits: u16| AddressPrefix::of(&asked.first(), bits);
    let mut plan_for = |bits: u16| {
        let prefix = shortened(bits);
        QueryPlan {
            prefix,
            after_seq,
            bucket: count(&prefix),
        }
    };
    let longest = asked.bits().min(QUERY_BITS_MAX);
    let mut best = plan_for(longest);
    if best.bucket >= MAIL_BUCKET_MIN || longest == 0 {
        return best;
    }
    // Buckets grow as bits fall: find the most bits with enough letters, or none at all.
    let (mut low, mut high) = (0, longest);
    best = plan_for(0);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let plan = plan_for(middle);
        if plan.bucket >= MAIL_BUCKET_MIN {
            (low, best) = (middle, plan);
        } else {
            high = middle;
        }
    }
    best
}

/// How many candidates an answer holds. They come in order, as number and length; a store needs to look up no more than
/// [`MAIL_LETTERS_MAX`] and one.
pub fn cut_page(plan: &QueryPlan, candidates: impl IntoIterator<Item = (u64, usize)>) -> PageCut {
    let mut cut = PageCut {
        letters: 0,
        next_seq: plan.after_seq,
        more: false,
    };
    let mut room = MAIL_ANSWER_BYTES_MAX - ANSWER_FRAME_BYTES;
    for (seq, bytes) in candidates {
        let bytes = bytes + LETTER_FRAME_BYTES;
        if cut.letters >= MAIL_LETTERS_MAX || bytes > room {
            cut.more = true;
            break;
        }
        room -= bytes;
        cut.letters += 1;
        cut.next_seq = seq;
    }
    cut
}

const SEQ_BITS: u32 = 48;
const SEQ_MASK: u64 = (1 << SEQ_BITS) - 1;
/// The answer's map, keys, numbers and list head.
const ANSWER_FRAME_BYTES: usize = 128;
/// The head of a byte string.
const LETTER_FRAME_BYTES: usize = 5;
