//! The sky and the hold: looking, touching, letting go, keeping, throwing back.

use meteorite_ml::matcher::Act;
use meteorite_protocol::claims::throw_back_id;
use meteorite_protocol::control::{HoldState, HoldView, Notice, Reply, SkyFilter, SkyPage};
use meteorite_protocol::engine::{Command, Refusal};
use meteorite_protocol::hold::{HoldEvent, OutcomeRefusal, Slip, TouchRefusal};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::limits::THROW_BACK_DEPTH_MAX;
use meteorite_protocol::mood::MOODS;
use meteorite_protocol::wire::{Header, Place, Wire};
use meteorite_store::{
    self as store, CollectionKind, Hidden, OwnStore, OwnWrite, SKY_PAGE_MAX, SkyCursor, SkyStore,
};

use super::trouble::{Trouble, bug, refused};
use super::views::{hold_state, hold_view};
use super::{Actor, letters};
use crate::vault;

impl Actor {
    pub(super) async fn sky(
        &mut self,
        filter: SkyFilter,
        cursor: Option<String>,
        limit: Option<u16>,
    ) -> Result<Reply, Trouble> {
        self.shell.settle().await;
        let after = cursor.map(|cursor| read_cursor(&cursor)).transpose()?;
        let limit = usize::from(limit.unwrap_or(SKY_LIMIT_DEFAULT)).clamp(1, SKY_PAGE_MAX);
        let wanted = store::SkyFilter {
            langs: filter.langs.clone(),
            moods: mood_numbers(&filter.moods)?,
            hidden: if filter.hidden {
                Hidden::Include
            } else {
                Hidden::Leave
            },
        };
        let page = self.shell.db().sky_page(&wanted, after, limit).await?;
        let drifting = self.shell.engine().sky().len();
        let seen = |row: &&store::HeaderRow| {
            filter.seen || self.shell.engine().hold().row(&row.index.bottle).is_none()
        };
        Ok(Reply::Sky(SkyPage {
            stones: page
                .rows
                .iter()
                .filter(seen)
                .filter_map(|row| self.stone_of_row(row))
                .collect(),
            next: page.next.map(|next| next.to_string()),
            drifting: u32::try_from(drifting).unwrap_or(u32::MAX),
        }))
    }

    /// Without a name, whatever falls next.
    pub(super) async fn catch(&mut self, name: Option<String>) -> Result<Reply, Trouble> {
        let bottle = match name {
            Some(name) => self.find_drifting(&name)?,
            None => self.next_fall().await?,
        };
        let (outcome, events) = self.shell.command(Command::Touch { bottle }, Vec::new()).await?;
        outcome.map_err(|refusal| not_touched(&refusal))?;
        self.on_events(events).await?;
        let (header, body) = self.header_and_block(&bottle).await?;
        if body.is_none() {
            // Ask for it now, so that opening need not wait.
            self.command(Command::WantBody {
                bottle,
                body: header.body,
            })
            .await?;
        }
        self.on_looked_at(bottle, &header).await?;
        Ok(Reply::Caught(hold_view(
            self.stone(bottle, &header),
            HoldState::Sealed,
            self.taste.why(&bottle),
        )))
    }

    pub(super) async fn release(&mut self, name: &str) -> Result<Reply, Trouble> {
        let bottle = self.find_held(name)?;
        if !self.is_sealed_in_hold(&bottle) {
            return Err(refused("It is open already.", "Keep it or throw it back.").into());
        }
        self.command(Command::LetGo { bottle }).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn hold(&mut self) -> Result<Reply, Trouble> {
        let rows: Vec<(BottleId, HoldState)> = self
            .shell
            .engine()
            .hold()
            .rows()
            .map(|row| (row.bottle, hold_state(row)))
            .collect();
        let mut views = Vec::with_capacity(rows.len());
        for (bottle, state) in rows {
            views.extend(self.held_view(&bottle, state).await?);
        }
        Ok(Reply::Hold(views))
    }

    pub(super) async fn keep(&mut self, name: &str) -> Result<Reply, Trouble> {
        let bottle = self.find_held(name)?;
        let row = self.shell.db().collected(&bottle).await?;
        let mut row = row.ok_or_else(|| refused("It is not open yet.", "Open it with `meteorite read`."))?;
        row.kind = CollectionKind::Kept;
        let rows = vec![OwnWrite::PutCollection(Box::new(row)).into()];
        let (outcome, events) = self.shell.command(Command::Keep { bottle }, rows).await?;
        outcome.map_err(|refusal| no_outcome(&refusal))?;
        self.on_events(events).await?;
        self.on_acted(&bottle, Act::Kept).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn throw_back(&mut self, name: &str) -> Result<Reply, Trouble> {
        let bottle = self.find_held(name)?;
        let claims = self.shell.db().own_claims_of(&bottle).await?;
        let (claim, key) = claims
            .iter()
            .find_map(letters::read_claim)
            .ok_or_else(|| refused("It is not open yet.", "Let it go with `meteorite release`."))?;
        let depth = self.depth_of(&bottle, &claim.value().place);
        let message =
            vault::claim::throw_back(&claim, depth, &key).ok_or_else(|| bug("It could not be signed."))?;
        let command = Command::ThrowBack {
            throw_back: message.encode(),
        };
        let (outcome, events) = self.shell.command(command, Vec::new()).await?;
        outcome.map_err(|refusal| no_outcome(&refusal))?;
        self.on_events(events).await?;
        self.on_acted(&bottle, Act::ThrownBack).await?;
        Ok(Reply::Done)
    }

    /// Tells what the hold tells, and does what follows from it.
    pub(super) async fn on_hold(&mut self, event: HoldEvent) -> Result<(), Trouble> {
        let bottle = match event {
            HoldEvent::Claimed(bottle) => {
                self.on_claimed(bottle).await?;
                bottle
            }
            HoldEvent::Slipped(bottle, slip) => {
                self.on_slipped(bottle, slip);
                return Ok(());
            }
            HoldEvent::Confirmed(bottle) | HoldEvent::Displaced(bottle) | HoldEvent::Reinstated(bottle) => {
                bottle
            }
        };
        let state = self.shell.engine().hold().row(&bottle).map(hold_state);
        if let Some(state) = state
            && let Some(view) = self.held_view(&bottle, state).await?
        {
            self.notify(Notice::Hold(view));
        }
        Ok(())
    }

    /// Our claim is in the set: from now on its author can be written to.
    async fn on_claimed(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        let claims = self.shell.db().own_claims_of(&bottle).await?;
        match claims.iter().find_map(letters::read_claim) {
            Some((claim, _)) => {
                let (header, _) = self.header_and_block(&bottle).await?;
                self.begin_thread(&claim, &header).await
            }
            None => Ok(()),
        }
    }

    fn on_slipped(&mut self, bottle: BottleId, slip: Slip) {
        let problem = match slip {
            Slip::AllCaught => refused(
                "Another ship reached it first.",
                "Your open is given back; other stones fall.",
            ),
            Slip::Sunk => refused("It has sunk meanwhile.", "Other stones fall."),
            Slip::Withdrawn => refused("Its author took it back.", "Other stones fall."),
            Slip::LetGo => refused("You let it go.", ""),
        };
        self.end_opening(&bottle, Reply::Problem(problem));
    }

    async fn held_view(&self, bottle: &BottleId, state: HoldState) -> Result<Option<HoldView>, Trouble> {
        if let Ok((header, _)) = self.header_and_block(bottle).await {
            return Ok(Some(hold_view(
                self.stone(*bottle, &header),
                state,
                self.taste.why(bottle),
            )));
        }
        let row = self.shell.db().collected(bottle).await?;
        let header = row.and_then(|row| Header::decode(&row.header).ok());
        Ok(header.map(|header| hold_view(self.stone(*bottle, &header), state, self.taste.why(bottle))))
    }

    /// 1 for a claim at the root or of a recast, one more for each throw-back before it.
    fn depth_of(&self, bottle: &BottleId, place: &Place) -> u8 {
        let Some(claims) = self.shell.engine().claims(bottle) else {
            return 1;
        };
        let mut depth = 1;
        let mut place = *place;
        while let Place::After(id) = place {
            let before = claims
                .claims()
                .find(|claim| throw_back_id(bottle, &claim.key) == id);
            let Some(before) = before.filter(|_| depth < THROW_BACK_DEPTH_MAX) else {
                break;
            };
            depth += 1;
            place = before.key.place;
        }
        depth
    }
}

fn mood_numbers(names: &[String]) -> Result<Vec<u8>, Trouble> {
    let number = |name: &String| {
        let found = (0_u8..).zip(MOODS).find(|(_, mood)| mood == name);
        found.map(|(number, _)| number).ok_or_else(|| {
            Trouble::from(refused(
                format!("There is no mood called “{name}”."),
                format!("Moods are: {}.", MOODS.join(", ")),
            ))
        })
    };
    names.iter().map(number).collect()
}

fn read_cursor(cursor: &str) -> Result<SkyCursor, Trouble> {
    cursor.parse().map_err(|_no_cursor| {
        refused(
            "That is not where a page of the sky ended.",
            "Begin without a cursor.",
        )
        .into()
    })
}

fn not_touched(refusal: &Refusal) -> meteorite_protocol::control::Problem {
    match refusal {
        Refusal::OwnBottle => refused(
            "One does not catch one's own bottle.",
            "Read it with `meteorite read`.",
        ),
        Refusal::NoVacancy => refused("All its places are taken.", "Other stones are falling."),
        Refusal::UnknownBottle => refused("It does not drift any more.", "Other stones are falling."),
        Refusal::Touch(TouchRefusal::HoldFull) => refused(
            "Your hold is full.",
            "Open a stone with `meteorite read`, or let one go with `meteorite release`.",
        ),
        Refusal::Touch(TouchRefusal::InHold) => {
            refused("It is in your hold already.", "Open it with `meteorite read`.")
        }
        Refusal::Touch(TouchRefusal::Opened) => {
            refused("You opened it before.", "Read it with `meteorite read`.")
        }
        Refusal::Touch(TouchRefusal::Sunk) => refused("It has sunk.", "Other stones are falling."),
        other => refused(format!("It cannot be caught ({other:?})."), ""),
    }
}

fn no_outcome(refusal: &Refusal) -> meteorite_protocol::control::Problem {
    match refusal {
        Refusal::Outcome(OutcomeRefusal::NotClaimed) => {
            refused("It is not open yet.", "Open it with `meteorite read`.")
        }
        Refusal::Outcome(OutcomeRefusal::Displaced) => refused(
            "Another ship reached it first, so there is no place to give back.",
            "What you read stays yours.",
        ),
        Refusal::Outcome(OutcomeRefusal::NotBefore(_)) => refused(
            "Another ship's claim may still come first.",
            "Try again in a few seconds.",
        ),
        Refusal::Outcome(OutcomeRefusal::ThrownBack) => refused("You threw it back already.", ""),
        Refusal::Outcome(OutcomeRefusal::Sunk) => refused("It has sunk.", "What you read stays yours."),
        other => refused(format!("That cannot be done with it ({other:?})."), ""),
    }
}

/// Stones on a page unless the user wants another number.
const SKY_LIMIT_DEFAULT: u16 = 30;
