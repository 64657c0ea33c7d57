//! Invite codes.
