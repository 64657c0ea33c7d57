//! The deterministic simulator of the pure cores: a whole network in one thread, in virtual time.
//!
//! Everything that the product decides runs for real: engines, validation, claim sets, reconciliation, the post and the
//! mailboxes. Everything around it is a model: clocks, disks, connections, gossipsub's duplicate cache, users. One number,
//! the *seed*, decides all of it, so a failure is replayed by its seed.
//!
//! # A run
//!
//! 1. The seed decides a plan (`plan`): how many nodes, how they are linked, which faults, which rogues.
//! 2. *Safety phase*: users throw, open, claim; things break; rogues attack. After every step the checks of `checks` must
//!    hold, whatever happened.
//! 3. Everything is mended, and rogues fall silent. The world runs until it rests (`settle`).
//! 4. *Liveness*: by then all honest nodes agree, every claim has its final state, every letter was read.
//! 5. The trace hash is the same in every run of the seed.
//!
//! # What is where
//!
//! `world` is the loop, `step` one step of one engine, `lifecycle` starts, crashes and connections, `traffic` what travels,
//! `disk` what a crash leaves, `faults` what goes wrong, `users` and `letters` what people do, `rogues` who does not play
//! by the rules, and `model` the lists of everything that really exists.
//!
//! # What it does not cover
//!
//! libp2p, gossipsub's meshes and scores, rust-ipfs, SQLite, real clocks and threads. Those have tests of their own.
#![expect(
    clippy::indexing_slicing,
    reason = "a wrong index ends a run with its seed, which is what a simulator is for"
)]

mod checks;
mod clock;
mod craft;
mod dice;
mod disk;
mod faults;
mod letters;
mod lifecycle;
mod links;
mod model;
mod node;
mod plan;
mod queue;
mod report;
mod rogues;
mod settle;
mod step;
mod trace;
mod traffic;
mod users;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use report::{Failure, Figures, Report};

use plan::Plan;
use trace::Trace;
use world::World;

/// What a run is given besides its seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Honest nodes; without it the seed decides.
    pub nodes: Option<usize>,
    /// Prints every step.
    pub log: bool,
}

/// Runs the world of a seed from beginning to end. A panic in it is a failure like any other.
#[must_use]
pub fn run(seed: u64, options: Options) -> Report {
    let plan = Plan::of(seed, options.nodes);
    let nodes = (plan.honest, plan.rogues.len());
    let mut world = World::new(plan, Trace::new(options));
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    if let Err(panic) = lived {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world.fail(None, format!("panics: {}", said.unwrap_or_default()));
    }
    Report {
        seed,
        hash: world.trace.hash(),
        steps: world.trace.steps(),
        virtual_ms: world.now,
        nodes,
        figures: world.figures,
        failure: world.failure,
    }
}

/// Whether the world of this seed has neither faults nor rogues.
#[must_use]
pub const fn is_peaceful(seed: u64) -> bool {
    Plan::is_peaceful(seed)
}

/// What a seed decided, for the log.
#[must_use]
pub fn describe(seed: u64, options: Options) -> String {
    format!("{:#?}", Plan::of(seed, options.nodes))
}
