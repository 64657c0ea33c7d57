//! `/meteorite/mail/1`: letters are taken, receipted and given out.
//!
//! What is taken decides `meteorite_protocol::mailbox`; this task looks up the numbers it wants, carries out what it says, and
//! signs receipts. The order is the promise of the server: a letter's row is committed and on the disk first, then its
//! receipt is signed and leaves. Deposits that wait together commit together, so that one wait for the disk serves many.
//!
//! Requests reach it through a bounded queue ([`REQUESTS_MAX`]); when that is full the event loop answers "busy". On
//! shutdown it works off what is queued. It can read no letter.

mod collect;
mod deposit;

use std::collections::BTreeMap;
use std::sync::Arc;

use meteorite_crypto::sign::SigningKey;
use meteorite_net::{Net, PeerId, Proto, RequestRef};
use meteorite_protocol::ids::Peer;
use meteorite_protocol::mailbox::{MailboxPolicy, PeerUse};
use meteorite_protocol::validate::Params;
use meteorite_protocol::wire::{MailAnswer, MailRequest, RefuseReason, Wire as _};
use meteorite_store::MailboxStore;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::health::Health;
use crate::metrics::{Metrics, OutcomeLabels, level};
use crate::rates::Rates;
use collect::Counts;

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct MailOrder {
    /// For the answer.
    pub(crate) request: RequestRef,
    /// Who asks.
    pub(crate) peer: PeerId,
    /// The encoded request.
    pub(crate) bytes: Vec<u8>,
}

/// What the mailbox works with.
pub(crate) struct MailParts {
    pub(crate) store: Arc<dyn MailboxStore>,
    pub(crate) net: Net,
    pub(crate) key: SigningKey,
    pub(crate) me: Peer,
    /// Of this store's cursors, see `meteorite_protocol::mailbox::Cursor`.
    pub(crate) tag: u16,
    pub(crate) policy: MailboxPolicy,
    pub(crate) params: Params,
    pub(crate) metrics: Metrics,
    pub(crate) health: Arc<Health>,
    pub(crate) clock: Clock,
}

/// The task.
pub(crate) struct Mail {
    parts: MailParts,
    /// What each peer left today, at most `PEERS_COUNTED_MAX`.
    used: BTreeMap<PeerId, PeerUse>,
    collects: Rates,
    counts: Counts,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("peers", &self.used.len())
            .finish_non_exhaustive()
    }
}

/// How a request ended, for the metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// Answer with this.
    Answer(MailAnswer),
    /// No honest program sends that: close the stream.
    Malformed,
}

impl Mail {
    pub(crate) fn new(parts: MailParts, collects_per_peer_hour: u32) -> Self {
        Self {
            parts,
            used: BTreeMap::new(),
            collects: Rates::new(collects_per_peer_hour),
            counts: Counts::default(),
        }
    }

    /// Works until the queue is closed and empty.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<MailOrder>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        self.measure().await;
        while orders.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.serve(std::mem::take(&mut batch)).await;
            self.measure().await;
        }
    }

    async fn serve(&mut self, orders: Vec<MailOrder>) {
        let mut deposits = Vec::new();
        for order in orders {
            self.parts.metrics.bytes_in(order.bytes.len());
            match MailRequest::decode(&order.bytes) {
                Ok(MailRequest::Deposit(bytes)) => deposits.push((order.request, order.peer, bytes)),
                Ok(MailRequest::Collect { prefix, cursor }) => {
                    let outcome = self.collect(order.peer, prefix, cursor).await;
                    self.reply(order.request, outcome).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "malformed mail request");
                    self.reply(order.request, Outcome::Malformed).await;
                }
            }
        }
        for (request, answer) in self.deposits(deposits).await {
            let name = answer_name(&answer);
            self.parts
                .metrics
                .deposits
                .get_or_create(&OutcomeLabels { outcome: name })
                .inc();
            self.reply(request, Outcome::Answer(answer)).await;
        }
    }

    async fn reply(&self, request: RequestRef, outcome: Outcome) {
        let sent = match outcome {
            Outcome::Answer(answer) => {
                self.parts.metrics.request(Proto::Mail, answer_name(&answer));
                let bytes = answer.encode();
                self.parts.metrics.bytes_out(bytes.len());
                self.parts.net.answer(request, bytes).await
            }
            Outcome::Malformed => {
                self.parts.metrics.request(Proto::Mail, "malformed");
                self.parts.net.refuse(request).await
            }
        };
        if sent.is_err() {
            tracing::debug!("the network ended before an answer left");
        }
    }

    /// The store failed: nothing was kept, so nothing is promised.
    fn failed(&self, error: &dyn std::fmt::Display) -> MailAnswer {
        self.parts.metrics.storage_failures.inc();
        self.parts.health.storage(false);
        tracing::error!(%error, "the mailbox cannot be read or written");
        MailAnswer::Refused(RefuseReason::Busy)
    }

    async fn measure(&self) {
        match self.parts.store.mailbox_totals().await {
            Ok(totals) => {
                self.parts.metrics.letters.set(level(totals.letters));
                self.parts.metrics.letter_bytes.set(level(totals.bytes));
            }
            Err(error) => drop(self.failed(&error)),
        }
    }
}

const fn answer_name(answer: &MailAnswer) -> &'static str {
    match answer {
        MailAnswer::Receipt(_) => "receipt",
        MailAnswer::Letters { .. } => "letters",
        MailAnswer::Refused(RefuseReason::Busy) => "busy",
        MailAnswer::Refused(RefuseReason::Full) => "full",
        MailAnswer::Refused(RefuseReason::Invalid) => "invalid",
        MailAnswer::Refused(RefuseReason::Expired) => "expired",
        MailAnswer::Refused(RefuseReason::Taken) => "taken",
        MailAnswer::Refused(RefuseReason::Denied) => "denied",
        MailAnswer::Refused(RefuseReason::Other(_)) => "other",
    }
}

/// Requests that may wait, at most 8 KiB each; further ones are answered with "busy".
pub(crate) const REQUESTS_MAX: usize = 1_024;
/// Requests that are worked off together.
const BATCH_MAX: usize = 64;
