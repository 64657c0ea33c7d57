//! Starting and ending: everything in one order, and back in the other.
//!
//! Start: folder, HTTP port, database, network, sweep, engine, tasks. What fails first names itself, and what was started
//! before it is ended again. End: the event loop stops taking events and waits for what is under way, mail and bodies
//! work off their queues, rows are flushed, the network closes its connections, the database notes a clean end.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use meteorite_crypto::sign::SigningKey;
use meteorite_net::{ConnectionCaps, Net, NetConfig, NetEvent, Offers, PeerId, Role};
use meteorite_protocol::engine::{self, Engine};
use meteorite_protocol::ids::{Peer, sha2_256};
use meteorite_store::{Db, WriteBehind};
use rand::Rng as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::addresses::Addresses;
use crate::backends::Backends;
use crate::clock::Clock;
use crate::config::Config;
use crate::crowd::Crowd;
use crate::error::{ShutdownError, StartError};
use crate::folder::{DeviceSecret, Folder};
use crate::health::{Health, State};
use crate::http::{Door, Identity, Shared};
use crate::mail::{self, Mail, MailParts};
use crate::metrics::Metrics;
use crate::pins::{self, Book, Keeper, Sweep};
use crate::restore::Memory;
use crate::shell::{About, Shell};
use crate::tasks::Tasks;
use crate::upkeep::Upkeep;

/// A running server. Dropping it without [`Bootstrap::shutdown`] leaves it running until the runtime ends.
#[derive(Debug)]
pub struct Bootstrap {
    peer: PeerId,
    http: SocketAddr,
    addresses: Arc<Addresses>,
    health: Arc<Health>,
    clock: Clock,
    ended: CancellationToken,
    running: Running,
}

/// The future of [`Bootstrap::start`].
pub type Started = Pin<Box<dyn Future<Output = Result<Bootstrap, StartError>> + Send>>;

/// The future of [`Bootstrap::shutdown`].
pub type Ended = Pin<Box<dyn Future<Output = Result<(), ShutdownError>> + Send>>;

/// What has to be ended, in this order.
#[derive(Debug)]
struct Running {
    tasks: Tasks,
    net: Option<Net>,
    db: Option<Db>,
    folder: Folder,
}

/// What every task gets.
#[derive(Debug, Clone)]
struct Common {
    addresses: Arc<Addresses>,
    metrics: Metrics,
    health: Arc<Health>,
    clock: Clock,
    ended: CancellationToken,
}

impl Bootstrap {
    /// Starts a server and returns when it listens and is ready. Must be called inside a multi-thread tokio runtime.
    ///
    /// # Errors
    /// A [`StartError`] that says what is wrong, what is safe and what to do; nothing is left running.
    pub fn start(config: Config) -> Started {
        // Boxed, so that this large future is compiled once, here, and not again in every program that awaits it.
        Box::pin(Self::start_all(config))
    }

    async fn start_all(config: Config) -> Result<Self, StartError> {
        let folder = Folder::open(&config.data_dir)?;
        let secret = folder.device_secret()?;
        let peer = peer_of(&secret);
        let door = Door::bind(config.http).await?;
        let http = door.address();
        let (metrics, registry) = Metrics::new(env!("CARGO_PKG_VERSION"));
        let common = Common {
            addresses: Arc::new(Addresses::new(peer, config.external.clone(), config.invite_days)),
            metrics,
            health: Arc::new(Health::new()),
            clock: Clock::start(),
            ended: CancellationToken::new(),
        };
        common.metrics.started.set(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
        );
        let identity = Identity {
            peer_id: peer.to_string(),
            addresses: Arc::clone(&common.addresses),
            clock: common.clock,
        };
        let shared = Arc::new(Shared {
            health: Arc::clone(&common.health),
            registry,
            identity,
        });
        let mut running = Running {
            tasks: Tasks::default(),
            net: None,
            db: None,
            folder,
        };
        if let Err(error) = running.begin(&config, &secret, &common).await {
            if let Err(second) = running.end().await {
                tracing::warn!(%second, "ending after a failed start");
            }
            return Err(error);
        }
        let stop = running.tasks.stop_token();
        running.tasks.spawn("http", door.serve(shared, stop));
        common.health.beat();
        common.health.set(State::Ready);
        tracing::info!(%peer, "ready");
        let Common {
            addresses,
            health,
            clock,
            ended,
            metrics: _,
        } = common;
        Ok(Self {
            peer,
            http,
            addresses,
            health,
            clock,
            ended,
            running,
        })
    }

    /// The addresses that peers use, each ending in this server's peer id.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.full()
    }

    /// Who this server is on the network.
    #[must_use]
    pub const fn peer_id(&self) -> PeerId {
        self.peer
    }

    /// Where HTTP is answered, with the real port.
    #[must_use]
    pub const fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// An invite code made from the addresses; `None` if they do not fit into one.
    #[must_use]
    pub fn invite(&self) -> Option<String> {
        let invite = self.addresses.invite(self.clock.now().wall).ok().flatten();
        invite.map(|(code, _expires)| code)
    }

    /// Waits until the server ends by itself, which it does only when the network under it does.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Ends the server: takes no more, works off what it took, flushes, joins every task.
    ///
    /// # Errors
    /// A [`ShutdownError`] names what did not end. What was receipted is on disk in any case.
    pub fn shutdown(self) -> Ended {
        self.health.set(State::Draining);
        Box::pin(self.running.end())
    }
}

/// The peer id of the server in a folder, making its key if there is none yet. Another server may use the folder.
///
/// # Errors
/// A [`StartError`] about the folder or the key file.
pub fn peer_id_of(data_dir: &Path) -> Result<PeerId, StartError> {
    if let Some(secret) = Folder::peek_secret(data_dir)? {
        return Ok(peer_of(&secret));
    }
    Folder::open(data_dir)?
        .device_secret()
        .map(|secret| peer_of(&secret))
}

impl Running {
    async fn begin(
        &mut self,
        config: &Config,
        secret: &DeviceSecret,
        common: &Common,
    ) -> Result<(), StartError> {
        let folder = &self.folder;
        let db = Db::open(&folder.database(), None).await?;
        self.db = Some(db.clone());
        let (net, events) = Net::start(net_config(config, folder, secret)).await?;
        self.net = Some(net.clone());
        for address in net.listeners().await.unwrap_or_default() {
            common.addresses.listens(address);
        }
        let (cache, write_behind) = WriteBehind::new(db.clone());
        self.tasks.spawn("write-behind", write_behind.run());
        let backends = Backends::embedded(db, cache);
        let (book, engine, engine_config, seed) = restore(config, &backends, &net, common.clock).await?;
        let (pins, orders) = mpsc::channel(pins::ORDERS_MAX);
        let keeper = Keeper {
            book,
            index: Arc::clone(&backends.pins),
            net: net.clone(),
            metrics: common.metrics.clone(),
            clock: common.clock,
        };
        self.tasks.spawn("bodies", keeper.run(orders));
        let mail = self.begin_mail(config, secret, &backends, common).await?;
        let upkeep = Upkeep {
            backends: backends.clone(),
            net: net.clone(),
            metrics: common.metrics.clone(),
            clock: common.clock,
        };
        self.tasks.spawn("upkeep", upkeep.run(self.tasks.stop_token()));
        let shell = Shell {
            engine,
            config: engine_config,
            seed,
            net,
            backends,
            pins,
            mail,
            addresses: Arc::clone(&common.addresses),
            metrics: common.metrics.clone(),
            health: Arc::clone(&common.health),
            clock: common.clock,
            crowd: Crowd::new(),
            errands: tokio::task::JoinSet::new(),
            pending: std::collections::VecDeque::new(),
            about: About::Nothing,
        };
        self.tasks.spawn(
            "event loop",
            turn(shell, events, self.tasks.stop_token(), common.ended.clone()),
        );
        Ok(())
    }

    async fn begin_mail(
        &mut self,
        config: &Config,
        secret: &DeviceSecret,
        backends: &Backends,
        common: &Common,
    ) -> Result<mpsc::Sender<mail::MailOrder>, StartError> {
        let Some(net) = self.net.clone() else {
            return Err(StartError::Bug(
                "The mailbox was started before the network.".to_owned(),
            ));
        };
        let key = SigningKey::from_seed(secret);
        let (sender, orders) = mpsc::channel(mail::REQUESTS_MAX);
        let parts = MailParts {
            store: Arc::clone(&backends.mailbox),
            net,
            me: Peer::from_ed25519(&key.public()),
            key,
            tag: backends.mailbox_tag(rand::random()).await?,
            policy: config.quota.mailbox(),
            params: config.params,
            metrics: common.metrics.clone(),
            health: Arc::clone(&common.health),
            clock: common.clock,
        };
        self.tasks.spawn(
            "mail",
            Mail::new(parts, config.quota.collects_per_peer_hour).run(orders),
        );
        Ok(sender)
    }

    /// Ends everything; the first failure is reported, and nothing is skipped because of it.
    async fn end(self) -> Result<(), ShutdownError> {
        let tasks = self.tasks.end().await;
        if let Some(net) = self.net
            && net.shutdown().await.is_err()
        {
            tracing::debug!("the network had ended before");
        }
        let closed = match self.db {
            Some(db) => db.close().await.map_err(ShutdownError::from),
            None => Ok(()),
        };
        tasks.and(closed)
    }
}

/// Runs the event loop; says so when it ended without being asked.
async fn turn(
    shell: Shell,
    events: mpsc::Receiver<NetEvent>,
    stop: CancellationToken,
    ended: CancellationToken,
) {
    shell.run(events, stop).await;
    ended.cancel();
}

async fn restore(
    config: &Config,
    backends: &Backends,
    net: &Net,
    clock: Clock,
) -> Result<(Book, Engine, engine::Config, [u8; 32]), StartError> {
    let memory = Memory::load(&backends.db).await?;
    let home = sha2_256(&net.local_peer().to_bytes());
    let mut book = Book::new(home, config.quota.body_bytes_max);
    let work = Sweep {
        index: &*backends.pins,
        net,
        links: &memory.links(),
        clean: backends.db.opened().clean,
        clock,
    };
    pins::sweep(&mut book, work).await?;
    let engine_config = engine::Config {
        params: config.params,
        ..engine::Config::default()
    };
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    let engine = Engine::restore(&engine_config, seed, memory.into_rows(|body| book.has(body)));
    Ok((book, engine, engine_config, seed))
}

fn net_config(config: &Config, folder: &Folder, secret: &DeviceSecret) -> NetConfig {
    let caps = ConnectionCaps {
        established_in: config.quota.connections_max,
        ..ConnectionCaps::for_role(Role::Bootstrap)
    };
    let mut net = NetConfig::new(Role::Bootstrap, **secret);
    net.data_dir = Some(folder.blocks());
    net.listen.clone_from(&config.listen);
    net.external_addresses.clone_from(&config.external);
    net.bootstrap.clone_from(&config.peers);
    // The station directory comes with the radio; until then nobody should ask for it here.
    net.offers = Offers {
        mail: true,
        index: false,
        relay: true,
    };
    net.caps = caps;
    net.memory_bytes_max = usize::try_from(config.quota.memory_bytes_max).unwrap_or(usize::MAX);
    net.global_addresses_only = !config.loopback;
    net
}

fn peer_of(secret: &DeviceSecret) -> PeerId {
    let public = SigningKey::from_seed(secret).public();
    PeerId::from_bytes(Peer::from_ed25519(&public).as_bytes()).expect("the id of an Ed25519 key is a peer id")
}
