//! Kills a working node at random moments and counts what is lost, doubled or broken.
//!
//! A *life* is one identity on one folder. A child process runs its node, throws three bottles, catches and answers those of a
//! steady neighbour, receives the neighbour's answers, and says on its standard output what the node acknowledged. The parent
//! runs the neighbour, kills the child with SIGKILL at random moments, starts it again on the same folder, and compares: what
//! was acknowledged must be there, nothing may be there twice, every start must succeed with a sound database. A life ends
//! when the child, left alone, has finished everything; daily allowances make a new life necessary then.

mod child;
mod ledger;
mod parent;

pub use child::run as run_child;
pub use parent::{Report, run};

/// The word that makes the binary play the child.
pub const CHILD: &str = "child";
/// Bottles that each side throws in one life: the daily allowance.
const BOTTLES: usize = 3;
