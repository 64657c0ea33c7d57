//! What goes into the engine and what comes out of it.
//!
//! These types are the whole contract with a shell: the node, the bootstrap server, the simulator. Handles
//! ([`MessageHandle`], [`RequestHandle`]) are the shell's own numbers for things that cannot leave it; [`CallId`] and
//! [`PublicationId`] are the engine's, and come back with the outcome.

use crate::economy::{EconomyRow, Spent, Stranger, UtcOffset};
use crate::hold::{CatchRow, HoldEvent, OpenRefusal, OutcomeRefusal, TouchRefusal};
use crate::ids::{AuthorKey, BodyId, BottleId, ClaimantKey, Peer};
use crate::mine::{AnswerKind, DeliveryTruth, Notice, OwnBottleRow, QuietHours, RecastRefusal, WithdrawRefusal};
use crate::time::Epoch;
use crate::topic::Topic;
use crate::verdict::Verdict;
use crate::wire::Place;

/// The shell's number for a gossip message that waits for its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageHandle(pub u64);

/// The shell's number for a request that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHandle(pub u64);

/// The engine's number for a request to a peer. Unknown numbers are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The engine's number for something published. Unknown numbers are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicationId(pub u64);

/// The caller's number for a command; its outcome carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// A request-response protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// [`crate::topic::SYNC_PROTOCOL`].
    Sync,
    /// [`crate::topic::BODY_PROTOCOL`].
    Body,
    /// [`crate::topic::MAIL_PROTOCOL`].
    Mail,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The engine was made, new or from rows: timers are taken up and what was under way goes on. First of all inputs.
    Start,
    /// A neighbour is connected. Once per peer, not per connection.
    PeerUp {
        /// Who.
        peer: Peer,
    },
    /// The last connection to a neighbour ended.
    PeerDown {
        /// Who.
        peer: Peer,
    },
    /// A gossip message came. Exactly one [`Effect::Verdict`] follows, in the same call.
    Gossip {
        /// Who sent it to us.
        peer: Peer,
        /// On which topic.
        topic: Topic,
        /// Names it in the verdict.
        message: MessageHandle,
        /// Its bytes, at most [`Topic::bytes_max`]; longer ones are rejected.
        bytes: Vec<u8>,
    },
    /// A peer asks something. Exactly one of the answering effects follows, in the same call.
    Asked {
        /// Who asks.
        peer: Peer,
        /// Names it in the answer.
        request: RequestHandle,
        /// By which protocol.
        protocol: Protocol,
        /// The request.
        bytes: Vec<u8>,
    },
    /// The outcome of an [`Effect::Call`].
    Answered {
        /// Which call.
        call: CallId,
        /// The answer, or `None` if there was none: no connection, time-out, broken stream, too long.
        answer: Option<Vec<u8>>,
    },
    /// The outcome of an [`Effect::Publish`].
    Published {
        /// Which publication.
        publication: PublicationId,
        /// How many neighbours it was handed to; 0 if nobody took it.
        neighbours: u16,
    },
    /// The outcome of an [`Effect::FetchBodies`]: which bodies are now in the block store, hash checked.
    BodiesFetched {
        /// Which call.
        call: CallId,
        /// What came. Empty for a failure.
        bodies: Vec<BodyId>,
        /// Whether the peer sent something that was not asked for.
        broken: bool,
    },
    /// The user, through the shell, wants something done.
    Command {
        /// Names it in [`Event::Done`].
        id: CommandId,
        /// What.
        command: Command,
    },
    /// Time passed. Useful at [`super::Engine::next_deadline`], harmless at any time.
    Tick,
}

/// What a user can want of the engine. Everything is already mined, sealed and signed: the engine holds no secret.
#[derive(Debug, Clone)]
pub enum Command {
    /// The user's time zone, and the hours in which notices wait. Say it after `Start` and when it changes.
    Locale {
        /// Local time.
        offset: UtcOffset,
        /// When not to be disturbed.
        quiet: Option<QuietHours>,
    },
    /// Throw an own bottle: the encoded [`crate::wire::SkyMessage`]. Spends one of the day's throws.
    Throw {
        /// As it will travel.
        sky_message: Vec<u8>,
    },
    /// Put a drifting stone into the hold, sealed.
    Touch {
        /// Which.
        bottle: BottleId,
    },
    /// Let an unopened stone go.
    LetGo {
        /// Which.
        bottle: BottleId,
    },
    /// Open a stone of the hold: spends one of the day's opens and leads to [`Event::MineClaim`].
    Open {
        /// Which.
        bottle: BottleId,
        /// The public half of a fresh key, whose secret the shell has stored.
        claimant: ClaimantKey,
    },
    /// Stop an opening.
    Cancel {
        /// Of which bottle.
        bottle: BottleId,
    },
    /// What [`Event::MineClaim`] asked for: the encoded [`crate::wire::CatchMessage`] with the claim.
    Claimed {
        /// As it will travel.
        claim: Vec<u8>,
    },
    /// Put a claimed bottle into the collection.
    Keep {
        /// Which.
        bottle: BottleId,
    },
    /// Throw a claimed bottle back: the encoded catch message.
    ThrowBack {
        /// As it will travel.
        throw_back: Vec<u8>,
    },
    /// Withdraw an own bottle: the encoded catch message.
    Withdraw {
        /// As it will travel.
        withdrawal: Vec<u8>,
    },
    /// Recast an own bottle: the encoded catch message, with the number from [`super::Engine::may_recast`].
    Recast {
        /// As it will travel.
        recast: Vec<u8>,
    },
    /// A light or a letter for an own bottle was opened and stored.
    AnswerCame {
        /// The own bottle.
        bottle: BottleId,
        /// The finder who wrote.
        from: ClaimantKey,
        /// What it was.
        kind: AnswerKind,
    },
    /// The user answered a stranger: that earns a throw.
    Answering {
        /// Whom.
        stranger: Stranger,
    },
    /// Fetch the body of a bottle now, ahead of others.
    WantBody {
        /// The bottle.
        bottle: BottleId,
        /// Its body.
        body: BodyId,
    },
    /// Never take this bottle in again, and forget it if it is here (block, deny list). Not stored: say it after each start.
    Deny {
        /// The bottle.
        bottle: BottleId,
    },
}

/// Why a command was not done. Nothing of it was kept or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The message is not valid, or not of the kind that the command wants.
    Invalid(Verdict),
    /// No such bottle, or it is over.
    UnknownBottle,
    /// This was done before.
    Repeated,
    /// One does not catch one's own bottle.
    OwnBottle,
    /// All places are taken: another ship reached it first.
    NoVacancy,
    /// The day's allowance is used up.
    Spent(Spent),
    /// It cannot be touched.
    Touch(TouchRefusal),
    /// It cannot be opened.
    Open(OpenRefusal),
    /// It cannot be kept or thrown back.
    Outcome(OutcomeRefusal),
    /// It cannot be withdrawn.
    Withdraw(WithdrawRefusal),
    /// It cannot be recast now.
    Recast(RecastRefusal),
    /// There is no room for more of this kind.
    Full,
}

/// Something to do. All [`Effect::Durable`] rows of one call commit in one transaction before any other effect of that
/// call is carried out; if the commit fails, nothing else is carried out and the engine is made anew from its rows.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Write this now: own bottles, claims, letters, receipts.
    Durable(Row),
    /// Write this within 200 ms, in a batch: other people's things. Nothing waits for it.
    Cache(Row),
    /// Gossip this, and report [`Input::Published`].
    Publish {
        /// Names it in the report.
        publication: PublicationId,
        /// Where.
        topic: Topic,
        /// What.
        bytes: Vec<u8>,
    },
    /// What to tell gossip about a message.
    Verdict {
        /// Which message.
        message: MessageHandle,
        /// Forward, drop, or blame.
        verdict: Verdict,
    },
    /// Ask a peer, and report [`Input::Answered`].
    Call {
        /// Names it in the report.
        call: CallId,
        /// Whom.
        peer: Peer,
        /// By which protocol.
        protocol: Protocol,
        /// The request.
        bytes: Vec<u8>,
    },
    /// Answer a request with these bytes.
    Answer {
        /// Which request.
        request: RequestHandle,
        /// The answer.
        bytes: Vec<u8>,
    },
    /// Answer a sync request with these bottles: load the headers, then [`super::encode_entries`].
    AnswerEntries {
        /// Which request.
        request: RequestHandle,
        /// What to answer with, in this order.
        entries: Vec<EntryPlan>,
    },
    /// Answer a body request from the block store: [`crate::wire::BodyAnswer`], as many as fit.
    AnswerBodies {
        /// Which request.
        request: RequestHandle,
        /// What is wanted, at most [`crate::limits::BODY_FETCH_MAX`].
        bodies: Vec<BodyId>,
    },
    /// Close the stream of a request without an answer.
    Refuse {
        /// Which request.
        request: RequestHandle,
    },
    /// Fetch these bodies from this peer, check their hashes, store them, report [`Input::BodiesFetched`].
    FetchBodies {
        /// Names it in the report.
        call: CallId,
        /// Whom.
        peer: Peer,
        /// What, at most [`crate::limits::BODY_FETCH_MAX`].
        bodies: Vec<BodyId>,
    },
    /// Delete header, catch messages and body of these bottles, unless the user keeps a copy in the collection.
    DropBottles {
        /// Which.
        bottles: Vec<BottleId>,
    },
    /// Delete only the bodies: the bottles were withdrawn or sank, their headers still prove that to others.
    DropBodies {
        /// Of which bottles.
        bottles: Vec<BottleId>,
    },
    /// Close all connections to a peer and refuse it for some time.
    Block {
        /// Whom.
        peer: Peer,
        /// For how long.
        secs: u64,
    },
    /// Tell whoever listens.
    Notify(Event),
}

/// One bottle of a sync answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// Whose header and signature to load.
    pub bottle: BottleId,
    /// The encoded catch messages that go with it.
    pub catch: Vec<Vec<u8>>,
}

/// Something worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A command was done, or why not.
    Done {
        /// Which.
        id: CommandId,
        /// How it went.
        outcome: Result<(), Refusal>,
    },
    /// A bottle came into the sky; its row is in the same effects.
    Fell {
        /// Which.
        bottle: BottleId,
        /// From which neighbour. `None` for an own one.
        from: Option<Peer>,
    },
    /// The claims of a bottle changed: caught `caught` of `places`.
    Claimed {
        /// Which.
        bottle: BottleId,
        /// Kept claims that are not thrown back.
        caught: u16,
        /// Places.
        places: u16,
    },
    /// A bottle is over.
    Ended {
        /// Which.
        bottle: BottleId,
        /// How.
        end: End,
    },
    /// A reconciliation ended.
    Synced {
        /// With whom.
        peer: Peer,
        /// Whether nothing was left out.
        complete: bool,
        /// Bottles that were new to us.
        new: u32,
    },
    /// An admission level rose: authors must mine more.
    AdmissionRose {
        /// Where.
        topic: Topic,
        /// The bits required now.
        bits: u32,
    },
    /// Mine and sign a claim, then say [`Command::Claimed`]. Replaces an earlier wish for the same bottle.
    MineClaim {
        /// For this bottle.
        bottle: BottleId,
        /// At this place.
        place: Place,
        /// By the key with this public half.
        claimant: ClaimantKey,
        /// With at least this many bits of work.
        bits: u32,
    },
    /// Stop mining for this bottle.
    StopMining {
        /// Which.
        bottle: BottleId,
    },
    /// Something happened in the hold.
    Hold(HoldEvent),
    /// What is proven of an own bottle changed.
    Truth {
        /// Which.
        bottle: BottleId,
        /// All of it.
        truth: DeliveryTruth,
    },
    /// Tell the user what happened to an own bottle since the last notice.
    Notice {
        /// Which.
        bottle: BottleId,
        /// What.
        notice: Notice,
    },
    /// An own bottle or a catch can change no more.
    Archived {
        /// Which.
        bottle: BottleId,
    },
    /// A body is now in the block store.
    BodyCame {
        /// Of which bottle.
        bottle: BottleId,
        /// Which.
        body: BodyId,
    },
    /// A peer was cut off.
    Blocked {
        /// Who.
        peer: Peer,
        /// For how long.
        secs: u64,
    },
}

/// How a bottle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its time is over.
    Expired,
    /// Its author took it back.
    Withdrawn,
    /// Its author key signed two.
    Equivocated,
    /// It made room for bottles with more work.
    Evicted,
    /// The user or operator does not want it.
    Denied,
}

/// Something to write, and what [`super::Engine::restore`] reads. A row replaces the one with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A bottle, keyed by its id.
    Bottle(BottleRow),
    /// All catch messages of a bottle, keyed by its id; replaces all earlier ones.
    Claims(ClaimsRow),
    /// A proof that an author key signed two headers, keyed by the author.
    Equivocation(EquivocationRow),
    /// What is proven of an own bottle, keyed by its id.
    Mine(Box<OwnBottleRow>),
    /// A catch, keyed by its bottle.
    Hold(Box<CatchRow>),
    /// Delete the catch of this bottle. Never stored.
    HoldGone(BottleId),
    /// The counters of the day. There is one.
    Economy(EconomyRow),
}

/// What the index keeps of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BottleRow {
    /// Its id.
    pub bottle: BottleId,
    /// Its author.
    pub author: AuthorKey,
    /// Its body.
    pub body: BodyId,
    /// When it was thrown.
    pub thrown_at: Epoch,
    /// The first epoch in which it no longer drifts.
    pub expires_at: Epoch,
    /// Its places.
    pub slots: u8,
    /// Leading zero bits of its stamp.
    pub bits: u8,
    /// Whether its body is in the block store or comes with this row.
    pub has_body: bool,
    /// The bytes to store. To restore they are needed, with the body, only for a bottle that has a [`Row::Mine`]: it may
    /// have to be published again.
    pub content: Option<Box<Content>>,
}

/// The bytes of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The header payload, whose sha2-256 is the bottle id.
    pub header: Vec<u8>,
    /// The author's signature over it.
    pub signature: [u8; 64],
    /// The body block, unless it must still be fetched.
    pub body: Option<Vec<u8>>,
}

/// The catch messages of a bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsRow {
    /// The bottle.
    pub bottle: BottleId,
    /// Encoded catch messages, in an order in which an empty set takes all.
    pub messages: Vec<Vec<u8>>,
}

/// Two headers by one author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquivocationRow {
    /// The author key.
    pub author: AuthorKey,
    /// The two bottles; both headers stay stored until `until`.
    pub bottles: [BottleId; 2],
    /// The first epoch in which the proof is no longer needed.
    pub until: Epoch,
}
