//! A node of the network without any engine: it accepts all gossip, answers nothing, and can ask.

use std::sync::{Arc, Mutex};

use meteorite_net::{Multiaddr, Net, NetConfig, NetEvent, PeerId, Proto, Role, Verdict};
use meteorite_protocol::ids::MailAddress;
use meteorite_protocol::wire::{
    AddressPrefix, BodyAnswer, BodyRequest, Deposit, MailAnswer, MailRequest, Signed, Wire as _,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::harness::until;

/// A running client.
pub(crate) struct Client {
    pub(crate) net: Net,
    log: Arc<Mutex<Vec<NetEvent>>>,
    reader: JoinHandle<()>,
}

impl Client {
    /// A client that knows this server only.
    pub(crate) async fn start(server: &Multiaddr) -> Self {
        let mut config = NetConfig::new(Role::Node, rand::random());
        config.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
        config.bootstrap = vec![server.clone()];
        config.global_addresses_only = false;
        config.reservations = meteorite_net::Reservations::Never;
        let (net, events) = Net::start(config).await.unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let reader = tokio::spawn(read(net.clone(), events, Arc::clone(&log)));
        Self { net, log, reader }
    }

    /// A client that is connected with the server.
    pub(crate) async fn connected(server: &Multiaddr) -> Self {
        let client = Self::start(server).await;
        client.up(peer_in(server)).await;
        client
    }

    pub(crate) fn id(&self) -> PeerId {
        self.net.local_peer()
    }

    pub(crate) async fn up(&self, peer: PeerId) {
        self.sees(
            "a peer is up",
            |event| matches!(event, NetEvent::PeerUp { peer: up, .. } if *up == peer),
        )
        .await;
    }

    pub(crate) async fn hears(&self, payload: &[u8]) {
        self.sees(
            "a message is heard",
            |event| matches!(event, NetEvent::Gossip { bytes, .. } if bytes == payload),
        )
        .await;
    }

    async fn sees(&self, what: &str, wanted: impl Fn(&NetEvent) -> bool) {
        until(what, async || self.log.lock().unwrap().iter().any(&wanted)).await;
    }

    /// Publishes as soon as a neighbour listens to the topic.
    pub(crate) async fn publish(&self, topic: &str, bytes: &[u8]) {
        until("published", async || {
            matches!(
                self.net.publish(topic, bytes.to_vec()).await,
                Ok(1..) | Err(meteorite_net::PublishError::Duplicate)
            )
        })
        .await;
    }

    pub(crate) async fn mail(&self, server: &Multiaddr, request: &MailRequest) -> MailAnswer {
        let answer = self
            .net
            .call(peer_in(server), Proto::Mail, request.encode())
            .await
            .unwrap();
        MailAnswer::decode(&answer).unwrap()
    }

    pub(crate) async fn deposit(&self, server: &Multiaddr, deposit: &Signed<Deposit>) -> MailAnswer {
        self.mail(server, &MailRequest::Deposit(deposit.encode().into()))
            .await
    }

    /// The letters at an address, asked for by its first byte.
    pub(crate) async fn collect(
        &self,
        server: &Multiaddr,
        address: &MailAddress,
        cursor: u64,
    ) -> (Vec<Vec<u8>>, u64) {
        let prefix = AddressPrefix::of(address, 8);
        match self.mail(server, &MailRequest::Collect { prefix, cursor }).await {
            MailAnswer::Letters { letters, next, .. } => {
                (letters.into_iter().map(|letter| letter.0).collect(), next)
            }
            other => panic!("expected letters, got {other:?}"),
        }
    }

    pub(crate) async fn bodies(&self, server: &Multiaddr, request: &BodyRequest) -> BodyAnswer {
        let answer = self
            .net
            .call(peer_in(server), Proto::Body, request.encode())
            .await
            .unwrap();
        BodyAnswer::decode(&answer).unwrap()
    }

    pub(crate) async fn stop(self) {
        self.net.shutdown().await.unwrap();
        self.reader.await.unwrap();
    }
}

pub(crate) fn peer_in(address: &Multiaddr) -> PeerId {
    address
        .to_string()
        .rsplit_once("/p2p/")
        .unwrap()
        .1
        .parse()
        .unwrap()
}

async fn read(net: Net, mut events: mpsc::Receiver<NetEvent>, log: Arc<Mutex<Vec<NetEvent>>>) {
    while let Some(event) = events.recv().await {
        if let NetEvent::Gossip { message, .. } = &event {
            net.verdict(*message, Verdict::Accept).await.unwrap_or_default();
        }
        log.lock().unwrap().push(event);
    }
}
