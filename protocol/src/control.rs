//! The language between a node and the programs of its own user: command line, app, scripts.
//!
//! A [`Request`] asks for one thing, a [`Reply`] answers it, a [`Notice`] tells what happened meanwhile, and a [`Snapshot`]
//! says how things are. On the control socket each travels as one line of JSON ([`frame`]); inside a process the same values
//! pass through the node's handle, so that every program sees the same node. Nothing here is ever sent to a peer.
//!
//! Called by `meteorite-node` (server and client) and whoever drives a node. Refuses lines longer than
//! [`CONTROL_LINE_BYTES_MAX`](frame::CONTROL_LINE_BYTES_MAX) before parsing them.

pub mod frame;
mod notice;
mod problem;
mod reply;
mod request;
mod snapshot;
mod view;

pub use notice::Notice;
pub use problem::{Problem, ProblemKind};
pub use reply::Reply;
pub use request::{Request, SkyFilter, Target, TasteChange};
pub use snapshot::{Allowance, Reach, Snapshot};
pub use view::{
    BottleFate, BottleView, Comparison, DoctorFinding, Finding, HoldState, HoldView, LetterSide, LetterState,
    LetterView, OwnBottleView, PeerView, SkyPage, StoneView, TasteView, ThreadView, Veil,
};
