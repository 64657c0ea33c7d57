//! The rules of the house that a machine can check: layout, dependency direction, what must be absent where.
//!
//! Each test reads the checkout and prints every offence with its file and line. `docs/ARCHITECTURE.md` gives the reasons.

mod dependencies;
mod shape;
mod sources;
mod words;
