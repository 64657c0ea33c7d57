//! How the server is doing, as two questions: does it turn, and can it serve.
//!
//! The event loop beats; whoever finds that it cannot serve says why. Read by the HTTP routes only.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared between the event loop and the HTTP routes.
#[derive(Debug)]
pub(crate) struct Health {
    started: Instant,
    beat_ms: AtomicU64,
    state: Mutex<State>,
}

/// Whether peers can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The start is not finished.
    Starting,
    /// All is well.
    Ready,
    /// The database or the block repository refuses.
    Storage,
    /// The server is ending.
    Draining,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            beat_ms: AtomicU64::new(0),
            state: Mutex::new(State::Starting),
        }
    }

    /// The event loop turned.
    pub(crate) fn beat(&self) {
        self.beat_ms.store(self.millis(), Ordering::Relaxed);
    }

    /// A change of state. Draining is the last one.
    pub(crate) fn set(&self, state: State) {
        let mut held = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if *held != State::Draining {
            *held = state;
        }
    }

    /// Whether the storage works. Changes nothing while the server starts or ends.
    pub(crate) fn storage(&self, works: bool) {
        let mut held = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *held = match *held {
            State::Ready | State::Storage if works => State::Ready,
            State::Ready | State::Storage => State::Storage,
            State::Starting => State::Starting,
            State::Draining => State::Draining,
        };
    }

    /// For how long the event loop has not turned, if that is too long.
    pub(crate) fn stalled(&self) -> Option<Duration> {
        let silence =
            Duration::from_millis(self.millis().saturating_sub(self.beat_ms.load(Ordering::Relaxed)));
        (silence > SILENCE_MAX).then_some(silence)
    }

    /// Why peers cannot be served, in words.
    pub(crate) fn unready(&self) -> Option<&'static str> {
        let state = *self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match state {
            State::Ready if self.stalled().is_some() => Some("the event loop is stuck"),
            State::Ready => None,
            State::Starting => Some("starting"),
            State::Storage => Some("the database or the block store refuses to be written; see the log"),
            State::Draining => Some("ending"),
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// An event loop that has not turned for longer counts as stuck.
const SILENCE_MAX: Duration = Duration::from_secs(15);
