//! Wire types: every byte, every refusal.

mod canonical;
mod golden;
mod roundtrip;
mod strategies;
mod vectors;
