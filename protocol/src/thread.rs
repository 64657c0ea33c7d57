//! Conversations by letter.
