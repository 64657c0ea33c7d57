//! The fingerprint of a run: BLAKE3 over when which node was given what and what it did.
//!
//! Two runs of a seed must have the same. With `--log` every step is printed as well.

use std::fmt::{self, Write as _};

use meteorite_protocol::engine::{Effect, Input, Row};

use super::Options;
use super::queue::Ix;

/// Hashes all steps.
#[derive(Debug)]
pub(super) struct Trace {
    hasher: blake3::Hasher,
    steps: u64,
    log: bool,
}

impl Trace {
    pub(super) fn new(options: Options) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            steps: 0,
            log: options.log,
        }
    }

    /// How many steps engines made.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// The fingerprint so far.
    pub(super) fn hash(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    /// One step of an engine.
    pub(super) fn step(&mut self, at_ms: u64, node: Ix, input: &'static str, effects: &[Effect]) {
        self.steps += 1;
        self.hasher.update(&at_ms.to_be_bytes());
        self.hasher.update(&node.to_be_bytes());
        self.hasher.update(input.as_bytes());
        for effect in effects {
            self.effect(effect);
        }
        if self.log && (input != "tick" || !effects.is_empty()) {
            let names: Vec<String> = effects.iter().map(short).collect();
            self.note(at_ms, &format!("node {node}: {input} -> {}", names.join(", ")));
        }
    }

    /// Something that happened in the world.
    pub(super) fn world(&mut self, at_ms: u64, what: &str) {
        self.hasher.update(&at_ms.to_be_bytes());
        self.hasher.update(what.as_bytes());
        self.note(at_ms, what);
    }

    #[expect(clippy::print_stdout, reason = "this is what --log asks for")]
    fn note(&self, at_ms: u64, what: &str) {
        if self.log {
            println!("{:>8}.{:03} {what}", at_ms / 1_000, at_ms % 1_000);
        }
    }

    /// Long bytes are hashed as they are; everything else by its `Debug` form, which is exact within one build.
    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Publish {
                publication,
                topic,
                bytes,
            } => {
                self.text(format_args!("publish {publication:?} {topic}"));
                self.hasher.update(bytes);
            }
            Effect::Call {
                call,
                peer,
                protocol,
                bytes,
            } => {
                self.text(format_args!("call {call:?} {peer:?} {protocol:?}"));
                self.hasher.update(bytes);
            }
            Effect::Answer { request, bytes } => {
                self.text(format_args!("answer {request:?}"));
                self.hasher.update(bytes);
            }
            Effect::AnswerEntries { request, entries } => {
                self.text(format_args!("entries {request:?}"));
                for entry in entries {
                    self.hasher.update(entry.bottle.as_bytes());
                    for message in &entry.catch {
                        self.hasher.update(message);
                    }
                }
            }
            Effect::Durable(row) => {
                self.hasher.update(b"durable");
                self.row(row);
            }
            Effect::Cache(row) => {
                self.hasher.update(b"cache");
                self.row(row);
            }
            Effect::Verdict { .. }
            | Effect::AnswerBodies { .. }
            | Effect::Refuse { .. }
            | Effect::FetchBodies { .. }
            | Effect::DropBottles { .. }
            | Effect::DropBodies { .. }
            | Effect::Block { .. }
            | Effect::Notify(_) => self.text(format_args!("{effect:?}")),
        }
    }

    fn row(&mut self, row: &Row) {
        match row {
            Row::Bottle(row) => {
                self.hasher.update(row.bottle.as_bytes());
                self.hasher.update(&[u8::from(row.has_body)]);
            }
            Row::Claims(row) => {
                self.hasher.update(row.bottle.as_bytes());
                for message in &row.messages {
                    self.hasher.update(message);
                }
            }
            Row::Equivocation(_) | Row::Mine(_) | Row::Hold(_) | Row::HoldGone(_) | Row::Economy(_) => {
                self.text(format_args!("{row:?}"));
            }
        }
    }

    fn text(&mut self, text: fmt::Arguments<'_>) {
        let written = Sink(&mut self.hasher).write_fmt(text);
        debug_assert!(written.is_ok(), "a hasher takes everything");
    }
}

/// The name of an input.
pub(super) const fn kind(input: &Input) -> &'static str {
    match input {
        Input::Start => "start",
        Input::PeerUp { .. } => "peer up",
        Input::PeerDown { .. } => "peer down",
        Input::Gossip { .. } => "gossip",
        Input::Asked { .. } => "asked",
        Input::Answered { .. } => "answered",
        Input::Published { .. } => "published",
        Input::BodiesFetched { .. } => "bodies",
        Input::Command { .. } => "command",
        Input::Tick => "tick",
    }
}

struct Sink<'a>(&'a mut blake3::Hasher);

impl fmt::Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::Durable(row) => format!("durable {}", row_name(row)),
        Effect::Cache(row) => format!("cache {}", row_name(row)),
        Effect::Publish { topic, bytes, .. } => format!("publish {topic} ({} B)", bytes.len()),
        Effect::Call {
            call,
            peer,
            protocol,
            bytes,
        } => {
            format!("call {call:?} {protocol:?} {peer:?} ({} B)", bytes.len())
        }
        Effect::Answer { bytes, .. } => format!("answer ({} B)", bytes.len()),
        Effect::AnswerEntries { entries, .. } => format!("answer {} entries", entries.len()),
        Effect::Verdict { verdict, .. } => format!("{verdict:?}"),
        Effect::AnswerBodies { .. }
        | Effect::Refuse { .. }
        | Effect::FetchBodies { .. }
        | Effect::DropBottles { .. }
        | Effect::DropBodies { .. }
        | Effect::Block { .. }
        | Effect::Notify(_) => format!("{effect:?}"),
    }
}

fn row_name(row: &Row) -> String {
    match row {
        Row::Bottle(row) => format!("{:?}", row.bottle),
        Row::Claims(row) => format!("claims of {:?} ({})", row.bottle, row.messages.len()),
        Row::Mine(row) => format!("mine {:?}", row.bottle.id),
        Row::Hold(row) => format!("hold {:?} {:?}", row.bottle, row.outcome),
        Row::Equivocation(_) | Row::HoldGone(_) | Row::Economy(_) => format!("{row:?}"),
    }
}
