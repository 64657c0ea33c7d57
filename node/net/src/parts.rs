//! The behaviours in our slot, composed by libp2p's derive. No logic: the wrapper in [`crate::slot`] has it.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::request_response::{Config as RequestConfig, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    autonat, connection_limits, dcutr, identify, mdns, memory_connection_limits, ping, relay,
    request_response,
};

use crate::codec::BytesCodec;
use crate::config::{ConnectionCaps, NetConfig, Role};
use crate::error::NetError;
use crate::event::Proto;
use crate::gossip::{self, Gossip};
use crate::kad::{self, Kad};
use crate::limits;

/// One request-response protocol of opaque bytes.
pub(crate) type Requests = request_response::Behaviour<BytesCodec>;

/// Everything in the slot. Limits come first, so that what they refuse reaches nobody else. The last two fields are where [`crate::slot`]
/// looks at handler events before they are delivered; their position is part of that code.
#[derive(NetworkBehaviour)]
pub(crate) struct Parts {
    pub(crate) caps: connection_limits::Behaviour,
    pub(crate) memory: memory_connection_limits::Behaviour,
    pub(crate) relay_server: Toggle<relay::Behaviour>,
    pub(crate) dcutr: dcutr::Behaviour,
    pub(crate) autonat: autonat::v1::Behaviour,
    pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) sync: Requests,
    pub(crate) body: Requests,
    pub(crate) mail: Requests,
    pub(crate) index: Requests,
    pub(crate) kad: Kad,
    pub(crate) gossip: Gossip,
}

impl Parts {
    pub(crate) fn new(keypair: &Keypair, config: &NetConfig) -> Result<Self, NetError> {
        let local = keypair.public().to_peer_id();
        let server = config.role == Role::Bootstrap || config.offers.relay;
        let mdns = if config.mdns {
            let behaviour = mdns::tokio::Behaviour::new(mdns::Config::default(), local);
            behaviour.inspect_err(|error| tracing::warn!(%error, "no multicast here; peers on this network are not found by themselves")).ok()
        } else {
            None
        };
        let requests = |proto| requests(proto, config);
        Ok(Self {
            caps: connection_limits::Behaviour::new(caps(config.caps)),
            memory: memory_connection_limits::Behaviour::with_max_bytes(config.memory_bytes_max),
            relay_server: server
                .then(|| relay::Behaviour::new(local, relay_config(config.role)))
                .into(),
            dcutr: dcutr::Behaviour::new(local),
            autonat: autonat::v1::Behaviour::new(local, autonat_config(config)),
            mdns: mdns.into(),
            identify: identify::Behaviour::new(identify_config(keypair)),
            ping: ping::Behaviour::new(
                ping::Config::new()
                    .with_interval(Duration::from_secs(15))
                    .with_timeout(Duration::from_secs(20)),
            ),
            sync: requests(Proto::Sync),
            body: requests(Proto::Body),
            mail: requests(Proto::Mail),
            index: requests(Proto::Index),
            kad: kad::build(local),
            gossip: gossip::build(config).map_err(NetError::Start)?,
        })
    }

    /// The behaviour of one protocol.
    pub(crate) fn requests(&mut self, proto: Proto) -> &mut Requests {
        match proto {
            Proto::Sync => &mut self.sync,
            Proto::Body => &mut self.body,
            Proto::Mail => &mut self.mail,
            Proto::Index => &mut self.index,
        }
    }
}

fn requests(proto: Proto, config: &NetConfig) -> Requests {
    let support = if config.offers.serves(proto) {
        ProtocolSupport::Full
    } else {
        ProtocolSupport::Outbound
    };
    let settings = RequestConfig::default()
        .with_request_timeout(config.call_timeout.unwrap_or(proto.timeout()))
        .with_max_concurrent_streams(limits::ASKED_STREAMS_MAX);
    Requests::with_codec(
        BytesCodec::new(proto),
        [(proto.stream_protocol(), support)],
        settings,
    )
}

fn caps(caps: ConnectionCaps) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(caps.pending_in))
        .with_max_pending_outgoing(Some(caps.pending_out))
        .with_max_established_incoming(Some(caps.established_in))
        .with_max_established_outgoing(Some(caps.established_out))
        .with_max_established_per_peer(Some(caps.per_peer))
}

fn identify_config(keypair: &Keypair) -> identify::Config {
    identify::Config::new("/meteorite/1".to_owned(), keypair.public())
        .with_agent_version("meteorite".to_owned())
        .with_push_listen_addr_updates(true)
        .with_cache_size(0)
}

/// A node asks bootstraps only and never dials back for others; a bootstrap answers.
fn autonat_config(config: &NetConfig) -> autonat::v1::Config {
    autonat::v1::Config {
        boot_delay: Duration::from_secs(5),
        use_connected: false,
        only_global_ips: config.global_addresses_only,
        throttle_clients_global_max: if config.role == Role::Bootstrap { 30 } else { 0 },
        ..autonat::v1::Config::default()
    }
}

/// libp2p's defaults (128 reservations, 128 KiB a circuit) are for volunteers; a bootstrap exists for this.
fn relay_config(role: Role) -> relay::Config {
    let base = relay::Config {
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
        ..relay::Config::default()
    };
    let often = NonZeroU32::MIN.saturating_add(59);
    let minute = Duration::from_secs(60);
    let limited = base
        .reservation_rate_per_peer(often, minute)
        .circuit_src_per_peer(often, minute)
        .reservation_rate_per_ip(often.saturating_mul(often), minute)
        .circuit_src_per_ip(often.saturating_mul(often), minute);
    match role {
        Role::Bootstrap => relay::Config {
            max_reservations: 4_096,
            max_circuits: 512,
            max_circuits_per_peer: 16,
            max_circuit_duration: Duration::from_secs(600),
            max_circuit_bytes: 4 * 1024 * 1024,
            ..limited
        },
        Role::Node => relay::Config {
            max_circuit_duration: Duration::from_secs(120),
            max_circuit_bytes: 1024 * 1024,
            ..limited
        },
    }
}
