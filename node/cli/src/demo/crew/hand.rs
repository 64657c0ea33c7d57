//! The one at the wheel of a scripted ship.
//!
//! It knows only what its own node tells it; the shared ledger keeps two ships from going for the same stone, so that no claim's
//! work is wasted. It throws lines while its daily allowance lasts, catches and reads what others threw, and answers each bottle
//! with a light and a letter.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use meteorite_protocol::control::{
    Allowance, BottleView, LetterView, Problem, ProblemKind, Reply, Request, SkyFilter, StoneView,
};
use meteorite_protocol::limits::LIGHTS;
use meteorite_protocol::thread::Light;
use tokio::sync::mpsc;

use super::{IsLine, settled, surprise, throw};
use crate::demo::answers::Place;
use crate::demo::event::Event;
use crate::demo::sea::Ship;
use crate::demo::{Pace, World};
use crate::output::words;

/// Steers a scripted ship until it is ended.
pub(in crate::demo) async fn sail(ship: Arc<Ship>, world: Arc<World>, letters: mpsc::Receiver<LetterView>) {
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
pub(in crate::demo) const LETTERS_WAITING_MAX: usize = 16;
