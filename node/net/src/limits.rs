//! Every number of this crate, named, with a sentence on what happens at the limit.
//!
//! Nothing here is read from a peer. Callers: every other module of the crate.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Commands waiting for the swarm; the caller waits for room when it is full.
pub const COMMANDS_MAX: usize = 1_024;
/// Events waiting for the node; when full, events stay in the swarm's own backlog.
pub const EVENTS_MAX: usize = 1_024;
/// Events in the swarm's backlog above which gossip is ignored and requests are refused (both counted).
pub const BACKLOG_PRESSED: usize = 256;
/// Events in the swarm's backlog above which even peer changes are dropped (counted).
pub const BACKLOG_MAX: usize = 8_192;
/// Events handled in one poll of the swarm; then it wakes itself, so that other work proceeds.
pub const POLL_EVENTS_MAX: usize = 64;
/// Handler events held back by an artificial link delay; above it they pass without delay.
pub const DELAYED_MAX: usize = 65_536;

/// Gossip messages waiting for a verdict; more are answered with Ignore and counted.
pub const VERDICTS_MAX: usize = 4_096;
/// A verdict later than this finds the message gone from gossipsub's cache (8 heartbeats of 700 ms).
pub const VERDICT_AGE_MAX: Duration = Duration::from_millis(5_600);
/// Bytes of one gossip RPC frame; larger frames close the stream.
pub const GOSSIP_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a message on a sky topic or on `catch`; larger messages count as invalid.
pub const SKY_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a message on `radio` and `notice`.
pub const CARD_BYTES_MAX: usize = 16 * 1024;
/// Control entries kept of one gossip RPC; the rest is cut off and the peer gets a strike.
pub const GOSSIP_CONTROLS_MAX: usize = 512;
/// Topics a neighbour may be subscribed to.
pub const TOPICS_PER_PEER_MAX: usize = 64;
/// The gossipsub score under which a peer is cut off.
pub const SCORE_GRAYLIST: f64 = -2_500.0;

/// Requests of all peers waiting for our answer; more are refused and counted.
pub const ASKED_MAX: usize = 512;
/// Requests of one peer waiting for our answer; more are refused and counted.
pub const ASKED_PER_PEER_MAX: usize = 16;
/// Inbound streams of one protocol on one connection; more are reset unread.
pub const ASKED_STREAMS_MAX: usize = 32;
/// Our own requests waiting for an answer of one peer; more fail with `CallError::Busy`.
pub const CALLS_PER_PEER_MAX: usize = 32;
/// Kad look-ups running at once; more fail with `CallError::Busy`.
pub const LOOKUPS_MAX: usize = 16;
/// The longest a kad look-up runs.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests a peer may send per second, lasting (kad and our own protocols each).
pub const PEER_REQUESTS_PER_SECOND: u32 = 20;
/// Requests a peer may send at once.
pub const PEER_REQUESTS_BURST: u32 = 100;
/// Payload bytes a peer may send per second, lasting; what is above is dropped and counted.
pub const PEER_BYTES_PER_SECOND: u32 = 512 * 1024;
/// Payload bytes a peer may send at once.
pub const PEER_BYTES_BURST: u32 = 8 * 1024 * 1024;
/// New connections per second from one IPv4 address or IPv6 /64, lasting.
pub const IP_CONNECTIONS_PER_SECOND: u32 = 2;
/// New connections at once from one IPv4 address or IPv6 /64.
pub const IP_CONNECTIONS_BURST: u32 = 20;
/// Addresses and peers that the rate limiters remember; above it new inbound connections are refused.
pub const LIMITER_KEYS_MAX: usize = 65_536;
/// Strikes (limits overrun) within [`STRIKE_WINDOW`] after which a peer is cut off.
pub const STRIKES_MAX: u32 = 256;
/// Strikes are forgotten after this.
pub const STRIKE_WINDOW: Duration = Duration::from_secs(60);
/// How long a peer that was cut off stays blocked.
pub const BLOCK_AFTER_ABUSE: Duration = Duration::from_secs(600);
/// Blocked peers remembered; the one that would be freed first makes room.
pub const BLOCKED_MAX: usize = 4_096;
/// Distinct candidates for our external address; more are ignored, since peers invent them freely.
pub const ADDRESS_CANDIDATES_MAX: usize = 32;
/// Addresses on which we may listen at once.
pub const LISTENERS_MAX: usize = 64;

/// Peers in the address book; the least useful unconnected one makes room.
pub const BOOK_PEERS_MAX: usize = 1_024;
/// Addresses of one peer in the address book; the one that failed most makes room.
pub const BOOK_ADDRESSES_PER_PEER_MAX: usize = 8;
/// Learned peers that are not connected are forgotten after this.
pub const BOOK_AGE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Neighbours under which the swarm dials.
pub const NEIGHBOURS_LOW: usize = 8;
/// Neighbours at which the swarm stops dialling.
pub const NEIGHBOURS_TARGET: usize = 12;
/// Neighbours above which the swarm lets go of some: each costs processor time at every heartbeat, and look-ups meet new ones all day.
pub const NEIGHBOURS_HIGH: usize = 24;
/// A connection younger than this is not let go: a look-up or a first sync may still need it.
pub const NEIGHBOUR_GRACE: Duration = Duration::from_secs(20);
/// Neighbours let go at one heartbeat.
pub const LET_GO_MAX: usize = 4;
/// Dials that the re-dial manager has running at once.
pub const DIALS_MAX: usize = 8;
/// The first pause after a failed dial; doubled each time, with ± 50 % jitter.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// The longest pause between dials of one address.
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(600);
/// Peers that a kad look-up brings together, and so dials; each costs a handshake on both sides. A letter goes to fewer.
pub const LOOKUP_PEERS: NonZeroUsize = NonZeroUsize::new(10).unwrap();
/// Pause between random kad look-ups while neighbours are missing.
pub const WALK_INTERVAL: Duration = Duration::from_secs(60);
/// Relays on which a node without a public address holds a reservation.
pub const RESERVATIONS_MAX: usize = 2;
/// A relayed connection is closed this long after a direct one to the same peer exists.
pub const RELAYED_LINGER: Duration = Duration::from_secs(2);

/// The swarm's own heartbeat for re-dials, sweeps and counters.
pub const TICK: Duration = Duration::from_millis(500);
/// Two connections to a peer that are no further apart come from both sides dialling at once. An older one is outlived by a new
/// one: after a crash a peer is back within a second, and its old connection would stand for half a minute more.
pub const TWIN_DIAL: Duration = Duration::from_secs(1);
/// Idle connections are closed after this.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Wall clock and monotonic clock may drift apart by this between two ticks; more means that we slept.
pub const SLEEP_GAP_MIN: Duration = Duration::from_secs(10);
/// After a sleep longer than this every connection is dead on the other side and is closed here.
pub const SLEEP_GAP_DEAD: Duration = Duration::from_secs(60);
/// How long a shutdown waits for each of: connections, swarm, tasks, ports.
pub const SHUTDOWN_STEP_MAX: Duration = Duration::from_secs(3);
/// How long a start waits for each listen address and for a locked repository.
pub const START_STEP_MAX: Duration = Duration::from_secs(10);

/// Bytes of one content block.
pub const BLOCK_BYTES_MAX: usize = 1024 * 1024;
/// Bitswap fetches running at once; more wait within their own deadline.
pub const FETCHES_MAX: usize = 32;
/// Blocks that one peer may want from us over bitswap; more cut it off.
pub const WANTS_PER_PEER_MAX: usize = 4_096;
/// Pause between two looks at the want-lists while all of them are short. Each look wakes the swarm once for every neighbour.
pub const WANTS_INTERVAL: Duration = Duration::from_secs(1);
/// Pause while one of them grows.
pub const WANTS_INTERVAL_WATCHFUL: Duration = Duration::from_millis(100);
/// A list as long as this is watched.
pub const WANTS_WATCHED: usize = 256;
/// Process memory above which the heaviest peer is dropped and new connections are refused.
pub const MEMORY_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;
