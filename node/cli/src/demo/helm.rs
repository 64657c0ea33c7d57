//! The user's ship: what is typed at the prompt, and what it does.
//!
//! Any line is thrown, except the few words that [`HELP`] lists. Reading the terminal blocks, so it has a thread of its own, which
//! ends when the user quits; the story goes on above the line that is being typed.

use std::sync::Arc;
use std::thread::JoinHandle;

use meteorite_protocol::control::{LetterSide, LetterView, ProblemKind, Reply, Request, SkyFilter};
use rustyline::error::ReadlineError;
use rustyline::{Config, Editor, history::MemHistory};
use tokio::sync::mpsc;

use super::World;
use super::crew::{self, IsLine};
use super::event::Event;
use super::lines::Line;
use super::sea::Ship;
use super::story::Story;
use crate::failure::Failure;
use crate::output::picture::Pictures;
use crate::output::{show, words};

/// The prompt and the thread behind it.
#[derive(Debug)]
pub(super) struct Helm {
    typed: mpsc::Receiver<String>,
    thread: JoinHandle<()>,
}

/// What a typed line means.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Help,
    Sky,
    Catch(Option<String>),
    Read(Option<String>),
    Light(Option<String>),
    Reply(String),
    Letters,
    Bottles,
    Status,
    Quit,
    Throw(String),
}

/// What the short orders refer to.
#[derive(Debug, Default)]
struct Last {
    caught: Option<String>,
    opened: Option<String>,
    thread: Option<String>,
}

impl Helm {
    /// Takes the terminal.
    pub(super) fn open(story: &Story) -> Result<Self, Failure> {
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::<(), MemHistory>::with_history(config, MemHistory::new())
            .map_err(|error| no_terminal(&error))?;
        story.print_through(Box::new(
            editor
                .create_external_printer()
                .map_err(|error| no_terminal(&error))?,
        ));
        let (lines, typed) = mpsc::channel(TYPED_AHEAD_MAX);
        let thread = std::thread::Builder::new().name("helm".to_owned());
        let thread = thread
            .spawn(move || read_lines(&mut editor, &lines))
            .map_err(|error| {
                Failure::new(
                    ProblemKind::Bug,
                    format!("This computer gives the program no thread: {error}."),
                    "",
                    "",
                )
            })?;
        Ok(Self { typed, thread })
    }

    /// Carries out what is typed until the user quits.
    pub(super) async fn steer(mut self, ship: Arc<Ship>, world: Arc<World>) -> Result<(), Failure> {
        let mut last = Last::default();
        while let Some(line) = self.typed.recv().await {
            match order(&line) {
                Order::Quit => break,
                order => obey(order, &ship, &world, &mut last).await,
            }
        }
        world.story.tell(Event::Closing);
        // It ends by itself after it passed `quit` on; a panic in it has already been reported.
        drop(tokio::task::spawn_blocking(move || self.thread.join()).await);
        Ok(())
    }
}

fn read_lines(editor: &mut Editor<(), MemHistory>, lines: &mpsc::Sender<String>) {
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line.trim().to_owned(),
            Err(_) => "quit".to_owned(),
        };
        let quits = order(&line) == Order::Quit;
        if !line.is_empty() && lines.blocking_send(line).is_err() || quits {
            return;
        }
    }
}

fn order(line: &str) -> Order {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    // A second word names a bottle or a sticker, so it is one word; a sentence that begins like an order is thrown.
    let one = || (!rest.is_empty()).then(|| rest.to_owned());
    let single = !rest.contains(char::is_whitespace);
    match first.to_lowercase().as_str() {
        "help" | "?" if rest.is_empty() => Order::Help,
        "sky" if rest.is_empty() => Order::Sky,
        "catch" if single => Order::Catch(one()),
        "read" if single => Order::Read(one()),
        "light" if single => Order::Light(one()),
        "reply" if !rest.is_empty() => Order::Reply(rest.to_owned()),
        "letters" if rest.is_empty() => Order::Letters,
        "bottles" if rest.is_empty() => Order::Bottles,
        "status" if rest.is_empty() => Order::Status,
        "quit" | "exit" if rest.is_empty() => Order::Quit,
        "throw" if !rest.is_empty() => Order::Throw(rest.to_owned()),
        _ => Order::Throw(line.to_owned()),
    }
}

async fn obey(order: Order, ship: &Ship, world: &World, last: &mut Last) {
    let request = match order {
        Order::Quit => return,
        Order::Help => return world.story.say(HELP),
        Order::Throw(text) => return throw(ship, world, text).await,
        Order::Letters => return letters(ship, world, last).await,
        Order::Sky => Some(Request::Sky {
            filter: SkyFilter::default(),
            cursor: None,
            limit: Some(SKY_ROWS),
        }),
        Order::Catch(bottle) => Some(Request::Catch { bottle }),
        Order::Read(bottle) => bottle
            .or_else(|| last.caught.clone())
            .map(|bottle| Request::Read { bottle }),
        Order::Light(sticker) => {
            let sticker = sticker.unwrap_or_default();
            last.opened
                .clone()
                .map(|bottle| Request::Light { bottle, sticker })
        }
        Order::Reply(text) => last
            .opened
            .clone()
            .or_else(|| last.thread.clone())
            .map(|to| Request::Reply { to, text }),
        Order::Bottles => Some(Request::Bottles),
        Order::Status => Some(Request::Snapshot),
    };
    let Some(request) = request else {
        return world
            .story
            .say("There is nothing to do that to yet. Try `catch`, then `read`.");
    };
    let reply = ship.node.ask(request).await;
    world.story.say(&shown(&reply));
    match reply {
        Reply::Caught(hold) => last.caught = Some(hold.stone.bottle),
        Reply::Read(bottle) => {
            world.ledger.read(&bottle.stone.bottle);
            last.opened = Some(bottle.stone.bottle);
            world
                .story
                .say("Answer with `light NAME` or `reply TEXT`; it reaches the author sealed.");
        }
        Reply::Queued(letter) => last.thread = Some(letter.thread),
        Reply::Done
        | Reply::Thrown(_)
        | Reply::Sky(_)
        | Reply::Hold(_)
        | Reply::Collection(_)
        | Reply::Bottles(_)
        | Reply::Threads(_)
        | Reply::Letters(_)
        | Reply::Peers(_)
        | Reply::Invite(_)
        | Reply::Dialling(_)
        | Reply::Doctor(_)
        | Reply::Veil(_)
        | Reply::Taste(_)
        | Reply::Exported(_)
        | Reply::Imported(_)
        | Reply::Snapshot(_)
        | Reply::Problem(_) => {}
    }
}

/// An answer in words, with its stone.
fn shown(reply: &Reply) -> String {
    show::reply(reply, words::now_ms(), &mut Pictures::for_standard_output())
}

async fn throw(ship: &Ship, world: &World, text: String) {
    world.story.say("Working on the stamp …");
    if let Err(problem) = crew::throw(ship, world, Line { text, lang: None }, IsLine::No).await {
        world.story.say(&problem.to_string());
    }
}

/// Every letter of every thread; the last stranger's letter becomes the one that `reply` answers.
async fn letters(ship: &Ship, world: &World, last: &mut Last) {
    let threads = ship.node.ask(Request::Letters { thread: None }).await;
    let Reply::Threads(list) = &threads else {
        return world.story.say(&shown(&threads));
    };
    if list.is_empty() {
        return world.story.say("No letters yet. Throw a bottle, or answer one.");
    }
    let mut newest: Option<LetterView> = None;
    for thread in list {
        let reply = ship
            .node
            .ask(Request::Letters {
                thread: Some(thread.thread.clone()),
            })
            .await;
        world.story.say(&format!("{}\n", shown(&reply)));
        if let Reply::Letters(letters) = reply {
            let strangers = letters
                .into_iter()
                .filter(|letter| letter.side == LetterSide::Stranger);
            newest = newest
                .into_iter()
                .chain(strangers)
                .max_by_key(|letter| letter.at_ms);
        }
    }
    if let Some(letter) = newest {
        (last.thread, last.opened) = (Some(letter.thread), None);
        world.story.say("`reply TEXT` answers the newest one.");
    }
}

fn no_terminal(error: &ReadlineError) -> Failure {
    Failure::new(
        ProblemKind::Bug,
        format!("This terminal cannot be used for typing: {error}."),
        "Nothing was started.",
        "`meteorite demo --once` needs no typing.",
    )
}

const PROMPT: &str = "you> ";
/// Lines typed ahead of a slow order; then typing waits.
const TYPED_AHEAD_MAX: usize = 16;
/// Rows that leave some of the story on the screen.
const SKY_ROWS: u16 = 12;

const HELP: &str = "\
Type a message and press Enter: it is thrown into this small sea. Or one of these:
  sky            what drifts in your sky
  catch [ID]     take a stone aboard, still sealed; without an id, whatever falls next
  read [ID]      open it (this claims a place) and read it
  light NAME     send its author a sticker; a wrong name lists the six
  reply TEXT     answer its author, or the newest letter
  letters        the letters you got and wrote
  bottles        your own bottles and what is proven about each
  status         how your node is
  quit           end the demo
Your identity here is temporary: it is gone with the demo. `meteorite keys new` makes one that stays.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_thrown_even_when_it_begins_like_an_order() {
        let check = |line: &str, expected: Order| assert_eq!(order(line), expected, "{line}");
        check("help", Order::Help);
        check("read", Order::Read(None));
        check("read k3x9", Order::Read(Some("k3x9".into())));
        check("read me a story", Order::Throw("read me a story".into()));
        check(
            "Sky is clear tonight",
            Order::Throw("Sky is clear tonight".into()),
        );
        check("reply thank you", Order::Reply("thank you".into()));
        check("throw help", Order::Throw("help".into()));
        check("你好", Order::Throw("你好".into()));
        check("QUIT", Order::Quit);
    }
}
