//! What a server is started with: defaults, then the TOML file, then the environment and the command line.
//!
//! [`Config`] is plain data and already checked for what can be checked without touching the system; the folder, the ports and
//! the database are tried by [`crate::Bootstrap::start`]. The command line and the file share one shape ([`Layer`]), so that an
//! option cannot exist in one and not in the other.

mod layer;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use meteorite_net::Multiaddr;
use meteorite_protocol::mailbox::MailboxPolicy;
use meteorite_protocol::validate::Params;

pub use layer::{Layer, QuotaLayer};

/// Everything a server is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder for the key, the letters, the sky and the bodies.
    pub data_dir: PathBuf,
    /// Where to listen for peers.
    pub listen: Vec<Multiaddr>,
    /// Under which addresses peers reach this server from outside; without any, its listen addresses are told to peers.
    pub external: Vec<Multiaddr>,
    /// Where to answer HTTP; meant for the operator, so loopback unless chosen otherwise.
    pub http: SocketAddr,
    /// Other servers to stay connected with, each ending in `/p2p/…`.
    pub peers: Vec<Multiaddr>,
    /// Days for which an invite code from `/info` holds.
    pub invite_days: u32,
    /// What is kept, and for how many.
    pub quota: Quota,
    /// Difficulty of stamps and claims; [`Params::mainnet`] unless a test says otherwise.
    pub params: Params,
    /// Whether the server exists for tests on one computer: addresses on loopback count as public.
    pub loopback: bool,
}

/// What a server keeps at most. At a limit new things are refused or old ones evicted; nothing receipted is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Connections that peers may open; further ones are refused before their handshake.
    pub connections_max: u32,
    /// Letters held; a further one is refused with "full".
    pub letters_max: u64,
    /// Bytes of letters held; a further one is refused with "full".
    pub letter_bytes_max: u64,
    /// Letters taken from one peer on one day; further ones are refused with "busy".
    pub letters_per_peer_day: u32,
    /// Bytes of letters taken from one peer on one day; further ones are refused with "busy".
    pub letter_bytes_per_peer_day: u64,
    /// Times that one peer may ask for letters in an hour; beyond it the answer is "busy".
    pub collects_per_peer_hour: u32,
    /// Bytes of bodies pinned; beyond it those farthest from this server's id are unpinned.
    pub body_bytes_max: u64,
    /// Process memory above which the heaviest peers are dropped.
    pub memory_bytes_max: u64,
}

/// Why a configuration is no good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("The configuration file {} cannot be read: {detail}. Check the path given with --config.", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The file is not what it should be.
    #[error("The configuration file {} is wrong: {detail}. Correct that line; docs/BOOTSTRAP.md lists every option.", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said, with the line.
        detail: String,
    },
    /// No folder was given.
    #[error("No folder was given. Add --data DIR, or `data = \"DIR\"` to the configuration file.")]
    NoFolder,
    /// An address is no multiaddress.
    #[error(
        "\"{value}\" given with --{option} is not an address: {detail}. \
         Write it like {example}."
    )]
    Address {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What the parser said.
        detail: String,
        /// What a right one looks like.
        example: &'static str,
    },
    /// A list is too long.
    #[error("--{option} was given {count} times; at most {max} are allowed. Leave some out.")]
    TooMany {
        /// The option.
        option: &'static str,
        /// How often.
        count: usize,
        /// How often is fine.
        max: usize,
    },
    /// A number is outside of its range.
    #[error("--{option} is {value}, but must be between {min} and {max}. Choose a number in that range.")]
    Range {
        /// The option.
        option: &'static str,
        /// What was given.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

impl Config {
    /// A server with every default, on the usual ports.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            listen: DEFAULT_LISTEN
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect(),
            external: Vec::new(),
            http: SocketAddr::from(([127, 0, 0, 1], HTTP_PORT)),
            peers: Vec::new(),
            invite_days: INVITE_DAYS,
            quota: Quota::default(),
            params: Params::mainnet(),
            loopback: false,
        }
    }

    /// A server that only this computer can reach, on ports that the system chooses: for tests and the demo.
    #[must_use]
    pub fn loopback(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen: LOOPBACK_LISTEN
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect(),
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            loopback: true,
            ..Self::new(data_dir)
        }
    }

    /// The defaults, overlaid by the file that `top` names, overlaid by `top` itself.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option.
    pub fn resolve(top: Layer) -> Result<Self, ConfigError> {
        let layer = match top.config.as_deref() {
            Some(path) => top.clone().over(Layer::read(path)?),
            None => top,
        };
        let Some(data_dir) = layer.data else {
            return Err(ConfigError::NoFolder);
        };
        let mut config = Self::new(data_dir);
        if let Some(listen) = layer.listen.as_deref() {
            config.listen = addresses("listen", listen, Kind::Plain)?;
        }
        config.external = addresses(
            "external",
            layer.external.as_deref().unwrap_or_default(),
            Kind::Plain,
        )?;
        config.peers = addresses("peer", layer.peers.as_deref().unwrap_or_default(), Kind::Peer)?;
        config.http = layer.http.unwrap_or(config.http);
        let days = layer.invite_days.unwrap_or(config.invite_days);
        in_range("invite-days", u64::from(days), 1, INVITE_DAYS_MAX)?;
        config.invite_days = days;
        config.quota = Quota::resolve(layer.quota)?;
        Ok(config)
    }
}

impl Default for Quota {
    fn default() -> Self {
        let mailbox = MailboxPolicy::bootstrap();
        Self {
            connections_max: 10_000,
            letters_max: mailbox.letters_max,
            letter_bytes_max: mailbox.bytes_max,
            letters_per_peer_day: mailbox.peer_letters_per_day,
            letter_bytes_per_peer_day: mailbox.peer_bytes_per_day,
            collects_per_peer_hour: 1_200,
            body_bytes_max: 8 * GIB,
            memory_bytes_max: 2 * GIB,
        }
    }
}

impl Quota {
    fn resolve(layer: QuotaLayer) -> Result<Self, ConfigError> {
        let defaults = Self::default();
        let quota = Self {
            connections_max: layer.connections_max.unwrap_or(defaults.connections_max),
            letters_max: layer.letters_max.unwrap_or(defaults.letters_max),
            letter_bytes_max: layer.letter_bytes_max.unwrap_or(defaults.letter_bytes_max),
            letters_per_peer_day: layer
                .letters_per_peer_day
                .unwrap_or(defaults.letters_per_peer_day),
            letter_bytes_per_peer_day: layer
                .letter_bytes_per_peer_day
                .unwrap_or(defaults.letter_bytes_per_peer_day),
            collects_per_peer_hour: layer
                .collects_per_peer_hour
                .unwrap_or(defaults.collects_per_peer_hour),
            body_bytes_max: layer.body_bytes_max.unwrap_or(defaults.body_bytes_max),
            memory_bytes_max: layer.memory_bytes_max.unwrap_or(defaults.memory_bytes_max),
        };
        in_range("connections-max", u64::from(quota.connections_max), 8, 1_000_000)?;
        in_range("letters-max", quota.letters_max, 0, 1_000_000_000)?;
        in_range("letter-bytes-max", quota.letter_bytes_max, 0, BYTES_MAX)?;
        in_range(
            "letters-per-peer-day",
            u64::from(quota.letters_per_peer_day),
            0,
            1_000_000,
        )?;
        in_range(
            "letter-bytes-per-peer-day",
            quota.letter_bytes_per_peer_day,
            0,
            BYTES_MAX,
        )?;
        in_range(
            "collects-per-peer-hour",
            u64::from(quota.collects_per_peer_hour),
            1,
            1_000_000,
        )?;
        in_range("body-bytes-max", quota.body_bytes_max, 0, BYTES_MAX)?;
        in_range("memory-bytes-max", quota.memory_bytes_max, 64 * MIB, BYTES_MAX)?;
        Ok(quota)
    }

    /// The part that the mailbox decides with.
    #[must_use]
    pub const fn mailbox(&self) -> MailboxPolicy {
        MailboxPolicy {
            letters_max: self.letters_max,
            bytes_max: self.letter_bytes_max,
            peer_letters_per_day: self.letters_per_peer_day,
            peer_bytes_per_day: self.letter_bytes_per_peer_day,
            ..MailboxPolicy::bootstrap()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Peer,
}

fn addresses(option: &'static str, values: &[String], kind: Kind) -> Result<Vec<Multiaddr>, ConfigError> {
    if values.len() > ADDRESSES_MAX {
        return Err(ConfigError::TooMany {
            option,
            count: values.len(),
            max: ADDRESSES_MAX,
        });
    }
    values
        .iter()
        .map(|value| address(option, value.trim(), kind))
        .collect()
}

fn address(option: &'static str, value: &str, kind: Kind) -> Result<Multiaddr, ConfigError> {
    let example = match kind {
        Kind::Plain => "/ip4/0.0.0.0/udp/4001/quic-v1 or /ip4/0.0.0.0/tcp/4001",
        Kind::Peer => "/ip4/203.0.113.7/udp/4001/quic-v1/p2p/12D3KooW…, as another server's /info shows it",
    };
    let wrong = |detail: String| ConfigError::Address {
        option,
        value: value.to_owned(),
        detail,
        example,
    };
    let parsed = value
        .parse::<Multiaddr>()
        .map_err(|error| wrong(error.to_string()))?;
    let peer = value.contains("/p2p/");
    match kind {
        Kind::Plain if peer => Err(wrong(
            "it must not name a peer, this server adds its own id".to_owned(),
        )),
        Kind::Peer if !peer => Err(wrong("it does not end in /p2p/ and a peer id".to_owned())),
        Kind::Plain | Kind::Peer => Ok(parsed),
    }
}

fn in_range(option: &'static str, value: u64, min: u64, max: u64) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::Range {
            option,
            value,
            min,
            max,
        })
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError::Unreadable {
        path: path.to_owned(),
        detail: error.to_string(),
    }
}

const DEFAULT_LISTEN: [&str; 2] = ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"];
const LOOPBACK_LISTEN: [&str; 2] = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"];
const HTTP_PORT: u16 = 4080;
const INVITE_DAYS: u32 = 30;
const INVITE_DAYS_MAX: u64 = 3_650;
/// Addresses in one list; more are refused.
const ADDRESSES_MAX: usize = 16;
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
/// Beyond a petabyte a number is a typing mistake.
const BYTES_MAX: u64 = 1024 * 1024 * GIB;
