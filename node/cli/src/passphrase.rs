//! Passphrases: from a file, the environment or a prompt, and never from an argument that others could see.
//!
//! A prompt appears only when both standard input and standard error are terminals, so that no script waits for ever. A key
//! file without a passphrase opens without a question.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use meteorite_crypto::keyfile::{KeyFile, OpenError};
use meteorite_crypto::vault;
use meteorite_node::data_dir::DataDir;
use meteorite_node::keys;
use meteorite_protocol::control::{Problem, ProblemKind};
use zeroize::Zeroizing;

use crate::args::{Globals, NewPassphrase};
use crate::failure::Failure;
use crate::input;

/// Text that is wiped when dropped.
pub(crate) type Secret = Zeroizing<String>;

/// Environment variable with the passphrase of the key file.
const ENV_CURRENT: &str = "METEORITE_PASSPHRASE";
/// Environment variable with a passphrase that is to be set.
const ENV_NEW: &str = "METEORITE_NEW_PASSPHRASE";
/// Environment variable with the passphrase of a backup, where it differs from the key file's.
const ENV_BACKUP: &str = "METEORITE_BACKUP_PASSPHRASE";
/// Guesses at a prompt.
const GUESSES_MAX: u32 = 3;

/// Where a new passphrase may come from besides its own options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Also from where the current one comes: there is none yet, so no mistake is possible.
    Current,
    /// Only its own options and the prompt.
    Ask,
}

/// Opens the key file of a folder; with it the passphrase that opened it.
pub(crate) fn open_keys(globals: &Globals, dir: &DataDir) -> Result<(KeyFile, Secret), Failure> {
    let path = dir.key_file();
    if !keys::exists(dir) {
        return Err(Failure::no_keys(&path));
    }
    if let Some(secret) = given(globals)? {
        return Ok((keys::load(dir, &secret)?, secret));
    }
    match fs::read(&path).map(|bytes| KeyFile::open("", &bytes)) {
        Ok(Ok(keys)) => Ok((keys, Secret::default())),
        Ok(Err(OpenError::Vault(vault::OpenError::WrongPassphraseOrDamaged))) => ask_for_keys(dir),
        // The sentence for everything else is the node's.
        Ok(Err(OpenError::Vault(_) | OpenError::TooNew | OpenError::Incomplete)) | Err(_) => {
            Ok((keys::load(dir, "")?, Secret::default()))
        }
    }
}

/// The passphrase of an exported key file.
pub(crate) fn of_export(globals: &Globals, path: &Path) -> Result<Secret, Failure> {
    match given(globals)? {
        Some(secret) => Ok(secret),
        None => of_file(path),
    }
}

/// The passphrase of a backup that exists.
pub(crate) fn of_backup(globals: &Globals, path: &Path) -> Result<Secret, Failure> {
    match from_env(ENV_BACKUP) {
        Some(secret) => Ok(secret),
        None => of_export(globals, path),
    }
}

/// The passphrase of a backup that is to be made: the key file's, unless it has none or another one is chosen.
pub(crate) fn for_backup(
    globals: &Globals,
    options: &NewPassphrase,
    current: &Secret,
) -> Result<Secret, Failure> {
    let chosen = options.no_passphrase || options.new_passphrase_file.is_some();
    if !chosen && let Some(secret) = from_env(ENV_BACKUP) {
        return Ok(secret);
    }
    if !chosen && !current.is_empty() {
        return Ok(current.clone());
    }
    new(globals, options, Otherwise::Ask)
}

fn of_file(path: &Path) -> Result<Secret, Failure> {
    if !can_ask() {
        return Ok(Secret::default());
    }
    prompt(&format!("Passphrase of {} (empty if none): ", path.display()))
}

/// A passphrase that is to be set, asked for twice at a prompt.
pub(crate) fn new(
    globals: &Globals,
    options: &NewPassphrase,
    otherwise: Otherwise,
) -> Result<Secret, Failure> {
    if options.no_passphrase {
        return Ok(Secret::default());
    }
    if let Some(path) = &options.new_passphrase_file {
        return first_line(path);
    }
    if let Some(secret) = from_env(ENV_NEW) {
        return Ok(secret);
    }
    if otherwise == Otherwise::Current
        && let Some(secret) = given(globals)?
    {
        return Ok(secret);
    }
    if !can_ask() {
        return Err(Failure::new(
            ProblemKind::Keys,
            "No passphrase was given and there is no terminal to ask at.",
            "Nothing was written.",
            format!("Set {ENV_NEW}, name a file with --new-passphrase-file, or say --no-passphrase."),
        ));
    }
    ask_twice()
}

/// The passphrase that the options or the environment give, even an empty one.
fn given(globals: &Globals) -> Result<Option<Secret>, Failure> {
    match &globals.passphrase_file {
        Some(path) => first_line(path).map(Some),
        None => Ok(from_env(ENV_CURRENT)),
    }
}

fn from_env(name: &str) -> Option<Secret> {
    std::env::var(name).ok().map(Zeroizing::new)
}

fn first_line(path: &Path) -> Result<Secret, Failure> {
    let text = Zeroizing::new(input::file_text(path)?);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask_for_keys(dir: &DataDir) -> Result<(KeyFile, Secret), Failure> {
    if !can_ask() {
        return Err(Failure::new(
            ProblemKind::Keys,
            format!(
                "The key file {} needs its passphrase and none was given.",
                dir.key_file().display()
            ),
            "Nothing was changed.",
            format!("Set {ENV_CURRENT} or name a file with --passphrase-file."),
        ));
    }
    let mut refused: Option<Problem> = None;
    for _ in 0..GUESSES_MAX {
        let again = if refused.is_some() {
            "That did not open it. "
        } else {
            ""
        };
        let secret = prompt(&format!("{again}Passphrase: "))?;
        match keys::load(dir, &secret) {
            Ok(keys) => return Ok((keys, secret)),
            Err(problem) => refused = Some(problem),
        }
    }
    Err(refused.map_or(Failure::Interrupted, Failure::from))
}

fn ask_twice() -> Result<Secret, Failure> {
    let mut why = "";
    for _ in 0..GUESSES_MAX {
        let first = prompt(&format!("{why}New passphrase: "))?;
        if first.is_empty() {
            why = "An empty one protects nothing (if you want none, use --no-passphrase). ";
            continue;
        }
        if *prompt("The same again: ")? == *first {
            return Ok(first);
        }
        why = "The two differ. ";
    }
    Err(Failure::new(
        ProblemKind::Keys,
        "No passphrase was chosen.",
        "Nothing was written.",
        "Try again when you have one.",
    ))
}

fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn prompt(text: &str) -> Result<Secret, Failure> {
    match rpassword::prompt_password(text) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        // Ctrl-D or Ctrl-C at the prompt.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::Interrupted
            ) =>
        {
            Err(Failure::Interrupted)
        }
        Err(error) => Err(Failure::new(
            ProblemKind::Keys,
            format!("The passphrase cannot be read: {}.", input::io_words(&error)),
            "Nothing was changed.",
            format!("Set {ENV_CURRENT} or name a file with --passphrase-file."),
        )),
    }
}
