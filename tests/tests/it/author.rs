//! An observer who is connected to everybody asks the author of a bottle and a node that forwarded it the same things, and
//! compares what it gets. What is left to guess from is who forwarded first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use meteorite_net::{Net, NetConfig, NetEvent, PeerId, Proto, Role};
use meteorite_protocol::ids::{BodyId, ItemHash};
use meteorite_protocol::reconcile::{Sealed, Session, Wanting};
use meteorite_protocol::sky::Sky;
use meteorite_protocol::wire::{BodyRequest, MailRequest, SyncAnswer, SyncRequest, Wire};
use meteorite_tests::forge::now;
use tokio::sync::mpsc;

use crate::harness::{PATIENCE, Ship};

/// What a peer let the observer see, apart from its name and addresses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    protocols: Vec<String>,
    /// The answer to "what do you offer?" of somebody who has nothing.
    offered: Vec<u8>,
    /// The bottle's entry in sync.
    entry: Vec<u8>,
    /// The answer to a request for its body.
    body: Vec<u8>,
    /// The body over bitswap.
    block: Vec<u8>,
    /// What it asks of a mailbox.
    mail: Vec<MailRequest>,
}

struct Observer {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
    protocols: BTreeMap<PeerId, Vec<String>>,
    mail: BTreeMap<PeerId, Vec<MailRequest>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn author_and_forwarder_look_alike() {
    let (author, forwarder) = (Ship::launch().await, Ship::launch().await);
    let mut observer = Observer::start().await;
    author.dial(&forwarder.address().await).await;
    for ship in [&author, &forwarder] {
        let address = ship.address().await.parse().unwrap();
        observer.net.dial(address).await.unwrap();
    }
    observer.heard_of(&[author.peer(), forwarder.peer()]).await;
    let bottle = author.throw("Whose hand was on this bottle?").await;
    forwarder.until_it_has(&bottle).await;
    // What is offered in sync is gathered anew every two seconds.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    observer
        .is_asked_for_mail_by(&[author.peer(), forwarder.peer()])
        .await;
    let of_author = observer.look_at(author.peer()).await;
    let of_forwarder = observer.look_at(forwarder.peer()).await;
    assert!(!of_author.entry.is_empty() && !of_author.body.is_empty());
    assert_eq!(of_author, of_forwarder);
    author.node.shutdown().await.unwrap();
    forwarder.node.shutdown().await.unwrap();
    observer.net.shutdown().await.unwrap();
}

impl Observer {
    async fn start() -> Self {
        let mut config = NetConfig::new(Role::Node, rand::random());
        config.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
        config.seek_neighbours = false;
        config.global_addresses_only = false;
        config.offers.mail = true;
        let (net, events) = Net::start(config).await.unwrap();
        Self {
            net,
            events,
            protocols: BTreeMap::new(),
            mail: BTreeMap::new(),
        }
    }

    async fn heard_of(&mut self, peers: &[PeerId]) {
        self.watch(|observer| peers.iter().all(|peer| observer.protocols.contains_key(peer)))
            .await;
    }

    async fn is_asked_for_mail_by(&mut self, peers: &[PeerId]) {
        self.watch(|observer| peers.iter().all(|peer| observer.mail.contains_key(peer)))
            .await;
    }

    /// Takes events until something holds. Letters are refused by silence, as by a mailbox that is slow.
    async fn watch(&mut self, enough: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !enough(self) {
            let event = tokio::time::timeout_at(end.into(), self.events.recv()).await;
            match event.expect("it did not happen in time").expect("the swarm runs") {
                NetEvent::PeerUp { peer, protocols, .. } | NetEvent::PeerChanged { peer, protocols, .. } => {
                    self.protocols.insert(peer, protocols.into_iter().collect());
                }
                NetEvent::Asked {
                    peer,
                    proto: Proto::Mail,
                    bytes,
                    ..
                } => {
                    let request = MailRequest::decode(&bytes).unwrap();
                    let asked = self.mail.entry(peer).or_default();
                    if !asked.contains(&request) {
                        asked.push(request);
                    }
                }
                _ => {}
            }
        }
    }

    async fn look_at(&self, peer: PeerId) -> Seen {
        let (offered, items) = self.what_is_offered(peer).await;
        let fetch = SyncRequest::Fetch { items };
        let entry = self.net.call(peer, Proto::Sync, fetch.encode()).await.unwrap();
        let SyncAnswer::Entries(entries) = SyncAnswer::decode(&entry).unwrap() else {
            panic!("no entries");
        };
        let header = meteorite_protocol::wire::Header::decode(entries[0].header_payload()).unwrap();
        let ids: Vec<BodyId> = vec![header.body];
        let request = BodyRequest { ids };
        let body = self.net.call(peer, Proto::Body, request.encode()).await.unwrap();
        let until = Instant::now() + PATIENCE;
        let block = self
            .net
            .content()
            .fetch(&header.body.cid(), &[peer], until)
            .await
            .unwrap();
        self.net.content().remove_block(&header.body.cid()).await.unwrap();
        Seen {
            protocols: self.protocols[&peer].clone(),
            offered,
            entry,
            body,
            block,
            mail: self.mail[&peer].clone(),
        }
    }

    /// Reconciles from nothing.
    async fn what_is_offered(&self, peer: PeerId) -> (Vec<u8>, Vec<ItemHash>) {
        let sealed = Sealed::new(&Sky::with_max(16), now());
        let mut session = Session::start(&sealed, Vec::new(), 0).unwrap();
        let request = session.next_request().unwrap();
        let answer = self.net.call(peer, Proto::Sync, request.encode()).await.unwrap();
        let SyncAnswer::Reconcile { msg } = SyncAnswer::decode(&answer).unwrap() else {
            panic!("no comparison");
        };
        let mut all = All(Vec::new());
        let _outcome = session.on_reconcile(msg.as_slice(), &mut all);
        (answer, all.0)
    }
}

/// Wants everything.
struct All(Vec<ItemHash>);

impl Wanting for All {
    fn wants(&mut self, item: &ItemHash) -> bool {
        self.0.push(*item);
        true
    }
}
