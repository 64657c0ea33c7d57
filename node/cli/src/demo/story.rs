//! Telling the story: one readable line an event on a terminal, one JSON object an event with `--json`.
//!
//! At the helm the user types while the story goes on, so lines then go through the editor's own printer, which keeps what is
//! being typed whole.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::{Color, Style, Term, truncate_str};
use rustyline::ExternalPrinter;
use tokio::sync::Notify;

use super::event::{Event, Told};
use super::figures::{Figures, Summary};
use super::sea::NAMES;
use crate::failure::Failure;
use crate::output::{Output, words};

/// Where lines go.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

/// The teller.
pub(super) struct Story {
    output: Output,
    started: Instant,
    printer: Mutex<Option<Printer>>,
    first_failure: Mutex<Option<Failure>>,
    failed: Notify,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Story")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl Story {
    /// Begins now.
    pub(super) fn new(output: Output, started: Instant) -> Self {
        Self {
            output,
            started,
            printer: Mutex::new(None),
            first_failure: Mutex::new(None),
            failed: Notify::new(),
        }
    }

    /// From now on through the editor.
    pub(super) fn print_through(&self, printer: Printer) {
        *self.printer.lock().unwrap_or_else(PoisonError::into_inner) = Some(printer);
    }

    /// Since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells an event.
    pub(super) fn tell(&self, event: Event) {
        let at = self.elapsed();
        if self.output.json() {
            let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            return self.keep(self.output.value(&Told { at_ms, event: &event }));
        }
        let clock = Style::new()
            .dim()
            .apply_to(format!("{:>6.1} s", at.as_secs_f64()));
        let text = text(&event);
        let whole = matches!(
            event,
            Event::Opening { .. } | Event::Unfinished { .. } | Event::Summary(_)
        );
        for line in text.lines() {
            self.say(&if whole {
                line.to_owned()
            } else {
                fit(&format!("{clock}  {line}"))
            });
        }
    }

    /// Says something to the user at the helm.
    pub(super) fn say(&self, text: &str) {
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(printer) = printer.as_mut()
            && printer.print(format!("{text}\n")).is_ok()
        {
            return;
        }
        self.keep(self.output.text(text));
    }

    /// Ends when a line could not be written.
    pub(super) async fn broken(&self) -> Failure {
        loop {
            self.failed.notified().await;
            if let Some(failure) = self
                .first_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                return failure;
            }
        }
    }

    fn keep(&self, written: Result<(), Failure>) {
        if let Err(failure) = written {
            self.first_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(failure);
            self.failed.notify_one();
        }
    }
}

/// An event in words.
fn text(event: &Event) -> String {
    match event {
        Event::Opening {
            ships,
            lines,
            folder,
            with_user,
        } => opening(*ships, *lines, folder, *with_user),
        Event::Afloat { ship, peer } => act(ship, "sets sail", &format!("as peer …{}", words::short(peer))),
        Event::Linked { links } => {
            format!(
                "All ships are linked: {}.",
                words::count((*links).into(), "connection", "connections")
            )
        }
        Event::Thrown {
            ship, text, stamp_ms, ..
        } => act(
            ship,
            "throws",
            &format!("{}  (stamp {})", quote(text), span(*stamp_ms)),
        ),
        Event::Everywhere {
            ship,
            text,
            skies,
            after_ms,
            ..
        } => {
            let skies = if *skies == 1 {
                "the other sky".to_owned()
            } else {
                format!("all {skies} other skies")
            };
            let bottle = truncate_str(&words::one_line(text), SHORT_QUOTE_WIDTH, "…").into_owned();
            act(
                ship,
                "drifts",
                &format!("“{bottle}” is in {skies} after {}", span(*after_ms)),
            )
        }
        Event::Caught { ship, looks, .. } => act(ship, "catches", &format!("a stone, still sealed: {looks}")),
        Event::Read {
            ship, text, after_ms, ..
        } => act(
            ship,
            "reads",
            &format!("{}  ({} after the throw)", quote(text), span(*after_ms)),
        ),
        Event::Lit { ship, sticker, .. } => act(
            ship,
            "lights",
            &format!("{} for the author", words::one_line(sticker)),
        ),
        Event::Answered { ship, text } => {
            let first = text.lines().next().unwrap_or_default();
            act(ship, "answers", &format!("{}  (scripted)", quote(first)))
        }
        Event::Letter {
            ship,
            text,
            light: true,
        } => act(ship, "sees", &format!("a light: {}", words::one_line(text))),
        Event::Letter {
            ship,
            text,
            light: false,
        } => {
            let first = text.lines().next().unwrap_or_default();
            act(ship, "gets", &format!("a letter: {}", quote(first)))
        }
        Event::Displaced { ship, .. } => act(ship, "learns", "that another ship reached the stone first"),
        Event::Yours { state } => act("You", "learn", &words::one_line(state)),
        Event::Trouble { ship, what } => act(ship, "trouble", &words::one_line(what)),
        Event::Ashore { lines } => format!(
            "{} ashore: a ship throws three bottles a day, and one more for each stranger it answers.",
            words::count(*lines as u64, "line stays", "lines stay")
        ),
        Event::Unfinished { lines } => {
            let list = lines
                .iter()
                .map(|line| format!("\n  - {}: {}", quote(&line.text), line.why));
            format!(
                "\nNot every line was read by a stranger in time:{}",
                list.collect::<String>()
            )
        }
        Event::Summary(summary) => numbers(summary),
        Event::Closing => "The ships come home.".to_owned(),
    }
}

fn opening(ships: usize, lines: usize, folder: &str, with_user: bool) -> String {
    let mut text = format!(
        "A small sea: {ships} real nodes on this computer, linked over its loopback interface, and {} to throw.\n\
         Every identity here is temporary{}. All of it lies in {} and is removed at the end.\n\
         The ships are scripted, and so is every answer they write. The stamps and the network code are the real ones.",
        words::count(lines as u64, "line", "lines"),
        if with_user { ", yours too" } else { "" },
        words::one_line(folder),
    );
    if with_user {
        text.push_str(
            "\nYou are one of the ships: type a message and press Enter to throw it, or type `help`.",
        );
    }
    text.push('\n');
    text
}

fn numbers(summary: &Summary) -> String {
    let row = |name: &str, figures: &Figures| {
        let Figures {
            count,
            p50_ms,
            p90_ms,
            max_ms,
        } = figures;
        format!(
            "  {name:<34} {:>9} {:>9} {:>9}   ({count})",
            span(*p50_ms),
            span(*p90_ms),
            span(*max_ms)
        )
    };
    let ashore = if summary.ashore == 0 {
        String::new()
    } else {
        format!(", {} stayed ashore", summary.ashore)
    };
    let rows = [
        String::new(),
        format!(
            "{} of {} thrown{ashore}; {} in every other sky; {} read by a stranger ({}).",
            words::count(summary.thrown as u64, "bottle", "bottles"),
            words::count(summary.lines as u64, "line", "lines"),
            summary.everywhere,
            summary.read,
            words::count(summary.readings as u64, "reading", "readings"),
        ),
        format!(
            "{} and {} sent; {} arrived by now.",
            words::count(summary.lights as u64, "light", "lights"),
            words::count(summary.letters as u64, "letter", "letters"),
            summary.arrived,
        ),
        String::new(),
        format!("  {:<34} {:>9} {:>9} {:>9}", "", "half", "nine in 10", "longest"),
        row("finding a stamp (proof of work)", &summary.stamp),
        row("throw → one other sky", &summary.one_sky),
        row("throw → every other sky", &summary.every_sky),
        row("throw → first read (with its work)", &summary.first_read),
        String::new(),
        format!("{} ships, {} in all.", summary.ships, span(summary.took_ms)),
    ];
    rows.join("\n")
}

/// Who, what they do, and the rest, in columns; each ship in a colour of its own.
fn act(ship: &str, verb: &str, rest: &str) -> String {
    let colour = match NAMES.iter().position(|name| *name == ship) {
        Some(at) => COLOURS.get(at % COLOURS.len()).copied().unwrap_or(Color::White),
        None => Color::White,
    };
    let name = Style::new()
        .fg(colour)
        .bold()
        .apply_to(format!("{ship:<NAME_WIDTH$}"));
    format!("{name} {verb:<VERB_WIDTH$} {rest}")
}

fn quote(text: &str) -> String {
    let line = words::one_line(text);
    format!("“{}”", truncate_str(&line, QUOTE_WIDTH, "…"))
}

/// Milliseconds as a person says them.
fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

/// One line of the terminal, where there is one.
fn fit(line: &str) -> String {
    let term = Term::stdout();
    if term.is_term() {
        truncate_str(line, term.size().1.into(), "…").into_owned()
    } else {
        line.to_owned()
    }
}

const NAME_WIDTH: usize = 11;
const VERB_WIDTH: usize = 9;
const QUOTE_WIDTH: usize = 60;
const SHORT_QUOTE_WIDTH: usize = 24;
const COLOURS: [Color; 6] = [
    Color::Cyan,
    Color::Green,
    Color::Yellow,
    Color::Magenta,
    Color::Blue,
    Color::Red,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_a_strangers_text_cannot_break_it() {
        let event = Event::Read {
            ship: "Tern".into(),
            bottle: "b".into(),
            text: "a\u{1b}[2J\nb".into(),
            after_ms: 1_234,
        };
        let line = console::strip_ansi_codes(&text(&event)).into_owned();
        assert_eq!(line, "Tern        reads     “a[2J b”  (1.2 s after the throw)");
    }
}
