//! Neighbours and addresses: who is there, how we are reached, invitations and dials.

use std::collections::{BTreeMap, BTreeSet};

use meteorite_net::{DialError, Multiaddr, NetEvent, PeerId, Reachability};
use meteorite_protocol::control::{Notice, PeerView, Problem, ProblemKind, Reach, Reply};
use meteorite_protocol::invite::Invite;
use meteorite_protocol::limits::INVITE_ADDRS_MAX;
use meteorite_protocol::time::DAY_MS;
use meteorite_shell::peer_of;
use meteorite_store::{PeerRow, PeerSource, PeerWrite, Unit};
use tokio::sync::oneshot;

use super::jobs::Done;
use super::mail::offers_mail;
use super::trouble::{Trouble, refused};
use super::{Actor, respond};

/// What is known of the network at this moment.
#[derive(Debug, Default)]
pub(super) struct Network {
    neighbours: BTreeMap<PeerId, Neighbour>,
    listening: BTreeSet<Multiaddr>,
    external: BTreeSet<Multiaddr>,
    reach: Reachability,
    /// Peers of the configured bootstrap addresses.
    configured: BTreeSet<PeerId>,
}

#[derive(Debug, Default)]
struct Neighbour {
    relayed: bool,
    mail: bool,
}

impl Network {
    /// With the peers of the configured bootstrap addresses.
    pub(super) fn new(bootstrap: &[Multiaddr]) -> Self {
        Self {
            configured: bootstrap.iter().filter_map(peer_in).collect(),
            ..Self::default()
        }
    }

    /// Neighbours that hold letters for others.
    pub(super) fn mailboxes(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.neighbours
            .iter()
            .filter(|(_, neighbour)| neighbour.mail)
            .map(|(peer, _)| *peer)
    }

    /// Bootstrap servers of the configuration that hold letters; those not connected are dialled when asked.
    pub(super) fn bootstraps(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.configured.iter().copied()
    }

    pub(super) fn neighbours(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.neighbours.keys().copied()
    }

    pub(super) fn peers(&self) -> u32 {
        u32::try_from(self.neighbours.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn relayed(&self) -> u32 {
        let relayed = self
            .neighbours
            .values()
            .filter(|neighbour| neighbour.relayed)
            .count();
        u32::try_from(relayed).unwrap_or(u32::MAX)
    }

    pub(super) fn reach(&self) -> Reach {
        match self.reach {
            Reachability::Public => Reach::Public,
            Reachability::Private if self.external.iter().any(is_circuit) => Reach::Relayed,
            Reachability::Private => Reach::Private,
            Reachability::Unknown => Reach::Unknown,
        }
    }

    pub(super) fn listening(&self, me: &PeerId) -> Vec<String> {
        self.listening
            .iter()
            .map(|address| with_peer(&address.to_string(), me))
            .collect()
    }

    pub(super) fn external(&self) -> Vec<String> {
        self.external.iter().map(Multiaddr::to_string).collect()
    }
}

impl Actor {
    /// What the engine does not care about.
    pub(super) async fn on_network(&mut self, event: NetEvent) -> Result<(), Trouble> {
        match event {
            NetEvent::Listening { address } => {
                let me = self.shell.net().local_peer();
                self.notify(Notice::Listening {
                    address: with_peer(&address.to_string(), &me),
                });
                self.network.listening.insert(address);
            }
            NetEvent::ListenEnded { address } => {
                self.network.listening.remove(&address);
            }
            NetEvent::PeerUp {
                peer,
                relayed,
                protocols,
            } => {
                let mail = offers_mail(&protocols);
                self.network.neighbours.insert(peer, Neighbour { relayed, mail });
                self.notify(Notice::PeerUp {
                    peer: peer.to_string(),
                    peers: self.network.peers(),
                });
                if mail {
                    self.on_mailbox_near().await?;
                }
            }
            NetEvent::PeerChanged {
                peer,
                relayed,
                protocols,
            } => {
                let mail = offers_mail(&protocols);
                let before = self.network.neighbours.insert(peer, Neighbour { relayed, mail });
                if mail && before.is_none_or(|before| !before.mail) {
                    self.on_mailbox_near().await?;
                }
            }
            NetEvent::PeerDown { peer } => {
                self.network.neighbours.remove(&peer);
                self.notify(Notice::PeerDown {
                    peer: peer.to_string(),
                    peers: self.network.peers(),
                });
            }
            NetEvent::Reachability(reach) => self.network.reach = reach,
            NetEvent::ExternalAddress { address } => {
                self.network.external.insert(address);
            }
            NetEvent::CutOff { peer, reason } => tracing::info!(%peer, reason, "a neighbour was cut off"),
            NetEvent::SameIdentity { address } => {
                tracing::warn!(%address, "another device answers with this device's network key: two copies of one key file?");
            }
            NetEvent::Dropped { what, n } => tracing::warn!(?what, n, "something was dropped at a limit"),
            NetEvent::Resumed { slept } => {
                tracing::info!(secs = slept.as_secs(), "the computer slept; dialling again")
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) async fn peers(&mut self) -> Result<Reply, Trouble> {
        let peers = self
            .shell
            .net()
            .peers()
            .await
            .map_err(|_closed| refused("The network has ended.", "Start the node again."))?;
        let view = |peer: &meteorite_net::PeerInfo| PeerView {
            peer: peer.peer.to_string(),
            address: peer
                .connected
                .first()
                .map(Multiaddr::to_string)
                .unwrap_or_default(),
            relayed: peer.relayed,
            rtt_ms: peer.rtt.and_then(|rtt| u32::try_from(rtt.as_millis()).ok()),
            score: peer.gossip_score,
            mailbox: offers_mail(&peer.protocols),
            received_bytes: peer.received_bytes,
        };
        Ok(Reply::Peers(peers.iter().map(view).collect()))
    }

    pub(super) fn invite(&mut self, days: Option<u8>) -> Result<Reply, Trouble> {
        let me = self.shell.net().local_peer();
        let own = self
            .network
            .external()
            .into_iter()
            .map(|address| with_peer(&address, &me));
        let own = own.chain(
            self.network
                .listening(&me)
                .into_iter()
                .filter(|address| !address.contains("/127.")),
        );
        let addrs: Vec<String> = own
            .chain(self.config.bootstrap.iter().cloned())
            .chain(self.network.listening(&me))
            .fold(Vec::new(), |mut kept, address| {
                if !kept.contains(&address) && kept.len() < INVITE_ADDRS_MAX {
                    kept.push(address);
                }
                kept
            });
        let days = u64::from(days.unwrap_or(INVITE_DAYS_DEFAULT).max(1));
        let expires = self.shell.now().wall.plus_ms(days * DAY_MS);
        let code = Invite {
            addrs,
            expires,
            notice: None,
        }
        .to_code();
        Ok(Reply::Invite(code.map_err(|error| {
            refused(
                format!("No invitation can be made: {error}."),
                "Wait until the node listens on an address.",
            )
        })?))
    }

    pub(super) async fn join(&mut self, code: &str) -> Result<Reply, Trouble> {
        let invite = Invite::from_code(code, self.shell.now().wall).map_err(|error| {
            Problem::new(ProblemKind::Input, error.to_string(), "Nothing was changed.", "")
        })?;
        let addresses: Vec<Multiaddr> = invite
            .addrs
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect();
        self.note_invited(&addresses).await?;
        for address in &addresses {
            self.dial_address(address.clone(), None);
        }
        Ok(Reply::Dialling(
            u16::try_from(addresses.len()).unwrap_or(u16::MAX),
        ))
    }

    pub(super) fn dial(
        &mut self,
        address: &str,
        reply: oneshot::Sender<Reply>,
    ) -> Result<(), (Trouble, oneshot::Sender<Reply>)> {
        match address.parse::<Multiaddr>() {
            Ok(address) => {
                self.dial_address(address, Some(reply));
                Ok(())
            }
            Err(error) => {
                let problem = Problem::new(
                    ProblemKind::Input,
                    format!("“{address}” is not an address: {error}."),
                    "Nothing was changed.",
                    "Addresses look like /ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3…",
                );
                Err((problem.into(), reply))
            }
        }
    }

    pub(super) fn on_dialled(
        &mut self,
        address: &Multiaddr,
        outcome: Result<PeerId, DialError>,
        reply: Option<oneshot::Sender<Reply>>,
    ) {
        let answer = match outcome {
            Ok(_) => Reply::Dialling(1),
            Err(error) => {
                tracing::debug!(%address, %error, "a dial failed");
                Reply::Problem(Problem::new(
                    ProblemKind::Network,
                    format!("{address} could not be reached: {error}."),
                    "Nothing was lost; known peers are dialled on.",
                    "Is the other node running, and are both in the same network or reachable from outside?",
                ))
            }
        };
        if let Some(reply) = reply {
            respond(reply, answer);
        }
    }

    /// Remembers who is there and where, for the next start.
    pub(super) async fn note_neighbours(&mut self) -> Result<(), Trouble> {
        let Ok(peers) = self.shell.net().peers().await else {
            return Ok(());
        };
        let now = self.shell.now().wall;
        let mut unit = Unit::new("neighbours");
        for info in peers {
            let addresses: Vec<String> = info
                .listens
                .iter()
                .chain(&info.connected)
                .map(Multiaddr::to_string)
                .collect();
            if let Some(peer) = peer_of(&info.peer) {
                let source = PeerSource::Met;
                unit.push(PeerWrite::PutPeer(PeerRow {
                    peer,
                    addresses,
                    source,
                    last_seen: now,
                    last_try: now,
                    failures: 0,
                }));
            }
        }
        unit.push(PeerWrite::TrimPeers);
        Ok(self.shell.commit(unit).await?)
    }

    /// Letters may be left and fetched now.
    async fn on_mailbox_near(&mut self) -> Result<(), Trouble> {
        self.tell_bootstraps().await?;
        let mut effects = Vec::new();
        self.mail.post.handle_neighbour(self.shell.now(), &mut effects);
        self.carry_out(Vec::new(), effects, Vec::new()).await
    }

    async fn note_invited(&mut self, addresses: &[Multiaddr]) -> Result<(), Trouble> {
        let mut unit = Unit::new("invitation");
        for address in addresses {
            let Some(peer) = peer_in(address).and_then(|peer| peer_of(&peer)) else {
                continue;
            };
            unit.push(PeerWrite::PutPeer(PeerRow {
                peer,
                addresses: vec![address.to_string()],
                source: PeerSource::Invite,
                last_seen: meteorite_protocol::time::UnixMillis(0),
                last_try: meteorite_protocol::time::UnixMillis(0),
                failures: 0,
            }));
        }
        Ok(self.shell.commit(unit).await?)
    }

    fn dial_address(&mut self, address: Multiaddr, reply: Option<oneshot::Sender<Reply>>) {
        let net = self.shell.net().clone();
        self.jobs.spawn(async move {
            let outcome = net.dial(address.clone()).await;
            Done::Dialled {
                address,
                outcome,
                reply,
            }
        });
    }
}

/// The peer id at the end of an address.
pub(super) fn peer_in(address: &Multiaddr) -> Option<PeerId> {
    let text = address.to_string();
    text.rsplit_once("/p2p/").and_then(|(_, peer)| peer.parse().ok())
}

/// The address with our peer id at its end; one through a relay has it already.
fn with_peer(address: &str, me: &PeerId) -> String {
    let end = format!("/p2p/{me}");
    if address.ends_with(&end) {
        address.to_owned()
    } else {
        format!("{address}{end}")
    }
}

fn is_circuit(address: &Multiaddr) -> bool {
    address.to_string().contains("/p2p-circuit")
}

const INVITE_DAYS_DEFAULT: u8 = 7;
