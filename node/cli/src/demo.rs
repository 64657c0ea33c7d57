//! A small sea of real nodes on this computer, and the story of what happens in it.
//!
//! Every ship is a [`meteorite_node::Node`] with keys, folder and sockets of its own on the loopback interface; nothing is
//! simulated, the stamps are real, and nothing leaves this computer. The ships are scripted and say so: they throw the lines of
//! a file, catch each other's bottles, read them, and answer with texts written for this project. At a terminal the user is one
//! of the ships; the identity is temporary and is gone with the demo's folder.
//!
//! Code map: `lines` and `answers` (what is said), `sea` (starting and linking the nodes), `crew` (what a scripted ship does),
//! `ledger` (what happened when), `story` and `event` (telling it), `helm` (the user's ship), `figures` (the summary).

mod answers;
mod crew;
mod event;
mod figures;
mod helm;
mod ledger;
mod lines;
mod sea;
mod story;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::args::DemoArgs;
use crate::failure::{DONE, Ending, Failure, NOT_WELL};
use crate::session::Context;
use answers::Answers;
use event::Event;
use ledger::Ledger;
use sea::{Sea, Ship};
use story::Story;

/// How fast the ships act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// As fast as they can, to the end.
    Once,
    /// With pauses in which a person can read and type.
    Story,
}

/// What all ships share.
#[derive(Debug)]
struct World {
    pace: Pace,
    ships: usize,
    answers: Answers,
    ledger: Ledger,
    story: Arc<Story>,
    /// As many stamps and claims at a time as the computer has cores, so that each is done soon.
    work: tokio::sync::Semaphore,
}

/// `meteorite demo`
pub(crate) async fn run(context: &Context, args: DemoArgs) -> Ending {
    let started = Instant::now();
    let ships = usize::from(args.nodes);
    let lines = lines::load(args.lines.as_deref(), ships)?;
    let at_the_helm = helm_wanted(context, &args);
    let pace = if at_the_helm { Pace::Story } else { Pace::Once };
    let story = Arc::new(Story::new(context.output, started));
    let helm = if at_the_helm {
        Some(helm::Helm::open(&story)?)
    } else {
        None
    };
    let deadline = Duration::from_secs(args.deadline);
    let world = World {
        pace,
        ships,
        answers: Answers::load(),
        ledger: Ledger::new(ships, lines),
        story: Arc::clone(&story),
        work: tokio::sync::Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
    };
    tokio::select! {
        ended = voyage(Arc::new(world), helm, deadline) => ended,
        () = crate::interrupt() => {
            story.tell(Event::Closing);
            Err(Failure::Interrupted)
        }
        failure = story.broken() => Err(failure),
    }
}

/// At a terminal, unless the demo is to end by itself or the terminal is needed for something else.
fn helm_wanted(context: &Context, args: &DemoArgs) -> bool {
    let from_stdin = args.lines.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    terminal && !args.once && !from_stdin && !context.output.json()
}

async fn voyage(world: Arc<World>, helm: Option<helm::Helm>, deadline: Duration) -> Ending {
    let story = Arc::clone(&world.story);
    let sea = Sea::launch(&world, helm.is_some()).await?;
    let mut hands = JoinSet::new();
    for ship in &sea.ships {
        let (letters, waiting) = mpsc::channel(crew::LETTERS_WAITING_MAX);
        hands.spawn(crew::watch(Arc::clone(ship), Arc::clone(&world), letters));
        if ship.scripted {
            hands.spawn(crew::sail(Arc::clone(ship), Arc::clone(&world), waiting));
        }
    }
    let well = match helm {
        Some(helm) => {
            let user: Arc<Ship> = sea.user()?;
            helm.steer(user, Arc::clone(&world)).await?;
            true
        }
        None => all_read(&world, deadline).await,
    };
    hands.shutdown().await;
    let summary = world.ledger.summary(story.elapsed());
    if !well {
        story.tell(Event::Unfinished {
            lines: world.ledger.unfinished(),
        });
    }
    story.tell(Event::Summary(summary));
    sea.close().await?;
    Ok(if well { DONE } else { NOT_WELL })
}

/// Waits until a stranger has read every line; false when the deadline comes first.
async fn all_read(world: &World, deadline: Duration) -> bool {
    let mut changes = world.ledger.changes();
    let done = async {
        while !world.ledger.all_read() {
            if changes.changed().await.is_err() {
                return;
            }
        }
        // Lights and letters that are on their way belong to the story.
        let grace = tokio::time::Instant::now() + LETTERS_GRACE;
        while !world.ledger.all_answered() {
            let changed = tokio::time::timeout_at(grace, changes.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return;
            }
        }
    };
    tokio::time::timeout(deadline, done).await.is_ok()
}

/// How long `--once` waits for letters after the last line was read; the end does not depend on them.
const LETTERS_GRACE: Duration = Duration::from_secs(5);
