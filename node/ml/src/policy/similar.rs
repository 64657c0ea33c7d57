//! Is a text like one that was reported? A hash that near copies share.

use crate::parser::ngrams::Words;

/// A text's likeness: texts that differ in a word or two have likenesses that differ in few bits.
///
/// `SimHash` (Charikar, "Similarity estimation techniques from rounding algorithms", 2002) over the hashed n-grams of the parser, 64 bits.
/// It says nothing about a text to who does not have a near copy, and stays on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness(pub u64);

impl Likeness {
    /// `None` for a text too short to be told from others: ten texts that say "hello" are no re-posts.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let hashes = Words::of(text).hashes();
        if hashes.len() < FEATURES_MIN {
            return None;
        }
        let mut votes = [0_i32; 64];
        for hash in hashes {
            let hash = scatter(hash);
            for (bit, vote) in votes.iter_mut().enumerate() {
                *vote += if hash >> bit & 1 == 1 { 1 } else { -1 };
            }
        }
        let bits = votes.iter().enumerate().filter(|(_, vote)| **vote > 0);
        Some(Self(bits.fold(0, |hash, (bit, _)| hash | 1 << bit)))
    }

    /// Whether two texts are near copies.
    #[must_use]
    pub const fn is_like(self, other: Self) -> bool {
        (self.0 ^ other.0).count_ones() <= BITS_APART_MAX
    }
}

/// FNV leaves the high bits of short inputs alike; this spreads them (Stafford's mix 13, the finaliser of `SplitMix64`).
const fn scatter(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

/// Fewer features than some four words make no likeness.
const FEATURES_MIN: usize = 60;
/// Unrelated texts differ in 32 bits on average; 1 in 10^11 of them in so few.
const BITS_APART_MAX: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(left: &str, right: &str) -> bool {
        Likeness::of(left).unwrap().is_like(Likeness::of(right).unwrap())
    }

    const PITCH: &str = "Hello friend, I turned two hundred into nine thousand in one week from my sofa, without any risk at all. \
        Ask me how it works and you will never have to get up early again. Only today, only for the first ten people!";

    #[test]
    fn near_copies_are_alike_and_others_are_not() {
        assert!(alike(PITCH, PITCH));
        assert!(alike(PITCH, &PITCH.to_uppercase()));
        assert!(alike(PITCH, &PITCH.replace("friend", "my friend")));
        assert!(alike(PITCH, &format!("{PITCH} 🚀🚀")));
        let other = "The lighthouse keeper waved at our ferry this morning, and for no reason at all the whole deck waved back. \
            I have been smiling about it since, all through a long and rainy afternoon at work.";
        assert!(!alike(PITCH, other));
        assert!(!alike(
            "今天在山顶看到了流星，许了一个很小很小的愿望，希望明天不要下雨。",
            "昨天晚上和朋友一起吃火锅，聊到很晚才回家，路上的灯都灭了一半。"
        ));
    }

    #[test]
    fn short_texts_have_no_likeness() {
        assert_eq!(Likeness::of("Hello there!"), None);
        assert_eq!(Likeness::of(""), None);
    }
}
