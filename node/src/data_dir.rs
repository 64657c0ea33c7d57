//! The folder of one identity on one computer: what lies where, who may read it, and that only one node uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use meteorite_protocol::control::{Problem, ProblemKind};

/// The folder of a node. Cloning it copies the path, not the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

/// Held by a running node: no second one can start on the same folder.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// `METEORITE_HOME`, or the platform's folder for application data, or `.meteorite` in the working folder.
#[must_use]
pub fn default_path() -> PathBuf {
    if let Some(home) = std::env::var_os("METEORITE_HOME").filter(|home| !home.is_empty()) {
        return PathBuf::from(home);
    }
    dirs::data_dir().map_or_else(|| PathBuf::from(".meteorite"), |dir| dir.join("meteorite"))
}

impl DataDir {
    /// A folder, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sealed key file.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.root.join("keys.meteorite")
    }

    /// The SQLite database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("sky.sqlite")
    }

    /// The IPFS repository with the bodies.
    #[must_use]
    pub fn blocks(&self) -> PathBuf {
        self.root.join("ipfs")
    }

    /// Bootstrap addresses that the user pinned, one list in TOML.
    #[must_use]
    pub fn bootstrap_toml(&self) -> PathBuf {
        self.root.join("bootstrap.toml")
    }

    /// The control socket (on Windows the name of the pipe is derived from it). A socket's path has room for some 100
    /// bytes only: in a folder deeper than that it lies in the system's temporary folder, named after the folder's hash.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        let root = fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        let beside = root.join("control.sock");
        if beside.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return beside;
        }
        let name = meteorite_protocol::ids::sha2_256(root.as_os_str().as_encoded_bytes());
        let short: String = name.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
        std::env::temp_dir().join(format!("meteorite-{short}.sock"))
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("node.lock")
    }

    /// Makes the folder, readable by its user only.
    ///
    /// # Errors
    /// A [`Problem`] that names the folder when it cannot be made or written to.
    pub fn create(&self) -> Result<(), Problem> {
        fs::create_dir_all(&self.root).map_err(|error| self.unusable("cannot make", &error))?;
        restrict(&self.root, 0o700).map_err(|error| self.unusable("cannot set the access of", &error))?;
        let probe = self.root.join(".write-probe");
        write_private(&probe, b"").map_err(|error| self.unusable("cannot write to", &error))?;
        fs::remove_file(&probe).map_err(|error| self.unusable("cannot write to", &error))
    }

    /// Takes the folder for this process, until the lock is dropped.
    ///
    /// # Errors
    /// [`ProblemKind::Busy`] when another node has it.
    pub fn lock(&self) -> Result<DataDirLock, Problem> {
        let path = self.lock_file();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(|error| self.unusable("cannot open the lock file in", &error))?;
        match file.try_lock() {
            Ok(()) => Ok(DataDirLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(self.in_use()),
            Err(TryLockError::Error(error)) => Err(self.unusable("cannot lock", &error)),
        }
    }

    fn in_use(&self) -> Problem {
        Problem::new(
            ProblemKind::Busy,
            format!("Another node already runs on {}.", self.root.display()),
            "Nothing was changed.",
            "Use that one (every `meteorite` command talks to it by itself), end it, or choose another folder with --home.",
        )
    }

    fn unusable(&self, what: &str, error: &io::Error) -> Problem {
        Problem::new(
            ProblemKind::Storage,
            format!("This program {what} the folder {}: {error}.", self.root.display()),
            "Nothing was changed.",
            "Check that the disk is not full and that the folder belongs to you, or choose another one with --home.",
        )
    }
}

/// Writes a file that only its user can read, whole or not at all: a temporary file beside it is synced, then renamed.
///
/// # Errors
/// Whatever the file system says; the old content is still there then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; a leftover temporary file is overwritten next time.
        drop(fs::remove_file(&temporary));
        return written;
    }
    sync_folder(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    restrict(path, 0o600)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes away all rights beyond `mode`; gives none that the user took away.
#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut rights = fs::metadata(path)?.permissions();
    rights.set_mode(rights.mode() & mode);
    fs::set_permissions(path, rights)
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// `sun_path` has 108 bytes on Linux and 104 on macOS, the final zero included.
const SOCKET_PATH_BYTES_MAX: usize = 100;
