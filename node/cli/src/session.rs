//! The way to a node: the one that runs on the folder, or one of our own for as long as a command takes.
//!
//! A command asks for a [`Session`] and does not care which of the two it got, except where honesty demands it: a node that
//! ends with the command has little time to find neighbours, so the waits in [`wait`] tell what was and was not proven.
//! Nothing here makes keys; without a key file every command ends with the sentence that says how to make one.

pub(crate) mod wait;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_node::data_dir::{self, DataDir};
use meteorite_node::socket::Client;
use meteorite_node::{Node, NodeConfig, keys};
use meteorite_protocol::control::{Notice, Problem, ProblemKind, Reply, Request, Snapshot};
use tokio::sync::{Notify, broadcast};

use crate::args::Globals;
use crate::failure::Failure;
use crate::output::Output;
use crate::passphrase;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// The global options.
    pub(crate) globals: Globals,
    /// How to speak.
    pub(crate) output: Output,
    /// The node of our own, if one was started: it is ended with the program, however the command ends.
    own: Mutex<Option<Node>>,
    /// From now on Ctrl-C has something to tidy up.
    armed: Notify,
}

impl Context {
    /// From the command line.
    pub(crate) fn new(globals: Globals) -> Self {
        let output = Output::new(&globals);
        Self {
            globals,
            output,
            own: Mutex::new(None),
            armed: Notify::new(),
        }
    }

    /// The folder of the identity.
    ///
    /// # Errors
    /// A problem when there is something else than a folder.
    pub(crate) fn home(&self) -> Result<DataDir, Failure> {
        let path = self.globals.home.clone().unwrap_or_else(data_dir::default_path);
        if path.exists() && !path.is_dir() {
            return Err(Failure::new(
                ProblemKind::Storage,
                format!("{} is not a folder.", path.display()),
                "It was not touched.",
                "Choose a folder with --home; it is made when keys are made.",
            ));
        }
        Ok(DataDir::new(path))
    }

    /// Ends when the user interrupts, once a session with a node of our own began; before that the system's own handling is
    /// better, because it also ends a prompt.
    pub(crate) async fn interrupted(&self) {
        self.armed.notified().await;
        crate::interrupt().await;
    }

    /// Starts a node of our own.
    pub(crate) async fn start(&self, config: NodeConfig, keys: KeyFile) -> Result<Node, Failure> {
        let node = Node::start(config, keys).await?;
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Some(node.clone());
        Ok(node)
    }

    /// Ends the node of our own, if there is one; it hands over what it can first.
    pub(crate) async fn end(&self) -> Result<(), Failure> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(node) = own else { return Ok(()) };
        let spinner = self.output.spinner("handing over and closing");
        let ended = tokio::time::timeout(END_WAIT, node.shutdown()).await;
        spinner.finish_and_clear();
        match ended {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(Failure::new(
                ProblemKind::Bug,
                format!("The node did not end within {} s.", END_WAIT.as_secs()),
                "What it had confirmed is on disk.",
                "Nothing needs to be done; the next start tidies up.",
            )),
        }
    }
}

/// A node to ask.
#[derive(Debug)]
pub(crate) struct Session {
    door: Door,
    home: DataDir,
    output: Output,
    /// No neighbour will come, so none is waited for.
    offline: bool,
}

#[derive(Debug)]
enum Door {
    /// Another process runs it.
    Socket(Client),
    /// It ends with this command.
    Own(Node),
}

impl Session {
    /// Connects to the running node, or starts one.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        let home = context.home()?;
        if !keys::exists(&home) {
            return Err(Failure::no_keys(&home.key_file()));
        }
        if let Some(running) = Self::running(context, &home).await? {
            return Ok(running);
        }
        let (keys, _) = passphrase::open_keys(&context.globals, &home)?;
        Self::start(context, home, keys).await
    }

    /// The same where the keys were opened already.
    pub(crate) async fn open_with(context: &Context, keys: KeyFile) -> Result<Self, Failure> {
        let home = context.home()?;
        match Self::running(context, &home).await? {
            Some(running) => Ok(running),
            None => Self::start(context, home, keys).await,
        }
    }

    async fn running(context: &Context, home: &DataDir) -> Result<Option<Self>, Failure> {
        let client = Client::connect(home).await?;
        Ok(client.map(|client| Self {
            door: Door::Socket(client),
            home: home.clone(),
            output: context.output,
            offline: false,
        }))
    }

    async fn start(context: &Context, home: DataDir, keys: KeyFile) -> Result<Self, Failure> {
        let output = context.output;
        context.armed.notify_one();
        let spinner = output.spinner("starting a node");
        let node = context.start(own_config(&context.globals, &home)?, keys).await;
        spinner.finish_and_clear();
        Ok(Self {
            door: Door::Own(node?),
            home,
            output,
            offline: context.globals.offline,
        })
    }

    /// Does the node end with this command?
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.door, Door::Own(_))
    }

    /// Asks; a refusal is an error.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        let reply = match &mut self.door {
            Door::Socket(client) => client.ask(request).await?,
            Door::Own(node) => node.ask(request).await,
        };
        match reply {
            Reply::Problem(problem) => Err(problem.into()),
            answer => Ok(answer),
        }
    }

    /// How the node is.
    pub(crate) async fn snapshot(&mut self) -> Result<Snapshot, Failure> {
        let reply = self.ask(Request::Snapshot).await?;
        let Reply::Snapshot(snapshot) = reply else {
            return Err(Failure::unexpected(&reply));
        };
        Ok(*snapshot)
    }

    /// What happens from now on, beside the questions and answers.
    pub(crate) async fn notices(&self) -> Result<Notices, Failure> {
        if let Door::Own(node) = &self.door {
            return Ok(Notices::Own(node.notices()));
        }
        let Some(mut client) = Client::connect(&self.home).await? else {
            return Err(gone());
        };
        match client.ask(Request::Subscribe).await? {
            Reply::Problem(problem) => Err(problem.into()),
            _subscribed => Ok(Notices::Socket(Box::new(client))),
        }
    }

    /// How this run speaks.
    pub(crate) const fn output(&self) -> Output {
        self.output
    }
}

/// A stream of what happens.
#[derive(Debug)]
pub(crate) enum Notices {
    /// From the running node, over a connection of its own.
    Socket(Box<Client>),
    /// From our own node.
    Own(broadcast::Receiver<Notice>),
}

impl Notices {
    /// The next notice. When the node ended, [`Notice::Stopping`], then an error.
    pub(crate) async fn next(&mut self) -> Result<Notice, Failure> {
        match self {
            Self::Socket(client) => Ok(client.next_notice().await?),
            Self::Own(receiver) => match receiver.recv().await {
                Ok(notice) => Ok(notice),
                Err(broadcast::error::RecvError::Lagged(missed)) => Ok(Notice::Missed(missed)),
                Err(broadcast::error::RecvError::Closed) => Err(gone()),
            },
        }
    }
}

/// The user's clock decides where a day begins.
pub(crate) fn own_config(globals: &Globals, home: &DataDir) -> Result<NodeConfig, Problem> {
    let mut config = NodeConfig::load(home.root())?;
    config.utc_offset_mins = utc_offset_mins();
    if globals.offline {
        (config.listen, config.bootstrap, config.mdns) = (Vec::new(), Vec::new(), false);
    }
    Ok(config)
}

fn utc_offset_mins() -> i32 {
    chrono::Local::now().offset().local_minus_utc() / 60
}

fn gone() -> Failure {
    Failure::new(
        ProblemKind::Busy,
        "The node ended meanwhile.",
        "What it had confirmed is safe.",
        "Try again; the command starts a node of its own when none runs.",
    )
}

/// Longer than any hand-over takes.
const END_WAIT: Duration = Duration::from_secs(15);
