//! The shell around the engine: it reads events from the swarm, lets the engine decide, and carries out what it decided.
//!
//! Both kinds of program, the user's node and the bootstrap server, drive the same engine over the same swarm and the same
//! store, so the loop that does it is here and neither contains the other. A [`Shell`] is owned by one task, which waits on
//! [`Shell::next`] beside its own inputs and passes what happened to [`Shell::handle`].
//!
//! The order is the point: durable rows of one step commit in one transaction before anything of that step leaves this
//! computer; rows of other people's things are written behind; a failed commit ends the program's trust in the engine,
//! which is then made anew from its rows ([`StepError`]). The shell decides nothing about bottles and holds no identity: its
//! only key is the device's network key, with which it signs receipts for letters.
//!
//! Files: [`shell`] (start, next, handle), `effects` (what is done after a step), `rows` (engine rows and store rows),
//! `content` (bodies: quota and eviction), `bodies` (fetching and serving them), `post_office` (letters held for others),
//! `clock`, `peer`.

#![warn(missing_docs)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the shell picks a few of many events and effects; what is not named passes through"
)]

mod bodies;
mod clock;
mod content;
mod effects;
mod peer;
mod post_office;
mod rows;
mod shell;

pub use clock::Clock;
pub use content::{BodyUse, Content};
pub use peer::{peer_id, peer_of};
pub use post_office::{Answered, PostOffice};
pub use shell::{Happening, Outcome, Shell, ShellConfig, StartError, StepError};
