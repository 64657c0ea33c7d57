//! Opening a bottle: body first, then the claim, then the text.
//!
//! The body is fetched before anything is claimed, so that no open is spent on a text that nobody has. The claimant's key is
//! random and stored, sealed, in the same transaction as the opening: a crash while mining goes on at the next start.

use meteorite_crypto::sign::SigningKey;
use meteorite_crypto::stamp::Miner;
use meteorite_ml::matcher::Act;
use meteorite_protocol::control::{Problem, ProblemKind, Reply};
use meteorite_protocol::engine::{Command, Refusal};
use meteorite_protocol::hold::{CatchState, OpenRefusal};
use meteorite_protocol::ids::{BottleId, ClaimantKey};
use meteorite_protocol::time::Tick;
use meteorite_protocol::wire::{Body, BodyBlock, CatchMessage, Header, Place, Wire};
use meteorite_store::{
    ClaimState, CollectionKind, CollectionRow, OwnClaimRow, OwnStore, OwnWrite, PrivateBody, PrivateText,
    SkyStore,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::jobs::{Done, MinedClaim};
use super::trouble::{Trouble, bug, refused};
use super::{Actor, respond, throw};
use crate::mining::{Progress, mine};
use crate::vault;

/// Milliseconds in which a body must come; then the reader is told.
const BODY_WAIT_MS: u64 = 20_000;

/// An opening somebody waits for.
pub(super) struct Opening {
    reply: Option<oneshot::Sender<Reply>>,
    stage: Stage,
}

enum Stage {
    /// The body must come until then (mono).
    Body { until_ms: u64 },
    /// The claim is being mined.
    Mining { stop: CancellationToken },
}

impl Actor {
    pub(super) async fn read(
        &mut self,
        name: &str,
        reply: oneshot::Sender<Reply>,
    ) -> Result<(), (Trouble, oneshot::Sender<Reply>)> {
        let found = match self.find_readable(name).await {
            Ok(found) => found,
            Err(trouble) => return Err((trouble, reply)),
        };
        match self.read_again(&found).await {
            Ok(Some(view)) => {
                respond(reply, Reply::Read(view));
                return Ok(());
            }
            Ok(None) => {}
            Err(trouble) => return Err((trouble, reply)),
        }
        self.opening.insert(
            found,
            Opening {
                reply: Some(reply),
                stage: self.wait_for_body(),
            },
        );
        match self.open_or_fetch(found).await {
            Ok(()) => Ok(()),
            Err(trouble) => match self.opening.remove(&found).and_then(|opening| opening.reply) {
                Some(reply) => Err((trouble, reply)),
                None => Ok(()),
            },
        }
    }

    /// A body came: whoever waits for it may open now.
    pub(super) async fn on_body(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        let waits = self
            .opening
            .get(&bottle)
            .is_some_and(|opening| matches!(opening.stage, Stage::Body { .. }));
        if !waits {
            return self.learn_own_words(bottle).await;
        }
        match self.open_or_fetch(bottle).await {
            Ok(()) => Ok(()),
            Err(Trouble::Problem(problem)) => {
                self.end_opening(&bottle, Reply::Problem(problem));
                Ok(())
            }
            Err(step) => Err(step),
        }
    }

    /// The engine wants a claim mined: for a reader who waits, or for an opening that a crash interrupted.
    pub(super) async fn mine_claim(
        &mut self,
        bottle: BottleId,
        place: Place,
        claimant: ClaimantKey,
        bits: u32,
    ) -> Result<(), Trouble> {
        self.stop_mining(&bottle);
        let claims = self.shell.db().own_claims_of(&bottle).await?;
        let Some(row) = claims.into_iter().find(|row| row.claimant == claimant) else {
            tracing::warn!("the key of an opening is gone; the opening is cancelled");
            return self.command(Command::Cancel { bottle }).await;
        };
        let Ok(seed) = <[u8; 32]>::try_from(&row.secret[..]) else {
            return Err(bug("The key of an opening is damaged.").into());
        };
        let stop = self.wires.stop.child_token();
        let stage = Stage::Mining { stop: stop.clone() };
        let reply = self.opening.remove(&bottle).and_then(|opening| opening.reply);
        self.opening.insert(bottle, Opening { reply, stage });
        let miner = Miner::claim(&bottle.0, &place.to_bytes(), &claimant.0, bits);
        self.jobs.spawn(async move {
            let key = SigningKey::from_seed(&seed);
            let work = mine(miner, Progress::new(bits), stop).await;
            Done::Claim(Box::new(MinedClaim {
                bottle,
                place,
                key,
                work,
            }))
        });
        Ok(())
    }

    /// Somebody else has the place, or the user let go.
    pub(super) fn stop_mining(&mut self, bottle: &BottleId) {
        if let Some(Opening {
            stage: Stage::Mining { stop },
            ..
        }) = self.opening.get(bottle)
        {
            stop.cancel();
        }
    }

    pub(super) async fn on_claim_mined(&mut self, mined: MinedClaim) -> Result<(), Trouble> {
        let Some(work) = mined.work else {
            return Ok(());
        };
        let tick = self.shell.now().wall.tick();
        let claim = vault::claim::claim(mined.bottle, mined.place, &mined.key, tick, work)
            .ok_or_else(|| bug("The claim could not be signed."))?;
        let message = CatchMessage::Claim(claim).encode();
        let rows = vec![
            OwnWrite::PutOwnClaim(Box::new(claim_row(
                mined.bottle,
                &mined.key,
                (message.clone(), tick),
                self.shell.now().wall,
            )))
            .into(),
            OwnWrite::PutCollection(Box::new(self.opened_row(mined.bottle).await?)).into(),
        ];
        let (outcome, events) = self
            .shell
            .command(Command::Claimed { claim: message }, rows)
            .await?;
        let claimed = outcome.is_ok();
        self.on_events(events).await?;
        if !claimed {
            let problem = refused(
                "Another ship reached it first.",
                "Your open is given back; other stones are falling.",
            );
            self.end_opening(&mined.bottle, Reply::Problem(problem));
            return Ok(());
        }
        self.on_acted(&mined.bottle, Act::Opened).await?;
        if let Some(view) = self.read_again(&mined.bottle).await? {
            if view.veil.is_none() {
                self.on_acted(&mined.bottle, Act::Read).await?;
            }
            self.end_opening(&mined.bottle, Reply::Read(view));
        }
        Ok(())
    }

    /// Tells readers whose body did not come in time.
    pub(super) fn expire_openings(&mut self) {
        let now_ms = self.shell.now().mono_ms;
        let late: Vec<BottleId> = self
            .opening
            .iter()
            .filter(|(_, opening)| matches!(opening.stage, Stage::Body { until_ms } if until_ms <= now_ms))
            .map(|(bottle, _)| *bottle)
            .collect();
        for bottle in late {
            let problem = Problem::new(
                ProblemKind::Network,
                "No neighbour has this bottle's text at the moment.",
                "It stays in your hold, and no open was spent.",
                "Try again later; `meteorite peers` shows who is there.",
            );
            self.end_opening(&bottle, Reply::Problem(problem));
        }
    }

    /// A stone left the hold while somebody waited for its text.
    pub(super) fn end_opening(&mut self, bottle: &BottleId, answer: Reply) {
        if let Some(reply) = self.opening.remove(bottle).and_then(|opening| opening.reply) {
            respond(reply, answer);
        }
    }

    /// Opens now if the body is here, else asks for it.
    async fn open_or_fetch(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        self.check_clock()?;
        let (header, body) = self.header_and_block(&bottle).await?;
        let Some(block) = body else {
            return self
                .command(Command::WantBody {
                    bottle,
                    body: header.body,
                })
                .await;
        };
        if vault::bottle::open(&header, &block).is_none() {
            return Err(refused(
                "This bottle says nothing that can be read.",
                "Let it go with `meteorite release`; no open was spent.",
            )
            .into());
        }
        let key = SigningKey::generate(&mut rand::rng());
        let claimant = ClaimantKey(key.public());
        let row = claim_row(bottle, &key, (Vec::new(), Tick(0)), self.shell.now().wall);
        let rows = vec![OwnWrite::PutOwnClaim(Box::new(row)).into()];
        let (outcome, events) = self
            .shell
            .command(Command::Open { bottle, claimant }, rows)
            .await?;
        outcome.map_err(|refusal| not_opened(&refusal))?;
        self.on_events(events).await
    }

    fn wait_for_body(&self) -> Stage {
        Stage::Body {
            until_ms: self.shell.now().mono_ms + BODY_WAIT_MS,
        }
    }

    /// The row of a bottle that was just opened.
    async fn opened_row(&self, bottle: BottleId) -> Result<CollectionRow, Trouble> {
        let (header, block) = self.header_and_block(&bottle).await?;
        let block = block.ok_or_else(|| bug("The body of a claimed bottle is gone."))?;
        let body = vault::bottle::open(&header, &block)
            .ok_or_else(|| bug("The body of a claimed bottle does not open."))?;
        Ok(CollectionRow {
            bottle,
            kind: CollectionKind::Opened,
            opened: self.shell.now().wall,
            header: header.encode().into(),
            words: words(body),
            note: PrivateText::default(),
        })
    }

    /// The header of a bottle in the sky, and its body if that is here.
    pub(super) async fn header_and_block(
        &self,
        bottle: &BottleId,
    ) -> Result<(Header, Option<BodyBlock>), Trouble> {
        self.shell.settle().await;
        let rows = self.shell.db().headers(&[*bottle]).await?;
        let row = rows
            .into_iter()
            .next()
            .ok_or_else(|| refused("This bottle is not in the sky any more.", ""))?;
        let header = Header::decode(&row.payload)
            .map_err(|error| bug(format!("A stored header is damaged: {error}.")))?;
        let block = self
            .shell
            .local_body(header.body)
            .await
            .and_then(|block| BodyBlock::new(block).ok());
        Ok((header, block))
    }

    /// Gives the engine a command that cannot be refused in a way that matters here.
    pub(super) async fn command(&mut self, command: Command) -> Result<(), Trouble> {
        let (outcome, events) = self.shell.command(command, Vec::new()).await?;
        if let Err(refusal) = outcome {
            tracing::debug!(?refusal, "the engine refused a command");
        }
        Box::pin(self.on_events(events)).await
    }

    /// Is it in the hold, unopened?
    pub(super) fn is_sealed_in_hold(&self, bottle: &BottleId) -> bool {
        self.shell
            .engine()
            .hold()
            .row(bottle)
            .is_some_and(|row| matches!(row.state, CatchState::InHold))
    }
}

fn claim_row(
    bottle: BottleId,
    key: &SigningKey,
    (claim, tick): (Vec<u8>, Tick),
    now: meteorite_protocol::time::UnixMillis,
) -> OwnClaimRow {
    OwnClaimRow {
        claimant: ClaimantKey(key.public()),
        bottle,
        secret: key.seed().to_vec().into(),
        claim,
        tick,
        made: now,
        state: ClaimState::Provisional,
        light_sent: false,
        letter_sent: false,
    }
}

/// The words of a stranger, cleaned again: their program need not have done so.
pub(super) fn words(body: Body) -> PrivateBody {
    use meteorite_protocol::text::{clean, clean_line};
    PrivateBody {
        text: clean(&body.text).into(),
        nick: body.nick.as_deref().map(clean_line).unwrap_or_default().into(),
        tags: body.tags.iter().map(|tag| clean_line(tag).into()).collect(),
    }
}

fn not_opened(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Spent(spent) => throw::spent(&spent.0),
        Refusal::NoVacancy => refused(
            "Another ship reached it first.",
            "Let it go with `meteorite release`.",
        ),
        Refusal::Open(OpenRefusal::Opening) => refused("It is being opened already.", "Wait a moment."),
        Refusal::Open(OpenRefusal::Busy) => {
            refused("Others are being opened.", "Wait until one of them is open.")
        }
        Refusal::Open(OpenRefusal::Sunk) => refused("It has sunk meanwhile.", "Other stones are falling."),
        Refusal::Open(OpenRefusal::NotInHold) => {
            refused("It is not in your hold.", "Catch it first: `meteorite catch`.")
        }
        other => refused(format!("It cannot be opened ({other:?})."), ""),
    }
}
