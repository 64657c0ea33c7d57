//! Carrying out what the engine wants: durable rows in one transaction first, then everything else in its order.

use meteorite_net::{MessageRef, PeerId, Proto, RequestRef};
use meteorite_protocol::engine::{CallId, Effect, Engine, Input, MessageHandle, Protocol, Row};
use meteorite_protocol::ids::{BottleId, Peer};
use meteorite_protocol::verdict::Verdict;
use meteorite_protocol::wire::{MailAnswer, RefuseReason, Wire as _};
use meteorite_store::{SkyWrite, StoreError, Unit};

use crate::backends::Wish;
use crate::errands;
use crate::health::State;
use crate::mail::MailOrder;
use crate::metrics::VerdictLabels;
use crate::pins::Order;
use crate::restore::Memory;
use crate::rows;
use crate::shell::{About, Shell};

impl Shell {
    /// Carries out the effects of one step.
    pub(crate) async fn carry_out(&mut self, effects: Vec<Effect>) {
        let now = self.clock.now().wall;
        let mut durable = Unit::new("bootstrap_step");
        let mut rest = Vec::with_capacity(effects.len());
        for effect in effects {
            let Effect::Durable(row) = effect else {
                rest.push(effect);
                continue;
            };
            match rows::to_store(row, now) {
                Ok(write) => durable.extend(write.map(Into::into)),
                Err(error) => tracing::error!(%error, "a durable row was not stored"),
            }
        }
        if let Err(error) = self.commit(durable).await {
            tracing::error!(%error, "durable rows were not stored; the engine starts again from what is on disk");
            return self.begin_again().await;
        }
        for effect in rest {
            self.carry_out_one(effect).await;
        }
    }

    async fn carry_out_one(&mut self, effect: Effect) {
        match effect {
            Effect::Durable(_) => {}
            Effect::Cache(row) => self.cache(row).await,
            Effect::Publish {
                publication,
                topic,
                bytes,
            } => {
                let net = self.net.clone();
                self.metrics.bytes_out(bytes.len());
                self.errands
                    .spawn(errands::publish(net, publication, topic, bytes));
            }
            Effect::Verdict { message, verdict } => self.judge(message, verdict).await,
            Effect::Call {
                call,
                peer,
                protocol,
                bytes,
            } => self.call(call, &peer, protocol, bytes),
            Effect::Answer { request, bytes } => self.answer(RequestRef(request.0), bytes).await,
            Effect::AnswerEntries { request, entries } => {
                let work = errands::Answering::new(self, RequestRef(request.0), Proto::Sync);
                self.errands
                    .spawn(errands::answer_entries(work, self.backends.clone(), entries));
            }
            Effect::AnswerBodies { request, bodies } => {
                let work = errands::Answering::new(self, RequestRef(request.0), Proto::Body);
                self.errands.spawn(errands::answer_bodies(work, bodies));
            }
            Effect::Refuse { request } => {
                let About::Request(proto) = self.about else { return };
                self.refuse(RequestRef(request.0), proto).await;
            }
            Effect::FetchBodies { call, peer, bodies } => match peer_id(&peer) {
                Some(peer) if self.has_room() => {
                    let calling = errands::Calling {
                        net: self.net.clone(),
                        metrics: self.metrics.clone(),
                        peer,
                    };
                    self.errands
                        .spawn(errands::fetch_bodies(calling, call, bodies, self.pins.clone()));
                }
                Some(_) | None => {
                    self.pending.push_back(Input::BodiesFetched {
                        call,
                        bodies: Vec::new(),
                        broken: false,
                    });
                }
            },
            Effect::DropBottles { bottles } => self.drop_bottles(bottles).await,
            Effect::DropBodies { bottles } => self.order(Order::Drop { bottles }).await,
            Effect::Block { peer, secs } => self.block(&peer, secs).await,
            Effect::Notify(event) => tracing::trace!(?event, "engine"),
        }
    }

    async fn commit(&self, durable: Unit) -> Result<(), StoreError> {
        if durable.is_empty() {
            return Ok(());
        }
        let begun = std::time::Instant::now();
        let stored = self.backends.db.commit(durable).await;
        self.metrics.commit.observe(begun.elapsed().as_secs_f64());
        self.health.storage(stored.is_ok());
        stored
    }

    /// The engine promised something that is not on disk, so what it knows is not to be trusted.
    async fn begin_again(&mut self) {
        self.metrics.storage_failures.inc();
        let loaded = async {
            self.backends.cache.flush().await?;
            let pins = self.backends.pins.load().await?;
            let memory = Memory::load(&self.backends.db).await?;
            Ok::<_, StoreError>(memory.into_rows(|body| {
                pins.get(body)
                    .is_some_and(|row| row.done && row.wish == Wish::Keep)
            }))
        };
        match loaded.await {
            Ok(rows) => {
                self.engine = Engine::restore(&self.config, self.seed, rows);
                self.pending.clear();
                self.pending.push_back(Input::Start);
                let known: Vec<PeerId> = self.crowd.known().copied().collect();
                self.pending.extend(known.iter().map(|peer| Input::PeerUp {
                    peer: crate::shell::named(peer),
                }));
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot be read either; the server serves what it has in memory");
                self.health.set(State::Storage);
            }
        }
    }

    async fn cache(&mut self, row: Row) {
        let mut row = row;
        let mut orders = Vec::new();
        if let Row::Bottle(bottle) = &mut row {
            orders.push(Order::Link {
                bottle: bottle.bottle,
                body: bottle.body,
            });
            let block = bottle.content.as_mut().and_then(|content| content.body.take());
            orders.extend(block.map(|block| Order::Keep {
                body: bottle.body,
                block,
                stored: None,
            }));
        }
        match rows::to_store(row, self.clock.now().wall) {
            Ok(Some(write)) => self.write_behind(write),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a row was not stored"),
        }
        for order in orders {
            self.order(order).await;
        }
    }

    fn write_behind(&self, write: SkyWrite) {
        if let Err(error) = self.backends.cache.push(write) {
            tracing::debug!(%error, "a row of the sky was dropped");
        }
    }

    async fn drop_bottles(&mut self, bottles: Vec<BottleId>) {
        for bottle in &bottles {
            self.write_behind(SkyWrite::DeleteBottle(*bottle));
        }
        self.order(Order::Drop { bottles }).await;
    }

    /// Waits while the queue is full: the network then ignores what there is no time for.
    async fn order(&self, order: Order) {
        if self.pins.send(order).await.is_err() {
            tracing::error!("the task that keeps bodies is gone");
        }
    }

    async fn judge(&self, message: MessageHandle, verdict: Verdict) {
        let (told, name) = match verdict {
            Verdict::Accept => (meteorite_net::Verdict::Accept, "accept"),
            Verdict::Ignore(_) => (meteorite_net::Verdict::Ignore, "ignore"),
            Verdict::Reject(_) => (meteorite_net::Verdict::Reject, "reject"),
        };
        if let About::Gossip(topic) = self.about {
            let labels = VerdictLabels {
                topic,
                verdict: name,
                reason: verdict.name(),
            };
            self.metrics.verdicts.get_or_create(&labels).inc();
        }
        self.tell_verdict(message, told).await;
    }

    pub(crate) async fn tell_verdict(&self, message: MessageHandle, verdict: meteorite_net::Verdict) {
        if self.net.verdict(MessageRef(message.0), verdict).await.is_err() {
            tracing::debug!("the network ended before a verdict");
        }
    }

    fn call(&mut self, call: CallId, peer: &Peer, protocol: Protocol, bytes: Vec<u8>) {
        let (Some(peer), true) = (peer_id(peer), self.has_room()) else {
            self.pending.push_back(Input::Answered { call, answer: None });
            return;
        };
        let proto = match protocol {
            Protocol::Sync => Proto::Sync,
            Protocol::Body => Proto::Body,
            Protocol::Mail => Proto::Mail,
        };
        let calling = errands::Calling {
            net: self.net.clone(),
            metrics: self.metrics.clone(),
            peer,
        };
        self.errands.spawn(errands::call(calling, call, proto, bytes));
    }

    async fn answer(&self, request: RequestRef, bytes: Vec<u8>) {
        if let About::Request(proto) = self.about {
            self.metrics.request(proto, "answered");
        }
        self.metrics.bytes_out(bytes.len());
        if self.net.answer(request, bytes).await.is_err() {
            tracing::debug!("the network ended before an answer");
        }
    }

    pub(crate) async fn refuse(&self, request: RequestRef, proto: Proto) {
        self.metrics.request(proto, "refused");
        if self.net.refuse(request).await.is_err() {
            tracing::debug!("the network ended before a refusal");
        }
    }

    /// Hands a request to the mailbox, or says "busy" when it has too many.
    pub(crate) async fn queue_mail(&self, order: MailOrder) {
        let request = order.request;
        if self.mail.try_send(order).is_err() {
            self.metrics.request(Proto::Mail, "busy");
            let busy = MailAnswer::Refused(RefuseReason::Busy).encode();
            if self.net.answer(request, busy).await.is_err() {
                tracing::debug!("the network ended before an answer");
            }
        }
    }

    async fn block(&mut self, peer: &Peer, secs: u64) {
        let Some(peer) = peer_id(peer) else { return };
        self.crowd.left(&peer);
        self.metrics.cut_off.inc();
        if self.net.block(peer, secs).await.is_err() {
            tracing::debug!("the network ended before a block");
        }
    }

    /// Calls are bounded by the engine and answers by the network; this is the sum of both.
    fn has_room(&self) -> bool {
        self.errands.len() < ERRANDS_MAX
    }
}

fn peer_id(peer: &Peer) -> Option<PeerId> {
    PeerId::from_bytes(peer.as_bytes()).ok()
}

/// Calls and answers under way; above it calls fail at once, as if nobody had answered.
const ERRANDS_MAX: usize = 1_024;
