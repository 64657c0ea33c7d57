//! The one libp2p swarm, used by nodes and bootstrap servers.
