//! The one task that owns a node: it waits for requests, for the network, for its own jobs and for time, and handles one thing
//! at a time.
//!
//! Whatever takes long (mining, dialling, waiting for a mailbox) is a job whose result comes back as a [`Done`]. A request that
//! needs one leaves its reply with the job. A step that could not be stored ends the node: nothing of it was sent, and the next
//! start goes on from the rows.

mod bottles;
mod catch;
mod clock;
mod collection;
mod doctor;
mod export;
mod falls;
mod find;
mod jobs;
mod letters;
mod mail;
mod moderation;
mod network;
mod open;
mod recognise;
mod screen;
mod snapshot;
mod start;
mod throw;
mod trouble;
mod views;

use std::collections::BTreeMap;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply, Request};
use meteorite_protocol::engine::{Event, Input};
use meteorite_shell::{Happening, Shell};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::NodeConfig;
use crate::data_dir::{DataDir, DataDirLock};
use crate::node::{Asked, Wires};

pub(crate) use start::start;

use jobs::Done;
use trouble::Trouble;

/// Everything a node is, in one place and one task.
struct Actor {
    config: NodeConfig,
    dir: DataDir,
    keys: KeyFile,
    shell: Shell,
    wires: Wires,
    jobs: JoinSet<Done>,
    throwing: BTreeMap<u64, throw::Throwing>,
    next_throw: u64,
    opening: BTreeMap<meteorite_protocol::ids::BottleId, open::Opening>,
    network: network::Network,
    mail: mail::Mail,
    screens: screen::Screens,
    taste: falls::Taste,
    /// When the last snapshot was told (mono).
    told_ms: Option<u64>,
    ticks: u64,
    wake: tokio::time::Instant,
    unread: u32,
    held_for_others: u32,
    lock: DataDirLock,
}

impl Actor {
    /// Works until it is told to stop or a step cannot be stored.
    async fn run(mut self) {
        let started = self.input(Input::Start).await;
        let mut running = self.survives(started) && self.begin().await;
        while running {
            let wake = self.next_wake();
            let stop = self.wires.stop.clone();
            let outcome = tokio::select! {
                () = stop.cancelled() => break,
                happening = self.shell.next() => self.on_happening(happening).await,
                Some(done) = self.jobs.join_next() => match done {
                    Ok(done) => self.on_done(done).await,
                    Err(error) => {
                        tracing::error!(%error, "a job of the node failed");
                        Ok(())
                    }
                },
                Some(asked) = self.wires.requests.recv() => self.on_asked(asked).await,
                () = tokio::time::sleep_until(wake) => self.on_tick().await,
            };
            running = self.survives(outcome);
            self.tell_snapshot();
        }
        self.end().await;
    }

    /// A step that was not stored ends the node.
    fn survives(&self, outcome: Result<(), Trouble>) -> bool {
        match outcome {
            Ok(()) => true,
            Err(Trouble::Problem(problem)) => {
                tracing::warn!(%problem, "something could not be done");
                true
            }
            Err(Trouble::Step(error)) => {
                tracing::error!(%error, "the node ends: nothing of this step was sent, and the next start goes on from the disk");
                false
            }
        }
    }

    async fn on_happening(&mut self, happening: Happening) -> Result<(), Trouble> {
        if matches!(happening, Happening::Closed) {
            self.wires.stop.cancel();
            return Ok(());
        }
        let outcome = self.shell.handle(happening).await?;
        if let Some(address) = outcome.kept {
            self.mail.post.handle_expected(&address, self.shell.now());
            self.wake = tokio::time::Instant::now();
        }
        if let Some(event) = outcome.net {
            self.on_network(event).await?;
        }
        self.on_events(outcome.events).await
    }

    /// Lets the engine decide about an input of the node's own.
    async fn input(&mut self, input: Input) -> Result<(), Trouble> {
        let outcome = self.shell.handle(Happening::Input(Box::new(input))).await?;
        self.on_events(outcome.events).await
    }

    async fn on_events(&mut self, events: Vec<Event>) -> Result<(), Trouble> {
        for event in events {
            // Events lead to commands and those to events: the chain ends because each command has few.
            Box::pin(self.on_event(event)).await?;
        }
        Ok(())
    }

    async fn on_event(&mut self, event: Event) -> Result<(), Trouble> {
        match event {
            Event::Done { .. } => {}
            Event::Fell {
                bottle, from: None, ..
            } => self.on_own_fell(bottle).await?,
            Event::Fell {
                bottle,
                from: Some(from),
                author,
                nonce,
            } => {
                self.taste.on_brought(bottle, &from);
                if !self.recognise(bottle, from, &author, &nonce).await? {
                    self.on_fell(bottle).await;
                }
            }
            Event::Claimed { bottle, .. } => self.mail.on_claimed(bottle, self.shell.now()),
            Event::Ended { bottle, end } => self.on_ended(bottle, end),
            Event::MineClaim {
                bottle,
                place,
                claimant,
                bits,
            } => self.mine_claim(bottle, place, claimant, bits).await?,
            Event::StopMining { bottle } => self.stop_mining(&bottle),
            Event::Hold(event) => self.on_hold(event).await?,
            Event::Truth { bottle, truth } => self.on_truth(bottle, truth).await?,
            Event::Notice { .. } | Event::Archived { .. } => {}
            Event::BodyCame { bottle, .. } => self.on_body(bottle).await?,
            Event::Synced { peer, complete, new } => tracing::debug!(?peer, complete, new, "synced"),
            Event::AdmissionRose { topic, bits } => {
                tracing::info!(%topic, bits, "the sea is busy: stamps cost more")
            }
            Event::Blocked { peer, secs } => {
                tracing::info!(?peer, secs, "a neighbour broke the rules and was cut off")
            }
        }
        Ok(())
    }

    async fn on_asked(&mut self, asked: Asked) -> Result<(), Trouble> {
        let Asked { request, reply } = asked;
        match self.answer(request, reply).await {
            Ok(()) => Ok(()),
            Err((Trouble::Problem(problem), reply)) => {
                respond(reply, Reply::Problem(problem));
                Ok(())
            }
            Err((Trouble::Step(error), reply)) => {
                respond(reply, Reply::Problem(not_stored(&error)));
                Err(Trouble::Step(error))
            }
        }
    }

    /// Requests that need a job keep `reply`; all others are answered here.
    async fn answer(
        &mut self,
        request: Request,
        reply: oneshot::Sender<Reply>,
    ) -> Result<(), (Trouble, oneshot::Sender<Reply>)> {
        let answered = match request {
            Request::Throw {
                text,
                nick,
                tags,
                slots,
                days,
                lang,
                sure,
            } => {
                let wish = throw::Wish {
                    text,
                    nick,
                    tags,
                    slots,
                    days,
                    lang,
                    sure,
                };
                return self.throw(wish, reply);
            }
            Request::Read { bottle } => return self.read(&bottle, reply).await,
            Request::Dial { address } => return self.dial(&address, reply),
            Request::Sky {
                filter,
                cursor,
                limit,
            } => self.sky(filter, cursor, limit).await,
            Request::Catch { bottle } => self.catch(bottle).await,
            Request::Release { bottle } => self.release(&bottle).await,
            Request::Hold => self.hold().await,
            Request::Veil { level } => self.veil(level).await,
            Request::Taste(change) => self.taste(change).await,
            Request::Keep { bottle } => self.keep(&bottle).await,
            Request::ThrowBack { bottle } => self.throw_back(&bottle).await,
            Request::Collection { search } => self.collection(search).await,
            Request::Bottles => self.bottles().await,
            Request::Withdraw { bottle } => self.withdraw(&bottle).await,
            Request::Recast { bottle } => self.recast(&bottle).await,
            Request::Light { bottle, sticker } => self.light(&bottle, &sticker).await,
            Request::Reply { to, text } => self.reply(&to, &text).await,
            Request::Thread { thread, keep } => self.decide_thread(&thread, keep).await,
            Request::Letters { thread } => self.letters(thread).await,
            Request::Report { bottle, reason } => self.report(&bottle, reason).await,
            Request::Block { target } => self.block(target).await,
            Request::Peers => self.peers().await,
            Request::Invite { days } => self.invite(days),
            Request::Join { code } => self.join(&code).await,
            Request::Doctor => self.doctor().await,
            Request::Export => self.export().await,
            Request::Import { rows } => self.import(&rows).await,
            Request::Snapshot => Ok(Reply::Snapshot(Box::new(self.snapshot()))),
            Request::Subscribe => Ok(Reply::Done),
            Request::Shutdown => Ok(self.shut_down()),
        };
        match answered {
            Ok(answer) => {
                respond(reply, answer);
                Ok(())
            }
            Err(trouble) => Err((trouble, reply)),
        }
    }

    fn shut_down(&self) -> Reply {
        self.wires.stop.cancel();
        Reply::Done
    }

    fn notify(&self, notice: Notice) {
        // Nobody listens: that is fine.
        drop(self.wires.notices.send(notice));
    }
}

/// Whoever asked may have gone away meanwhile.
fn respond(reply: oneshot::Sender<Reply>, answer: Reply) {
    drop(reply.send(answer));
}

fn not_stored(error: &meteorite_shell::StepError) -> Problem {
    Problem::new(
        ProblemKind::Storage,
        format!("This could not be stored: {error}."),
        "Nothing of it was sent. Everything confirmed before is on disk.",
        "Make room on the disk or mend what is wrong with it, then start the node again.",
    )
}
