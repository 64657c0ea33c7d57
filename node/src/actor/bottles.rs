//! Own bottles: their proven state, taking them back, casting them anew.

use meteorite_protocol::control::{Notice, Reply};
use meteorite_protocol::engine::{Command, End, Refusal};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::mine::{DeliveryTruth, RecastRefusal, Stage, WithdrawRefusal};
use meteorite_store::{OwnProgress, OwnState, OwnStore, OwnWrite, SkyStore, Unit};

use super::Actor;
use super::trouble::{Trouble, bug, refused};
use super::views::{answers, fate_of_end};
use crate::vault;

impl Actor {
    pub(super) async fn bottles(&mut self) -> Result<Reply, Trouble> {
        let rows = self.shell.db().own_bottles().await?;
        Ok(Reply::Bottles(
            rows.iter().map(|row| self.own_view(row)).collect(),
        ))
    }

    pub(super) async fn withdraw(&mut self, name: &str) -> Result<Reply, Trouble> {
        let bottle = self.find_own(name).await?;
        let row = self.own_row(&bottle).await?;
        let message = vault::claim::withdrawal(&self.keys.root, &row.nonce, bottle)
            .ok_or_else(|| bug("The withdrawal could not be signed."))?;
        let command = Command::Withdraw {
            withdrawal: message.encode(),
        };
        let (outcome, events) = self.shell.command(command, Vec::new()).await?;
        outcome.map_err(|refusal| match refusal {
            Refusal::Withdraw(WithdrawRefusal::Caught(_)) => refused(
                "It was caught already; what a stranger has read cannot be taken back.",
                "",
            ),
            other => refused(format!("It cannot be withdrawn ({other:?})."), ""),
        })?;
        self.on_events(events).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn recast(&mut self, name: &str) -> Result<Reply, Trouble> {
        let bottle = self.find_own(name).await?;
        let row = self.own_row(&bottle).await?;
        let n = self
            .shell
            .engine()
            .may_recast(&bottle, self.shell.now())
            .map_err(|refusal| not_recast(&refusal))?;
        let message = vault::claim::recast(&self.keys.root, &row.nonce, bottle, n)
            .ok_or_else(|| bug("The recast could not be signed."))?;
        let (outcome, events) = self
            .shell
            .command(
                Command::Recast {
                    recast: message.encode(),
                },
                Vec::new(),
            )
            .await?;
        outcome.map_err(|refusal| refused(format!("It cannot be recast ({refusal:?})."), ""))?;
        self.on_events(events).await?;
        Ok(Reply::Done)
    }

    /// What is proven of an own bottle changed: note it beside its words, and tell.
    pub(super) async fn on_truth(&mut self, bottle: BottleId, truth: DeliveryTruth) -> Result<(), Trouble> {
        let progress = progress_of(&truth);
        let unit = Unit::new("own bottle").with(OwnWrite::SetOwnBottleState { bottle, progress });
        self.shell.commit(unit).await?;
        if let Some(row) = self.shell.db().own_bottle(&bottle).await? {
            self.notify(Notice::Bottle(self.own_view(&row)));
        }
        Ok(())
    }

    /// An own bottle was thrown: letters for it are looked for from now on.
    pub(super) async fn on_own_fell(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        if let Some(row) = self.shell.db().own_bottle(&bottle).await? {
            self.watch_own(bottle, &row.nonce, row.expires_at);
        }
        Ok(())
    }

    /// A stranger's bottle came into the sky.
    pub(super) async fn on_fell(&mut self, bottle: BottleId) {
        if self.wires.notices.receiver_count() == 0 {
            return;
        }
        if let Some(row) = self.shell.fresh_header(&bottle) {
            let stone = self.stone_of_row(row);
            return stone
                .into_iter()
                .for_each(|stone| self.notify(Notice::Fell(stone)));
        }
        // An event before this one led to a step of its own: the header is in the store by now, or on its way there.
        self.shell.settle().await;
        if let Ok(rows) = self.shell.db().headers(&[bottle]).await {
            for stone in rows.iter().filter_map(|row| self.stone_of_row(row)) {
                self.notify(Notice::Fell(stone));
            }
        }
    }

    pub(super) fn on_ended(&mut self, bottle: BottleId, end: End) {
        self.taste.on_ended(&bottle);
        self.notify(Notice::Ended {
            bottle: bottle.to_string(),
            fate: fate_of_end(end),
        });
    }

    async fn own_row(&self, bottle: &BottleId) -> Result<meteorite_store::OwnBottleRow, Trouble> {
        let row = self.shell.db().own_bottle(bottle).await?;
        row.ok_or_else(|| refused("That is not a bottle of yours.", "").into())
    }
}

fn progress_of(truth: &DeliveryTruth) -> OwnProgress {
    OwnProgress {
        state: match truth.stage() {
            Stage::Queued => OwnState::Queued,
            Stage::Handed => OwnState::Handed,
            Stage::Held => OwnState::Drifting,
            Stage::Caught => OwnState::Caught,
            Stage::Answered => OwnState::Answered,
            Stage::Sunk => OwnState::Sunk,
            Stage::Withdrawn => OwnState::Withdrawn,
        },
        handed: u32::from(truth.handed),
        seen: u32::from(truth.held),
        caught: u32::from(truth.caught),
        answers: u32::from(answers(truth)),
        recasts: truth.recasts,
    }
}

fn not_recast(refusal: &RecastRefusal) -> meteorite_protocol::control::Problem {
    refused(
        format!("It cannot be recast now ({refusal:?})."),
        "A bottle may be recast a day after its last place was taken, when no light and no letter came.",
    )
}
