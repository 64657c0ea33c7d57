//! What a node answers.

use serde::{Deserialize, Serialize};

use super::{
    BottleView, DoctorFinding, HoldView, LetterView, OwnBottleView, PeerView, Problem, SkyPage, Snapshot,
    TasteView, ThreadView,
};

/// The answer to one [`super::Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "value", rename_all = "kebab-case")]
pub enum Reply {
    /// Done, and there is nothing more to say.
    Done,
    /// Thrown: the bottle is on disk and on its way. With a nudge where the text is very short.
    Thrown(OwnBottleView),
    /// A page of the sky.
    Sky(SkyPage),
    /// A stone is in the hold, sealed.
    Caught(HoldView),
    /// An opened bottle with its text.
    Read(BottleView),
    /// A letter or a light is queued.
    Queued(LetterView),
    /// The hold.
    Hold(Vec<HoldView>),
    /// The collection.
    Collection(Vec<BottleView>),
    /// Own bottles.
    Bottles(Vec<OwnBottleView>),
    /// Threads.
    Threads(Vec<ThreadView>),
    /// The letters of one thread, oldest first.
    Letters(Vec<LetterView>),
    /// Neighbours.
    Peers(Vec<PeerView>),
    /// An invitation code.
    Invite(String),
    /// How many addresses of an invitation or a dial were tried.
    Dialling(u16),
    /// How much the reader is spared.
    Veil(String),
    /// How the next bottle is chosen.
    Taste(TasteView),
    /// Findings, worst first.
    Doctor(Vec<DoctorFinding>),
    /// Rows for a backup file.
    Exported(String),
    /// How many rows a backup brought.
    Imported(u64),
    /// How things are.
    Snapshot(Box<Snapshot>),
    /// It did not work; nothing was lost unless the problem says so.
    Problem(Problem),
}
