//! Report and block: at once, on this computer, and without telling anybody.

use meteorite_ml::matcher::Act;
use meteorite_protocol::control::{Reply, Target};
use meteorite_protocol::engine::Command;
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::thread::ThreadId;
use meteorite_store::{
    BlockKind, BlockedRow, HeaderFlags, HiddenRow, HideReason, LetterStore, ModerationWrite, OwnStore,
    ReportRow, SkyStore, SkyWrite, Unit, Way,
};

use super::trouble::Trouble;
use super::{Actor, letters};

impl Actor {
    /// Hides a bottle and keeps what proves it.
    pub(super) async fn report(&mut self, name: &str, reason: String) -> Result<Reply, Trouble> {
        let bottle = self.find_any(name).await?;
        self.shell.settle().await;
        let evidence = self.shell.db().headers(&[bottle]).await?.into_iter().next();
        let now = self.shell.now().wall;
        let row = ReportRow {
            report: bottle.0,
            bottle,
            reason: 0,
            at: now,
            evidence: evidence
                .map(|row| [row.signature, row.payload].concat())
                .unwrap_or_default()
                .into(),
            note: meteorite_protocol::text::clean(&reason).into(),
        };
        let unit = self
            .hidden(Unit::new("report"), bottle, HideReason::Reported)
            .await?;
        self.shell
            .commit(unit.with(ModerationWrite::PutReport(Box::new(row))))
            .await?;
        self.on_acted(&bottle, Act::Reported).await?;
        self.let_hidden_go(bottle).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn block(&mut self, target: Target) -> Result<Reply, Trouble> {
        match target {
            Target::Bottle(name) => {
                let bottle = self.find_any(&name).await?;
                let unit = self.hidden(Unit::new("block"), bottle, HideReason::User).await?;
                self.shell.commit(unit).await?;
                self.let_hidden_go(bottle).await?;
            }
            Target::Thread(name) => {
                let thread = self.thread_of(&name).await?;
                let mut effects = Vec::new();
                self.mail.threads.handle_block(thread, &mut effects);
                let row = BlockedRow {
                    kind: BlockKind::Thread,
                    key: letters::stored_id(&thread).0,
                    at: self.shell.now().wall,
                };
                let said = self.letters_from(&thread).await?;
                let mut rows = self.unwanted(&said);
                rows.push(ModerationWrite::PutBlocked(row).into());
                self.carry_out(effects, Vec::new(), rows).await?;
            }
        }
        Ok(Reply::Done)
    }

    /// What the other side of a thread wrote.
    async fn letters_from(&self, thread: &ThreadId) -> Result<Vec<String>, Trouble> {
        let rows = self.shell.db().letters(&letters::stored_id(thread)).await?;
        let received = rows.into_iter().filter(|row| row.way == Way::Received);
        Ok(received.map(|row| row.text.to_string()).collect())
    }

    /// Notes that a bottle is not shown any more, in the sky and in the list of what was hidden, nor texts like its own if it was opened.
    async fn hidden(&mut self, unit: Unit, bottle: BottleId, reason: HideReason) -> Result<Unit, Trouble> {
        let opened = self.shell.db().collected(&bottle).await?;
        let said: Vec<String> = opened.iter().map(|row| row.words.text.to_string()).collect();
        let row = HiddenRow {
            bottle,
            reason,
            at: self.shell.now().wall,
        };
        let flags = SkyWrite::SetFlags {
            bottle,
            set: HeaderFlags::HIDDEN,
            clear: HeaderFlags::NONE,
        };
        let mut unit = unit.with(ModerationWrite::PutHidden(row)).with(flags);
        unit.extend(self.unwanted(&said));
        Ok(unit)
    }

    /// A hidden bottle that lies unopened in the hold goes.
    async fn let_hidden_go(&mut self, bottle: BottleId) -> Result<(), Trouble> {
        if self.is_sealed_in_hold(&bottle) {
            self.command(Command::LetGo { bottle }).await?;
        }
        Ok(())
    }
}
