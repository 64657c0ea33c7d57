//! One layer of configuration: each option is given or not. The file, the environment and the command line are each one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::{ConfigError, unreadable};

/// The options of `run`, and the keys of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// A TOML file with the same options; the command line and the environment override it.
    #[arg(long, value_name = "FILE.toml", env = "METEORITE_BOOTSTRAP_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// The folder for the key, the letters, the sky and the bodies; made if it is missing.
    #[arg(long, value_name = "DIR", env = "METEORITE_BOOTSTRAP_DATA")]
    pub data: Option<PathBuf>,

    /// Where to listen for peers; repeat it for several [default: /ip4/0.0.0.0/udp/4001/quic-v1 and /ip4/0.0.0.0/tcp/4001].
    #[arg(
        long,
        value_name = "MULTIADDR",
        value_delimiter = ',',
        env = "METEORITE_BOOTSTRAP_LISTEN"
    )]
    pub listen: Option<Vec<String>>,

    /// Under which addresses peers reach this server from outside; repeat it for several [default: the listen addresses].
    #[arg(
        long,
        value_name = "MULTIADDR",
        value_delimiter = ',',
        env = "METEORITE_BOOTSTRAP_EXTERNAL"
    )]
    pub external: Option<Vec<String>>,

    /// Where to answer /healthz, /readyz, /metrics and /info [default: 127.0.0.1:4080].
    #[arg(long, value_name = "ADDR:PORT", env = "METEORITE_BOOTSTRAP_HTTP")]
    pub http: Option<SocketAddr>,

    /// Another server to stay connected with, ending in /p2p/ and its peer id; repeat it for several.
    #[arg(
        long = "peer",
        value_name = "MULTIADDR",
        value_delimiter = ',',
        env = "METEORITE_BOOTSTRAP_PEERS"
    )]
    pub peers: Option<Vec<String>>,

    /// Days for which the invite code in /info holds [default: 30].
    #[arg(long, value_name = "DAYS", env = "METEORITE_BOOTSTRAP_INVITE_DAYS")]
    pub invite_days: Option<u32>,

    /// What is kept, and for how many.
    #[command(flatten)]
    pub quota: QuotaLayer,
}

/// The quotas; the `[quota]` table of the configuration file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaLayer {
    /// Connections that peers may open [default: 10000].
    #[arg(long, value_name = "N", env = "METEORITE_BOOTSTRAP_CONNECTIONS_MAX")]
    pub connections_max: Option<u32>,

    /// Letters held for others [default: 2000000].
    #[arg(long, value_name = "N", env = "METEORITE_BOOTSTRAP_LETTERS_MAX")]
    pub letters_max: Option<u64>,

    /// Bytes of letters held for others [default: 4294967296].
    #[arg(long, value_name = "BYTES", env = "METEORITE_BOOTSTRAP_LETTER_BYTES_MAX")]
    pub letter_bytes_max: Option<u64>,

    /// Letters taken from one peer on one day [default: 1024].
    #[arg(long, value_name = "N", env = "METEORITE_BOOTSTRAP_LETTERS_PER_PEER_DAY")]
    pub letters_per_peer_day: Option<u32>,

    /// Bytes of letters taken from one peer on one day [default: 8388608].
    #[arg(
        long,
        value_name = "BYTES",
        env = "METEORITE_BOOTSTRAP_LETTER_BYTES_PER_PEER_DAY"
    )]
    pub letter_bytes_per_peer_day: Option<u64>,

    /// Times that one peer may ask for letters in an hour [default: 1200].
    #[arg(long, value_name = "N", env = "METEORITE_BOOTSTRAP_COLLECTS_PER_PEER_HOUR")]
    pub collects_per_peer_hour: Option<u32>,

    /// Bytes of bodies pinned [default: 8589934592].
    #[arg(long, value_name = "BYTES", env = "METEORITE_BOOTSTRAP_BODY_BYTES_MAX")]
    pub body_bytes_max: Option<u64>,

    /// Process memory above which the heaviest peers are dropped [default: 2147483648].
    #[arg(long, value_name = "BYTES", env = "METEORITE_BOOTSTRAP_MEMORY_BYTES_MAX")]
    pub memory_bytes_max: Option<u64>,
}

impl Layer {
    /// The layer that a TOML file holds.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] or [`ConfigError::Syntax`], with the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            detail: error.to_string().trim_end().to_owned(),
        })
    }

    /// This layer where it says something, `below` where it does not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            config: self.config.or(below.config),
            data: self.data.or(below.data),
            listen: self.listen.or(below.listen),
            external: self.external.or(below.external),
            http: self.http.or(below.http),
            peers: self.peers.or(below.peers),
            invite_days: self.invite_days.or(below.invite_days),
            quota: self.quota.over(below.quota),
        }
    }
}

impl QuotaLayer {
    fn over(self, below: Self) -> Self {
        Self {
            connections_max: self.connections_max.or(below.connections_max),
            letters_max: self.letters_max.or(below.letters_max),
            letter_bytes_max: self.letter_bytes_max.or(below.letter_bytes_max),
            letters_per_peer_day: self.letters_per_peer_day.or(below.letters_per_peer_day),
            letter_bytes_per_peer_day: self.letter_bytes_per_peer_day.or(below.letter_bytes_per_peer_day),
            collects_per_peer_hour: self.collects_per_peer_hour.or(below.collects_per_peer_hour),
            body_bytes_max: self.body_bytes_max.or(below.body_bytes_max),
            memory_bytes_max: self.memory_bytes_max.or(below.memory_bytes_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn layer(toml: &str) -> Layer {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = layer("data = \"/file\"\nhttp = \"127.0.0.1:1\"\n[quota]\nletters_max = 5");
        let top = Layer {
            http: Some(([127, 0, 0, 1], 2).into()),
            ..Layer::default()
        };
        let both = top.over(file);
        assert_eq!(both.data, Some("/file".into()));
        assert_eq!(both.http.map(|http| http.port()), Some(2));
        assert_eq!(both.quota.letters_max, Some(5));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<Layer>("lisen = []").is_err());
        assert!(toml::from_str::<Layer>("[quota]\nletters = 1").is_err());
    }

    #[test]
    fn each_mistake_names_its_option() {
        let check = |toml: &str, expected: &str| {
            let error = Config::resolve(layer(toml)).unwrap_err().to_string();
            assert!(error.contains(expected), "{toml} became: {error}");
        };
        check("", "--data");
        check(
            "data = \"d\"\nlisten = [\"nonsense\"]",
            "\"nonsense\" given with --listen",
        );
        check(
            "data = \"d\"\nexternal = [\"/ip4/1.2.3.4/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN\"]",
            "--external",
        );
        check(
            "data = \"d\"\npeers = [\"/ip4/1.2.3.4/tcp/1\"]",
            "does not end in /p2p/",
        );
        check("data = \"d\"\ninvite_days = 0", "--invite-days is 0");
        check(
            "data = \"d\"\n[quota]\nconnections_max = 1",
            "--connections-max is 1",
        );
    }
}
