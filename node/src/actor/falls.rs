//! What falls next: the sea's candidates, the matcher's choice, and what it learns from what the reader then does.
//!
//! Nothing of it leaves this computer. The state is sealed in the database like every private row and can be forgotten at any time.

use std::collections::BTreeMap;

use meteorite_ml::matcher::features::pack;
use meteorite_ml::matcher::{
    Act, Bottle, Drifting, Features, Fresh, Knob, Log, Matcher, Neighbour, POOL, Prior, Reader, Reason,
    Shadow, Shown, estimate,
};
use meteorite_protocol::control::{Comparison, Problem, ProblemKind, Reply, TasteChange, TasteView};
use meteorite_protocol::ids::{BottleId, Peer};
use meteorite_protocol::time::{Epoch, HOUR_MS};
use meteorite_protocol::wire::{Header, Lang, Wire as _};
use meteorite_store::{
    self as store, CoreRow, Db, FallRow, HeaderFlags, HeaderRow, Hidden, MetaStore, MetaWrite, OwnStore,
    OwnWrite, SKY_BULK_MAX, SKY_PAGE_MAX, SkyStore, StoreError, Unit,
};

use super::Actor;
use super::trouble::{Trouble, refused};

/// Settings: how far from "surprise me" to "like me" in percent, and the languages read, with commas; none means all.
const KNOB: &str = "taste-knob";
const LANGUAGES: &str = "taste-languages";
/// The rows of the matcher.
const CORE: &str = "matcher";
const STATE: &[u8] = b"state";
const LOG: &[u8] = b"log";
/// Bottles that are read from the store for one fall, before those compete that fit.
const WIDE: usize = 256;
/// Pages of bottles in the reader's languages that are read when too few of the wide choice fit.
const PAGES: usize = 4;

/// What this device knows about its reader's taste.
pub(super) struct Taste {
    matcher: Matcher,
    log: Log,
    knob: Knob,
    reader: Reader,
    /// Who brought each bottle of the sky that came in this run.
    brought: BTreeMap<BottleId, Neighbour>,
    /// Why the stones of the hold fell, as far as they fell in this run.
    why: BTreeMap<BottleId, Reason>,
    /// What was stored could not be used.
    fresh: Option<Fresh>,
}

/// A bottle that may fall.
struct Candidate {
    bottle: BottleId,
    header: Header,
    drifting: Drifting,
}

impl Taste {
    pub(super) async fn load(db: &Db) -> Result<Self, StoreError> {
        let rows = db.core_rows(CORE).await?;
        let bytes = |name: &[u8]| {
            rows.iter()
                .find(|row| row.row == name)
                .map(|row| row.state.to_vec())
        };
        let (matcher, fresh) = match bytes(STATE) {
            Some(bytes) => Matcher::from_bytes(&bytes, Prior::shipped()),
            None => (Matcher::default(), None),
        };
        if let Some(fresh) = fresh {
            tracing::warn!(%fresh, "the matcher starts anew");
        }
        let log = bytes(LOG).and_then(|bytes| meteorite_protocol::rows::decode(&bytes));
        let knob = db
            .setting(KNOB)
            .await?
            .and_then(|percent| percent.parse::<f64>().ok());
        let languages = db.setting(LANGUAGES).await?.unwrap_or_default();
        Ok(Self {
            matcher,
            log: log.unwrap_or_default(),
            knob: knob.map_or_else(Knob::default, |percent| Knob::new(percent / 100.0)),
            reader: reader(&languages),
            brought: BTreeMap::new(),
            why: BTreeMap::new(),
            fresh,
        })
    }

    /// A neighbour brought a bottle.
    pub(super) fn on_brought(&mut self, bottle: BottleId, from: &Peer) {
        self.brought
            .insert(bottle, number(blake3::hash(from.as_bytes()).as_bytes()));
    }

    /// A bottle is over.
    pub(super) fn on_ended(&mut self, bottle: &BottleId) {
        self.brought.remove(bottle);
        self.why.remove(bottle);
    }

    /// Why it fell, in one sentence.
    pub(super) fn why(&self, bottle: &BottleId) -> Option<String> {
        self.why.get(bottle).map(ToString::to_string)
    }

    /// The reader wrote something: what they write about, and how they feel.
    pub(super) fn on_written(&mut self, header: &Header) {
        self.matcher.handle_written(&header.gist.0, header.mood.0);
    }

    fn features(&self, candidate: &Candidate, now_ms: u64) -> Features {
        let header = &candidate.header;
        let hours = |ms: u64| ms as f32 / HOUR_MS as f32;
        let bottle = Bottle {
            gist: &header.gist.0,
            mood: header.mood.0,
            tone: header.tone,
            language: header.lang.as_str(),
            length: header.length,
            age_hours: hours(now_ms.saturating_sub(header.thrown_at.start().0)),
            left_hours: hours(candidate.drifting.sinks_at_ms.saturating_sub(now_ms)),
            places: candidate.drifting.places,
            taken: candidate.drifting.taken,
        };
        self.matcher.features(&bottle, &self.reader)
    }

    /// The rows that hold everything learned.
    fn rows(&self) -> Vec<store::Write> {
        let row = |name: &[u8], state: Vec<u8>| {
            let row = CoreRow {
                core: CORE.to_owned(),
                row: name.to_vec(),
                state: state.into(),
            };
            OwnWrite::PutCoreRow(row).into()
        };
        vec![
            row(STATE, self.matcher.to_bytes()),
            row(LOG, meteorite_protocol::rows::encode(&self.log)),
        ]
    }

    fn view(&self) -> TasteView {
        let samples = Shadow::ALL.map(|shadow| (shadow, self.log.samples(shadow)));
        let compared = samples.iter().filter_map(|(shadow, samples)| {
            let estimate = estimate::snips(samples)?;
            Some(Comparison {
                way: shadow.name().to_owned(),
                reward: estimate.value as f32,
                error: estimate.error as f32,
            })
        });
        TasteView {
            knob: (self.knob.position() * 100.0).round() as u8,
            languages: self.reader.languages.clone(),
            learned: self.matcher.learned(),
            choices: u32::try_from(self.log.len()).unwrap_or(u32::MAX),
            compared: compared.collect(),
            fresh: self.fresh.map(|fresh| fresh.to_string()),
        }
    }
}

impl Actor {
    /// The bottle that falls next.
    pub(super) async fn next_fall(&mut self) -> Result<BottleId, Trouble> {
        self.shell.settle().await;
        let now_ms = self.shell.now().wall.0;
        let sea = self.sea(now_ms).await?;
        let drifting: Vec<Drifting> = sea.iter().map(|candidate| candidate.drifting).collect();
        let pool = self.taste.matcher.pool(&drifting, POOL, now_ms, &mut rand::rng());
        let pool: Vec<&Candidate> = pool.into_iter().filter_map(|at| sea.get(at)).collect();
        let features: Vec<Features> = pool
            .iter()
            .map(|candidate| self.taste.features(candidate, now_ms))
            .collect();
        let choice = self
            .taste
            .matcher
            .choose(&features, self.taste.knob, &mut rand::rng());
        let chosen = choice.as_ref().and_then(|choice| pool.get(choice.index));
        let (Some(choice), Some(chosen)) = (&choice, chosen) else {
            return Err(nothing_falls(&self.taste.reader).into());
        };
        let bottle = chosen.bottle;
        self.taste
            .why
            .insert(bottle, self.taste.matcher.why(&features, choice));
        if let Some(entry) = choice.entry() {
            self.taste.log.push(number(&bottle.0), entry);
        }
        self.taste.matcher.handle_fall(chosen.drifting.neighbour);
        let times = chosen.drifting.falls.saturating_add(1);
        let fell = OwnWrite::PutFall(FallRow {
            bottle,
            times,
            last: self.shell.now().wall,
        });
        let mut unit = Unit::new("fall").with(fell);
        unit.extend(self.taste.rows());
        self.shell.commit(unit).await?;
        Ok(bottle)
    }

    /// The reader looks at a stone: from now on, what they do with it is watched.
    pub(super) async fn on_looked_at(&mut self, bottle: BottleId, header: &Header) -> Result<(), Trouble> {
        let now_ms = self.shell.now().wall.0;
        let falls = self.shell.db().falls().await?;
        let fell = falls.iter().find(|row| row.bottle == bottle);
        let candidate = Candidate {
            bottle,
            header: header.clone(),
            drifting: self.drifting(
                &bottle,
                (header.thrown_at, header.expires_at()),
                header.slots,
                fell,
            ),
        };
        let features = pack(&self.taste.features(&candidate, now_ms));
        let shown = Shown::new(&bottle.0, features, (&header.gist.0, header.mood.0), now_ms);
        if let Some(settled) = self.taste.matcher.handle_shown(shown) {
            self.taste.log.settle(number(&settled.bottle), settled.reward);
        }
        self.store_taste().await
    }

    /// The reader did something with a bottle.
    pub(super) async fn on_acted(&mut self, bottle: &BottleId, act: Act) -> Result<(), Trouble> {
        let now_ms = self.shell.now().wall.0;
        if self.taste.matcher.handle_act(&bottle.0, act, now_ms) {
            self.store_taste().await?;
        }
        Ok(())
    }

    /// Learns from what is final by now.
    pub(super) async fn tick_taste(&mut self) -> Result<(), Trouble> {
        let now_ms = self.shell.now().wall.0;
        if self.taste.matcher.next_deadline_ms().is_none_or(|at| at > now_ms) {
            return Ok(());
        }
        for settled in self.taste.matcher.handle_tick(now_ms) {
            self.taste.log.settle(number(&settled.bottle), settled.reward);
        }
        self.store_taste().await
    }

    /// Changes how bottles are chosen, forgets what was learned, or only tells.
    pub(super) async fn taste(&mut self, change: TasteChange) -> Result<Reply, Trouble> {
        let mut unit = Unit::new("taste");
        if let Some(percent) = change.knob {
            if percent > 100 {
                let next = "0 is “surprise me”, 100 is “like me”.";
                return Err(unfit(format!("{percent} is more than 100."), next).into());
            }
            self.taste.knob = Knob::new(f64::from(percent) / 100.0);
            unit = unit.with(setting(KNOB, percent.to_string()));
        }
        if let Some(languages) = change.languages {
            if let Some(odd) = languages.iter().find(|code| Lang::new(code).is_none()) {
                let next = "Use two or three small letters each, such as en, zh, es or ja.";
                return Err(unfit(format!("“{odd}” is not a language tag."), next).into());
            }
            let languages = languages.join(",");
            self.taste.reader = reader(&languages);
            unit = unit.with(setting(LANGUAGES, languages));
        }
        if change.forget {
            self.taste.matcher.forget();
            (self.taste.log, self.taste.fresh) = (Log::default(), None);
            self.taste.why.clear();
            unit.extend(self.taste.rows());
        }
        self.shell.commit(unit).await?;
        Ok(Reply::Taste(self.taste.view()))
    }

    async fn store_taste(&mut self) -> Result<(), Trouble> {
        let mut unit = Unit::new("taste");
        unit.extend(self.taste.rows());
        Ok(self.shell.commit(unit).await?)
    }

    /// Bottles that may fall and that the reader can read: a wide choice of those that need a finder most, and where too few of them fit the
    /// newest in the reader's languages.
    async fn sea(&self, now_ms: u64) -> Result<Vec<Candidate>, Trouble> {
        let falls = self.shell.db().falls().await?;
        let falls: BTreeMap<BottleId, FallRow> = falls.into_iter().map(|row| (row.bottle, row)).collect();
        let stones: Vec<_> = self.shell.engine().sky().stones().collect();
        let all: Vec<Drifting> = stones
            .iter()
            .map(|stone| {
                let life = (stone.thrown_at, stone.expires_at);
                self.drifting(&stone.bottle, life, stone.slots, falls.get(&stone.bottle))
            })
            .collect();
        let wide = self.taste.matcher.pool(&all, WIDE, now_ms, &mut rand::rng());
        let wide: Vec<BottleId> = wide
            .into_iter()
            .filter_map(|at| stones.get(at).map(|stone| stone.bottle))
            .collect();
        let mut sea = Vec::new();
        for ids in wide.chunks(SKY_BULK_MAX) {
            let rows = self.shell.db().headers(ids).await?;
            sea.extend(rows.iter().filter_map(|row| self.candidate(row, &falls)));
        }
        if sea.len() < POOL && !self.taste.reader.languages.is_empty() {
            let wanted = store::SkyFilter {
                langs: self.taste.reader.languages.clone().into_iter().collect(),
                hidden: Hidden::Leave,
                ..store::SkyFilter::default()
            };
            let mut after = None;
            for _ in 0..PAGES {
                let page = self.shell.db().sky_page(&wanted, after, SKY_PAGE_MAX).await?;
                let fit = page.rows.iter().filter(|row| !wide.contains(&row.index.bottle));
                sea.extend(fit.filter_map(|row| self.candidate(row, &falls)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(sea)
    }

    /// A row as a candidate, if the reader can read it and has not hidden it.
    fn candidate(&self, row: &HeaderRow, falls: &BTreeMap<BottleId, FallRow>) -> Option<Candidate> {
        let is_never = |flag| row.index.flags.has(flag);
        let never = [HeaderFlags::HIDDEN, HeaderFlags::OWN, HeaderFlags::FORWARD_ONLY];
        let language = self.taste.reader.place(&row.index.lang);
        if language.is_none() || never.into_iter().any(is_never) {
            return None;
        }
        let header = Header::decode(&row.payload).ok()?;
        let bottle = row.index.bottle;
        let life = (row.index.thrown_at, row.index.expires_at);
        Some(Candidate {
            bottle,
            header,
            drifting: Drifting {
                language,
                ..self.drifting(&bottle, life, row.index.slots, falls.get(&bottle))
            },
        })
    }

    /// What decides whether a bottle may fall, as this node knows it.
    fn drifting(
        &self,
        bottle: &BottleId,
        (thrown_at, expires_at): (Epoch, Epoch),
        slots: u8,
        fell: Option<&FallRow>,
    ) -> Drifting {
        let engine = self.shell.engine();
        let claims = engine.claims(bottle);
        let (taken, places) = claims.as_ref().map_or((0, 0), |claims| claims.caught());
        let barred = engine.hold().row(bottle).is_some()
            || engine.mine().contains(bottle)
            || claims.as_ref().is_none_or(|claims| claims.vacancy().is_none());
        Drifting {
            places: u8::try_from(places).unwrap_or(u8::MAX).max(slots),
            taken: u8::try_from(taken).unwrap_or(u8::MAX),
            recasts: claims.as_ref().map_or(0, |claims| claims.recasts()),
            thrown_at_ms: thrown_at.start().0,
            sinks_at_ms: expires_at.start().0,
            falls: fell.map_or(0, |row| row.times),
            last_fall_ms: fell.map_or(0, |row| row.last.0),
            neighbour: self.taste.brought.get(bottle).copied().unwrap_or_default(),
            barred,
            // Until its language is known it may fall.
            language: Some(u8::MAX),
        }
    }
}

/// The languages of a setting, best first.
fn reader(languages: &str) -> Reader {
    let codes = languages.split(',').filter(|code| !code.is_empty());
    Reader {
        languages: codes.map(str::to_owned).collect(),
        all_languages: false,
    }
}

fn setting(name: &str, value: String) -> MetaWrite {
    MetaWrite::PutSetting {
        name: name.to_owned(),
        value,
    }
}

/// The first eight bytes of a hash.
fn number(hash: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn unfit(what: String, next: &str) -> Problem {
    Problem::new(ProblemKind::Input, what, "Nothing was changed.", next)
}

fn nothing_falls(reader: &Reader) -> Problem {
    let next = if reader.languages.is_empty() {
        "The sky fills when neighbours are there: `meteorite peers`, `meteorite doctor`."
    } else {
        "Nothing in your languages drifts at the moment; `meteorite taste --languages all` lets everything fall."
    };
    refused("Nothing is falling at the moment.", next)
}
