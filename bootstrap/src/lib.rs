//! The headless bootstrap server: helps peers meet, relays for them, holds letters for those offline, keeps the sky's bodies.
//!
//! Anyone can run one; nobody needs a particular one. It takes part in the sky like a node that never throws: it validates,
//! forwards and stores what is gossiped, answers sync and body requests, and in addition serves kad, AutoNAT, relay circuits
//! and a mailbox. It has no user, no words and no storage key, and can read no letter. This is the embedded mode: one
//! folder, one SQLite file, no other service.
//!
//! [`Bootstrap`] is the door; the binary and tests use it. [`shell`] turns the pure engine of `meteorite-protocol` into a
//! running server, [`mail`] is the mailbox, [`pins`] keeps bodies, [`http`] talks to the operator, [`backends`] holds the
//! seams for other databases. `docs/BOOTSTRAP.md` is for operators.

#![warn(missing_docs)]

mod addresses;
pub mod args;
mod backends;
mod clock;
pub mod config;
mod crowd;
mod effects;
mod errands;
mod error;
mod folder;
mod health;
mod http;
mod mail;
mod metrics;
mod pins;
mod rates;
mod restore;
mod rows;
mod server;
mod shell;
mod tasks;
mod upkeep;

pub use config::{Config, ConfigError, Quota};
pub use error::{ShutdownError, StartError};
pub use server::{Bootstrap, Ended, Started, peer_id_of};
