//! Validation: what is let in, and with which verdict the rest is turned away.

mod bottles;
mod catches;
mod deposits;
mod stub;
