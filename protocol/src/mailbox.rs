//! The serving side of mail: what a mailbox takes, what it gives out, and when it forgets.
//!
//! Bootstrap servers and volunteering peers share these rules. They are decisions over numbers that a store looks up, so
//! that SQLite, PostgreSQL and the simulator come to the same ones: [`decide`] for a deposit, [`plan_query`] and
//! [`cut_page`] for a question. [`MailboxState`] carries them out in memory.
//!
//! - A deposit is valid for itself ([`crate::validate::deposit()`]) before it comes here. A letter that is kept already is
//!   promised again, so that a deposit may be repeated.
//! - One letter per bottle, claim, side and turn. At most 64 letters per bottle: beyond, the one with the least claim work
//!   makes room, and among equals a later turn, then the newcomer. This is the only way in which a promised letter is lost;
//!   its sender finds out by asking again daily. A full mailbox refuses instead of evicting.
//! - Nothing can be deleted, because a mailbox cannot know who may; everything ends after 14 days.
//! - A question names an address prefix. A bucket of fewer than 64 letters is *widened*: the answer then covers the longest
//!   shorter prefix with at least 64, or everything. So asking for a single address never answers whether mail waits for it
//!   alone, and a collector whose prefix has become too long sees that from the letters that come.
//!
//! Letters are numbered in the order in which they are kept, and a cursor is such a number. A store with several writers
//! must give out numbers in the order of its commits, or a reader would pass over a letter that commits late.
//!
//! Called by `engine` and by the store of a bootstrap server. It refuses to sign receipts: it says what to sign.

mod deposit;
mod policy;
mod query;
mod state;

pub use deposit::{
    BottleUse, Decision, DepositFacts, DepositView, PeerUse, Strength, TotalUse, Weakest, decide, receipt,
    refusal_of,
};
pub use policy::MailboxPolicy;
pub use query::{Cursor, PageCut, QUERY_BITS_MAX, QueryPlan, cut_page, plan_query};
pub use state::{MailboxReply, MailboxState, PEERS_COUNTED_MAX, StoredLetter};
