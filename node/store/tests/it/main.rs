//! The store through its public surface: one contract per trait, crashes, damage, sealing, backup.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod backup;
mod bad_conditions;
mod blocks_peers;
mod contract_mailbox;
mod contract_sky;
mod kill;
mod letters;
mod moderation;
mod own;
mod sealed;
mod statements;
mod support;
mod units;
