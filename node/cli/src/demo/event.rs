//! What happens in the demo, as values: told in words on a terminal, one JSON object a line with `--json`.

use serde::Serialize;

use super::figures::Summary;
use super::ledger::Unread;

/// An event with its time since the start.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    /// Milliseconds since the start.
    pub(super) at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub(super) event: &'a Event,
}

/// Something worth telling.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// The demo begins.
    Opening {
        /// How many ships.
        ships: usize,
        /// How many lines are to be thrown.
        lines: usize,
        /// Where everything lies until the end.
        folder: String,
        /// Is the user one of the ships?
        with_user: bool,
    },
    /// A node listens.
    Afloat {
        /// Which ship.
        ship: String,
        /// Its peer id.
        peer: String,
    },
    /// All nodes are linked.
    Linked {
        /// How many connections.
        links: u32,
    },
    /// A bottle is thrown; its stamp was found.
    Thrown {
        /// By whom.
        ship: String,
        /// Its id.
        bottle: String,
        /// What it says.
        text: String,
        /// Milliseconds that the stamp took.
        stamp_ms: u64,
    },
    /// The last of the other skies shows it.
    Everywhere {
        /// Which bottle.
        bottle: String,
        /// Who threw it.
        ship: String,
        /// What it says.
        text: String,
        /// How many other skies there are.
        skies: usize,
        /// Milliseconds since it was thrown.
        after_ms: u64,
    },
    /// Taken aboard, still sealed.
    Caught {
        /// By whom.
        ship: String,
        /// Which bottle.
        bottle: String,
        /// Its outside.
        looks: String,
    },
    /// Opened and read.
    Read {
        /// By whom.
        ship: String,
        /// Which bottle.
        bottle: String,
        /// What it says.
        text: String,
        /// Milliseconds since it was thrown.
        after_ms: u64,
    },
    /// A sticker for the author.
    Lit {
        /// By whom.
        ship: String,
        /// For which bottle.
        bottle: String,
        /// Which sticker.
        sticker: String,
    },
    /// A scripted answer.
    Answered {
        /// By whom.
        ship: String,
        /// What it says.
        text: String,
    },
    /// A light or a letter came.
    Letter {
        /// To whom.
        ship: String,
        /// What it says, or which sticker.
        text: String,
        /// A sticker?
        light: bool,
    },
    /// Another claim came first.
    Displaced {
        /// Whose claim lost.
        ship: String,
        /// Which bottle.
        bottle: String,
    },
    /// Something about a bottle of the user's.
    Yours {
        /// What is proven.
        state: String,
    },
    /// Something did not work; the others go on.
    Trouble {
        /// For whom.
        ship: String,
        /// What.
        what: String,
    },
    /// Lines that no ship may throw today.
    Ashore {
        /// How many.
        lines: usize,
    },
    /// The deadline came first.
    Unfinished {
        /// What is missing.
        lines: Vec<Unread>,
    },
    /// The end in numbers.
    Summary(Summary),
    /// Tidying up.
    Closing,
}
