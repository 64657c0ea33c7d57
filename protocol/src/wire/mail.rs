//! `/meteorite/mail/1`: deposit and collect sealed letters.
//!
//! Collecting asks for an address prefix that is short enough to cover other people's letters too, so that the mailbox
//! does not learn which one is meant; `bucket` in the answer tells how many there are, so that the prefix can be fitted.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::{self, Bytes};
use super::{Deposit, Receipt, Signed, Wire, WireError, require};
use crate::ids::MailAddress;
use crate::limits;

/// The first bits of a mail address. On the wire the list `[bits, bytes]`, with unused bits zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressPrefix {
    bits: u16,
    bytes: [u8; 32],
}

impl AddressPrefix {
    /// The first `bits` bits of an address, at most 256.
    #[must_use]
    pub fn of(address: &MailAddress, bits: u16) -> Self {
        let bits = bits.min(256);
        let mut bytes = [0; 32];
        let mut left = u32::from(bits);
        for (to, from) in bytes.iter_mut().zip(address.as_bytes()) {
            let take = left.min(8);
            let mask = if take == 0 { 0 } else { u8::MAX << (8 - take) };
            *to = from & mask;
            left -= take;
        }
        Self { bits, bytes }
    }

    /// How many bits.
    #[must_use]
    pub const fn bits(&self) -> u16 {
        self.bits
    }

    /// Whether the address begins with these bits.
    #[must_use]
    pub fn matches(&self, address: &MailAddress) -> bool {
        Self::of(address, self.bits) == *self
    }

    /// The smallest address with this prefix.
    #[must_use]
    pub const fn first(&self) -> MailAddress {
        MailAddress(self.bytes)
    }

    /// The largest address with this prefix.
    #[must_use]
    pub fn last(&self) -> MailAddress {
        let ones = Self::of(&MailAddress([u8::MAX; 32]), self.bits);
        let mut last = self.bytes;
        for (to, mask) in last.iter_mut().zip(ones.bytes) {
            *to |= !mask;
        }
        MailAddress(last)
    }
}

impl fmt::Debug for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressPrefix({} bits)", self.bits)
    }
}

impl Serialize for AddressPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = usize::from(self.bits).div_ceil(8);
        let bytes = Bytes(self.bytes.get(..used).unwrap_or_default().to_vec());
        (self.bits, bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AddressPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (bits, raw) = <(u16, Bytes)>::deserialize(deserializer)?;
        let mut address = [0; 32];
        for (to, from) in address.iter_mut().zip(raw.as_slice()) {
            *to = *from;
        }
        let prefix = Self::of(&MailAddress(address), bits);
        let exact = bits <= 256 && raw.len() == usize::from(bits).div_ceil(8) && prefix.bytes == address;
        exact
            .then_some(prefix)
            .ok_or_else(|| D::Error::custom("not an address prefix"))
    }
}

/// A question to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MailRequest {
    /// Keep this letter: an encoded [`Signed`]`<`[`Deposit`]`>`.
    Deposit(Bytes),
    /// Give me the letters under this prefix.
    Collect {
        /// Which addresses.
        prefix: AddressPrefix,
        /// Only what the mailbox received after this; 0 for all, then `next` of the last answer.
        cursor: u64,
    },
}

impl Wire for MailRequest {
    const BYTES_MAX: usize = limits::MAIL_REQUEST_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Deposit(deposit) => require(deposit.len() <= Signed::<Deposit>::BYTES_MAX, "deposit"),
            Self::Collect { .. } => Ok(()),
        }
    }
}

/// Why a mailbox does not keep a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefuseReason {
    /// Try later. 0 on the wire.
    Busy,
    /// No room; try another mailbox. 1 on the wire.
    Full,
    /// The letter breaks a rule; do not try again. 2 on the wire.
    Invalid,
    /// The bottle's letters are no longer kept. 3 on the wire.
    Expired,
    /// This claim has left its letter already. 4 on the wire.
    Taken,
    /// The operator's rule. 5 on the wire.
    Denied,
    /// A reason of a later version, 6 to 255.
    Other(u8),
}

impl RefuseReason {
    const fn code(self) -> u8 {
        match self {
            Self::Busy => 0,
            Self::Full => 1,
            Self::Invalid => 2,
            Self::Expired => 3,
            Self::Taken => 4,
            Self::Denied => 5,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Busy,
            1 => Self::Full,
            2 => Self::Invalid,
            3 => Self::Expired,
            4 => Self::Taken,
            5 => Self::Denied,
            other => Self::Other(other),
        }
    }
}

impl Serialize for RefuseReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for RefuseReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(Self::from_code)
    }
}

/// The answer of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MailAnswer {
    /// Kept.
    Receipt(Signed<Receipt>),
    /// Not kept, or nothing to collect from.
    Refused(RefuseReason),
    /// Letters in the order in which they came.
    Letters {
        /// Encoded [`Signed`]`<`[`Deposit`]`>`s, at most [`limits::MAIL_LETTERS_MAX`].
        #[serde(deserialize_with = "bytes::list::<_, _, { limits::MAIL_LETTERS_MAX }>")]
        letters: Vec<Bytes>,
        /// The cursor to ask with next.
        next: u64,
        /// Whether there are more now.
        more: bool,
        /// How many letters the mailbox keeps under this prefix.
        bucket: u32,
    },
}

impl Wire for MailAnswer {
    const BYTES_MAX: usize = limits::MAIL_ANSWER_BYTES_MAX;

    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Receipt(_) | Self::Refused(_) => Ok(()),
            Self::Letters { letters, .. } => {
                require(letters.len() <= limits::MAIL_LETTERS_MAX, "letters")?;
                require(
                    letters
                        .iter()
                        .all(|letter| letter.len() <= Signed::<Deposit>::BYTES_MAX),
                    "letters",
                )
            }
        }
    }
}
