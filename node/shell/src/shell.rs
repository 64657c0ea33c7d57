//! The shell itself: what it is made of, what it waits for, and the one step that everything goes through.

use std::collections::VecDeque;

use meteorite_crypto::sign::SigningKey;
use meteorite_net::{ContentError, Net, NetEvent, PeerId, Proto, RequestRef};
use meteorite_protocol::engine::{self, Command, CommandId, Effect, Engine, Event, Input, Refusal};
use meteorite_protocol::ids::{BodyId, BottleId, MailAddress};
use meteorite_protocol::mailbox::MailboxPolicy;
use meteorite_protocol::time::Now;
use meteorite_store::{Db, HeaderRow, StoreError, Unit, Write, WriteBehind};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::content::{BodyUse, Content};
use crate::peer::peer_of;
use crate::post_office::{Answered, PostOffice};
use crate::{effects, rows};

/// What a shell is made of.
#[derive(Debug)]
pub struct ShellConfig {
    /// The engine's own configuration.
    pub engine: engine::Config,
    /// Whether there are rows of a user to restore (a bootstrap server has none).
    pub own: bool,
    /// The most bytes that bodies may take on disk.
    pub body_bytes_max: u64,
    /// Signs receipts (the device's libp2p key) and says how much is held. Without it no letters are held for others.
    pub mailbox: Option<(SigningKey, MailboxPolicy)>,
    /// Added to the computer's time of day; 0 but in tests.
    pub clock_wrong_by_ms: i64,
}

/// Drives one engine over one swarm and one store. Owned by one task.
#[derive(Debug)]
pub struct Shell {
    pub(crate) engine: Engine,
    pub(crate) net: Net,
    pub(crate) db: Db,
    pub(crate) cache: WriteBehind,
    pub(crate) content: Content,
    pub(crate) post_office: Option<PostOffice>,
    pub(crate) jobs: JoinSet<Option<Input>>,
    pub(crate) clock: Clock,
    /// Headers that the last step took in; they may not be in the store yet.
    pub(crate) fresh: Vec<HeaderRow>,
    events: mpsc::Receiver<NetEvent>,
    next_command: u64,
}

/// Something that happened while the owner waited.
#[derive(Debug)]
pub enum Happening {
    /// In the swarm. Pass it to [`Shell::handle`]; what the engine does not care about comes back in [`Outcome::net`].
    Net(NetEvent),
    /// A job of the shell's ended, or time passed.
    Input(Box<Input>),
    /// The swarm ended.
    Closed,
}

/// What one step brought.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the engine told.
    pub events: Vec<Event>,
    /// The event of the swarm that led to it, for an owner who wants to know more than the engine.
    pub net: Option<NetEvent>,
    /// Where a letter for somebody was just left here.
    pub kept: Option<MailAddress>,
}

/// Why a shell does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The rows cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The block store cannot be listed.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// A durable row could not be committed: nothing of the step was sent, and the engine is ahead of its rows. The owner ends
/// this shell and starts another one from the rows, exactly as after a crash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The rows were not committed.
    #[error("a step was not stored: {0}")]
    Store(#[from] StoreError),
    /// A body of our own was not stored.
    #[error("a body was not stored: {0}")]
    Content(ContentError),
}

impl Shell {
    /// Restores the engine from its rows and takes up the swarm's events. The tasks that write behind and store bodies are
    /// spawned on `tasks` and end when the shell is dropped.
    ///
    /// # Errors
    /// [`StartError`] when rows or blocks cannot be read.
    pub async fn start(
        config: ShellConfig,
        (net, events): (Net, mpsc::Receiver<NetEvent>),
        db: Db,
        tasks: &TaskTracker,
    ) -> Result<Self, StartError> {
        let clock = Clock::start(config.clock_wrong_by_ms);
        let (cache, write_behind) = WriteBehind::new(db.clone());
        tasks.spawn(write_behind.run());
        let found: Vec<BodyId> = net
            .content()
            .list()
            .await?
            .iter()
            .filter_map(BodyId::from_cid)
            .collect();
        let restored = rows::restore(&db, &net, &found, config.own).await?;
        let (content, content_task) = Content::new(net.clone(), config.body_bytes_max, restored.bodies);
        tasks.spawn(content_task.run());
        content.remove(restored.strays).await;
        let params = config.engine.params;
        let engine = Engine::restore(&config.engine, seed(), restored.rows);
        let post_office = match config.mailbox {
            Some((key, policy)) => Some(PostOffice::open(db.clone(), key, params, policy).await?),
            None => None,
        };
        Ok(Self {
            engine,
            net,
            db,
            cache,
            content,
            post_office,
            jobs: JoinSet::new(),
            clock,
            fresh: Vec::new(),
            events,
            next_command: 1,
        })
    }

    /// Waits for the next thing that happens. Cancel-safe: nothing is lost when another branch of a `select!` wins.
    pub async fn next(&mut self) -> Happening {
        loop {
            let deadline = self
                .engine
                .next_deadline(self.clock.now())
                .map(|(mono_ms, _)| self.clock.instant(mono_ms));
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(done) = self.jobs.join_next() => match done {
                    Ok(Some(input)) => return Happening::Input(Box::new(input)),
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "a job of the shell failed"),
                },
                event = self.events.recv() => return event.map_or(Happening::Closed, Happening::Net),
                () = sleep => return Happening::Input(Box::new(Input::Tick)),
            }
        }
    }

    /// Lets the engine decide about what happened and carries out its decision.
    ///
    /// # Errors
    /// [`StepError`]: see there.
    pub async fn handle(&mut self, happening: Happening) -> Result<Outcome, StepError> {
        match happening {
            Happening::Input(input) => Ok(Outcome {
                events: self.step(*input, Vec::new()).await?,
                ..Outcome::default()
            }),
            Happening::Net(event) => self.handle_net(event).await,
            Happening::Closed => Ok(Outcome::default()),
        }
    }

    /// Gives the engine a command. `rows` commit in the same transaction as the command's own, or not at all: when the
    /// engine refuses, they are not stored either.
    ///
    /// # Errors
    /// [`StepError`]: see there. A refusal by the engine is no error.
    pub async fn command(
        &mut self,
        command: Command,
        rows: Vec<Write>,
    ) -> Result<(Result<(), Refusal>, Vec<Event>), StepError> {
        let id = CommandId(self.next_command);
        self.next_command += 1;
        let mut events = self.step(Input::Command { id, command }, rows).await?;
        let place = events
            .iter()
            .position(|event| matches!(event, Event::Done { id: done, .. } if *done == id));
        let outcome = match place.map(|place| events.remove(place)) {
            Some(Event::Done { outcome, .. }) => outcome,
            Some(_) | None => Ok(()),
        };
        Ok((outcome, events))
    }

    /// Commits rows of the owner's that concern no engine.
    ///
    /// # Errors
    /// Those of [`Db::commit`]; nothing was stored then.
    pub async fn commit(&self, unit: Unit) -> Result<(), StoreError> {
        self.db.commit(unit).await
    }

    /// The engine, to look at.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The swarm.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The store.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The header of a bottle that the last step took in, without waiting for the store.
    #[must_use]
    pub fn fresh_header(&self, bottle: &BottleId) -> Option<&HeaderRow> {
        self.fresh.iter().find(|row| row.index.bottle == *bottle)
    }

    /// Waits until the rows written behind so far can be read.
    pub async fn settle(&self) {
        if let Err(error) = self.cache.flush().await {
            tracing::warn!(%error, "some rows of other people's bottles were not stored");
        }
    }

    /// What bodies take.
    #[must_use]
    pub fn body_use(&self) -> BodyUse {
        self.content.usage()
    }

    /// A body that is here, as a block.
    pub async fn local_body(&self, body: BodyId) -> Option<Vec<u8>> {
        self.net.content().get_local(&body.cid()).await.ok().flatten()
    }

    /// Both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Writes what waits, then stops the swarm. Everything durable was on disk before.
    pub async fn shutdown(mut self) {
        self.jobs.shutdown().await;
        self.settle().await;
        if self.net.shutdown().await.is_err() {
            tracing::debug!("the swarm had ended before");
        }
    }

    async fn handle_net(&mut self, event: NetEvent) -> Result<Outcome, StepError> {
        if let NetEvent::Asked {
            request,
            peer,
            proto: Proto::Mail,
            bytes,
        } = &event
        {
            let kept = self.answer_mail(*request, peer, bytes).await?;
            return Ok(Outcome {
                kept,
                ..Outcome::default()
            });
        }
        let events = match effects::input_of(&event) {
            Some(input) => self.step(input, Vec::new()).await?,
            None => Vec::new(),
        };
        Ok(Outcome {
            events,
            net: Some(event),
            kept: None,
        })
    }

    async fn answer_mail(
        &mut self,
        request: RequestRef,
        peer: &PeerId,
        bytes: &[u8],
    ) -> Result<Option<MailAddress>, StepError> {
        let now = self.clock.now();
        let answer = match (&mut self.post_office, peer_of(peer)) {
            (Some(office), Some(peer)) => office.answer(&peer, bytes, now).await?,
            (None, _) | (_, None) => Answered::default(),
        };
        let sent = match answer.bytes {
            Some(bytes) => self.net.answer(request, bytes).await,
            None => self.net.refuse(request).await,
        };
        if sent.is_err() {
            tracing::trace!("the swarm ended before a mail answer");
        }
        Ok(answer.kept)
    }

    /// Asks the mailbox of this program itself; `None` when there is none, or the bytes are no request.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub async fn ask_own_mailbox(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let now = self.clock.now();
        let (Some(office), Some(me)) = (&mut self.post_office, peer_of(&self.net.local_peer())) else {
            return Ok(None);
        };
        Ok(office.answer(&me, bytes, now).await?.bytes)
    }

    /// Lets letters and rows go whose time is over. The owner calls it now and then; says whether more waits.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub async fn expire(&self) -> Result<bool, StoreError> {
        match &self.post_office {
            Some(office) => office.expire(self.clock.now()).await,
            None => Ok(false),
        }
    }

    /// The mailbox, if letters are held for others.
    #[must_use]
    pub fn post_office(&self) -> Option<&PostOffice> {
        self.post_office.as_ref()
    }

    /// One step: decide, store, send. In this order.
    async fn step(&mut self, input: Input, rows: Vec<Write>) -> Result<Vec<Event>, StepError> {
        self.fresh.clear();
        let mut decided = Vec::new();
        self.engine.handle(input, self.clock.now(), &mut decided);
        let refused = decided
            .iter()
            .any(|effect| matches!(effect, Effect::Notify(Event::Done { outcome: Err(_), .. })));
        let mut unit = Unit::new("step");
        if !refused {
            unit.extend(rows);
        }
        let mut rest = VecDeque::with_capacity(decided.len());
        for effect in decided {
            match effect {
                Effect::Durable(row) => self.store_durable(row, &mut unit).await?,
                other => rest.push_back(other),
            }
        }
        if !unit.is_empty() {
            self.db.commit(unit).await?;
        }
        let mut events = Vec::new();
        for effect in rest {
            self.perform(effect, &mut events).await;
        }
        Ok(events)
    }
}

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut seed);
    seed
}
