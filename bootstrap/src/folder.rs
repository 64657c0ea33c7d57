//! The folder of one server: what lies where, who may read it, and that only one server uses it.
//!
//! The device key is the server's identity on the network: 32 random bytes, made at the first start, readable by their user
//! only, without a passphrase, because a server must come up by itself after a power cut. It opens no letter.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use rand::Rng as _;
use zeroize::Zeroizing;

use crate::error::StartError;

/// The folder of one server, locked for this process until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    _lock: File,
}

/// The secret of the device key.
pub(crate) type DeviceSecret = Zeroizing<[u8; 32]>;

impl Folder {
    /// Makes the folder if it is missing, checks that it can be written, and takes it for this process.
    ///
    /// # Errors
    /// [`StartError::FolderInUse`] when another server has it, [`StartError::Folder`] when the system refuses.
    pub(crate) fn open(root: &Path) -> Result<Self, StartError> {
        let refused = |error| StartError::folder(root, error);
        fs::create_dir_all(root).map_err(refused)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join(LOCK_FILE));
        let lock = lock.map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StartError::FolderInUse {
                    path: root.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        restrict(root, 0o700).map_err(refused)?;
        let probe = root.join(".write-probe");
        write_private(&probe, b"probe")
            .and_then(|()| fs::remove_file(&probe))
            .map_err(refused)?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
        })
    }

    /// The device secret of a folder that another process may use, if there is one yet.
    ///
    /// # Errors
    /// [`StartError::Key`] when the file cannot be read.
    pub(crate) fn peek_secret(root: &Path) -> Result<Option<DeviceSecret>, StartError> {
        let path = root.join(KEY_FILE);
        match File::open(&path) {
            Ok(file) => read_secret(&path, file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StartError::key(&path, error)),
        }
    }

    /// The SQLite database.
    #[must_use]
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("bootstrap.sqlite")
    }

    /// The folder of the block repository.
    #[must_use]
    pub(crate) fn blocks(&self) -> PathBuf {
        self.root.join("ipfs")
    }

    /// The device key file.
    #[must_use]
    pub(crate) fn key_file(&self) -> PathBuf {
        self.root.join(KEY_FILE)
    }

    /// The device secret, made and written to disk at the first start.
    ///
    /// # Errors
    /// [`StartError::Key`] when the file is there but not one of ours: it is never overwritten.
    pub(crate) fn device_secret(&self) -> Result<DeviceSecret, StartError> {
        match Self::peek_secret(&self.root)? {
            Some(secret) => Ok(secret),
            None => make_secret(&self.key_file()),
        }
    }
}

fn make_secret(path: &Path) -> Result<DeviceSecret, StartError> {
    let mut secret = Zeroizing::new([0_u8; 32]);
    rand::rng().fill_bytes(secret.as_mut());
    let text = Zeroizing::new(format!("{MAGIC}\n{}\n", encode_hex(&secret).as_str()));
    write_private(path, text.as_bytes()).map_err(|error| StartError::folder(path, error))?;
    tracing::info!(file = %path.display(), "made a new device key");
    Ok(secret)
}

fn read_secret(path: &Path, file: File) -> Result<DeviceSecret, StartError> {
    if readable_by_others(&file) {
        tracing::warn!(file = %path.display(), "the key file could be read by others; its access is set to its user only");
        restrict(path, 0o600).map_err(|error| StartError::key(path, error))?;
    }
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX));
    let limit = u64::try_from(KEY_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(|error| StartError::key(path, error))?;
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) {
        return Err(StartError::key(
            path,
            format!("its first line is not \"{MAGIC}\""),
        ));
    }
    let secret = lines.next().and_then(decode_hex);
    secret.ok_or_else(|| StartError::key(path, "its second line is not a key of 64 hexadecimal digits"))
}

fn encode_hex(bytes: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}

fn decode_hex(text: &str) -> Option<DeviceSecret> {
    let text = text.trim();
    let mut secret = Zeroizing::new([0_u8; 32]);
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(secret)
}

/// Writes a file that only its user can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    restrict(&temporary, 0o600)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_parent(path)
}

#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn readable_by_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_file: &File) -> bool {
    false
}

const LOCK_FILE: &str = "bootstrap.lock";
const KEY_FILE: &str = "device.key";
const MAGIC: &str = "meteorite device key 1";
/// A longer key file is read no further, and is then not one of ours.
const KEY_FILE_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn the_key_is_made_once_and_read_back() {
        let dir = temporary();
        let folder = Folder::open(&dir.path().join("new/folder")).unwrap();
        let first = folder.device_secret().unwrap();
        assert_eq!(folder.device_secret().unwrap(), first);
        assert_ne!(*first, [0; 32]);
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let dir = temporary();
        let folder = Folder::open(dir.path()).unwrap();
        for damaged in [
            "",
            "meteorite device key 1\n",
            "meteorite device key 1\nzz\n",
            "something else\n00\n",
        ] {
            fs::write(folder.key_file(), damaged).unwrap();
            let error = folder.device_secret().unwrap_err();
            assert!(
                matches!(error, StartError::Key { .. }),
                "{damaged:?} became {error}"
            );
            assert_eq!(fs::read_to_string(folder.key_file()).unwrap(), damaged);
        }
    }

    #[test]
    fn a_second_server_on_the_folder_is_refused() {
        let dir = temporary();
        let first = Folder::open(dir.path()).unwrap();
        assert!(matches!(
            Folder::open(dir.path()),
            Err(StartError::FolderInUse { .. })
        ));
        drop(first);
        Folder::open(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_user_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = temporary();
        let folder = Folder::open(dir.path()).unwrap();
        folder.device_secret().unwrap();
        let mode = || fs::metadata(folder.key_file()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        restrict(&folder.key_file(), 0o644).unwrap();
        folder.device_secret().unwrap();
        assert_eq!(mode(), 0o600);
    }
}
