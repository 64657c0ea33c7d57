//! What of a stranger's text is shown: this node's own reading decides, at the level that its user chose.
//!
//! Own texts are never screened, and what was kept was looked at. The text itself always travels to the user's program; the veil says
//! how it is to be shown.

use meteorite_ml::policy::{self, Level, Likeness, Said, Screen, Screening};
use meteorite_protocol::control::{
    BottleView, LetterSide, LetterView, Problem, ProblemKind, Reply, StoneView, Veil,
};
use meteorite_protocol::thread::ANSWERS_FROM;
use meteorite_store::{
    BlockKind, BlockedRow, Db, MetaStore, MetaWrite, ModerationStore, ModerationWrite, StoreError, Unit,
    Write,
};

use super::Actor;
use super::trouble::Trouble;
use crate::analyst;

/// The setting's name.
const SETTING: &str = "veil";

/// What screening goes by.
pub(super) struct Screens {
    level: Level,
    /// Likenesses of texts that were reported or blocked.
    unwanted: Vec<Likeness>,
}

impl Screens {
    pub(super) async fn load(db: &Db) -> Result<Self, StoreError> {
        let chosen = db.setting(SETTING).await?;
        let blocked = db.blocked().await?;
        let likenesses = blocked.iter().filter(|row| row.kind == BlockKind::Likeness);
        Ok(Self {
            level: chosen
                .and_then(|name| Level::from_name(&name))
                .unwrap_or_default(),
            unwanted: likenesses.map(|row| likeness_of(&row.key)).collect(),
        })
    }

    fn is_unwanted(&self, text: &str) -> bool {
        Likeness::of(text).is_some_and(|likeness| self.unwanted.iter().any(|other| other.is_like(likeness)))
    }
}

impl Actor {
    /// Puts the veil over a stranger's bottle.
    pub(super) async fn screen_bottle(&self, view: &mut BottleView) {
        let said = said(&view.stone);
        let screening = self.screening(&view.text, Some(&said)).await;
        (view.veil, view.care) = veil(screening);
    }

    /// Puts the veil over a stranger's letter. What its author says of the bottle is no word about it.
    pub(super) async fn screen_letter(&self, view: &mut LetterView, seq: u8) {
        let Some(text) = view.text.as_deref().filter(|_| view.side == LetterSide::Stranger) else {
            return;
        };
        let mut screening = self.screening(text, None).await;
        // Who has chosen to go on may say where they can be found.
        if let Some(screening) = screening.as_mut().filter(|_| seq >= ANSWERS_FROM) {
            screening.forgive_contact();
        }
        (view.veil, view.care) = veil(screening);
    }

    /// From now on texts like these stay hidden.
    pub(super) fn unwanted(&mut self, texts: &[String]) -> Vec<Write> {
        let at = self.shell.now().wall;
        let likenesses: Vec<Likeness> = texts.iter().filter_map(|text| Likeness::of(text)).collect();
        self.screens.unwanted.extend(&likenesses);
        let row = |likeness| BlockedRow {
            kind: BlockKind::Likeness,
            key: key_of(likeness),
            at,
        };
        let rows = likenesses.into_iter().map(row);
        rows.map(|row| ModerationWrite::PutBlocked(row).into()).collect()
    }

    /// Chooses how much is veiled, or only tells.
    pub(super) async fn veil(&mut self, level: Option<String>) -> Result<Reply, Trouble> {
        if let Some(name) = level {
            self.screens.level = Level::from_name(&name).ok_or_else(|| {
                Problem::new(
                    ProblemKind::Input,
                    format!("There is no level “{name}”."),
                    "Nothing was changed.",
                    format!("Choose one of: {}.", Level::ALL.map(Level::name).join(", ")),
                )
            })?;
            let unit = Unit::new("veil").with(MetaWrite::PutSetting {
                name: SETTING.to_owned(),
                value: name,
            });
            self.shell.commit(unit).await?;
        }
        Ok(Reply::Veil(self.screens.level.name().to_owned()))
    }

    async fn screening(&self, text: &str, said: Option<&Said>) -> Option<Screening> {
        let own = analyst::read(text.to_owned()).await?;
        let reported = self.screens.is_unwanted(text);
        Some(policy::screen(&own, said, reported, self.screens.level))
    }
}

fn said(stone: &StoneView) -> Said {
    Said {
        mood: stone.mood.map(|level| f32::from(level) / 255.0),
        tone: f32::from(stone.tone) / 255.0,
    }
}

fn veil(screening: Option<Screening>) -> (Option<Veil>, bool) {
    let Some(screening) = screening else {
        return (None, false);
    };
    let veil = (screening.screen > Screen::Shown).then(|| Veil {
        hidden: screening.screen == Screen::Hidden,
        why: screening
            .why
            .iter()
            .map(|(_, reason)| reason.name().to_owned())
            .collect(),
    });
    (veil, screening.care)
}

/// A likeness as a key of the block list: its eight bytes, then nothing.
fn key_of(likeness: Likeness) -> [u8; 32] {
    let mut key = [0; 32];
    for (slot, byte) in key.iter_mut().zip(likeness.0.to_le_bytes()) {
        *slot = byte;
    }
    key
}

fn likeness_of(key: &[u8; 32]) -> Likeness {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    Likeness(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_survives_the_block_list() {
        let likeness = Likeness(0x0123_4567_89ab_cdef);
        assert_eq!(likeness_of(&key_of(likeness)), likeness);
    }
}
