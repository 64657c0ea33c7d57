//! The policy of a mailbox: what it accepts and what it evicts.
