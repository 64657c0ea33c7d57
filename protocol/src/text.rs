//! Composing rules: what a person may write.
