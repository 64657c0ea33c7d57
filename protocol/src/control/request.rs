//! What a user can ask of a node.

use serde::{Deserialize, Serialize};

/// One thing that a user asks of a node. Bottles are named by their id or by an unambiguous ending of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Throw a bottle into the sea. The stamp is mined first; the answer comes when the bottle is safe on disk.
    Throw {
        /// What it says, as typed; cleaned by [`crate::text`].
        text: String,
        /// A name to sign with, for this bottle only.
        #[serde(default)]
        nick: Option<String>,
        /// Up to a few words that say what it is about.
        #[serde(default)]
        tags: Vec<String>,
        /// How many strangers may catch it (1 to 8).
        #[serde(default)]
        slots: Option<u8>,
        /// How many days it drifts (1 to 30).
        #[serde(default)]
        days: Option<u8>,
        /// The language, as a primary BCP 47 tag, when the writer knows better than the analysis.
        #[serde(default)]
        lang: Option<String>,
        /// Throw it even if the analysis would have asked for a second thought.
        #[serde(default)]
        sure: bool,
    },
    /// A page of the drifting bottles, newest first. No text: that is what opening is for.
    Sky {
        /// What to leave out.
        #[serde(default)]
        filter: SkyFilter,
        /// Where the page before ended.
        #[serde(default)]
        cursor: Option<String>,
        /// How many at most; the node caps it.
        #[serde(default)]
        limit: Option<u16>,
    },
    /// Put a falling stone, sealed, into the hold. That is no claim. Without a bottle: whatever falls next.
    Catch {
        /// Which one.
        #[serde(default)]
        bottle: Option<String>,
    },
    /// Open a bottle from the hold (this makes the claim), or show again what was opened, kept or thrown by oneself.
    Read {
        /// Which one.
        bottle: String,
    },
    /// Let a stone fall out of the hold unopened.
    Release {
        /// Which one.
        bottle: String,
    },
    /// Send one of the six stickers to the author of an opened bottle.
    Light {
        /// Which bottle.
        bottle: String,
        /// Which sticker, by name.
        sticker: String,
    },
    /// Answer: the author of an opened bottle, or the last letter of a thread.
    Reply {
        /// A bottle or a thread.
        to: String,
        /// What it says.
        text: String,
    },
    /// Say whether a thread should go on.
    Thread {
        /// Which one.
        thread: String,
        /// `true`: keep writing. `false`: let it drift.
        keep: bool,
    },
    /// Keep an opened bottle in the collection for good.
    Keep {
        /// Which one.
        bottle: String,
    },
    /// Give the slot of an opened bottle free again.
    ThrowBack {
        /// Which one.
        bottle: String,
    },
    /// Take an own bottle back before its first catch.
    Withdraw {
        /// Which one.
        bottle: String,
    },
    /// Open new slots for an own bottle that was caught and never answered.
    Recast {
        /// Which one.
        bottle: String,
    },
    /// Hide a bottle and keep the evidence.
    Report {
        /// Which one.
        bottle: String,
        /// Why, in the user's words.
        reason: String,
    },
    /// How much a reader is spared: `open`, `careful` or `strict`; without a level, only asks.
    Veil {
        /// From now on.
        #[serde(default)]
        level: Option<String>,
    },
    /// Never show this again.
    Block {
        /// A bottle or a thread.
        target: Target,
    },
    /// The collection of kept bottles; `search` looks into their decrypted text.
    Collection {
        /// A word to look for.
        #[serde(default)]
        search: Option<String>,
    },
    /// The hold: stones touched, being opened, opened.
    Hold,
    /// Own bottles with their proven state.
    Bottles,
    /// Threads of letters, or the letters of one thread.
    Letters {
        /// Which thread.
        #[serde(default)]
        thread: Option<String>,
    },
    /// The neighbours of this node.
    Peers,
    /// An invitation code with the addresses of this node and of the bootstrap servers it knows.
    Invite {
        /// How many days it stays valid.
        #[serde(default)]
        days: Option<u8>,
    },
    /// Meet the peers of an invitation.
    Join {
        /// The code.
        code: String,
    },
    /// Dial one address.
    Dial {
        /// A multiaddress that ends in a peer id.
        address: String,
    },
    /// How the next bottle is chosen: change it, forget what was learned, or only tell.
    Taste(TasteChange),
    /// A diagnosis in plain words.
    Doctor,
    /// The durable rows of this identity, for a backup file (sealed by the caller).
    Export,
    /// Merge the rows of a backup.
    Import {
        /// As [`super::Reply::Exported`] gave them.
        rows: String,
    },
    /// How things are.
    Snapshot,
    /// From now on, notices on this connection.
    Subscribe,
    /// End the node.
    Shutdown,
}

impl Request {
    /// A throw of `text` that leaves everything else to the node.
    pub fn throw(text: impl Into<String>) -> Self {
        Self::Throw {
            text: text.into(),
            nick: None,
            tags: Vec::new(),
            slots: None,
            days: None,
            lang: None,
            sure: false,
        }
    }

    /// The first page of everything that falls.
    pub fn sky() -> Self {
        Self::Sky {
            filter: SkyFilter::default(),
            cursor: None,
            limit: None,
        }
    }
}

/// Which bottles a page of the sky leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SkyFilter {
    /// Only these languages; empty means all.
    pub langs: Vec<String>,
    /// Only bottles whose strongest mood is one of these names; empty means all.
    pub moods: Vec<String>,
    /// Also what was hidden by a report or a block.
    pub hidden: bool,
    /// Also what the user already opened, threw or let go.
    pub seen: bool,
}

/// A change of how bottles are chosen; empty to only tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TasteChange {
    /// From 0, "surprise me", to 100, "like me".
    pub knob: Option<u8>,
    /// Tags of the languages to read, best first; empty means all.
    pub languages: Option<Vec<String>>,
    /// Forget everything that was learned.
    pub forget: bool,
}

/// What can be blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// One bottle, and re-posts of its text.
    Bottle(String),
    /// One thread of letters.
    Thread(String),
}
