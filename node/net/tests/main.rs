//! Tests of the swarm through its public door: real transports on loopback and in memory, hostile peers made of bare libp2p swarms.

mod content;
mod discovery;
mod floods;
mod gossip;
mod harness;
mod hostile;
mod lifecycle;
mod relay;
mod requests;
