//! Peers that do not keep to the rules: bare libp2p swarms that put records or write any bytes on any protocol.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{AsyncWriteExt as _, FutureExt as _, StreamExt as _};
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::kad::{self, Mode, QueryResult, Quorum, Record, RecordKey, store::MemoryStore};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, OneShotHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, identify, identity::Keypair};

use crate::harness::{PATIENCE, TestNode};

/// A swarm without manners.
pub(crate) struct Hostile<B: NetworkBehaviour>(Swarm<B>);

impl<B: NetworkBehaviour> Hostile<B> {
    fn new(build: impl FnOnce(&Keypair) -> B) -> Self {
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_quic()
            .with_behaviour(|keypair| build(keypair))
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
            .build();
        Self(swarm)
    }

    pub(crate) fn id(&self) -> PeerId {
        *self.0.local_peer_id()
    }

    pub(crate) fn behaviour(&mut self) -> &mut B {
        self.0.behaviour_mut()
    }

    /// Connects and waits until the node has identified this peer.
    pub(crate) async fn connect(&mut self, node: &TestNode) {
        let id = self.id();
        self.0.dial(node.address().await).unwrap();
        self.while_doing(node.up(id)).await;
    }

    /// Keeps the swarm going while something else happens.
    pub(crate) async fn while_doing<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = self.0.select_next_some() => {}
            }
        }
    }

    /// Keeps the swarm going for ever.
    pub(crate) async fn run(mut self) {
        loop {
            self.0.select_next_some().await;
        }
    }
}

fn identify(keypair: &Keypair) -> identify::Behaviour {
    identify::Behaviour::new(identify::Config::new("/meteorite/1".to_owned(), keypair.public()))
}

/// A kad server with a store.
#[derive(NetworkBehaviour)]
pub(crate) struct KadPeer {
    identify: identify::Behaviour,
    kad: kad::Behaviour<MemoryStore>,
}

pub(crate) fn kad_peer() -> Hostile<KadPeer> {
    Hostile::new(|keypair| {
        let local = keypair.public().to_peer_id();
        let config = kad::Config::new(StreamProtocol::new("/meteorite/kad/1"));
        let mut kad = kad::Behaviour::with_config(local, MemoryStore::new(local), config);
        kad.set_mode(Some(Mode::Server));
        KadPeer {
            identify: identify(keypair),
            kad,
        }
    })
}

impl KadPeer {
    pub(crate) fn know(&mut self, peer: PeerId, address: Multiaddr) {
        self.kad.add_address(&peer, address);
    }

    pub(crate) fn put_record(&mut self, key: &[u8], value: &[u8], to: PeerId) {
        let record = Record::new(key.to_vec(), value.to_vec());
        self.kad
            .put_record_to(record, std::iter::once(to), Quorum::N(NonZeroUsize::MIN));
    }

    pub(crate) fn provide(&mut self, key: &[u8]) {
        self.kad.start_providing(RecordKey::new(&key)).unwrap();
    }
}

impl Hostile<KadPeer> {
    /// Asks for a record and for providers; returns what came back.
    pub(crate) async fn look_up(&mut self, record: &[u8], provided: &[u8]) -> (Option<Record>, usize) {
        let record_query = self.behaviour().kad.get_record(RecordKey::new(&record));
        let provider_query = self.behaviour().kad.get_providers(RecordKey::new(&provided));
        let (mut found, mut providers, mut open) = (None, 0, 2);
        let work = async {
            while open > 0 {
                let event = self.0.select_next_some().await;
                let libp2p::swarm::SwarmEvent::Behaviour(KadPeerEvent::Kad(
                    kad::Event::OutboundQueryProgressed { id, result, step, .. },
                )) = event
                else {
                    continue;
                };
                match result {
                    QueryResult::GetRecord(Ok(kad::GetRecordOk::FoundRecord(record))) => {
                        found = Some(record.record)
                    }
                    QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders {
                        providers: more,
                        ..
                    })) => {
                        providers += more.len();
                    }
                    _ => {}
                }
                if step.last && (id == record_query || id == provider_query) {
                    open -= 1;
                }
            }
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("the look-ups end");
        (found, providers)
    }
}

/// Writes any bytes on any protocol.
#[derive(NetworkBehaviour)]
pub(crate) struct BurstPeer {
    identify: identify::Behaviour,
    burster: Burster,
}

pub(crate) fn burst_peer() -> Hostile<BurstPeer> {
    Hostile::new(|keypair| BurstPeer {
        identify: identify(keypair),
        burster: Burster::default(),
    })
}

impl BurstPeer {
    pub(crate) fn burst(&mut self, to: PeerId, protocol: &'static str, bytes: Vec<u8>) {
        self.burster.queue.push_back((to, Burst { protocol, bytes }));
    }
}

/// Bytes for one new stream.
#[derive(Debug, Clone)]
pub(crate) struct Burst {
    protocol: &'static str,
    bytes: Vec<u8>,
}

impl UpgradeInfo for Burst {
    type Info = StreamProtocol;
    type InfoIter = std::iter::Once<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(StreamProtocol::new(self.protocol))
    }
}

impl OutboundUpgrade<Stream> for Burst {
    type Output = ();
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<(), io::Error>>;

    fn upgrade_outbound(self, mut stream: Stream, _: StreamProtocol) -> Self::Future {
        async move {
            stream.write_all(&self.bytes).await?;
            stream.close().await
        }
        .boxed()
    }
}

/// Takes every stream that the node opens, because it drops peers that do not speak its protocols.
#[derive(Debug, Clone)]
pub(crate) struct TakeAll;

impl UpgradeInfo for TakeAll {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; 2];

    fn protocol_info(&self) -> Self::InfoIter {
        [
            StreamProtocol::new("/meshsub/1.1.0"),
            StreamProtocol::new("/ipfs/bitswap/1.2.0"),
        ]
    }
}

impl InboundUpgrade<Stream> for TakeAll {
    type Output = Stream;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Stream, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}

/// What a burst handler reports: a stream to keep open, or nothing.
#[derive(Debug)]
pub(crate) struct Taken(Option<Stream>);

impl From<()> for Taken {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<Stream> for Taken {
    fn from(stream: Stream) -> Self {
        Self(Some(stream))
    }
}

#[derive(Default)]
pub(crate) struct Burster {
    queue: VecDeque<(PeerId, Burst)>,
    kept: Vec<Stream>,
}

type BurstHandler = OneShotHandler<TakeAll, Burst, Taken>;

fn handler() -> BurstHandler {
    let protocols = libp2p::swarm::SubstreamProtocol::new(TakeAll, ());
    OneShotHandler::new(protocols, libp2p::swarm::OneShotHandlerConfig::default())
}

impl NetworkBehaviour for Burster {
    type ConnectionHandler = BurstHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        self.kept.extend(event.ok().and_then(|taken| taken.0));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        match self.queue.pop_front() {
            Some((peer_id, event)) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::Any,
                event,
            }),
            None => Poll::Pending,
        }
    }
}

/// One protobuf field of bytes.
pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    varint(bytes.len(), &mut out);
    out.extend_from_slice(bytes);
    out
}

/// A frame with its length in front.
pub(crate) fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(bytes.len(), &mut out);
    out.extend_from_slice(bytes);
    out
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
