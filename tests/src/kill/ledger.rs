//! What the child says, one JSON value a line.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A line of the child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub(super) enum Line {
    /// The node runs; this is what it has.
    Started {
        /// Where it listens.
        address: String,
        /// What is on its disk.
        state: State,
    },
    /// The node acknowledged a throw.
    Thrown {
        /// What it says.
        text: String,
    },
    /// The node showed the text of a caught bottle.
    Read {
        /// Which.
        bottle: String,
    },
    /// The node queued an answer.
    Answered {
        /// To which bottle.
        bottle: String,
    },
    /// A letter came.
    Letter {
        /// What it says.
        text: String,
    },
    /// Everything of this life is done.
    Finished {
        /// What is on its disk.
        state: State,
    },
    /// Something that must not happen.
    Broken {
        /// What.
        what: String,
    },
}

/// What a node has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Texts of own bottles, with how often each is there.
    pub(super) thrown: BTreeMap<String, usize>,
    /// Caught bottles whose text can be read.
    pub(super) read: BTreeSet<String>,
    /// Answers sent, by bottle, with how often each is there.
    pub(super) answered: BTreeMap<String, usize>,
    /// Letters received, by text, with how often each is there.
    pub(super) letters: BTreeMap<String, usize>,
    /// The database is sound.
    pub(super) sound: bool,
}

/// What the child has acknowledged in this life.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) thrown: BTreeSet<String>,
    pub(super) read: BTreeSet<String>,
    pub(super) answered: BTreeSet<String>,
    pub(super) letters: BTreeSet<String>,
}

impl Ledger {
    /// Takes an acknowledgement.
    pub(super) fn note(&mut self, line: &Line) {
        match line {
            Line::Thrown { text } => drop(self.thrown.insert(text.clone())),
            Line::Read { bottle } => drop(self.read.insert(bottle.clone())),
            Line::Answered { bottle } => drop(self.answered.insert(bottle.clone())),
            Line::Letter { text } => drop(self.letters.insert(text.clone())),
            Line::Started { .. } | Line::Finished { .. } | Line::Broken { .. } => {}
        }
    }

    /// Everything that is wrong with a state after all that was acknowledged.
    pub(super) fn compare(&self, state: &State) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut lost = |what: &str, acknowledged: &BTreeSet<String>, there: &dyn Fn(&String) -> bool| {
            wrong.extend(
                acknowledged
                    .iter()
                    .filter(|item| !there(item))
                    .map(|item| format!("lost {what}: {item}")),
            );
        };
        lost("throw", &self.thrown, &|item| state.thrown.contains_key(item));
        lost("read", &self.read, &|item| state.read.contains(item));
        lost("answer", &self.answered, &|item| {
            state.answered.contains_key(item)
        });
        lost("letter", &self.letters, &|item| state.letters.contains_key(item));
        for (what, counts) in [
            ("throw", &state.thrown),
            ("answer", &state.answered),
            ("letter", &state.letters),
        ] {
            let twice = counts.iter().filter(|(_, count)| **count > 1);
            wrong.extend(twice.map(|(item, count)| format!("{what} is there {count} times: {item}")));
        }
        if !state.sound {
            wrong.push("the database is not sound".to_owned());
        }
        wrong
    }
}
