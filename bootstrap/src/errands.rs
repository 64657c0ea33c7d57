//! What runs beside the event loop and ends soon: calls to peers, answers that need the disk. Each gives back at most one input.

use std::collections::BTreeSet;

use meteorite_net::{Net, PeerId, Proto, RequestRef};
use meteorite_protocol::engine::{CallId, EntryPlan, Input, LoadedEntry, PublicationId, encode_entries};
use meteorite_protocol::ids::{BodyId, BottleId};
use meteorite_protocol::limits::{BODY_ANSWER_BYTES_MAX, BODY_FETCH_MAX};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::wire::{BodyAnswer, BodyBlock, BodyRequest, Bytes, Wire as _};
use meteorite_store::{HeaderRow, SkyStore as _, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::backends::Backends;
use crate::metrics::Metrics;
use crate::pins::Order;
use crate::shell::Shell;

/// A request of a peer that is being answered.
#[derive(Debug)]
pub(crate) struct Answering {
    net: Net,
    metrics: Metrics,
    request: RequestRef,
    proto: Proto,
}

/// A request to a peer.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) net: Net,
    pub(crate) metrics: Metrics,
    pub(crate) peer: PeerId,
}

impl Answering {
    pub(crate) fn new(shell: &Shell, request: RequestRef, proto: Proto) -> Self {
        Self {
            net: shell.net.clone(),
            metrics: shell.metrics.clone(),
            request,
            proto,
        }
    }

    async fn answer(self, bytes: Vec<u8>) {
        self.metrics.request(self.proto, "answered");
        self.metrics.bytes_out(bytes.len());
        if self.net.answer(self.request, bytes).await.is_err() {
            tracing::debug!("the network ended before an answer");
        }
    }

    async fn fail(self, error: &(dyn std::fmt::Display + Sync)) {
        tracing::warn!(%error, "a request could not be answered from the disk");
        self.metrics.storage_failures.inc();
        self.metrics.request(self.proto, "failed");
        if self.net.refuse(self.request).await.is_err() {
            tracing::debug!("the network ended before a refusal");
        }
    }
}

impl Calling {
    async fn ask(&self, proto: Proto, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.metrics.bytes_out(bytes.len());
        match self.net.call(self.peer, proto, bytes).await {
            Ok(answer) => {
                self.metrics.call(proto, "answered");
                self.metrics.bytes_in(answer.len());
                Some(answer)
            }
            Err(error) => {
                tracing::debug!(%error, peer = %self.peer, proto = proto.name(), "no answer");
                self.metrics.call(proto, "failed");
                None
            }
        }
    }
}

/// Gossips.
pub(crate) async fn publish(
    net: Net,
    publication: PublicationId,
    topic: Topic,
    bytes: Vec<u8>,
) -> Option<Input> {
    let neighbours = match net.publish(&topic.to_string(), bytes).await {
        Ok(neighbours) => u16::try_from(neighbours).unwrap_or(u16::MAX),
        Err(error) => {
            tracing::debug!(%error, "not published");
            0
        }
    };
    Some(Input::Published {
        publication,
        neighbours,
    })
}

/// Asks a peer.
pub(crate) async fn call(calling: Calling, call: CallId, proto: Proto, bytes: Vec<u8>) -> Option<Input> {
    let answer = calling.ask(proto, bytes).await;
    Some(Input::Answered { call, answer })
}

/// Fetches bodies from a peer and gives them to the keeper.
pub(crate) async fn fetch_bodies(
    calling: Calling,
    call: CallId,
    bodies: Vec<BodyId>,
    pins: mpsc::Sender<Order>,
) -> Option<Input> {
    let mut wanted: BTreeSet<BodyId> = bodies.into_iter().collect();
    let request = BodyRequest {
        ids: wanted.iter().copied().collect(),
    };
    let Some(answer) = calling.ask(Proto::Body, request.encode()).await else {
        return Some(Input::BodiesFetched {
            call,
            bodies: Vec::new(),
            broken: false,
        });
    };
    let (blocks, broken) = match BodyAnswer::decode(&answer) {
        Ok(answer) => checked(answer, &mut wanted),
        Err(_malformed) => (Vec::new(), true),
    };
    let mut came = Vec::with_capacity(blocks.len());
    for (body, block) in blocks {
        let (stored, wait) = oneshot::channel();
        if pins
            .send(Order::Keep {
                body,
                block,
                stored: Some(stored),
            })
            .await
            .is_ok()
        {
            // Dropped when the quota has no room for it: then it came all the same and is not asked for again.
            wait.await.unwrap_or_default();
            came.push(body);
        }
    }
    Some(Input::BodiesFetched {
        call,
        bodies: came,
        broken,
    })
}

/// The blocks that were asked for, and whether there was anything else.
fn checked(answer: BodyAnswer, wanted: &mut BTreeSet<BodyId>) -> (Vec<(BodyId, Vec<u8>)>, bool) {
    let mut blocks = Vec::new();
    for Bytes(block) in answer.blocks.into_iter().take(BODY_FETCH_MAX) {
        let Ok(block) = BodyBlock::new(block) else {
            return (blocks, true);
        };
        let id = block.id();
        if !wanted.remove(&id) {
            return (blocks, true);
        }
        blocks.push((id, block.into_vec()));
    }
    (blocks, false)
}

/// Answers a body request with what is here and fits.
pub(crate) async fn answer_bodies(work: Answering, bodies: Vec<BodyId>) -> Option<Input> {
    let mut blocks = Vec::new();
    let mut room = BODY_ANSWER_BYTES_MAX - ANSWER_FRAME_BYTES;
    for body in bodies.into_iter().take(BODY_FETCH_MAX) {
        match work.net.content().get_local(&body.cid()).await {
            Ok(Some(block)) if block.len() + BLOCK_FRAME_BYTES <= room => {
                room -= block.len() + BLOCK_FRAME_BYTES;
                blocks.push(Bytes(block));
            }
            Ok(Some(_)) => break,
            Ok(None) => {}
            Err(error) => {
                work.fail(&error).await;
                return None;
            }
        }
    }
    work.answer(BodyAnswer { blocks }.encode()).await;
    None
}

/// Answers a sync request with headers from the local file.
pub(crate) async fn answer_entries(
    work: Answering,
    backends: Backends,
    entries: Vec<EntryPlan>,
) -> Option<Input> {
    let bottles: Vec<BottleId> = entries.iter().map(|entry| entry.bottle).collect();
    let rows = match headers(&backends, &bottles).await {
        Ok(rows) => rows,
        Err(error) => {
            work.fail(&error).await;
            return None;
        }
    };
    let loaded = entries.into_iter().filter_map(|entry| {
        let row = rows.iter().find(|row| row.index.bottle == entry.bottle)?;
        let signature = row.signature.as_slice().try_into().ok()?;
        Some(LoadedEntry {
            header: row.payload.clone(),
            signature,
            catch: entry.catch,
        })
    });
    let bytes = encode_entries(loaded);
    work.answer(bytes).await;
    None
}

/// Headers from the local file; if some are missing, they may be on their way into it.
async fn headers(backends: &Backends, bottles: &[BottleId]) -> Result<Vec<HeaderRow>, StoreError> {
    let rows = backends.db.headers(bottles).await?;
    if rows.len() == bottles.len() {
        return Ok(rows);
    }
    backends.cache.flush().await?;
    backends.db.headers(bottles).await
}

/// The map, its key and the list head.
const ANSWER_FRAME_BYTES: usize = 32;
/// The head of a byte string.
const BLOCK_FRAME_BYTES: usize = 5;
