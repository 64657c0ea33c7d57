//! Limits that each node sets for itself.
//!
//! Peers do not have to agree on them, so they are free to change between versions and are no part of the protocol.

/// Claims that the set of one bottle can keep: eight at the root and at each of three recasts, each with four behind.
/// Reached only by construction; truncation keeps every set at or below it.
pub const CLAIMS_KEPT_MAX: usize = 8 * 4 * 5;

/// Milliseconds in which arrivals are counted for the admission level.
pub const ADMISSION_WINDOW_MS: u64 = 60_000;
/// Divisor of the threshold: a whole window with fewer arrivals than this share of it lowers the level by one bit.
pub const ADMISSION_CALM_DIVISOR: u32 = 2;

/// Bottles in the index. When full, the one with the least stamp is evicted, and a new one with less than that ignored.
pub const SKY_BOTTLES_MAX: usize = 100_000;
/// Author keys proven to have signed two headers. When full, the one whose time ends first is forgotten.
pub const EQUIVOCATORS_MAX: usize = 4_096;
/// Bottles that the user or operator does not want. When full, further ones are refused.
pub const DENIED_MAX: usize = 16_384;
/// Evicted or refused items that are not fetched again. When full, the oldest is forgotten and may be fetched again.
pub const UNWANTED_ITEMS_MAX: usize = 32_768;
/// Milliseconds for which an item is not fetched again that was refused for a reason that lasts.
pub const UNWANTED_LONG_MS: u64 = 3_600_000;
/// Milliseconds for which an item is not fetched again that did not come, or was taken in only in part: a neighbour may
/// not have written it down yet, a clock may be a little ahead.
pub const UNWANTED_BRIEF_MS: u64 = 100_000;
/// Epochs beyond a bottle's end until its traces go, so that a slower clock does not offer it back.
pub const END_SLACK_EPOCHS: u32 = 1;

/// Connected peers that are tracked. More are told apart no further: they share no budget and get no sync.
pub const PEERS_MAX: usize = 512;
/// Former offenders that are remembered after they left. When full, the one heard of longest ago is forgotten.
pub const OFFENDERS_MAX: usize = 1_024;
/// Points of blame at which a peer is cut off and blocked.
pub const BLAME_MAX: u32 = 1_000;
/// Points for one rejected message: an honest peer sends none, a faulty version a few.
pub const BLAME_REJECT: u32 = 50;
/// Points for an answer that is broken or not what was asked for.
pub const BLAME_BAD_ANSWER: u32 = 100;
/// Points for a request beyond the budget: who is told Busy waits for seconds, so only a flood adds up.
pub const BLAME_OVER_BUDGET: u32 = 2;
/// Points forgiven every second.
pub const BLAME_FORGIVEN_PER_SEC: u32 = 5;
/// Seconds of the first block; each further offence doubles it.
pub const BLOCK_SECS_FIRST: u64 = 600;
/// Seconds of a block at most.
pub const BLOCK_SECS_MAX: u64 = 24 * 3_600;
/// Sync, mail and body requests that a peer may have stored up; more are answered with Busy.
pub const REQUESTS_BURST: u32 = 512;
/// Requests that a peer earns every second.
pub const REQUESTS_PER_SEC: u32 = 16;
/// Bytes that a peer may have sent in advance of its rate; beyond it sync entries and requests wait.
pub const PEER_BYTES_BURST: u64 = 64 * 1024 * 1024;
/// Bytes that a peer may send every second in the long run.
pub const PEER_BYTES_PER_SEC: u64 = 512 * 1024;

/// Reconciliations that we lead at the same time; further ones wait for their neighbour's next turn.
pub const SYNC_SESSIONS_MAX: usize = 8;
/// Fetches of one session that are under way at the same time.
pub const SYNC_FETCHES_IN_FLIGHT: usize = 4;
/// Items that one session fetches; the rest comes with the next one.
pub const SYNC_ITEMS_PER_SESSION_MAX: usize = 16_384;
/// Bytes of answers that one session takes; then it ends.
pub const SYNC_BYTES_PER_SESSION_MAX: u64 = 64 * 1024 * 1024;
/// Times that an item is asked for in one session before it is given up.
pub const SYNC_TRIES_PER_ITEM: u8 = 2;
/// Fetches in one session without a single useful entry before it ends with blame.
pub const SYNC_USELESS_MAX: u32 = 3;
/// Milliseconds for which a session may run.
pub const SYNC_SESSION_MS_MAX: u64 = 120_000;
/// Milliseconds for which the sealed vector of a full sky is reused although the sky has changed since; less in
/// proportion for a smaller one.
pub const SYNC_SEAL_MS: u64 = 2_000;
/// Own bottles whose presence at a neighbour is checked in one session.
pub const SYNC_OWN_MAX: usize = 1_024;

/// Calls to peers that are under way at the same time; further ones are not made.
pub const CALLS_MAX: usize = 256;
/// Milliseconds after which a call without an answer counts as failed.
pub const CALL_TIMEOUT_MS: u64 = 30_000;
/// Bodies that are wanted and not yet here. When full, further ones wait until they are opened or re-offered.
pub const BODIES_WANTED_MAX: usize = 4_096;
