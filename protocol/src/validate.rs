//! Validation, cheap first.
