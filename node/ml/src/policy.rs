//! What becomes of a text: shown, veiled or hidden, and what its author is told before it is thrown.
//!
//! Pure rules over an [`Analysis`]. The reader's own analysis decides, never the header, which is the author's word; where the two
//! contradict each other, the text is hidden. Nothing is deleted by these rules: whoever asks sees what was veiled or hidden.
//!
//! Despair is not unkindness: a text in which somebody does not want to live is answered with kind words ([`care`]) and its tone does
//! not count against it.

pub mod care;
mod similar;

use std::fmt;

pub use self::similar::Likeness;
use crate::parser::{Analysis, Contact};

/// How much a reader wants to be spared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Veil the worst only.
    Open,
    /// Veil what may hurt, hide what is meant to.
    #[default]
    Careful,
    /// Hide what others have veiled.
    Strict,
}

/// How a text appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// As it is.
    Shown,
    /// Behind a veil that one step lifts.
    Veiled,
    /// Not before the reader has read why and asked for it.
    Hidden,
}

/// Why a text does not simply appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It may be unkind.
    Unkind,
    /// Nothing is known about how unkind its language can be.
    Unrated,
    /// It is about sex.
    Sexual,
    /// It advertises or lures.
    Spam,
    /// It carries a way to reach somebody outside.
    Contact,
    /// Its header says something else than its text.
    Mismatch,
    /// It is like something this reader reported or blocked.
    Reported,
}

/// What was decided about a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screening {
    /// How it appears.
    pub screen: Screen,
    /// Why, and what each reason alone would do; gravest first, empty when it is shown.
    pub why: Vec<(Screen, Reason)>,
    /// The writer may not want to live: kind words belong beside it.
    pub care: bool,
}

impl Screening {
    fn new(mut why: Vec<(Screen, Reason)>, care: bool) -> Self {
        why.retain(|(screen, _)| *screen > Screen::Shown);
        why.sort_by_key(|(screen, _)| std::cmp::Reverse(*screen));
        let screen = why.first().map_or(Screen::Shown, |(screen, _)| *screen);
        Self { screen, why, care }
    }

    /// Lets contact details not count between two who have chosen to go on, nor that a text with an address reads like an advertisement.
    pub fn forgive_contact(&mut self) {
        if self.why.iter().any(|(_, reason)| *reason == Reason::Contact) {
            let mut why = std::mem::take(&mut self.why);
            why.retain(|(_, reason)| !matches!(reason, Reason::Contact | Reason::Spam));
            *self = Self::new(why, self.care);
        }
    }
}

/// The header's word about a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// Mood, 0 to 1 each.
    pub mood: [f32; 8],
    /// Tone, 0 to 1.
    pub tone: f32,
}

/// What somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// A bottle: everybody may find it.
    Bottle,
    /// The first letter to a stranger.
    FirstLetter,
    /// A later letter: both have chosen to go on.
    Letter,
}

/// What an author is told before a text leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// It cannot go out as it is.
    pub refused: Option<Contact>,
    /// Worth a second thought, gravest first.
    pub warned: Vec<Reason>,
    /// Kind words belong beside it.
    pub care: bool,
}

/// Decides about a stranger's text. `said` is the word of its header, if it came with one; `reported` is whether it is like something
/// that was reported or blocked here.
#[must_use]
pub fn screen(own: &Analysis, said: Option<&Said>, reported: bool, level: Level) -> Screening {
    let mut why = Vec::new();
    if reported {
        why.push((Screen::Hidden, Reason::Reported));
    }
    if own.flags.contact.is_some() {
        why.push((Screen::Hidden, Reason::Contact));
    }
    if said.is_some_and(|said| contradicts(own, said)) {
        why.push((Screen::Hidden, Reason::Mismatch));
    }
    match own.tone {
        Some(_) if own.flags.despair => {}
        Some(tone) => why.push((level.of_tone(tone), Reason::Unkind)),
        None => {
            let unrated = level.pick([Screen::Shown, Screen::Veiled, Screen::Veiled]);
            why.push((unrated, Reason::Unrated));
        }
    }
    if own.flags.sexual {
        let touchy = level.pick([Screen::Shown, Screen::Veiled, Screen::Hidden]);
        why.push((touchy, Reason::Sexual));
    }
    if own.flags.spam {
        let tiresome = level.pick([Screen::Veiled, Screen::Veiled, Screen::Hidden]);
        why.push((tiresome, Reason::Spam));
    }
    Screening::new(why, own.flags.despair)
}

/// What an author should know before a text leaves.
#[must_use]
pub fn advise(own: &Analysis, writing: Writing) -> Advice {
    let open = matches!(writing, Writing::Bottle | Writing::FirstLetter);
    let unkind = own.tone.is_some_and(|tone| tone >= VEIL_TONE) && !own.flags.despair;
    let warned = [
        (unkind, Reason::Unkind),
        (own.flags.sexual && open, Reason::Sexual),
        (own.flags.spam && open, Reason::Spam),
    ];
    Advice {
        refused: own.flags.contact.filter(|_| open),
        warned: warned
            .into_iter()
            .filter_map(|(is, reason)| is.then_some(reason))
            .collect(),
        care: own.flags.despair,
    }
}

/// A header may err as models of other versions do; it may not call an insult gentle, or rage joy.
fn contradicts(own: &Analysis, said: &Said) -> bool {
    let understated = own.tone.unwrap_or_default() - said.tone > TONE_APART && !own.flags.despair;
    let apart = own
        .mood
        .iter()
        .zip(said.mood)
        .map(|(ours, theirs)| (ours - theirs).abs());
    understated || apart.fold(0.0, f32::max) > MOOD_APART
}

impl Level {
    /// By its name: open, careful or strict.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// All levels, most open first.
    pub const ALL: [Self; 3] = [Self::Open, Self::Careful, Self::Strict];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Careful => "careful",
            Self::Strict => "strict",
        }
    }

    const fn pick(self, [open, careful, strict]: [Screen; 3]) -> Screen {
        match self {
            Self::Open => open,
            Self::Careful => careful,
            Self::Strict => strict,
        }
    }

    fn of_tone(self, tone: f32) -> Screen {
        let (veiled, hidden) = match self {
            Self::Open => (HIDE_TONE, f32::INFINITY),
            Self::Careful => (VEIL_TONE, HIDE_TONE),
            Self::Strict => (STRICT_TONE, VEIL_TONE),
        };
        match tone {
            tone if tone >= hidden => Screen::Hidden,
            tone if tone >= veiled => Screen::Veiled,
            _ => Screen::Shown,
        }
    }
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Unkind,
        Self::Unrated,
        Self::Sexual,
        Self::Spam,
        Self::Contact,
        Self::Mismatch,
        Self::Reported,
    ];

    /// By its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// One word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unkind => "unkind",
            Self::Unrated => "unrated",
            Self::Sexual => "sexual",
            Self::Spam => "spam",
            Self::Contact => "contact",
            Self::Mismatch => "mismatch",
            Self::Reported => "reported",
        }
    }
}

/// A sentence for people.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unkind => "it may be unkind",
            Self::Unrated => "nobody knows how kind it is: the program has not learned that for its language",
            Self::Sexual => "it is about sex",
            Self::Spam => "it looks like an advertisement or a lure",
            Self::Contact => {
                "it carries an address, a number or a name to be reached by, which may be a trap"
            }
            Self::Mismatch => "its outside says something else than its text",
            Self::Reported => "it is like something that you reported or blocked",
        })
    }
}

/// From here on a text may hurt.
const VEIL_TONE: f32 = 0.5;
/// From here on it is meant to.
const HIDE_TONE: f32 = 0.9;
/// From here on the strict do not want it.
const STRICT_TONE: f32 = 0.3;
/// A header may understate the tone by so much.
const TONE_APART: f32 = 0.5;
/// A header may be wrong about any one mood by so much.
const MOOD_APART: f32 = 0.75;

#[cfg(test)]
mod tests;
