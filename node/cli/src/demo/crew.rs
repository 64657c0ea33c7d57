//! What every ship sees and what all of them can do; `hand` steers the scripted ones.

mod hand;

use std::sync::Arc;
use std::time::Instant;

use meteorite_protocol::control::{
    HoldState, LetterSide, LetterState, LetterView, Notice, Problem, ProblemKind, Reply, Request, SkyFilter,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::event::Event;
use super::ledger::Everywhere;
use super::lines::Line;
use super::sea::{NAMES, Ship};
use super::{Pace, World};
use crate::output::picture::Pictures;
use crate::output::words;

pub(super) use hand::{LETTERS_WAITING_MAX, sail};

impl World {
    /// What the story calls the ship at this place.
    pub(super) fn name(&self, index: usize) -> &'static str {
        match (self.pace, index) {
            (Pace::Story, 0) => "You",
            (Pace::Story | Pace::Once, _) => NAMES.get(index).copied().unwrap_or("A ship"),
        }
    }

    /// At the helm only what concerns the user, and the outline of the rest: it must stay readable while typing.
    fn tell(&self, ship: &Ship, event: Event) {
        if self.pace == Pace::Once || !ship.scripted {
            self.story.tell(event);
        }
    }

    /// Ships that go for one bottle: at the helm some places are left for the user.
    const fn readers(&self) -> usize {
        match self.pace {
            Pace::Once => 1,
            Pace::Story => 2,
        }
    }

    pub(super) fn tell_everywhere(&self, bottle: &str, everywhere: Option<Everywhere>) {
        if let Some(Everywhere {
            by,
            text,
            skies,
            after_ms,
        }) = everywhere
        {
            let ship = self.name(by).to_owned();
            self.story.tell(Event::Everywhere {
                bottle: bottle.to_owned(),
                ship,
                text,
                skies,
                after_ms,
            });
        }
    }
}

/// Writes down what a ship's node tells, until the node ends.
pub(super) async fn watch(ship: Arc<Ship>, world: Arc<World>, letters: mpsc::Sender<LetterView>) {
    let mut notices = ship.node.notices();
    // What came before this began.
    look_again(&ship, &world).await;
    loop {
        match notices.recv().await {
            Ok(Notice::Fell(stone)) => {
                world.tell_everywhere(&stone.bottle, world.ledger.seen(ship.index, &stone.bottle));
            }
            Ok(Notice::Letter(letter)) => receive(&ship, &world, letter, &letters),
            Ok(Notice::Hold(hold)) if hold.state == HoldState::Displaced => {
                world.story.tell(Event::Displaced {
                    ship: ship.name.to_owned(),
                    bottle: hold.stone.bottle,
                });
            }
            Ok(Notice::Bottle(own)) if !ship.scripted => {
                world.story.tell(Event::Yours {
                    state: format!("{} — {}", words::fate(&own), words::one_line(&own.text)),
                });
            }
            Ok(Notice::Missed(_)) | Err(RecvError::Lagged(_)) => look_again(&ship, &world).await,
            Ok(Notice::Stopping) | Err(RecvError::Closed) => return,
            Ok(
                Notice::Hold(_)
                | Notice::Bottle(_)
                | Notice::Ended { .. }
                | Notice::PeerUp { .. }
                | Notice::PeerDown { .. }
                | Notice::Listening { .. }
                | Notice::Mining { .. },
            ) => {}
        }
    }
}

/// Is a bottle one of the lines that the demo waits for?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsLine {
    /// It is.
    Yes,
    /// The user typed it.
    No,
}

/// Throws a text and tells of it.
pub(super) async fn throw(ship: &Ship, world: &World, line: Line, is_line: IsLine) -> Result<(), Problem> {
    let began = Instant::now();
    let Line { text, lang } = line;
    let request = Request::Throw {
        text,
        nick: None,
        tags: Vec::new(),
        slots: None,
        days: None,
        lang,
        sure: true,
    };
    let own = match ship.node.ask(request).await {
        Reply::Thrown(own) => own,
        other => return Err(settled(other).err().unwrap_or_else(surprise)),
    };
    if is_line == IsLine::No {
        world
            .story
            .say(&Pictures::for_standard_output().stone(&own.stone));
    }
    let (bottle, stamp) = (own.stone.bottle, began.elapsed());
    let everywhere = world.ledger.thrown(
        ship.index,
        &bottle,
        own.text.clone(),
        is_line == IsLine::Yes,
        stamp,
    );
    let stamp_ms = u64::try_from(stamp.as_millis()).unwrap_or(u64::MAX);
    world.story.tell(Event::Thrown {
        ship: ship.name.to_owned(),
        bottle: bottle.clone(),
        text: own.text,
        stamp_ms,
    });
    world.tell_everywhere(&bottle, everywhere);
    Ok(())
}

/// A letter came, or news of one that was sent. At the helm's pace a scripted ship writes back.
fn receive(ship: &Ship, world: &World, letter: LetterView, letters: &mpsc::Sender<LetterView>) {
    if letter.side != LetterSide::Stranger || letter.state != LetterState::Received {
        return;
    }
    world.ledger.arrived();
    let light = letter.light.is_some();
    let text = letter
        .light
        .clone()
        .or_else(|| letter.text.clone())
        .unwrap_or_default();
    world.tell(
        ship,
        Event::Letter {
            ship: ship.name.to_owned(),
            text,
            light,
        },
    );
    if !light && ship.scripted && world.pace == Pace::Story {
        // A ship with more letters than it can answer leaves the rest unanswered.
        drop(letters.try_send(letter));
    }
}

/// After missed notices the sky itself says what came.
async fn look_again(ship: &Ship, world: &World) {
    let filter = SkyFilter {
        hidden: true,
        seen: true,
        ..SkyFilter::default()
    };
    let request = Request::Sky {
        filter,
        cursor: None,
        limit: None,
    };
    if let Reply::Sky(page) = ship.node.ask(request).await {
        for stone in page.stones {
            world.tell_everywhere(&stone.bottle, world.ledger.seen(ship.index, &stone.bottle));
        }
    }
}

fn settled(reply: Reply) -> Result<(), Problem> {
    if let Reply::Problem(problem) = reply {
        Err(problem)
    } else {
        Ok(())
    }
}

fn surprise() -> Problem {
    Problem::new(ProblemKind::Bug, "A node gave an unexpected answer.", "", "")
}
