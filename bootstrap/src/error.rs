//! Why a server did not start or did not end cleanly, in words for its operator.
//!
//! Every message says what happened, what is safe and what to do next. Nothing here holds a key or a letter. Made by
//! [`crate::Bootstrap`] and [`crate::config`]; the binary prints it and ends with [`StartError::exit_code`].

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use meteorite_net::{ContentError, NetError};
use meteorite_protocol::control::ProblemKind;
use meteorite_store::{OpenError, StoreError};

use crate::config::ConfigError;

/// Why a server did not start. Nothing is left running then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is wrong.
    #[error("{0} Nothing was started or changed.")]
    Config(#[from] ConfigError),
    /// Another server has the folder.
    #[error(
        "Another bootstrap server already runs on {}. It goes on undisturbed; nothing was changed. \
         Use that one, stop it first, or give this one its own folder with --data.", .path.display()
    )]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be made or written.
    #[error(
        "The folder {} cannot be used: {detail}. Nothing was started; what it held before is untouched. \
         Give the user that runs the server the right to write there, free some space, or choose another folder with --data.",
        .path.display()
    )]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system said.
        detail: io::Error,
    },
    /// The device key file is not one of ours.
    #[error(
        "The key file {} cannot be read: {detail}. It was not changed, and neither were the letters. \
         Restore it from a copy; without it the server gets a new peer id, and its old invites and addresses stop working: \
         only if you accept that, move the file away and start again.", .path.display()
    )]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The database did not open; its own message says the rest.
    #[error("{0}")]
    Database(#[from] OpenError),
    /// The database refused to be read or written while starting.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A libp2p address cannot be listened on.
    #[error(
        "The server cannot listen on {address}: {reason}. Nothing was started; letters and keys in the folder are safe. \
         Stop what uses that port, or choose another address with --listen."
    )]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The HTTP address cannot be listened on.
    #[error(
        "The server cannot listen for HTTP on {address}: {detail}. Nothing was started; letters and keys in the folder are \
         safe. Stop what uses that port, or choose another address with --http."
    )]
    Http {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        detail: io::Error,
    },
    /// The network did not start for another reason.
    #[error(
        "The network did not start: {0}. Letters and keys in the folder are safe. Read the log above this line, and try again."
    )]
    Net(NetError),
    /// The block repository cannot be read or written.
    #[error(
        "The block repository cannot be used: {0}. Letters and keys are not in it and are safe. Free some space and check \
         the disk; if it stays so, move the folder ipfs inside the data folder away, and the bodies come back from peers."
    )]
    Blocks(ContentError),
    /// A state machine refused its own rows: a fault of this program.
    #[error(
        "{0} Nothing was changed. This is a fault of the program: keep a copy of the folder and report it."
    )]
    Bug(String),
}

/// What went wrong while a server ended. What was receipted is safe in any case: it was on disk before its receipt left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// A task did not end in time, or panicked.
    #[error(
        "The task {name} did not end: {detail}. Every receipted letter is on disk. Start the server again; if it repeats, \
         report it with the log."
    )]
    Task {
        /// The task.
        name: &'static str,
        /// How it failed.
        detail: String,
    },
    /// The last writes were refused.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl StartError {
    /// The exit code of the binary: the codes of every program here, see [`ProblemKind::exit_code`].
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.kind().exit_code()
    }

    /// The sort of problem, for programs.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Config(_) => ProblemKind::Input,
            Self::FolderInUse { .. } | Self::Database(OpenError::Locked { .. }) => ProblemKind::Busy,
            Self::Folder { .. } | Self::Database(_) | Self::Store(_) | Self::Blocks(_) => {
                ProblemKind::Storage
            }
            Self::Key { .. } => ProblemKind::Keys,
            Self::Listen { .. } | Self::Http { .. } | Self::Net(_) => ProblemKind::Network,
            Self::Bug(_) => ProblemKind::Bug,
        }
    }

    pub(crate) fn folder(path: &Path, detail: io::Error) -> Self {
        Self::Folder {
            path: path.to_owned(),
            detail,
        }
    }

    pub(crate) fn key(path: &Path, detail: impl ToString) -> Self {
        Self::Key {
            path: path.to_owned(),
            detail: detail.to_string(),
        }
    }
}

impl From<NetError> for StartError {
    fn from(error: NetError) -> Self {
        if let NetError::Listen { address, reason } = error {
            return Self::Listen {
                address: address.to_string(),
                reason,
            };
        }
        if let NetError::RepoInUse(path) = error {
            return Self::FolderInUse { path };
        }
        Self::Net(error)
    }
}

impl ShutdownError {
    /// The exit code of the binary.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Task { .. } => ProblemKind::Bug.exit_code(),
            Self::Store(_) => ProblemKind::Storage.exit_code(),
        }
    }
}
