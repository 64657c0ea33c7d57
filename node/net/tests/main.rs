//! Tests of the swarm through its public door: real transports on loopback and in memory.

fn main() {}
