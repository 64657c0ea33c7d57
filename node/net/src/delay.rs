//! A first-in first-out line that holds items back for a fixed time, for benches (see [`crate::LinkDelay`]).

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::limits;

/// The line.
#[derive(Debug)]
pub(crate) struct DelayLine<T> {
    time: Duration,
    waiting: VecDeque<(Instant, T)>,
    timer: Pin<Box<Sleep>>,
}

impl<T> DelayLine<T> {
    pub(crate) fn new(time: Duration) -> Self {
        Self {
            time,
            waiting: VecDeque::new(),
            timer: Box::pin(tokio::time::sleep(time)),
        }
    }

    /// Puts an item in; hands it back when the line is full, so that the caller delivers it at once.
    pub(crate) fn push(&mut self, item: T) -> Option<T> {
        if self.waiting.len() >= limits::DELAYED_MAX {
            return Some(item);
        }
        self.waiting.push_back((Instant::now() + self.time, item));
        None
    }

    /// Takes out the first item that is due, or wakes the task when it will be.
    pub(crate) fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let Some((due, _)) = self.waiting.front() else {
            return Poll::Pending;
        };
        let due = *due;
        if due > Instant::now() {
            self.timer.as_mut().reset(due);
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        match self.waiting.pop_front() {
            Some((_, item)) => Poll::Ready(item),
            None => Poll::Pending,
        }
    }

    /// Takes out everything that fits, in order, due or not (its connection is about to close).
    pub(crate) fn take_matching(&mut self, fits: impl Fn(&T) -> bool) -> Vec<T> {
        let (taken, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(_, item)| fits(item));
        self.waiting = kept;
        taken.into_iter().map(|(_, item)| item).collect()
    }
}
