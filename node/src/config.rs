//! What a node is given when it starts.

use std::path::PathBuf;

use meteorite_protocol::control::{Problem, ProblemKind};
use meteorite_protocol::validate::Params;
use serde::Deserialize;

use crate::data_dir::DataDir;

/// Everything a node is told from outside; all else it decides or learns.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The folder of the identity.
    pub data_dir: PathBuf,
    /// Multiaddresses of bootstrap servers, each ending in a peer id.
    pub bootstrap: Vec<String>,
    /// Multiaddresses to listen on.
    pub listen: Vec<String>,
    /// Look for nodes on the local network.
    pub mdns: bool,
    /// Hold letters for others.
    pub volunteer: bool,
    /// The most bytes that bodies may take on disk.
    pub body_bytes_max: u64,
    /// Difficulty of stamps and claims.
    pub params: Params,
    /// Minutes east of UTC, for where the user's day begins.
    pub utc_offset_mins: i32,
    /// Artificial delay of every link, for benches.
    pub link_delay: Option<std::time::Duration>,
    /// Memory of the process above which connections are refused; none for the default. Many nodes in one process need more.
    pub memory_bytes_max: Option<usize>,
    /// The most bytes that the database may take; a write beyond fails as on a full disk. None but in tests.
    pub database_bytes_max: Option<u64>,
    /// Added to the computer's time of day, to see what a wrong clock does; 0 but in tests.
    pub clock_wrong_by_ms: i64,
}

/// `bootstrap.toml`: the servers that the user, or whoever packaged the program, chose.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BootstrapFile {
    /// Multiaddresses with peer ids.
    servers: Vec<String>,
}

impl NodeConfig {
    /// A node open to the world: every interface, QUIC and TCP, ports chosen by the system, local discovery on.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bootstrap: Vec::new(),
            listen: ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0"]
                .map(str::to_owned)
                .to_vec(),
            mdns: true,
            volunteer: true,
            body_bytes_max: BODY_BYTES_MAX_DEFAULT,
            params: Params::mainnet(),
            utc_offset_mins: 0,
            link_delay: None,
            memory_bytes_max: None,
            database_bytes_max: None,
            clock_wrong_by_ms: 0,
        }
    }

    /// A node that only this computer can reach: for the demo and for tests.
    #[must_use]
    pub fn loopback(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned()],
            mdns: false,
            ..Self::new(data_dir)
        }
    }

    /// [`Self::new`] with the servers of the folder's `bootstrap.toml`.
    ///
    /// # Errors
    /// A [`Problem`] with the line when the file is not readable TOML.
    pub fn load(data_dir: impl Into<PathBuf>) -> Result<Self, Problem> {
        let mut config = Self::new(data_dir);
        let path = DataDir::new(&config.data_dir).bootstrap_toml();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(config),
            Err(error) => return Err(unreadable(&path, &error.to_string())),
        };
        let file: BootstrapFile =
            toml::from_str(&text).map_err(|error| unreadable(&path, &error.to_string()))?;
        config.bootstrap = file.servers;
        Ok(config)
    }
}

fn unreadable(path: &std::path::Path, why: &str) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!(
            "{} cannot be used: {}.",
            path.display(),
            why.trim_end_matches('.')
        ),
        "Your keys and bottles are untouched.",
        "Write it as `servers = [\"/dns/example.org/udp/4001/quic-v1/p2p/12D3…\"]`, or remove the file.",
    )
}

/// 256 MiB: some 100,000 bodies of typical length.
const BODY_BYTES_MAX_DEFAULT: u64 = 256 * 1024 * 1024;
