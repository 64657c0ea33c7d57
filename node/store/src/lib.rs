//! SQLite repositories, mailbox, pins and quotas.
