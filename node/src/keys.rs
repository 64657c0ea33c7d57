//! The key file on disk: made, opened, copied, and given another passphrase.
//!
//! Every write goes to a temporary file first, and no function here overwrites a key file that it did not just open.

use std::path::Path;
use std::{fs, io};

use meteorite_crypto::keyfile::{KeyFile, OpenError};
use meteorite_crypto::root::Root;
use meteorite_crypto::vault::{self, KdfParams};
use meteorite_crypto::words::Words;
use meteorite_protocol::control::{Problem, ProblemKind};

use crate::data_dir::{DataDir, write_private};

/// What the 24 words bring back on another computer, in plain words.
pub const WORDS_BRING_BACK: &[&str] = &[
    "your identity: the persona under which you speak, and the key to your own stored data",
    "your bottles: those that still drift are recognised as yours again",
    "letters to those bottles, as long as a mailbox still holds them (14 days)",
];

/// What only a backup brings back, or nothing.
pub const WORDS_DO_NOT_BRING_BACK: &[&str] = &[
    "your collection, letters already read, drafts and settings: these are in a backup (`meteorite backup`)",
    "threads in which you found somebody else's bottle: their keys are random and only in a backup",
    "this device's network address: each device has its own",
];

/// Is there a key file?
#[must_use]
pub fn exists(dir: &DataDir) -> bool {
    // A file that may not be looked at is there: loading it says why it cannot be read.
    dir.key_file().try_exists().unwrap_or(true)
}

/// Makes the key file of a new identity, or of one restored from its words.
///
/// # Errors
/// [`ProblemKind::Refused`] where a key file exists; [`ProblemKind::Storage`] where it cannot be written.
pub fn create(dir: &DataDir, words: &Words, passphrase: &str, now_ms: u64) -> Result<(), Problem> {
    create_with(dir, words.root(), passphrase, now_ms, KdfParams::interactive())
}

/// [`create`] with the cost of the passphrase chosen: tests and the demo's throw-away identities use the cheapest.
///
/// # Errors
/// As [`create`].
pub fn create_with(
    dir: &DataDir,
    root: Root,
    passphrase: &str,
    now_ms: u64,
    params: KdfParams,
) -> Result<(), Problem> {
    if exists(dir) {
        return Err(already_there(&dir.key_file()));
    }
    dir.create()?;
    let keys = KeyFile::new(root, now_ms, &mut rand::rng());
    store(&keys, &dir.key_file(), passphrase, params)
}

/// Opens the key file.
///
/// # Errors
/// [`ProblemKind::Keys`] for a wrong passphrase, a damaged file or none.
pub fn load(dir: &DataDir, passphrase: &str) -> Result<KeyFile, Problem> {
    let path = dir.key_file();
    open(&path, &read(&path)?, passphrase)
}

/// Gives the key file another passphrase; the old one must open it.
///
/// # Errors
/// As [`load`], and [`ProblemKind::Storage`] where the new file cannot be written (the old one is still there then).
pub fn set_passphrase(dir: &DataDir, old: &str, new: &str) -> Result<(), Problem> {
    let keys = load(dir, old)?;
    store(&keys, &dir.key_file(), new, KdfParams::interactive())
}

/// Copies the sealed key file to another place, as it is.
///
/// # Errors
/// [`ProblemKind::Refused`] where the target exists; [`ProblemKind::Storage`] where it cannot be written.
pub fn export(dir: &DataDir, to: &Path) -> Result<(), Problem> {
    let bytes = read(&dir.key_file())?;
    if to.exists() {
        return Err(already_there(to));
    }
    write_private(to, &bytes).map_err(|error| unwritable(to, &error))
}

/// Takes over an exported key file, after opening it once to know that it is good.
///
/// # Errors
/// As [`load`] and [`create`].
pub fn import(dir: &DataDir, from: &Path, passphrase: &str) -> Result<(), Problem> {
    if exists(dir) {
        return Err(already_there(&dir.key_file()));
    }
    let bytes = read(from)?;
    open(from, &bytes, passphrase)?;
    dir.create()?;
    write_private(&dir.key_file(), &bytes).map_err(|error| unwritable(&dir.key_file(), &error))
}

fn store(keys: &KeyFile, path: &Path, passphrase: &str, params: KdfParams) -> Result<(), Problem> {
    let sealed = keys.seal(passphrase, params, &mut rand::rng()).map_err(|error| {
        Problem::new(
            ProblemKind::Keys,
            sentence(&error.to_string()),
            "Nothing was written.",
            "Try a shorter passphrase.",
        )
    })?;
    write_private(path, &sealed).map_err(|error| unwritable(path, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(
            ProblemKind::Keys,
            format!("There is no key file at {}.", path.display()),
            "Nothing was changed.",
            "Make one with `meteorite keys new`, or bring yours back with `meteorite keys recover` and your 24 words.",
        ),
        _ => Problem::new(
            ProblemKind::Storage,
            format!("The key file {} cannot be read: {error}.", path.display()),
            "Nothing was changed.",
            "Check that the file belongs to you.",
        ),
    })
}

fn open(path: &Path, bytes: &[u8], passphrase: &str) -> Result<KeyFile, Problem> {
    KeyFile::open(passphrase, bytes).map_err(|error| {
        let next = match error {
            OpenError::Vault(vault::OpenError::WrongPassphraseOrDamaged) => {
                "Try the passphrase again. If it is surely right, bring your identity back with `meteorite keys recover`."
            }
            OpenError::Vault(vault::OpenError::TooNew { .. }) | OpenError::TooNew => "Update the program.",
            OpenError::Vault(_) | OpenError::Incomplete => {
                "Put the file aside and bring your identity back with `meteorite keys recover` and your 24 words."
            }
        };
        Problem::new(
            ProblemKind::Keys,
            format!("{}: {}", path.display(), sentence(&error.to_string())),
            "The file was not changed; your bottles and letters are still there.",
            next,
        )
    })
}

fn already_there(path: &Path) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        format!("{} exists already.", path.display()),
        "It was not touched.",
        "Move it away first if you really want another one; without its words an identity cannot be made again.",
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        ProblemKind::Storage,
        format!("{} cannot be written: {error}.", path.display()),
        "What was there before is unchanged.",
        "Check that the disk is not full and that the folder belongs to you, then try again.",
    )
}

/// A library's message as a sentence.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
