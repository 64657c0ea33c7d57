//! The outbox of letters and the collection schedule.
