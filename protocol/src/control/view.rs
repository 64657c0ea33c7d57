//! Bottles, letters, peers and findings as a person sees them.

use serde::{Deserialize, Serialize};

/// The outside of a bottle: what the header says. Mood, tone and language are the author's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoneView {
    /// The bottle's id.
    pub bottle: String,
    /// Intensities in the order of [`crate::mood::MOODS`].
    pub mood: [u8; 8],
    /// Names of the two strongest moods, strongest first; empty for a neutral one.
    pub moods: Vec<String>,
    /// Toxicity, 0 to 255.
    pub tone: u8,
    /// Primary language tag.
    pub lang: String,
    /// Graphemes of the text.
    pub length: u16,
    /// Places for finders.
    pub slots: u8,
    /// Finders so far.
    pub caught: u8,
    /// Unix milliseconds at which it was thrown, to ten minutes.
    pub thrown_ms: u64,
    /// Unix milliseconds at which it sinks.
    pub sinks_ms: u64,
    /// The header's nonce in hexadecimal: the seed of its picture.
    pub nonce: String,
    /// The version of the generator that its author saw.
    pub art: u16,
    /// What its stamp turned out to be worth; only for own and opened bottles.
    pub rarity: Option<String>,
}

/// How bottles are chosen for this reader, and what was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TasteView {
    /// From 0, "surprise me", to 100, "like me".
    pub knob: u8,
    /// Languages read, best first; empty means all.
    pub languages: Vec<String>,
    /// Rewards learned from.
    pub learned: u64,
    /// Choices in the log.
    pub choices: u32,
    /// What other ways to choose would have brought, estimated from the log.
    pub compared: Vec<Comparison>,
    /// Why it knows nothing, when what was stored could not be used.
    pub fresh: Option<String>,
}

/// One way to choose, judged by the log of this device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Its name.
    pub way: String,
    /// Reward of one bottle, −1 to 1.
    pub reward: f32,
    /// Standard error of it.
    pub error: f32,
}

/// A page of the sky.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkyPage {
    /// Newest first.
    pub stones: Vec<StoneView>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// How many bottles drift in all.
    pub drifting: u32,
}

/// What became of a catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldState {
    /// Touched: sealed, in the hold, no claim made.
    Sealed,
    /// The claim is being worked on.
    Opening,
    /// Claimed; another ship's claim may still come first.
    Provisional,
    /// Claimed for good.
    Confirmed,
    /// Another ship reached it first; what was read is kept.
    Displaced,
    /// Thrown back.
    ThrownBack,
    /// In the collection.
    Kept,
    /// It sank before it was opened, or was withdrawn.
    Gone,
}

/// A stone in the hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its outside.
    pub stone: StoneView,
    /// What became of it.
    pub state: HoldState,
    /// Why it fell, in one sentence; absent for one that was named, or fell before the last start.
    pub why: Option<String>,
}

/// An opened bottle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BottleView {
    /// Its outside.
    pub stone: StoneView,
    /// What became of the catch; none for an own bottle.
    pub state: Option<HoldState>,
    /// What it says.
    pub text: String,
    /// The name it is signed with.
    pub nick: Option<String>,
    /// What it is about.
    pub tags: Vec<String>,
    /// What stands between the text and the reader; none where nothing does.
    #[serde(default)]
    pub veil: Option<Veil>,
    /// Its writer may not want to live: kind words belong beside it.
    #[serde(default)]
    pub care: bool,
}

/// Why a stranger's text does not simply appear, by the reading of this node itself. The text is there for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Veil {
    /// Behind more than a veil: the reader learns why first.
    pub hidden: bool,
    /// Gravest first: `reported`, `contact`, `mismatch`, `unkind`, `unrated`, `sexual`, `spam`.
    pub why: Vec<String>,
}

/// What is proven about an own bottle, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BottleFate {
    /// On disk, not with any neighbour yet.
    Queued,
    /// Handed to neighbours.
    Handed,
    /// Neighbours offered it back: they have it.
    Drifting,
    /// Caught by at least one stranger.
    Caught,
    /// A light or a letter came.
    Answered,
    /// Its time is over.
    Sunk,
    /// Taken back by its author.
    Withdrawn,
}

/// An own bottle with its proven state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBottleView {
    /// Its outside.
    pub stone: StoneView,
    /// What is proven.
    pub fate: BottleFate,
    /// Neighbours it was handed to.
    pub handed: u16,
    /// Neighbours that say they have it.
    pub held: u16,
    /// Lights and letters that came.
    pub answers: u16,
    /// Recasts made.
    pub recasts: u8,
    /// May it be recast now?
    pub recast_ready: bool,
    /// What it says.
    pub text: String,
    /// A kind word to the writer, such as on a very short text.
    pub nudge: Option<String>,
}

/// Who wrote a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterSide {
    /// This user.
    Me,
    /// The stranger.
    Stranger,
}

/// What is proven about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterState {
    /// In the outbox.
    Queued,
    /// Mailboxes signed for it.
    InMailbox,
    /// The other side said so.
    Collected,
    /// Nobody took it in its time.
    Failed,
    /// It came here.
    Received,
    /// It came here and was shown.
    Read,
}

/// A letter or a light.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterView {
    /// Its id.
    pub letter: String,
    /// Its thread.
    pub thread: String,
    /// The bottle that began it.
    pub bottle: String,
    /// Who wrote it.
    pub side: LetterSide,
    /// The sticker, for a light.
    pub light: Option<String>,
    /// The text, for a letter.
    pub text: Option<String>,
    /// What is proven.
    pub state: LetterState,
    /// What stands between a stranger's text and the reader.
    #[serde(default)]
    pub veil: Option<Veil>,
    /// Its writer may not want to live.
    #[serde(default)]
    pub care: bool,
    /// Signed receipts, for an own letter.
    pub receipts: u8,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// A thread of letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadView {
    /// Its id.
    pub thread: String,
    /// The bottle that began it.
    pub bottle: String,
    /// Did this user write the bottle?
    pub mine: bool,
    /// Letters and lights in it.
    pub letters: u16,
    /// Of those, not read.
    pub unread: u16,
    /// May this user write now?
    pub may_write: bool,
    /// Both keep writing, undecided, or adrift.
    pub standing: String,
    /// Unix milliseconds of the last letter.
    pub last_ms: u64,
}

/// A neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerView {
    /// Its peer id.
    pub peer: String,
    /// The address of the connection.
    pub address: String,
    /// Through a relay?
    pub relayed: bool,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<u32>,
    /// Gossip score.
    pub score: f64,
    /// Does it hold letters for others?
    pub mailbox: bool,
    /// Bytes that came from it, without the transport's own.
    pub received_bytes: u64,
}

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Must be mended.
    Bad,
    /// Works, with a limit.
    Warn,
    /// Fine.
    Good,
}

/// One line of the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorFinding {
    /// How it stands.
    pub finding: Finding,
    /// What was looked at.
    pub about: String,
    /// What was found.
    pub what: String,
    /// What to do; empty where nothing is to do.
    pub next: String,
}
