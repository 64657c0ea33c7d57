//! Gossipsub as this product needs it: anonymous, explicitly validated, scored, on a fixed set of topics.
//!
//! * Anonymous authenticity hides the publisher; the author's signature is inside the payload. With it libp2p's default message id is a
//!   constant, so the id here is a hash of the data.
//! * `flood_publish` and `idontwant_on_publish` are off: both mark the author.
//! * The default protocol ids stay (`/meshsub/1.2.0` and older): an own id would fall back to 1.1 and lose IDONTWANT.
//! * P3 (mesh delivery rate) is off, because it punishes everybody on quiet topics. P4 (invalid messages) is strong: eleven rejected
//!   messages graylist a peer.
//!
//! [`cut_controls`] is the guard against what gossipsub 0.49.5 leaves unbounded (GHSA-vrx6-jcp8-vm7m: a PRUNE for an unknown topic leaves
//! a back-off entry for ever).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::gossipsub::{
    Behaviour, Config, ConfigBuilder, IdentTopic, IdentityTransform, MaxCountSubscriptionFilter,
    MessageAuthenticity, MessageId, PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams,
    ValidationMode, WhitelistSubscriptionFilter,
};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionHandler, NetworkBehaviour};

use crate::config::NetConfig;
use crate::limits;

/// Gossipsub with a closed list of topics.
pub(crate) type Gossip =
    Behaviour<IdentityTransform, MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>>;

/// What gossipsub's connection handler reports. The enum itself is private; its variants are reachable through the trait.
pub(crate) type HandlerEvent =
    <<Gossip as NetworkBehaviour>::ConnectionHandler as ConnectionHandler>::ToBehaviour;

/// Builds gossipsub, scored and subscribed to every configured topic.
pub(crate) fn build(config: &NetConfig) -> Result<Gossip, String> {
    let topics: Vec<IdentTopic> = config
        .topics
        .iter()
        .map(|topic| IdentTopic::new(&topic.name))
        .collect();
    let filter = MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(topics.iter().map(IdentTopic::hash).collect::<HashSet<_>>()),
        max_subscribed_topics: limits::TOPICS_PER_PEER_MAX,
        max_subscriptions_per_request: limits::TOPICS_PER_PEER_MAX,
    };
    let mut gossip =
        Gossip::new_with_subscription_filter(MessageAuthenticity::Anonymous, mesh_config()?, filter)?;
    gossip.with_peer_score(score_params(config), thresholds())?;
    for topic in &topics {
        gossip.subscribe(topic).map_err(|error| error.to_string())?;
    }
    Ok(gossip)
}

/// What one look at an RPC found, after [`cut_controls`] cleaned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RpcWeight {
    /// Payload bytes of the messages in it.
    pub(crate) bytes: usize,
    /// Control entries that were removed.
    pub(crate) cut: usize,
}

/// Removes from an RPC what would grow our memory without bound, and weighs the rest.
///
/// PRUNE and GRAFT for topics that are not ours are removed, and so is everything above [`limits::GOSSIP_CONTROLS_MAX`] entries.
pub(crate) fn cut_controls(event: &mut HandlerEvent, topics: &BTreeMap<String, usize>) -> RpcWeight {
    match event {
        HandlerEvent::Message {
            rpc,
            invalid_messages,
        } => {
            let valid: usize = rpc.messages.iter().map(|message| message.data.len()).sum();
            let invalid: usize = invalid_messages
                .iter()
                .map(|(message, _)| message.data.len())
                .sum();
            let before = rpc.control_msgs.len();
            rpc.control_msgs.truncate(limits::GOSSIP_CONTROLS_MAX);
            rpc.control_msgs.retain(|control| is_wanted(control, topics));
            RpcWeight {
                bytes: valid + invalid,
                cut: before - rpc.control_msgs.len(),
            }
        }
        HandlerEvent::PeerKind(_) | HandlerEvent::MessageDropped(_) => RpcWeight::default(),
    }
}

/// Empties an RPC whose sender is over its budget.
pub(crate) fn empty(event: &mut HandlerEvent) {
    match event {
        HandlerEvent::Message {
            rpc,
            invalid_messages,
        } => {
            rpc.messages.clear();
            rpc.control_msgs.clear();
            invalid_messages.clear();
        }
        HandlerEvent::PeerKind(_) | HandlerEvent::MessageDropped(_) => {}
    }
}

/// How many neighbours `publish` hands a message to (the rule of gossipsub's own `publish` without flooding).
pub(crate) fn audience(gossip: &Gossip, topic: &TopicHash) -> usize {
    let mesh: HashSet<_> = gossip.mesh_peers(topic).copied().collect();
    let spare = gossip
        .all_peers()
        .filter(|(peer, topics)| topics.contains(&topic) && !mesh.contains(*peer))
        .filter(|(peer, _)| {
            gossip
                .peer_score(peer)
                .is_none_or(|score| score >= PUBLISH_THRESHOLD)
        })
        .count();
    mesh.len() + spare.min(MESH_N.saturating_sub(mesh.len()))
}

/// Sizes per topic are checked in [`crate::slot`]: gossipsub copies its own table of them at every poll of every connection.
fn mesh_config() -> Result<Config, String> {
    let mut builder = ConfigBuilder::default();
    builder
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|message| {
            MessageId::from(
                blake3::hash(&message.data)
                    .as_bytes()
                    .get(..MESSAGE_ID_BYTES)
                    .unwrap_or_default(),
            )
        })
        .validate_messages()
        // Without authors, an own message that a neighbour sends back looks like a forged one to gossipsub, and whoever sends it is
        // punished as for an invalid message; and yet any triangle of neighbours sends it back now and then. This way it is a duplicate.
        .allow_self_origin(true)
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(Duration::from_millis(100))
        .mesh_n(MESH_N)
        .mesh_n_low(6)
        .mesh_n_high(12)
        .mesh_outbound_min(3)
        .gossip_lazy(12)
        .gossip_factor(0.25)
        .history_length(8)
        .history_gossip(4)
        .duplicate_cache_time(Duration::from_secs(180))
        .max_transmit_size(limits::GOSSIP_FRAME_BYTES_MAX)
        .max_messages_per_rpc(Some(64))
        .connection_handler_queue_len(256)
        .flood_publish(false)
        .idontwant_message_size_threshold(1_000)
        .idontwant_on_publish(false);
    builder.build().map_err(|error| error.to_string())
}

/// Weights and caps as in the gossipsub hardening plan, with P3 off.
fn score_params(config: &NetConfig) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 0.25,
        time_in_mesh_weight: 0.0027,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 3_600.0,
        first_message_deliveries_weight: 0.5,
        first_message_deliveries_decay: 0.99,
        first_message_deliveries_cap: 100.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -99.0,
        invalid_message_deliveries_decay: 0.9994,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: config
            .topics
            .iter()
            .map(|spec| (IdentTopic::new(&spec.name).hash(), topic.clone()))
            .collect::<HashMap<_, _>>(),
        topic_score_cap: 100.0,
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: -10.0,
        ip_colocation_factor_threshold: 8.0,
        ip_colocation_factor_whitelist: colocation_whitelist(config),
        behaviour_penalty_weight: -10.0,
        // A peer that was restarted has forgotten from which meshes it was pruned, and asks for all of them at once: two points each.
        behaviour_penalty_threshold: 2.0 * config.topics.len() as f64 + 6.0,
        behaviour_penalty_decay: 0.9,
        ..PeerScoreParams::default()
    }
}

/// Every peer reached through a relay carries the relay's address, and every test peer that of loopback; both are exempt from P6.
fn colocation_whitelist(config: &NetConfig) -> HashSet<IpAddr> {
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    config
        .ip_whitelist
        .iter()
        .copied()
        .chain(own)
        .chain(config.bootstrap.iter().filter_map(ip_of))
        .collect()
}

/// The first IP in an address.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| {
        if let Protocol::Ip4(ip) = part {
            Some(IpAddr::V4(ip))
        } else if let Protocol::Ip6(ip) = part {
            Some(IpAddr::V6(ip))
        } else {
            None
        }
    })
}

const fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -500.0,
        publish_threshold: PUBLISH_THRESHOLD,
        graylist_threshold: limits::SCORE_GRAYLIST,
        accept_px_threshold: 1_000.0,
        opportunistic_graft_threshold: 5.0,
    }
}

/// Whether a control entry may reach gossipsub. Its fields are private, so the topic is read from the start of its debug form, which
/// names the variant first and the topic second; formatting stops after [`PEEK_BYTES`].
fn is_wanted(control: &impl fmt::Debug, topics: &BTreeMap<String, usize>) -> bool {
    let mut peek = Peek(String::with_capacity(PEEK_BYTES));
    // An error only means that the peek is full.
    write!(peek, "{control:?}").ok();
    if !peek.0.starts_with("Prune(") && !peek.0.starts_with("Graft(") {
        return true;
    }
    peek.0
        .split('"')
        .nth(1)
        .is_some_and(|topic| topics.contains_key(topic))
}

/// Takes the first bytes of a formatted value and then refuses more.
struct Peek(String);

impl fmt::Write for Peek {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > PEEK_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// Enough for the variant, the field names and the longest topic name.
const PEEK_BYTES: usize = 192;
/// Neighbours in a mesh.
const MESH_N: usize = 8;
/// A fifth of a second below Ethereum's second: messages settle sooner, at small cost with few topics.
const HEARTBEAT: Duration = Duration::from_millis(700);
/// Bytes of the hash that identifies a message.
const MESSAGE_ID_BYTES: usize = 20;
/// Peers under this score get none of our own messages.
const PUBLISH_THRESHOLD: f64 = -1_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for `gossipsub::ControlAction`, whose fields cannot be set from outside; same derive, same order.
    #[derive(Debug)]
    #[expect(dead_code, reason = "only its debug form is used")]
    enum Control {
        Prune(Body),
        IHave(Body),
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "only its debug form is used")]
    struct Body {
        topic_hash: TopicHash,
    }

    #[test]
    fn prune_for_a_foreign_topic_is_unwanted() {
        let topics = BTreeMap::from([("/meteorite/1/catch".to_owned(), 100)]);
        let control = |name: &str| {
            Control::Prune(Body {
                topic_hash: TopicHash::from_raw(name),
            })
        };
        assert!(is_wanted(&control("/meteorite/1/catch"), &topics));
        assert!(!is_wanted(&control("x"), &topics));
        assert!(!is_wanted(&control(&"y".repeat(4_096)), &topics));
        assert!(is_wanted(
            &Control::IHave(Body {
                topic_hash: TopicHash::from_raw("x")
            }),
            &topics
        ));
    }

    #[test]
    fn defaults_build() {
        let gossip = build(&NetConfig::new(crate::config::Role::Node, [1; 32])).unwrap();
        assert_eq!(gossip.topics().count(), 19);
    }
}
