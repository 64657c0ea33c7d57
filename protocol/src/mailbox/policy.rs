//! How much a mailbox takes.

/// The quotas of one mailbox. What goes beyond is refused; the sender tries again later or elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxPolicy {
    /// Letters kept in all.
    pub letters_max: u64,
    /// Bytes of letters kept in all.
    pub bytes_max: u64,
    /// Bytes of letters kept for one bottle.
    pub bottle_bytes_max: u64,
    /// New letters taken from one peer on one UTC day.
    pub peer_letters_per_day: u32,
    /// Bytes of new letters taken from one peer on one UTC day.
    pub peer_bytes_per_day: u64,
}

impl MailboxPolicy {
    /// A peer that holds letters for others beside its own life: 64 MiB.
    pub const fn volunteer() -> Self {
        Self {
            letters_max: 32_768,
            bytes_max: 64 * MIB,
            bottle_bytes_max: 384 * 1024,
            peer_letters_per_day: 256,
            peer_bytes_per_day: 2 * MIB,
        }
    }

    /// A bootstrap server: 4 GiB.
    pub const fn bootstrap() -> Self {
        Self {
            letters_max: 2_000_000,
            bytes_max: 4_096 * MIB,
            bottle_bytes_max: 384 * 1024,
            peer_letters_per_day: 1_024,
            peer_bytes_per_day: 8 * MIB,
        }
    }
}

const MIB: u64 = 1024 * 1024;
