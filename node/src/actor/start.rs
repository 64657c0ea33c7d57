//! Starting and ending a node.

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::sign::SigningKey;
use meteorite_net::{Multiaddr, Net, NetConfig, NetError, NetEvent, Role};
use meteorite_protocol::control::{Notice, Problem, ProblemKind};
use meteorite_protocol::economy::UtcOffset;
use meteorite_protocol::engine::{self, Command};
use meteorite_protocol::ids::Peer;
use meteorite_protocol::mailbox::MailboxPolicy;
use meteorite_shell::{Shell, ShellConfig, StartError, peer_id};
use meteorite_store::{Db, LetterStore, MailboxStore, OpenError, OpenOptions, PeerStore};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

use super::falls::Taste;
use super::mail::Mail;
use super::network::Network;
use super::screen::Screens;
use super::{Actor, Trouble};
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::node::{Node, Wires};
use crate::socket;

/// Peers of earlier runs that are dialled at start.
const CACHED_PEERS: usize = 64;
/// Between two looks at what is due: progress of mining, bodies that did not come, counts for the snapshot.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two sweeps of what has expired, and two notes of who was met.
const SWEEP_TICKS: u64 = 240;

/// Brings a node up and spawns its actor.
pub(crate) async fn start(
    config: NodeConfig,
    keys: KeyFile,
    wires: Wires,
    node: Node,
    tasks: &TaskTracker,
) -> Result<(), Problem> {
    let dir = DataDir::new(&config.data_dir);
    dir.create()?;
    let lock = dir.lock()?;
    let bootstrap = addresses(&config.bootstrap)?;
    let options = OpenOptions {
        file_bytes_max: config.database_bytes_max,
    };
    let db = Db::open_with(&dir.database(), Some(keys.root.storage_key()), &options)
        .await
        .map_err(|error| not_opened(&error))?;
    let net = start_net(&config, &dir, &keys, (&bootstrap, &db)).await?;
    let me = Peer::from_ed25519(&SigningKey::from_seed(&keys.libp2p_secret).public());
    let mailbox = config.volunteer.then(|| {
        (
            SigningKey::from_seed(&keys.libp2p_secret),
            MailboxPolicy::volunteer(),
        )
    });
    let shell_config = ShellConfig {
        engine: engine::Config {
            params: config.params,
            ..engine::Config::default()
        },
        own: true,
        body_bytes_max: config.body_bytes_max,
        mailbox,
        clock_wrong_by_ms: config.clock_wrong_by_ms,
    };
    let shell = Shell::start(shell_config, net, db.clone(), tasks)
        .await
        .map_err(|error| not_started(&error))?;
    let mail = Mail::restore(&db, me, config.params, rand::random())
        .await
        .map_err(|error| unreadable(&error))?;
    let screens = Screens::load(&db).await.map_err(|error| unreadable(&error))?;
    let taste = Taste::load(&db).await.map_err(|error| unreadable(&error))?;
    let stop = wires.stop.clone();
    let actor = Actor {
        screens,
        taste,
        network: Network::new(&bootstrap),
        jobs: tokio::task::JoinSet::new(),
        throwing: std::collections::BTreeMap::new(),
        next_throw: 0,
        opening: std::collections::BTreeMap::new(),
        told_ms: None,
        ticks: 0,
        wake: Instant::now(),
        unread: 0,
        held_for_others: 0,
        dir: dir.clone(),
        config,
        keys,
        shell,
        wires,
        mail,
        lock,
    };
    socket::serve(&dir, node, tasks, stop)?;
    let running: futures::future::BoxFuture<'static, ()> = Box::pin(actor.run());
    tasks.spawn(running);
    Ok(())
}

impl Actor {
    /// What a start does once the engine runs. False when a step could not be stored.
    pub(super) async fn begin(&mut self) -> bool {
        let offset = i16::try_from(self.config.utc_offset_mins).unwrap_or(0);
        let locale = Command::Locale {
            offset: UtcOffset::from_minutes(offset),
            quiet: None,
        };
        let told = self.command(locale).await;
        let mut running = self.survives(told);
        for address in self.shell.net().listeners().await.unwrap_or_default() {
            let listening = self.on_network(NetEvent::Listening { address }).await;
            running &= self.survives(listening);
        }
        let mail = self.start_mail().await;
        running &= self.survives(mail);
        let bootstraps = self.tell_bootstraps().await;
        running &= self.survives(bootstraps);
        self.count_letters().await;
        self.tell_snapshot();
        running
    }

    /// When the actor looks around by itself, at the latest.
    pub(super) fn next_wake(&self) -> Instant {
        self.wake
    }

    pub(super) async fn on_tick(&mut self) -> Result<(), Trouble> {
        self.wake = Instant::now() + self.pace();
        self.ticks += 1;
        self.tell_mining();
        self.expire_openings();
        self.tick_mail().await?;
        self.tick_taste().await?;
        self.count_letters().await;
        if self.ticks.is_multiple_of(SWEEP_TICKS) {
            self.sweep().await?;
        }
        Ok(())
    }

    /// Hands letters over, writes what waits, closes the database last.
    pub(super) async fn end(mut self) {
        self.wires.stop.cancel();
        self.notify(Notice::Stopping);
        self.stop_throwing();
        if let Err(trouble) = self.hand_over().await {
            tracing::warn!(
                ?trouble,
                "some letters could not be handed over; they leave at the next start"
            );
        }
        if let Err(trouble) = self.note_neighbours().await {
            tracing::debug!(?trouble, "neighbours were not noted");
        }
        let db = self.shell.db().clone();
        self.jobs.shutdown().await;
        self.shell.shutdown().await;
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "the database was not closed cleanly; the next start checks it");
        }
        drop(self.lock);
        if self.wires.ended.send(()).is_err() {
            tracing::trace!("nobody waits for the end");
        }
    }

    /// Fast while somebody waits for something, slow while nobody does: an idle node should not wake a laptop.
    fn pace(&self) -> Duration {
        let idle = self.throwing.is_empty() && self.opening.is_empty();
        let due = self
            .mail
            .post
            .next_deadline()
            .map(|at| at.saturating_sub(self.shell.now().mono_ms));
        let quiet = if idle { TICK * 4 } else { TICK };
        due.map_or(quiet, |due| quiet.min(Duration::from_millis(due.max(20))))
    }

    async fn sweep(&mut self) -> Result<(), Trouble> {
        while self.shell.expire().await? {}
        self.note_neighbours().await
    }

    async fn count_letters(&mut self) {
        if let Ok(threads) = self.shell.db().unread_letters().await {
            self.unread = threads;
        }
        if let Ok(totals) = self.shell.db().mailbox_totals().await {
            self.held_for_others = u32::try_from(totals.letters).unwrap_or(u32::MAX);
        }
    }
}

async fn start_net(
    config: &NodeConfig,
    dir: &DataDir,
    keys: &KeyFile,
    (bootstrap, db): (&[Multiaddr], &Db),
) -> Result<(Net, mpsc::Receiver<NetEvent>), Problem> {
    let cached = db
        .peers_to_dial(CACHED_PEERS)
        .await
        .map_err(|error| unreadable(&error))?;
    let cached = cached.into_iter().filter_map(|row| {
        let addresses = row
            .addresses
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect();
        Some((peer_id(&row.peer)?, addresses))
    });
    let mut net = NetConfig::new(Role::Node, *keys.libp2p_secret);
    net.data_dir = Some(dir.blocks());
    net.listen = addresses(&config.listen)?;
    net.bootstrap = bootstrap.to_vec();
    net.cached_peers = cached.collect();
    net.mdns = config.mdns;
    net.offers.mail = config.volunteer;
    net.link_delay = config.link_delay.map(meteorite_net::LinkDelay);
    net.global_addresses_only = config.mdns;
    net.memory_bytes_max = config.memory_bytes_max.unwrap_or(net.memory_bytes_max);
    Net::start(net).await.map_err(|error| no_network(&error))
}

fn addresses(texts: &[String]) -> Result<Vec<Multiaddr>, Problem> {
    let parse = |text: &String| {
        text.parse().map_err(|error| {
            Problem::new(
                ProblemKind::Input,
                format!("“{text}” is not an address: {error}."),
                "Nothing was changed.",
                "Addresses look like /ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3… or /dns/example.org/tcp/4001/p2p/12D3…",
            )
        })
    };
    texts.iter().map(parse).collect()
}

fn not_opened(error: &OpenError) -> Problem {
    let kind = match error {
        OpenError::Locked { .. } => ProblemKind::Busy,
        _ => ProblemKind::Storage,
    };
    Problem::new(kind, error.to_string(), "", "")
}

fn not_started(error: &StartError) -> Problem {
    let safe = "Your keys are safe, and nothing was changed.";
    Problem::new(
        ProblemKind::Storage,
        format!("The node cannot start: {error}."),
        safe,
        "Mend the disk, or restore a backup.",
    )
}

fn unreadable(error: &meteorite_store::StoreError) -> Problem {
    super::trouble::unreadable(error)
}

fn no_network(error: &NetError) -> Problem {
    let (kind, next) = match error {
        NetError::Listen { .. } => (
            ProblemKind::Network,
            "Is another program using this port? Choose another one with --listen, or port 0 for any that is free.",
        ),
        NetError::RepoInUse(_) => (
            ProblemKind::Busy,
            "End the other node, or choose another folder with --home.",
        ),
        NetError::Key => (
            ProblemKind::Keys,
            "Bring your identity back with `meteorite keys recover`.",
        ),
        _ => (ProblemKind::Network, "Look at the addresses given with --listen."),
    };
    Problem::new(
        kind,
        format!("The network cannot start: {error}."),
        "Your keys and bottles are safe.",
        next,
    )
}
