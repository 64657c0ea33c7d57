//! The one libp2p swarm of a node or bootstrap server, hosted by rust-ipfs.
//!
//! rust-ipfs brings transports (QUIC, TCP, memory), the relay client, UPnP, bitswap and the block repository. Everything whose events
//! we must see lives in its custom-behaviour slot ([`slot`]): gossipsub with scoring and explicit verdicts, kad on our own protocol id,
//! request-response, identify, ping, mDNS, AutoNAT, DCUtR, the relay server, limits, blocks and the re-dial manager. Events cannot leave
//! that slot by libp2p's own way (`ToSwarm = Infallible`), so it owns two bounded channels: commands in, [`NetEvent`]s out.
//!
//! This crate moves opaque bytes. It refuses to know what a bottle, claim or letter is, keeps no records for others in kad, never
//! announces a provider, and never deletes a block on its own.
//!
//! The door is [`Net::start`]. Callers: `meteorite-node` and `meteorite-bootstrap`.

mod book;
mod codec;
mod config;
mod content;
mod delay;
mod error;
mod event;
mod exclusive;
mod gossip;
mod guard;
mod handle;
mod kad;
pub mod limits;
mod parts;
mod resolve;
mod sleep;
mod slot;
mod start;

pub use config::{ConnectionCaps, LinkDelay, NetConfig, Offers, Reservations, Role, TopicSpec};
pub use error::{CallError, Closed, ContentError, DialError, NetError, PublishError};
pub use event::{Lost, MessageRef, NetEvent, PeerInfo, Proto, Reachability, RequestRef, Verdict};
pub use handle::Net;
pub use libp2p::{Multiaddr, PeerId};
