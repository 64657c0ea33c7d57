//! Starting the nodes of the demo, linking them, and ending them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_node::{Node, NodeConfig};
use meteorite_protocol::control::{ProblemKind, Reply, Request};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::World;
use super::event::Event;
use crate::failure::Failure;
use crate::output::words;

/// One node and who steers it.
#[derive(Debug)]
pub(super) struct Ship {
    /// Its place in the sea.
    pub(super) index: usize,
    /// What the story calls it.
    pub(super) name: &'static str,
    /// Does a script steer it, rather than the user?
    pub(super) scripted: bool,
    /// The node.
    pub(super) node: Node,
}

/// All ships, and the folder that goes with them.
#[derive(Debug)]
pub(super) struct Sea {
    /// In order; the user's is the first, where there is one.
    pub(super) ships: Vec<Arc<Ship>>,
    folder: TempDir,
}

impl Sea {
    /// Starts all nodes at once and links them.
    pub(super) async fn launch(world: &Arc<World>, with_user: bool) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("meteorite-demo-")
            .tempdir()
            .map_err(|error| no_folder(&error))?;
        let ships = world.ships;
        let shown = folder.path().display().to_string();
        world.story.tell(Event::Opening {
            ships,
            lines: world.ledger.lines(),
            folder: shown,
            with_user,
        });
        let mut starting = JoinSet::new();
        for index in 0..ships {
            let (world, path) = (Arc::clone(world), folder.path().join(format!("ship-{index}")));
            let scripted = !(with_user && index == 0);
            starting.spawn(async move { start(index, scripted, &path, &world).await });
        }
        let mut afloat = Vec::with_capacity(ships);
        while let Some(started) = starting.join_next().await {
            let ship = started.map_err(|error| {
                Failure::new(
                    ProblemKind::Bug,
                    format!("A node's start broke off: {error}."),
                    "Nothing of yours was touched.",
                    "",
                )
            })?;
            afloat.push(Arc::new(ship?));
        }
        afloat.sort_by_key(|ship| ship.index);
        let sea = Self {
            ships: afloat,
            folder,
        };
        sea.link().await?;
        let mut ends = 0;
        for ship in &sea.ships {
            ends += ship.peers().await;
        }
        world.story.tell(Event::Linked { links: ends / 2 });
        Ok(sea)
    }

    /// The user's ship.
    pub(super) fn user(&self) -> Result<Arc<Ship>, Failure> {
        let user = self.ships.iter().find(|ship| !ship.scripted);
        user.map(Arc::clone)
            .ok_or_else(|| Failure::new(ProblemKind::Bug, "No ship is yours.", "", ""))
    }

    /// Ends all nodes at once and removes the folder.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let mut ending = JoinSet::new();
        for ship in &self.ships {
            ending.spawn(ship.node.clone().shutdown());
        }
        // A throw-away node that does not end in time ends with the process.
        drop(tokio::time::timeout(CLOSE_WAIT, ending.join_all()).await);
        self.folder.close().map_err(|error| {
            Failure::new(
                ProblemKind::Storage,
                format!("The demo's folder could not be removed: {error}."),
                "Nothing of yours was in it.",
                "Remove it by hand.",
            )
        })
    }

    /// Each ship dials some of those before it: all of them in a small sea, a spread of them in a larger one.
    async fn link(&self) -> Result<(), Failure> {
        let mut dialling = JoinSet::new();
        for ship in self.ships.iter().skip(1) {
            for other in targets(ship.index) {
                let address = self.ships.get(other).and_then(|other| other.address());
                let Some(address) = address else { continue };
                let node = ship.node.clone();
                dialling.spawn(async move { node.ask(Request::Dial { address }).await });
            }
        }
        for reply in dialling.join_all().await {
            if let Reply::Problem(problem) = reply {
                return Err(problem.into());
            }
        }
        let deadline = Instant::now() + LINK_WAIT;
        for ship in &self.ships {
            while (ship.peers().await as usize) < targets(ship.index).count().max(1) {
                if Instant::now() >= deadline {
                    return Err(not_linked());
                }
                sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

impl Ship {
    /// Neighbours at this moment.
    async fn peers(&self) -> u32 {
        let reply = self.node.ask(Request::Snapshot).await;
        if let Reply::Snapshot(snapshot) = reply {
            snapshot.peers
        } else {
            0
        }
    }

    fn address(&self) -> Option<String> {
        self.node.snapshot().borrow().listening.first().cloned()
    }
}

async fn start(index: usize, scripted: bool, path: &Path, world: &World) -> Result<Ship, Failure> {
    let node = Node::start(NodeConfig::loopback(path), throw_away_keys()).await?;
    let name = if scripted {
        NAMES.get(index).copied().unwrap_or("Heron")
    } else {
        "You"
    };
    let mut snapshot = node.snapshot();
    let listening = snapshot.wait_for(|now| !now.listening.is_empty());
    let peer = match tokio::time::timeout(LINK_WAIT, listening).await {
        Ok(Ok(now)) => now.peer.clone(),
        Ok(Err(_)) | Err(_) => return Err(not_linked()),
    };
    world.story.tell(Event::Afloat {
        ship: name.to_owned(),
        peer,
    });
    Ok(Ship {
        index,
        name,
        scripted,
        node,
    })
}

/// An identity that nobody can bring back: its words are never shown.
fn throw_away_keys() -> KeyFile {
    let mut rng = rand::rng();
    KeyFile::new(Root::generate(&mut rng), words::now_ms(), &mut rng)
}

/// Whom the ship at this place dials: at most [`DIALS_MAX`] of those before it, the nearest and then further back.
fn targets(index: usize) -> impl Iterator<Item = usize> {
    let step = index.div_ceil(DIALS_MAX).max(1);
    (0..index).rev().step_by(step).take(DIALS_MAX)
}

fn no_folder(error: &std::io::Error) -> Failure {
    Failure::new(
        ProblemKind::Storage,
        format!("There is no place for the demo's folder: {error}."),
        "Nothing was made.",
        "Free some space, or set TMPDIR to a folder that you may write to.",
    )
}

fn not_linked() -> Failure {
    Failure::new(
        ProblemKind::Network,
        format!(
            "The ships did not find each other within {} s.",
            LINK_WAIT.as_secs()
        ),
        "Nothing of yours was touched.",
        "Does a firewall forbid UDP on the loopback interface? `meteorite -vv demo` shows more.",
    )
}

/// Dials of one ship: with eight ships or fewer each knows every other.
const DIALS_MAX: usize = 7;
/// Longer than loopback ever takes.
const LINK_WAIT: Duration = Duration::from_secs(20);
/// For nodes that hand over before they end.
const CLOSE_WAIT: Duration = Duration::from_secs(10);
/// Between two looks at the nodes' state.
const LOOK: Duration = Duration::from_millis(50);

/// One for each node that the demo may have.
pub(super) const NAMES: [&str; 16] = [
    "Kestrel",
    "Albatross",
    "Petrel",
    "Curlew",
    "Puffin",
    "Sandpiper",
    "Tern",
    "Gannet",
    "Osprey",
    "Plover",
    "Dunlin",
    "Fulmar",
    "Cormorant",
    "Avocet",
    "Turnstone",
    "Heron",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sea_is_fully_linked_and_a_large_one_not_too_densely() {
        for index in 0..=DIALS_MAX {
            assert_eq!(targets(index).count(), index);
        }
        for index in 1..NAMES.len() {
            let targets: Vec<usize> = targets(index).collect();
            assert!(
                targets.len() <= DIALS_MAX && targets.contains(&(index - 1)),
                "{index}: {targets:?}"
            );
        }
    }
}
