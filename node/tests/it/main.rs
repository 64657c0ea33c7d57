//! Real nodes on loopback, with their own folders, keys, databases and sockets.

mod drift;
mod folder;
mod harness;
