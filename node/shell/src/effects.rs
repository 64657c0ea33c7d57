//! What is done after a step was stored: gossip, verdicts, calls, answers, deletions.
//!
//! Nothing here waits for a peer: whatever takes time is a job whose result comes back as an [`Input`].

use meteorite_net::{self as net, MessageRef, Net, NetEvent, Proto, PublishError, RequestRef};
use meteorite_protocol::engine::{self, Effect, EntryPlan, Event, Input, MessageHandle, Protocol, Row};
use meteorite_protocol::ids::{BodyId, BottleId};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::verdict::Verdict;
use meteorite_store::{SkyStore, SkyWrite, Unit, Write};

use crate::peer::{peer_id, peer_of};
use crate::rows::Whose;
use crate::shell::{Shell, StepError};
use crate::{bodies, rows};

impl Shell {
    /// Puts a durable row into the unit. A body goes to the disk first: a row never names a body that a crash could lose.
    pub(crate) async fn store_durable(&mut self, row: Row, unit: &mut Unit) -> Result<(), StepError> {
        let (writes, body) = rows::writes_of(row, Whose::Ours, self.clock.now().wall);
        if let Some((id, block)) = body
            && let Err(error) = self.content.put_now(id, block).await
        {
            return Err(StepError::Content(error));
        }
        unit.extend(writes);
        Ok(())
    }

    /// Carries out one effect that is not durable.
    pub(crate) async fn perform(&mut self, effect: Effect, events: &mut Vec<Event>) {
        match effect {
            Effect::Durable(_) => {}
            Effect::Cache(row) => self.store_cache(row),
            Effect::Publish {
                publication,
                topic,
                bytes,
            } => {
                let net = self.net.clone();
                self.jobs.spawn(async move {
                    Some(Input::Published {
                        publication,
                        neighbours: publish(&net, &topic, bytes).await,
                    })
                });
            }
            Effect::Verdict { message, verdict } => {
                sent(
                    self.net
                        .verdict(MessageRef(message.0), verdict_for(verdict))
                        .await,
                );
            }
            Effect::Call {
                call,
                peer,
                protocol,
                bytes,
            } => {
                let net = self.net.clone();
                self.jobs.spawn(async move {
                    let answer = match peer_id(&peer) {
                        Some(peer) => net.call(peer, proto_of(protocol), bytes).await.ok(),
                        None => None,
                    };
                    Some(Input::Answered { call, answer })
                });
            }
            Effect::Answer { request, bytes } => sent(self.net.answer(RequestRef(request.0), bytes).await),
            Effect::AnswerEntries { request, entries } => self.answer_entries(RequestRef(request.0), entries),
            Effect::AnswerBodies { request, bodies } => {
                let net = self.net.clone();
                self.jobs.spawn(async move {
                    sent(
                        net.answer(RequestRef(request.0), bodies::answer(&net, bodies).await)
                            .await,
                    );
                    None
                });
            }
            Effect::Refuse { request } => sent(self.net.refuse(RequestRef(request.0)).await),
            Effect::FetchBodies { call, peer, bodies } => self.fetch_bodies(call, &peer, bodies),
            Effect::DropBottles { bottles } => self.drop_bottles(bottles, Keep::Nothing),
            Effect::DropBodies { bottles } => self.drop_bottles(bottles, Keep::Headers),
            Effect::Block { peer, secs } => {
                if let Some(peer) = peer_id(&peer) {
                    sent(self.net.block(peer, secs).await);
                }
            }
            Effect::Notify(event) => events.push(event),
        }
    }

    fn store_cache(&mut self, row: Row) {
        let (writes, body) = rows::writes_of(row, Whose::Others, self.clock.now().wall);
        for write in writes {
            if let Write::Sky(SkyWrite::PutHeader(header)) = &write {
                self.fresh.push((**header).clone());
            }
            if self.cache.push(write).is_err() {
                tracing::debug!("a row was not written behind; sync brings it back");
            }
        }
        if let Some((id, block)) = body {
            self.content.put(id, block);
        }
    }

    /// Headers lie in the store; those still on their way there are waited for.
    fn answer_entries(&mut self, request: RequestRef, entries: Vec<EntryPlan>) {
        let (net, db, cache) = (self.net.clone(), self.db.clone(), self.cache.clone());
        self.jobs.spawn(async move {
            if let Err(error) = cache.flush().await {
                tracing::debug!(%error, "a sync answer goes out without the newest rows");
            }
            let wanted: Vec<BottleId> = entries.iter().map(|entry| entry.bottle).collect();
            match db.headers(&wanted).await {
                Ok(headers) => {
                    sent(
                        net.answer(request, engine::encode_entries(rows::loaded(entries, headers)))
                            .await,
                    );
                }
                Err(error) => {
                    tracing::warn!(%error, "headers for a sync answer cannot be read");
                    sent(net.refuse(request).await);
                }
            }
            None
        });
    }

    fn fetch_bodies(
        &mut self,
        call: engine::CallId,
        peer: &meteorite_protocol::ids::Peer,
        wanted: Vec<BodyId>,
    ) {
        let (net, content) = (self.net.clone(), self.content.clone());
        let peer = peer_id(peer);
        self.jobs.spawn(async move {
            let fetched = match peer {
                Some(peer) => bodies::fetch(&net, peer, wanted).await,
                None => bodies::Fetched::default(),
            };
            let mut bodies = Vec::with_capacity(fetched.blocks.len());
            for block in fetched.blocks {
                let id = block.id();
                if content.put_now(id, block.into_vec()).await.is_ok() {
                    bodies.push(id);
                }
            }
            Some(Input::BodiesFetched {
                call,
                bodies,
                broken: fetched.broken,
            })
        });
    }

    /// Rows first, then bodies: a body without a row is a stray that the next start sweeps.
    fn drop_bottles(&mut self, bottles: Vec<BottleId>, keep: Keep) {
        let (db, cache, content) = (self.db.clone(), self.cache.clone(), self.content.clone());
        self.jobs.spawn(async move {
            if let Err(error) = cache.flush().await {
                tracing::debug!(%error, "bottles are deleted although some rows were not stored");
            }
            let bodies: Vec<BodyId> = match db.headers(&bottles).await {
                Ok(headers) => headers.into_iter().map(|header| header.index.body).collect(),
                Err(error) => {
                    tracing::warn!(%error, "bottles are not deleted now; the next start sweeps them");
                    return None;
                }
            };
            for bottle in bottles {
                let write = match keep {
                    Keep::Nothing => SkyWrite::DeleteBottle(bottle),
                    Keep::Headers => rows::sunk(bottle),
                };
                if cache.push(write).is_err() {
                    tracing::debug!("a deletion was not written behind; the next start sweeps it");
                }
            }
            content.remove(bodies).await;
            None
        });
    }
}

/// What stays of a dropped bottle.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Nothing,
    Headers,
}

/// What the engine hears of an event of the swarm; `None` for what it does not care about.
pub(crate) fn input_of(event: &NetEvent) -> Option<Input> {
    match event {
        NetEvent::PeerUp { peer, .. } => Some(Input::PeerUp { peer: peer_of(peer)? }),
        NetEvent::PeerDown { peer } => Some(Input::PeerDown { peer: peer_of(peer)? }),
        NetEvent::Gossip {
            message,
            peer,
            topic,
            bytes,
        } => Some(Input::Gossip {
            peer: peer_of(peer)?,
            topic: topic.parse::<Topic>().ok()?,
            message: MessageHandle(message.0),
            bytes: bytes.clone(),
        }),
        NetEvent::Asked {
            request,
            peer,
            proto: Proto::Sync,
            bytes,
        } => Some(asked(request, peer_of(peer)?, Protocol::Sync, bytes)),
        NetEvent::Asked {
            request,
            peer,
            proto: Proto::Body,
            bytes,
        } => Some(asked(request, peer_of(peer)?, Protocol::Body, bytes)),
        _ => None,
    }
}

/// Gossips; returns how many neighbours took it.
async fn publish(net: &Net, topic: &Topic, bytes: Vec<u8>) -> u16 {
    match net.publish(&topic.to_string(), bytes).await {
        Ok(count) => u16::try_from(count).unwrap_or(u16::MAX),
        // A neighbour sent it back to us, or gossip has it from a try that ended badly and announces it; it is taken no second time.
        // Waiting for a better answer would be waiting for the end of gossip's memory; sync does the rest.
        Err(PublishError::Duplicate) => 1,
        Err(error) => {
            tracing::debug!(%error, "not published");
            0
        }
    }
}

fn asked(
    request: &RequestRef,
    peer: meteorite_protocol::ids::Peer,
    protocol: Protocol,
    bytes: &[u8],
) -> Input {
    Input::Asked {
        peer,
        request: engine::RequestHandle(request.0),
        protocol,
        bytes: bytes.to_vec(),
    }
}

fn verdict_for(verdict: Verdict) -> net::Verdict {
    match verdict {
        Verdict::Accept => net::Verdict::Accept,
        Verdict::Ignore(_) => net::Verdict::Ignore,
        Verdict::Reject(_) => net::Verdict::Reject,
    }
}

fn proto_of(protocol: Protocol) -> Proto {
    match protocol {
        Protocol::Sync => Proto::Sync,
        Protocol::Body => Proto::Body,
        Protocol::Mail => Proto::Mail,
    }
}

/// A swarm that has ended takes nothing more; the owner learns of it from its next event.
fn sent(outcome: Result<(), net::Closed>) {
    if outcome.is_err() {
        tracing::trace!("the swarm has ended");
    }
}
