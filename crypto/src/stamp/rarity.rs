//! Rarity: what a stamp turns out to be worth as a stone, drawn from the same inputs as the stamp.
//!
//! `BLAKE3("meteorite/1/rarity" ‖ author ‖ epoch ‖ stamp)` is independent of the stamp's own hash, so nobody knows the
//! outcome before mining, every device agrees on it afterwards, and a second roll costs a second stamp. It decorates; it
//! must never be an input of the matcher or of admission.

/// How uncommon a stone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rarity {
    /// 60 % of stones.
    Common,
    /// 25 % of stones.
    Uncommon,
    /// 10 % of stones.
    Rare,
    /// 4 % of stones.
    Epic,
    /// 1 % of stones.
    Legendary,
}

impl Rarity {
    /// Every rarity, commonest first.
    pub const ALL: [Self; 5] = [
        Self::Common,
        Self::Uncommon,
        Self::Rare,
        Self::Epic,
        Self::Legendary,
    ];

    /// The rarity of the stone that this stamp makes.
    #[must_use]
    pub fn of(author: &[u8; 32], epoch: u32, stamp: u64) -> Self {
        Self::from_roll(rarity_roll(author, epoch, stamp))
    }

    /// The rarity of a roll in `0..10_000`; a larger roll counts as the last one.
    #[must_use]
    pub const fn from_roll(roll: u32) -> Self {
        match roll {
            0..6_000 => Self::Common,
            6_000..8_500 => Self::Uncommon,
            8_500..9_500 => Self::Rare,
            9_500..9_900 => Self::Epic,
            9_900.. => Self::Legendary,
        }
    }

    /// One word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Uncommon => "uncommon",
            Self::Rare => "rare",
            Self::Epic => "epic",
            Self::Legendary => "legendary",
        }
    }

    /// The rarity of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rarity| rarity.name() == name)
    }

    /// How many of 10,000 stones are of this rarity.
    #[must_use]
    pub const fn share(self) -> u32 {
        match self {
            Self::Common => 6_000,
            Self::Uncommon => 2_500,
            Self::Rare => 1_000,
            Self::Epic => 400,
            Self::Legendary => 100,
        }
    }
}

/// The stone's roll in `0..10_000`.
///
/// The first eight bytes of the hash, big-endian, modulo 10,000: a bias of less than 2⁻⁵⁰.
#[must_use]
pub fn rarity_roll(author: &[u8; 32], epoch: u32, stamp: u64) -> u32 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"meteorite/1/rarity")
        .update(author)
        .update(&epoch.to_be_bytes())
        .update(&stamp.to_be_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    (u64::from_be_bytes(first) % ROLLS) as u32
}

const ROLLS: u64 = 10_000;
