//! Where results, notes and problems go, in text or in JSON.
//!
//! Standard output carries results and nothing else; everything said on the way goes to standard error and is left out with
//! `--quiet` and `--json`. Colours and progress bars appear only on a terminal and never with `NO_COLOR`.

pub(crate) mod notices;
pub(crate) mod picture;
pub(crate) mod show;
pub(crate) mod table;
pub(crate) mod veils;
pub(crate) mod words;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use console::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use meteorite_protocol::control::{Notice, Problem, Reply};
use serde::Serialize;

use crate::args::Globals;
use crate::failure::Failure;

use picture::Pictures;

/// How this run speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// As the global options say.
    pub(crate) const fn new(globals: &Globals) -> Self {
        Self {
            json: globals.json,
            quiet: globals.quiet,
        }
    }

    /// For a command line that could not be read but asked for JSON.
    pub(crate) const fn json_only() -> Self {
        Self {
            json: true,
            quiet: false,
        }
    }

    /// Is every result one JSON value?
    pub(crate) const fn json(self) -> bool {
        self.json
    }

    /// A result in text, with its newline added.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        written.map_err(|error| Failure::from_output(&error))
    }

    /// A result as one line of JSON.
    pub(crate) fn value(self, value: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(|error| Failure::from_output(&error.into()))?;
        self.text(&line)
    }

    /// A result that has both forms.
    pub(crate) fn either(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            self.value(value)
        } else {
            self.text(&text())
        }
    }

    /// A node's answer.
    pub(crate) fn reply(self, reply: &Reply) -> Result<(), Failure> {
        self.either(reply, || {
            show::reply(reply, words::now_ms(), &mut Pictures::for_standard_output())
        })
    }

    /// Something that happened, on its own line; nothing for a notice that has no words.
    pub(crate) fn notice(self, notice: &Notice) -> Result<(), Failure> {
        if self.json {
            return self.value(notice);
        }
        notices::line(notice, words::now_ms()).map_or(Ok(()), |line| self.text(&line))
    }

    /// A remark on the way: standard error, and only for people.
    pub(crate) fn note(self, text: &str) -> Result<(), Failure> {
        if self.json || self.quiet {
            return Ok(());
        }
        writeln!(io::stderr().lock(), "{}", dim().apply_to(text))
            .map_err(|error| Failure::from_output(&error))
    }

    /// The last word of a command that did not end well. Nothing is left to do when even this cannot be written.
    pub(crate) fn problem(self, problem: &Problem) {
        let text = if self.json {
            serde_json::to_string(&Reply::Problem(problem.clone())).unwrap_or_default()
        } else {
            problem_text(problem)
        };
        drop(writeln!(io::stderr().lock(), "{text}"));
    }

    /// A spinner that says what is waited for; invisible where nobody would see it.
    pub(crate) fn spinner(self, text: &str) -> ProgressBar {
        let spinner = ProgressBar::with_draw_target(None, self.progress_target());
        spinner.set_style(style("{spinner} {msg}"));
        spinner.set_message(text.to_owned());
        spinner.enable_steady_tick(SPINNER_STEP);
        spinner
    }

    /// A bar for work of about `expected` steps.
    pub(crate) fn bar(self, text: &str, expected: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(expected), self.progress_target());
        bar.set_style(style("{msg} [{bar:30}] {elapsed}"));
        bar.set_message(text.to_owned());
        bar
    }

    fn progress_target(self) -> ProgressDrawTarget {
        if self.json || self.quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        }
    }
}

/// A problem as people read it: what happened, then what is safe, then what to do.
fn problem_text(problem: &Problem) -> String {
    let head = Style::new().for_stderr().red().bold().apply_to("error:");
    let rest = [&problem.safe, &problem.next];
    let rest = rest.into_iter().filter(|sentence| !sentence.is_empty());
    let lines = rest.map(|sentence| format!("\n  {}", words::clean(sentence)));
    format!(
        "{head} {}{}",
        words::clean(&problem.what),
        lines.collect::<String>()
    )
}

/// For remarks on standard error.
fn dim() -> Style {
    Style::new().for_stderr().dim()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Often enough to look alive, rarely enough to cost nothing.
const SPINNER_STEP: Duration = Duration::from_millis(120);
