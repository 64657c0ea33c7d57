//! The weights file: int8 kernels with one shift for each output channel, biases as the sums that they are added to.
//!
//! safetensors; the metadata key `generator` holds JSON with the format and the art version. The file's BLAKE3 hash stands beside it: weights
//! are a part of the wire protocol, for another bit would draw another stone.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::Deserialize;

/// The version of the file's layout that this program reads.
pub const FORMAT: u32 = 1;
/// The weights.
pub const FILE: &str = "generator.safetensors";
/// BLAKE3 of the weights, in a line of `b3sum`.
pub const HASH_FILE: &str = "BLAKE3SUMS";
/// More is no weights file of ours.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is missing or cannot be read.
    #[error("{file} cannot be read: {error}")]
    Unreadable {
        /// Which one.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The bytes are not the ones that were shipped.
    #[error(
        "{0} is damaged: its hash is not the one in {HASH_FILE}. Install the program again; bottles and keys are not touched"
    )]
    Damaged(String),
    /// A newer or older program wrote it.
    #[error("{FILE} has format {found}, this program reads {FORMAT}")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// The right hash, and yet something is missing in it.
    #[error("{FILE} does not hold together: {0}")]
    Malformed(String),
}

/// An open weights file.
pub(super) struct File<'a>(SafeTensors<'a>);

#[derive(Deserialize)]
struct Meta {
    format: u32,
    art: u16,
}

impl<'a> File<'a> {
    /// The file and its art version.
    pub(super) fn open(bytes: &'a [u8]) -> Result<(Self, u16), LoadError> {
        let malformed = |error: &dyn std::fmt::Display| LoadError::Malformed(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| malformed(&error))?;
        let described = header.metadata().as_ref();
        let described = described.and_then(|metadata| metadata.get("generator"));
        let described = described.ok_or_else(|| malformed(&"no description"))?;
        let meta: Meta = serde_json::from_str(described).map_err(|error| malformed(&error))?;
        if meta.format != FORMAT {
            return Err(LoadError::Format { found: meta.format });
        }
        let file = SafeTensors::deserialize(bytes).map_err(|error| malformed(&error))?;
        Ok((Self(file), meta.art))
    }

    /// An int8 tensor of this shape, row by row.
    pub(super) fn weights(&self, name: &str, shape: &[usize]) -> Result<Vec<i8>, LoadError> {
        let bytes = self.tensor(name, Dtype::I8, shape)?;
        Ok(bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect())
    }

    /// A tensor of 32-bit sums.
    pub(super) fn sums(&self, name: &str, shape: &[usize]) -> Result<Vec<i32>, LoadError> {
        let bytes = self.tensor(name, Dtype::I32, shape)?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers.iter().map(|number| i32::from_le_bytes(*number)).collect())
    }

    /// The shifts of so many channels.
    pub(super) fn shifts(&self, name: &str, channels: usize) -> Result<Vec<u32>, LoadError> {
        let bytes = self.tensor(name, Dtype::U8, &[channels])?;
        if bytes.iter().any(|shift| *shift > SHIFT_MAX) {
            return Err(LoadError::Malformed(format!("{name} is larger than {SHIFT_MAX}")));
        }
        Ok(bytes.iter().map(|shift| u32::from(*shift)).collect())
    }

    fn tensor(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], LoadError> {
        let found = self.0.tensor(name);
        let found = found.map_err(|error| LoadError::Malformed(error.to_string()))?;
        if found.dtype() != dtype || found.shape() != shape {
            return Err(LoadError::Malformed(format!(
                "{name} is {:?} {:?}",
                found.dtype(),
                found.shape()
            )));
        }
        Ok(found.data())
    }
}

/// Weights are multiples of 2^-shift; more than this no training gives.
const SHIFT_MAX: u8 = 16;

/// Reads a file of the folder.
pub(super) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, LoadError> {
    let path = folder.join(name);
    let unreadable = |error| LoadError::Unreadable {
        file: path.display().to_string(),
        error,
    };
    if std::fs::metadata(&path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(LoadError::Damaged(name.to_owned()));
    }
    std::fs::read(&path).map_err(unreadable)
}

/// Whether a file is the one that was shipped.
pub(super) fn check(bytes: &[u8], name: &str, hashes: &str) -> Result<(), LoadError> {
    let expected = format!("{}  {name}", blake3::hash(bytes).to_hex());
    if hashes.lines().any(|line| line == expected) {
        Ok(())
    } else {
        Err(LoadError::Damaged(name.to_owned()))
    }
}
