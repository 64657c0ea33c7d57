//! Starting and stopping: rust-ipfs's builder, the executor whose tasks we can join, and the listeners.
//!
//! Traps that this file steers around: `with_default()` starts a second gossipsub whose ids shadow ours; `enable_quic()` sets an idle timeout
//! of 300 ms; `enable_dns()` wraps only the memory transport; the two swarm-configuration setters overwrite each other; listen addresses
//! given to the builder fail silently; `with_gc` deletes unpinned blocks; `ban_peer` always errors.

use std::convert::Infallible;
use std::fs::TryLockError;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::Config as SwarmConfig;
use libp2p::{Multiaddr, quic};
use rust_ipfs::builder::IpfsBuilder;
use rust_ipfs::{Ipfs, repo::LockError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::NetConfig;
use crate::content::{Content, WANTS_QUERY_MAX};
use crate::error::NetError;
use crate::event::NetEvent;
use crate::exclusive::Exclusive;
use crate::gossip::ip_of;
use crate::handle::Shared;
use crate::limits;
use crate::slot::{Command, Slot};

/// What has to be stopped.
pub(crate) struct Running {
    ipfs: Ipfs,
    gone: oneshot::Receiver<Infallible>,
    tasks: TaskTracker,
    stop: CancellationToken,
    wants: JoinHandle<()>,
    ports: Vec<Multiaddr>,
    folder: Option<PathBuf>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Running {
    /// Stops in order: connections, the swarm, its tasks, and waits until the ports are free. Each step has a limit.
    pub(crate) async fn stop(mut self, commands: &mpsc::Sender<Command>) {
        self.stop.cancel();
        let (reply, closed) = oneshot::channel();
        let (listed, listeners) = oneshot::channel();
        let asked = commands.send(Command::Listeners { reply: listed }).await.is_ok();
        if asked && let Ok(addresses) = listeners.await {
            self.ports.extend(addresses);
        }
        if commands.send(Command::Shutdown { reply }).await.is_ok() {
            within("closing connections", closed).await;
        }
        self.ipfs.exit_daemon().await;
        within("dropping the swarm", self.gone).await;
        self.tasks.close();
        within("joining tasks", self.tasks.wait()).await;
        within("joining the want-list watch", self.wants).await;
        within("freeing ports", wait_for_ports(self.ports)).await;
        if let Some(folder) = &self.folder
            && wait_for_lock(folder).await.is_err()
        {
            tracing::warn!(folder = %folder.display(), "the folder is still locked");
        }
    }
}

/// Builds and starts everything.
pub(crate) async fn start(config: NetConfig) -> Result<(Shared, mpsc::Receiver<NetEvent>), NetError> {
    if config.listen.len() > limits::LISTENERS_MAX {
        return Err(NetError::TooManyListeners(config.listen.len()));
    }
    for address in &config.listen {
        probe_tcp(address)?;
    }
    let keypair = Keypair::ed25519_from_bytes(config.secret.0).map_err(|_malformed| NetError::Key)?;
    let tasks = TaskTracker::new();
    let (commands, inbox) = mpsc::channel(limits::COMMANDS_MAX);
    let (outbox, events) = mpsc::channel(limits::EVENTS_MAX);
    let (slot, gone) = Slot::new(&keypair, config.clone(), inbox, outbox)?;
    let ipfs = start_ipfs(keypair.clone(), config.clone(), slot, tasks.clone()).await?;
    let content = Content::new(ipfs.clone(), config.bitswap);
    let stop = CancellationToken::new();
    let wants = tokio::spawn(watch_wants(
        content.clone(),
        commands.clone(),
        stop.clone(),
        config.bitswap,
    ));
    let running = Running {
        ipfs,
        gone,
        tasks,
        stop,
        wants,
        ports: Vec::new(),
        folder: config.data_dir,
    };
    for address in config.listen {
        if let Err(error) = listen(&commands, address).await {
            content.close();
            running.stop(&commands).await;
            return Err(error);
        }
    }
    let local = keypair.public().to_peer_id();
    tracing::info!(peer = %local, "network started");
    Ok((
        Shared {
            local,
            commands,
            content,
            running: tokio::sync::Mutex::new(Some(running)),
        },
        events,
    ))
}

/// Listens on one more address.
pub(crate) async fn listen(
    commands: &mpsc::Sender<Command>,
    address: Multiaddr,
) -> Result<Multiaddr, NetError> {
    let failed = |reason: String| NetError::Listen {
        address: address.clone(),
        reason,
    };
    let (reply, answer) = oneshot::channel();
    let command = Command::Listen {
        address: address.clone(),
        reply,
    };
    commands
        .send(command)
        .await
        .map_err(|_closed| failed("the network is shut down".to_owned()))?;
    match tokio::time::timeout(limits::START_STEP_MAX, answer).await {
        Ok(Ok(result)) => result.map_err(failed),
        Ok(Err(_closed)) => Err(failed("the network is shut down".to_owned())),
        Err(_elapsed) => Err(failed("the system did not answer".to_owned())),
    }
}

/// rust-ipfs's builder holds closures that are not `Send`, so it lives on a thread of its own until the swarm runs.
async fn start_ipfs(
    keypair: Keypair,
    config: NetConfig,
    slot: Slot,
    tasks: TaskTracker,
) -> Result<Ipfs, NetError> {
    if let Some(folder) = &config.data_dir {
        wait_for_lock(folder).await?;
    }
    let runtime = tokio::runtime::Handle::current();
    let build = move || runtime.block_on(build_ipfs(&keypair, &config, slot, tasks));
    tokio::task::spawn_blocking(build)
        .await
        .unwrap_or_else(|error| Err(NetError::Start(error.to_string())))
}

async fn build_ipfs(
    keypair: &Keypair,
    config: &NetConfig,
    slot: Slot,
    tasks: TaskTracker,
) -> Result<Ipfs, NetError> {
    let mut builder = IpfsBuilder::<Exclusive<Slot>>::with_keypair(keypair)
        .map_err(|error| NetError::Start(error.to_string()))?;
    if let Some(folder) = &config.data_dir {
        builder = builder.set_path(folder);
    }
    if config.bitswap {
        builder = builder.with_bitswap();
    }
    if config.upnp {
        builder = builder.with_upnp();
    }
    let started = builder
        .with_custom_behaviour(move |_| Ok(Exclusive::new(slot)))
        .with_relay(false)
        .enable_tcp()
        .enable_memory_transport()
        .enable_quic_with_config(quic_config)
        .set_swarm_configuration(move |_| {
            SwarmConfig::with_executor(move |task| drop(tasks.spawn(task)))
                .with_idle_connection_timeout(limits::IDLE_TIMEOUT)
                .with_max_negotiating_inbound_streams(limits::ASKED_STREAMS_MAX * 4)
        })
        .start()
        .await;
    started.map_err(
        |error| match (error.downcast_ref::<LockError>(), &config.data_dir) {
            (Some(LockError::RepoInUse), Some(folder)) => NetError::RepoInUse(folder.clone()),
            (Some(_) | None, _) => NetError::Start(format!("{error:#}")),
        },
    )
}

fn quic_config(mut config: quic::Config) -> quic::Config {
    config.keep_alive_interval = Duration::from_secs(5);
    config.max_idle_timeout = 30_000;
    config.max_concurrent_stream_limit = 64;
    config.max_connection_data = 1024 * 1024;
    config.max_stream_data = 256 * 1024;
    config
}

/// The repository's lock may be held a moment longer than the swarm that we stopped ourselves, so a locked folder is looked at again for a
/// second. rust-ipfs takes the lock itself; this only tells early and clearly.
async fn wait_for_lock(folder: &Path) -> Result<(), NetError> {
    let file = folder.join("repo_lock");
    for _ in 0..LOCK_TRIES {
        let free = match std::fs::File::open(&file) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_missing) => true,
        };
        if free {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(NetError::RepoInUse(folder.to_owned()))
}

/// libp2p listens on TCP with `SO_REUSEPORT`, so a second node on the same port would start and silently share its connections.
fn probe_tcp(address: &Multiaddr) -> Result<(), NetError> {
    match socket_of(address) {
        Some((Transport::Tcp, socket)) if socket.port() != 0 => std::net::TcpListener::bind(socket)
            .map(drop)
            .map_err(|error| NetError::Listen {
                address: address.clone(),
                reason: error.to_string(),
            }),
        Some(_) | None => Ok(()),
    }
}

/// quinn and the kernel release sockets a moment after the last handle is dropped.
async fn wait_for_ports(addresses: Vec<Multiaddr>) {
    for (transport, socket) in addresses.iter().filter_map(socket_of) {
        let free = || match transport {
            Transport::Tcp => std::net::TcpListener::bind(socket).is_ok(),
            Transport::Udp => std::net::UdpSocket::bind(socket).is_ok(),
        };
        while !free() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Tcp,
    Udp,
}

fn socket_of(address: &Multiaddr) -> Option<(Transport, SocketAddr)> {
    let relayed = address.iter().any(|part| part == Protocol::P2pCircuit);
    let ip = ip_of(address).filter(|_| !relayed)?;
    address.iter().find_map(|part| {
        if let Protocol::Tcp(port) = part {
            Some((Transport::Tcp, SocketAddr::new(ip, port)))
        } else if let Protocol::Udp(port) = part {
            Some((Transport::Udp, SocketAddr::new(ip, port)))
        } else {
            None
        }
    })
}

/// Cuts off peers whose want-list grows without end, because rust-ipfs bounds neither its length nor its owner.
async fn watch_wants(content: Content, commands: mpsc::Sender<Command>, stop: CancellationToken, on: bool) {
    if !on {
        return;
    }
    let (mut start, mut pause) = (0, limits::WANTS_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let look = tokio::time::timeout(WANTS_QUERY_MAX, content.longest_wants(start, WANTS_LOOKS));
        let Ok((next, longest)) = look.await else {
            continue;
        };
        start = next;
        let grows = longest.is_some_and(|(_, wants)| wants > limits::WANTS_WATCHED);
        pause = if grows {
            limits::WANTS_INTERVAL_WATCHFUL
        } else {
            limits::WANTS_INTERVAL
        };
        if let Some((peer, wants)) = longest
            && wants > limits::WANTS_PER_PEER_MAX
            && commands
                .send(Command::CutOff {
                    peer,
                    reason: "want-list flood",
                })
                .await
                .is_err()
        {
            return;
        }
    }
}

async fn within<T>(step: &'static str, work: impl Future<Output = T>) {
    if tokio::time::timeout(limits::SHUTDOWN_STEP_MAX, work)
        .await
        .is_err()
    {
        tracing::warn!(step, "the shutdown did not finish this step in time");
    }
}

/// Pause between two looks at a lock or a port.
const PAUSE: Duration = Duration::from_millis(20);
/// Looks at a locked folder before it counts as in use.
const LOCK_TRIES: usize = 50;
/// Peers whose want-lists are looked at in one round; a server with more goes round.
const WANTS_LOOKS: usize = 64;
