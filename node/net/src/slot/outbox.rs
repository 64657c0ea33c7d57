//! Events on their way to the node: a bounded channel, a bounded backlog behind it, and counters for what neither could take.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use crate::event::{Lost, NetEvent};
use crate::limits;

/// The way out of the slot.
#[derive(Debug)]
pub(crate) struct Outbox {
    channel: PollSender<NetEvent>,
    backlog: VecDeque<NetEvent>,
    lost: BTreeMap<Lost, u64>,
}

impl Outbox {
    pub(crate) fn new(channel: mpsc::Sender<NetEvent>) -> Self {
        Self {
            channel: PollSender::new(channel),
            backlog: VecDeque::new(),
            lost: BTreeMap::new(),
        }
    }

    /// Whether the node is behind, so that gossip and requests have to be refused.
    pub(crate) fn is_pressed(&self) -> bool {
        self.backlog.len() >= limits::BACKLOG_PRESSED
    }

    /// Queues an event; only when even the backlog is full is it dropped, and counted.
    pub(crate) fn push(&mut self, event: NetEvent) {
        if self.backlog.len() >= limits::BACKLOG_MAX {
            self.count(Lost::Events, 1);
        } else {
            self.backlog.push_back(event);
        }
    }

    /// Counts something that was dropped.
    pub(crate) fn count(&mut self, what: Lost, n: usize) {
        if n > 0 {
            let counter = self.lost.entry(what).or_default();
            *counter = counter.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        }
    }

    /// Turns the counters into events, while the node keeps up.
    pub(crate) fn report(&mut self) {
        if !self.is_pressed() {
            self.backlog.extend(
                std::mem::take(&mut self.lost)
                    .into_iter()
                    .map(|(what, n)| NetEvent::Dropped { what, n }),
            );
        }
    }

    /// Moves events into the channel as far as it has room; wakes the task when it has again. A closed channel drops everything.
    pub(crate) fn poll_drain(&mut self, context: &mut Context<'_>) {
        while !self.backlog.is_empty() {
            match self.channel.poll_reserve(context) {
                Poll::Ready(Ok(())) => {
                    if let Some(event) = self.backlog.pop_front()
                        && self.channel.send_item(event).is_err()
                    {
                        self.backlog.clear();
                    }
                }
                Poll::Ready(Err(_)) => self.backlog.clear(),
                Poll::Pending => return,
            }
        }
    }
}
