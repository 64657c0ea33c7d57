//! Rows and states as a person sees them.

use meteorite_crypto::stamp::Rarity;
use meteorite_protocol::control::{BottleFate, BottleView, HoldState, HoldView, OwnBottleView, StoneView};
use meteorite_protocol::engine::End;
use meteorite_protocol::hold::{CatchRow, CatchState, Outcome, Standing};
use meteorite_protocol::ids::BottleId;
use meteorite_protocol::mine::{DeliveryTruth, Stage};
use meteorite_protocol::mood;
use meteorite_protocol::text;
use meteorite_protocol::wire::{Header, SkyMessage, Wire as _};
use meteorite_store::{HeaderRow, OwnBottleRow, PrivateBody};

use super::Actor;

impl Actor {
    /// The outside of a bottle, from its header.
    pub(super) fn stone(&self, bottle: BottleId, header: &Header) -> StoneView {
        let (caught, places) = self
            .shell
            .engine()
            .claims(&bottle)
            .map_or((0, 0), |claims| claims.caught());
        StoneView {
            bottle: bottle.to_string(),
            mood: header.mood.0,
            moods: mood::strongest(&header.mood.0)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            tone: header.tone,
            lang: header.lang.to_string(),
            length: header.length,
            slots: u8::try_from(places).unwrap_or(u8::MAX).max(header.slots),
            caught: u8::try_from(caught).unwrap_or(u8::MAX),
            thrown_ms: header.thrown_at.start().0,
            sinks_ms: header.expires_at().start().0,
            nonce: header.nonce.to_string(),
            art: header.art,
            rarity: None,
        }
    }

    /// The outside of a bottle, from its stored row; nothing if that is damaged.
    pub(super) fn stone_of_row(&self, row: &HeaderRow) -> Option<StoneView> {
        let header = Header::decode(&row.payload).ok()?;
        Some(self.stone(row.index.bottle, &header))
    }

    /// A bottle that is open for this user: its rarity shows.
    pub(super) fn open_stone(&self, bottle: BottleId, header: &Header) -> StoneView {
        let rarity = Rarity::of(&header.author.0, header.stamp_epoch().0, header.stamp);
        StoneView {
            rarity: Some(rarity.name().to_owned()),
            ..self.stone(bottle, header)
        }
    }

    /// An own bottle with what is proven of it.
    pub(super) fn own_view(&self, row: &OwnBottleRow) -> OwnBottleView {
        let now = self.shell.now();
        let truth = self.shell.engine().truth(&row.bottle, now);
        let stone = SkyMessage::decode(&row.message)
            .map(|message| self.open_stone(row.bottle, message.header.value()))
            .unwrap_or_else(|_| unreadable_stone(row));
        OwnBottleView {
            stone,
            fate: truth
                .as_ref()
                .map_or(BottleFate::Sunk, |truth| fate_of(truth.stage())),
            handed: truth.as_ref().map_or(0, |truth| truth.handed),
            held: truth.as_ref().map_or(0, |truth| truth.held),
            answers: truth.as_ref().map_or(0, answers),
            recasts: truth.as_ref().map_or(0, |truth| truth.recasts),
            recast_ready: self.shell.engine().may_recast(&row.bottle, now).is_ok(),
            text: row.words.text.to_string(),
            nudge: None,
        }
    }
}

/// An opened bottle.
pub(super) fn opened_view(stone: StoneView, state: Option<HoldState>, words: &PrivateBody) -> BottleView {
    BottleView {
        stone,
        state,
        text: text::clean(&words.text),
        nick: Some(words.nick.to_string()).filter(|nick| !nick.is_empty()),
        tags: words.tags.iter().map(|tag| tag.to_string()).collect(),
        veil: None,
        care: false,
    }
}

/// What became of a catch.
pub(super) fn hold_state(row: &CatchRow) -> HoldState {
    match (&row.state, &row.outcome) {
        (CatchState::InHold, _) => HoldState::Sealed,
        (CatchState::Opening(_), _) => HoldState::Opening,
        (CatchState::Claimed(_), Outcome::Kept) => HoldState::Kept,
        (CatchState::Claimed(_), Outcome::ThrownBack(_)) => HoldState::ThrownBack,
        (CatchState::Claimed(claim), Outcome::Undecided) => match claim.standing {
            Standing::Provisional => HoldState::Provisional,
            Standing::Confirmed => HoldState::Confirmed,
            Standing::Displaced => HoldState::Displaced,
        },
    }
}

/// A stone in the hold.
pub(super) fn hold_view(stone: StoneView, state: HoldState, why: Option<String>) -> HoldView {
    HoldView { stone, state, why }
}

pub(super) fn fate_of(stage: Stage) -> BottleFate {
    match stage {
        Stage::Queued => BottleFate::Queued,
        Stage::Handed => BottleFate::Handed,
        Stage::Held => BottleFate::Drifting,
        Stage::Caught => BottleFate::Caught,
        Stage::Answered => BottleFate::Answered,
        Stage::Sunk => BottleFate::Sunk,
        Stage::Withdrawn => BottleFate::Withdrawn,
    }
}

pub(super) fn fate_of_end(end: End) -> BottleFate {
    match end {
        End::Withdrawn => BottleFate::Withdrawn,
        End::Expired | End::Equivocated | End::Evicted | End::Denied => BottleFate::Sunk,
    }
}

pub(super) fn answers(truth: &DeliveryTruth) -> u16 {
    truth.lights.saturating_add(truth.letters)
}

/// An own row whose message no longer decodes still has its words and dates.
fn unreadable_stone(row: &OwnBottleRow) -> StoneView {
    StoneView {
        bottle: row.bottle.to_string(),
        mood: [0; 8],
        moods: Vec::new(),
        tone: 0,
        lang: "und".to_owned(),
        length: 0,
        slots: row.slots,
        caught: 0,
        thrown_ms: row.thrown_at.start().0,
        sinks_ms: row.expires_at.start().0,
        nonce: row.nonce.to_string(),
        art: 0,
        rarity: None,
    }
}
