//! The backup file: what the 24 words alone do not bring back, sealed under a passphrase.
//!
//! Content inside a vault of kind `Backup`: a line with the format and the time, the root, then the exported rows. Network keys
//! are not in it: two devices must not share them. Nothing here talks to a node; the caller brings the rows.

use std::path::Path;

use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::root::Root;
use meteorite_crypto::vault::{self, KdfParams, Kind};
use meteorite_protocol::control::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::data_dir::write_private;
use crate::keys::sentence;

/// What a restore brings back, in plain words.
pub const COMES_BACK: &[&str] = &[
    "your identity and its 24 words",
    "your own bottles, with their texts and their proven state",
    "your collection, your threads and every letter in them",
    "letters that were still in the outbox",
    "what you blocked or reported, and your settings",
];

/// What it does not bring back.
pub const DOES_NOT_COME_BACK: &[&str] = &[
    "the sky: other people's bottles come again from the neighbours",
    "stones in the hold that were not opened",
    "this device's network address: the restored device gets its own",
    "letters held for others",
];

/// An opened backup.
#[derive(Debug)]
pub struct Backup {
    /// The identity.
    pub root: Root,
    /// When it was made, in Unix milliseconds.
    pub made_ms: u64,
    /// Rows as [`meteorite_protocol::control::Reply::Exported`] gave them.
    pub rows: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    made_ms: u64,
    root: Zeroizing<[u8; 32]>,
    rows: String,
}

/// Writes a backup, whole or not at all. An existing file is replaced only after the new one is safe on disk.
///
/// # Errors
/// [`ProblemKind::Storage`] when it cannot be written.
pub fn write(path: &Path, keys: &KeyFile, rows: &str, passphrase: &str, now_ms: u64) -> Result<(), Problem> {
    let content = Content {
        format: FORMAT,
        made_ms: now_ms,
        root: Zeroizing::new(*keys.root.expose()),
        rows: rows.to_owned(),
    };
    let plain =
        Zeroizing::new(serde_json::to_vec(&content).map_err(|error| unwritable(path, &error.to_string()))?);
    let sealed = vault::seal(
        Kind::Backup,
        passphrase,
        &plain,
        KdfParams::interactive(),
        &mut rand::rng(),
    )
    .map_err(|error| unwritable(path, &error.to_string()))?;
    write_private(path, &sealed).map_err(|error| unwritable(path, &error.to_string()))
}

/// Opens a backup.
///
/// # Errors
/// [`ProblemKind::Missing`] where there is no file, [`ProblemKind::Keys`] where it does not open.
pub fn read(path: &Path, passphrase: &str) -> Result<Backup, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        let what = format!("The backup {} cannot be read: {error}.", path.display());
        Problem::new(
            ProblemKind::Missing,
            what,
            "Nothing was changed.",
            "Check the path.",
        )
    })?;
    decode(&bytes, passphrase).map_err(|why| {
        Problem::new(
            ProblemKind::Keys,
            format!("{}: {}", path.display(), sentence(&why)),
            "Nothing was changed; the file is as it was.",
            "Try the passphrase again, or an older backup. The 24 words bring the identity back without one.",
        )
    })
}

fn decode(bytes: &[u8], passphrase: &str) -> Result<Backup, String> {
    let plain = vault::open(Kind::Backup, passphrase, bytes).map_err(|error| error.to_string())?;
    let content: Content =
        serde_json::from_slice(&plain).map_err(|error| format!("this backup is not understood ({error})"))?;
    if content.format > FORMAT {
        return Err("a newer version of the program wrote this backup; update the program".to_owned());
    }
    Ok(Backup {
        root: Root::from_bytes(&content.root),
        made_ms: content.made_ms,
        rows: content.rows,
    })
}

fn unwritable(path: &Path, why: &str) -> Problem {
    Problem::new(
        ProblemKind::Storage,
        format!(
            "The backup {} cannot be written: {}.",
            path.display(),
            why.trim_end_matches('.')
        ),
        "What was there before is unchanged.",
        "Check that the disk is not full, then try again.",
    )
}

const FORMAT: u32 = 1;
