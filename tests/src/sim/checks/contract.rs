//! The contract between engine and shell, as far as one call shows it.

use meteorite_protocol::engine::{Effect, Input, MessageHandle, RequestHandle};
use meteorite_protocol::limits::{SYNC_ANSWER_BYTES_MAX, SYNC_ENTRIES_MAX, SYNC_REQUEST_BYTES_MAX};

/// What an input must be answered with.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Expected {
    verdict_for: Option<MessageHandle>,
    answer_to: Option<RequestHandle>,
}

impl Expected {
    /// What this input must be answered with.
    pub(in super::super) const fn of(input: &Input) -> Self {
        let verdict_for = if let Input::Gossip { message, .. } = input {
            Some(*message)
        } else {
            None
        };
        let answer_to = if let Input::Asked { request, .. } = input {
            Some(*request)
        } else {
            None
        };
        Self {
            verdict_for,
            answer_to,
        }
    }

    /// Exactly one verdict for a message, exactly one answer to a request, none for anything else, and nothing too long.
    pub(in super::super) fn check(&self, effects: &[Effect]) -> Result<(), String> {
        let verdicts: Vec<MessageHandle> = effects.iter().filter_map(verdict_in).collect();
        if verdicts != Vec::from_iter(self.verdict_for) {
            return Err(format!(
                "verdicts for {verdicts:?} instead of {:?}",
                self.verdict_for
            ));
        }
        let answers: Vec<RequestHandle> = effects.iter().filter_map(answer_in).collect();
        if answers != Vec::from_iter(self.answer_to) {
            return Err(format!("answers to {answers:?} instead of {:?}", self.answer_to));
        }
        if effects.len() > EFFECTS_MAX {
            return Err(format!("{} effects in one call", effects.len()));
        }
        effects.iter().try_for_each(fits)
    }
}

const fn verdict_in(effect: &Effect) -> Option<MessageHandle> {
    if let Effect::Verdict { message, .. } = effect {
        Some(*message)
    } else {
        None
    }
}

const fn answer_in(effect: &Effect) -> Option<RequestHandle> {
    match effect {
        Effect::Answer { request, .. }
        | Effect::AnswerEntries { request, .. }
        | Effect::AnswerBodies { request, .. }
        | Effect::Refuse { request } => Some(*request),
        Effect::Durable(_)
        | Effect::Cache(_)
        | Effect::Publish { .. }
        | Effect::Verdict { .. }
        | Effect::Call { .. }
        | Effect::FetchBodies { .. }
        | Effect::DropBottles { .. }
        | Effect::DropBodies { .. }
        | Effect::Block { .. }
        | Effect::Notify(_) => None,
    }
}

fn fits(effect: &Effect) -> Result<(), String> {
    let (what, len, max) = match effect {
        Effect::Publish { topic, bytes, .. } => ("a publication", bytes.len(), topic.bytes_max()),
        Effect::Call { bytes, .. } => ("a request", bytes.len(), SYNC_REQUEST_BYTES_MAX),
        Effect::Answer { bytes, .. } => ("an answer", bytes.len(), SYNC_ANSWER_BYTES_MAX),
        Effect::AnswerEntries { entries, .. } => ("an answer, in entries,", entries.len(), SYNC_ENTRIES_MAX),
        Effect::Durable(_)
        | Effect::Cache(_)
        | Effect::Verdict { .. }
        | Effect::AnswerBodies { .. }
        | Effect::Refuse { .. }
        | Effect::FetchBodies { .. }
        | Effect::DropBottles { .. }
        | Effect::DropBodies { .. }
        | Effect::Block { .. }
        | Effect::Notify(_) => return Ok(()),
    };
    if len > max {
        Err(format!("{what} is {len} long, {max} are allowed"))
    } else {
        Ok(())
    }
}

/// A fetch of 128 bottles with some claims each is the largest step there is; a start adds a few for each own bottle.
const EFFECTS_MAX: usize = 20_000;
