//! The meteorite command.

fn main() {}
