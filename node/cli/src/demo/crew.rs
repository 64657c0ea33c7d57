//! What a scripted ship does, and what every ship sees.
//!
//! A scripted ship knows only what its own node tells it; the shared ledger keeps two ships from going for the same stone, so
//! that no claim's work is wasted. It throws lines while its daily allowance lasts, catches and reads what others threw, and
//! answers each bottle with a light and a letter.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use meteorite_protocol::control::{
    Allowance, BottleView, HoldState, LetterSide, LetterState, LetterView, Notice, Problem, ProblemKind,
    Reply, Request, SkyFilter, StoneView,
};
use meteorite_protocol::limits::LIGHTS;
use meteorite_protocol::thread::Light;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::answers::Place;
use super::event::Event;
use super::ledger::Everywhere;
use super::lines::Line;
use super::sea::{NAMES, Ship};
use super::{Pace, World};
use crate::output::words;

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

/// Steers a scripted ship until it is ended.
pub(super) async fn sail(ship: Arc<Ship>, world: Arc<World>, letters: mpsc::Receiver<LetterView>) {
    let mut hand = Hand {
        ship,
        world,
        letters,
        tries: BTreeMap::new(),
    };
    let mut changes = hand.world.ledger.changes();
    let mut throw_first = true;
    loop {
        let acted = hand.write_back().await
            || match throw_first {
                true => hand.throw_line().await || hand.find().await,
                false => hand.find().await || hand.throw_line().await,
            };
        throw_first = !throw_first;
        if acted {
            tokio::time::sleep(pause(hand.world.pace, hand.ship.index)).await;
        } else {
            // Whichever comes first; neither failing matters.
            drop(tokio::time::timeout(IDLE_LOOK, changes.changed()).await);
        }
    }
}

/// The one at the wheel of a scripted ship.
#[derive(Debug)]
struct Hand {
    ship: Arc<Ship>,
    world: Arc<World>,
    /// Letters that wait for an answer.
    letters: mpsc::Receiver<LetterView>,
    /// Tries for bottles that could not be had.
    tries: BTreeMap<String, u32>,
}

impl Hand {
    /// Throws the next line, if there is one and the day's allowance lasts.
    async fn throw_line(&self) -> bool {
        let Ok(_work) = self.world.work.acquire().await else {
            return false;
        };
        if is_spent(self.ship.node.snapshot().borrow().throws) {
            self.spent();
            return false;
        }
        let Some(line) = self.world.ledger.take_line(self.ship.index) else {
            return false;
        };
        match throw(&self.ship, &self.world, line.clone(), IsLine::Yes).await {
            Ok(()) => true,
            Err(problem) if problem.kind == ProblemKind::Refused => {
                self.world.ledger.give_back(line);
                self.spent();
                false
            }
            Err(problem) => {
                self.world.ledger.failed(line.text, problem.what.clone());
                self.trouble(problem);
                false
            }
        }
    }

    fn spent(&self) {
        let throwers = match self.world.pace {
            Pace::Once => self.world.ships,
            Pace::Story => self.world.ships.saturating_sub(1),
        };
        if let Some(lines) = self.world.ledger.spent(self.ship.index, throwers) {
            self.world.story.tell(Event::Ashore { lines });
        }
    }

    /// Catches, reads and answers one bottle, if there is one that nobody else goes for.
    async fn find(&mut self) -> bool {
        if is_spent(self.ship.node.snapshot().borrow().opens) {
            return false;
        }
        let Some(stone) = self.choose().await else {
            return false;
        };
        match self.open(&stone).await {
            Ok(bottle) => {
                self.answer(&bottle).await;
                true
            }
            Err(problem) => {
                *self.tries.entry(stone.bottle.clone()).or_default() += 1;
                self.world.ledger.unwant(self.ship.index, &stone.bottle);
                // "Not now" is part of the game: another ship was faster, the day's opens are used.
                if problem.kind != ProblemKind::Refused && problem.kind != ProblemKind::Missing {
                    self.trouble(problem);
                }
                false
            }
        }
    }

    /// The stone that has waited longest in this ship's own sky.
    async fn choose(&self) -> Option<StoneView> {
        let request = Request::Sky {
            filter: SkyFilter::default(),
            cursor: None,
            limit: Some(SKY_LOOK),
        };
        let Reply::Sky(page) = self.ship.node.ask(request).await else {
            return None;
        };
        let mut stones = page.stones;
        stones.reverse();
        // The script knows which bottle is the user's, so that nobody at the helm waits long; a real stranger could not.
        stones.sort_by_key(|stone| self.world.ledger.is_line(&stone.bottle));
        stones.into_iter().find(|stone| {
            let tried = self.tries.get(&stone.bottle).copied().unwrap_or(0);
            stone.caught < stone.slots
                && tried < TRIES_MAX
                && self
                    .world
                    .ledger
                    .want(self.ship.index, &stone.bottle, self.world.readers())
        })
    }

    async fn open(&self, stone: &StoneView) -> Result<BottleView, Problem> {
        let (ship, bottle) = (self.ship.name.to_owned(), stone.bottle.clone());
        settled(
            self.ship
                .node
                .ask(Request::Catch {
                    bottle: Some(bottle.clone()),
                })
                .await,
        )?;
        let looks = format!(
            "{}, {}, {} characters",
            words::moods(stone),
            words::one_line(&stone.lang),
            stone.length
        );
        self.world.tell(
            &self.ship,
            Event::Caught {
                ship: ship.clone(),
                bottle: bottle.clone(),
                looks,
            },
        );
        let work = self.world.work.acquire().await;
        let reply = self
            .ship
            .node
            .ask(Request::Read {
                bottle: bottle.clone(),
            })
            .await;
        drop(work);
        let opened = match reply {
            Reply::Read(opened) => opened,
            other => return Err(settled(other).err().unwrap_or_else(surprise)),
        };
        let after_ms = self.world.ledger.read(&bottle);
        self.world.story.tell(Event::Read {
            ship,
            bottle,
            text: opened.text.clone(),
            after_ms,
        });
        Ok(opened)
    }

    async fn answer(&self, opened: &BottleView) {
        let bottle = opened.stone.bottle.clone();
        let turn = bottle.bytes().last().unwrap_or_default();
        let sticker = Light::from_code(turn % LIGHTS)
            .map(Light::name)
            .unwrap_or_default();
        let light = Request::Light {
            bottle: bottle.clone(),
            sticker: sticker.to_owned(),
        };
        match settled(self.ship.node.ask(light).await) {
            Ok(()) => {
                self.world.ledger.lit();
                let (ship, sticker) = (self.ship.name.to_owned(), sticker.to_owned());
                self.world.tell(
                    &self.ship,
                    Event::Lit {
                        ship,
                        bottle: bottle.clone(),
                        sticker,
                    },
                );
            }
            Err(problem) => self.trouble(problem),
        }
        let text = self.world.answers.letter(Place::First, &opened.stone.lang);
        write(&self.ship, &self.world, bottle, text).await;
    }

    /// Answers one letter, if one waits, and keeps its thread.
    async fn write_back(&mut self) -> bool {
        let Ok(letter) = self.letters.try_recv() else {
            return false;
        };
        let keep = Request::Thread {
            thread: letter.thread.clone(),
            keep: true,
        };
        // Not every letter asks for this choice; where it is refused the answer below still says all there is to say.
        drop(self.ship.node.ask(keep).await);
        write(
            &self.ship,
            &self.world,
            letter.thread,
            self.world.answers.letter(Place::Then, COMMON),
        )
        .await;
        true
    }

    fn trouble(&self, problem: Problem) {
        self.world.story.tell(Event::Trouble {
            ship: self.ship.name.to_owned(),
            what: problem.what,
        });
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
    };
    let own = match ship.node.ask(request).await {
        Reply::Thrown(own) => own,
        other => return Err(settled(other).err().unwrap_or_else(surprise)),
    };
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

/// Sends a letter of a scripted ship and tells of it.
async fn write(ship: &Ship, world: &World, to: String, text: String) {
    match settled(
        ship.node
            .ask(Request::Reply {
                to,
                text: text.clone(),
            })
            .await,
    ) {
        Ok(()) => {
            world.ledger.wrote();
            world.tell(
                ship,
                Event::Answered {
                    ship: ship.name.to_owned(),
                    text,
                },
            );
        }
        Err(problem) => world.story.tell(Event::Trouble {
            ship: ship.name.to_owned(),
            what: problem.what,
        }),
    }
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

/// Known, and nothing left of it.
const fn is_spent(allowance: Allowance) -> bool {
    allowance.of > 0 && allowance.left == 0
}

/// Ships do not act in step.
fn pause(pace: Pace, index: usize) -> Duration {
    match pace {
        Pace::Once => Duration::ZERO,
        Pace::Story => STORY_PAUSE + Duration::from_millis(370) * u32::try_from(index % 5).unwrap_or(0),
    }
}

/// The language of letters within a thread.
const COMMON: &str = "en";
/// Stones that a ship looks at when it chooses.
const SKY_LOOK: u16 = 64;
/// Tries for one bottle.
const TRIES_MAX: u32 = 3;
/// How long an idle ship waits before it looks around.
const IDLE_LOOK: Duration = Duration::from_millis(300);
/// Between two acts of a ship while the user watches.
const STORY_PAUSE: Duration = Duration::from_millis(3_500);
/// Letters that wait for a scripted ship's answer.
pub(super) const LETTERS_WAITING_MAX: usize = 16;
