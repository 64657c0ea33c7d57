//! The weights file: int8 tables with one scale per output, and what they mean.
//!
//! safetensors; the metadata key `parser` holds JSON that describes heads, labels, calibration and thresholds. The files' BLAKE3 hashes
//! stand beside them, so that a damaged file is noticed before anybody is misjudged by it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::Deserialize;

use super::ngrams::Sparse;

/// The version of the file's layout that this program reads.
pub const FORMAT: u32 = 1;
/// The weights.
pub const FILE: &str = "parser.safetensors";
/// The word list.
pub const WORDS_FILE: &str = "words.bin";
/// BLAKE3 of the other files, in the lines of `b3sum`.
pub const HASH_FILE: &str = "BLAKE3SUMS";
/// More is no weights file of ours.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

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

/// A linear map from hashed features to a few outputs.
pub(crate) struct Table {
    pub(crate) buckets: u32,
    outputs: usize,
    weights: Vec<i8>,
    scale: Vec<f32>,
    bias: Vec<f32>,
}

/// One head: a table for one data set's labels.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    /// Platt's `a` and `b` for each label: p = sigmoid(a · logit + b).
    pub(crate) platt: Vec<[f32; 2]>,
    /// Thresholds on p, by language; `default` is for the others.
    pub(crate) threshold: BTreeMap<String, Vec<f32>>,
    pub(crate) table: Table,
}

/// Everything in the file.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) heads: Vec<Head>,
    pub(crate) languages: Vec<String>,
    pub(crate) language: Table,
    /// Divides the language logits.
    pub(crate) temperature: f32,
    pub(crate) gist: Table,
}

#[derive(Deserialize)]
struct Meta {
    format: u32,
    heads: Vec<HeadMeta>,
    langid: LanguageMeta,
    gist: GistMeta,
}

#[derive(Deserialize)]
struct HeadMeta {
    name: String,
    buckets: u32,
    labels: Vec<String>,
    platt: Vec<[f32; 2]>,
    threshold: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct LanguageMeta {
    buckets: u32,
    languages: Vec<String>,
    temperature: f32,
}

#[derive(Deserialize)]
struct GistMeta {
    buckets: u32,
}

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Table({} × {})", self.buckets, self.outputs)
    }
}

impl Table {
    /// bias + scale · Σ value · weight, for each output.
    pub(crate) fn apply(&self, input: &Sparse) -> Vec<f32> {
        let mut sums = vec![0.0_f32; self.outputs];
        for (bucket, value) in &input.0 {
            let start = usize::try_from(*bucket)
                .unwrap_or(usize::MAX)
                .saturating_mul(self.outputs);
            let row = self
                .weights
                .get(start..start.saturating_add(self.outputs))
                .unwrap_or_default();
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += value * f32::from(*weight);
            }
        }
        let scaled = sums.iter().zip(&self.scale).zip(&self.bias);
        scaled.map(|((sum, scale), bias)| bias + scale * sum).collect()
    }

    fn read(
        file: &SafeTensors<'_>,
        name: &str,
        matrix: &str,
        shape: (u32, usize),
    ) -> Result<Self, LoadError> {
        let (buckets, outputs) = shape;
        let rows = usize::try_from(buckets).unwrap_or(usize::MAX);
        if !buckets.is_power_of_two() {
            return Err(LoadError::Malformed(format!("{name} has {buckets} buckets")));
        }
        let bytes = tensor(file, &format!("{name}.{matrix}"), Dtype::I8, &[rows, outputs])?;
        Ok(Self {
            buckets,
            outputs,
            weights: bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect(),
            scale: floats(file, &format!("{name}.scale"), outputs)?,
            bias: floats(file, &format!("{name}.bias"), outputs)?,
        })
    }
}

impl Head {
    /// Thresholds for a language.
    pub(crate) fn thresholds(&self, language: &str) -> &[f32] {
        let own = self.threshold.get(language);
        own.or_else(|| self.threshold.get("default"))
            .map_or(&[], Vec::as_slice)
    }

    /// Platt's probability of one label's logit.
    pub(crate) fn probability(&self, label: usize, logit: f32) -> f32 {
        let [a, b] = self.platt.get(label).copied().unwrap_or([1.0, 0.0]);
        1.0 / (1.0 + (-(a * logit + b)).exp())
    }
}

impl Weights {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, LoadError> {
        let malformed = |error: &dyn fmt::Display| LoadError::Malformed(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| malformed(&error))?;
        let described = header
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get("parser"));
        let described = described.ok_or_else(|| malformed(&"no description"))?;
        let meta: Meta = serde_json::from_str(described).map_err(|error| malformed(&error))?;
        if meta.format != FORMAT {
            return Err(LoadError::Format { found: meta.format });
        }
        let file = SafeTensors::deserialize(bytes).map_err(|error| malformed(&error))?;
        let heads = meta.heads.into_iter().map(|head| Self::head(&file, head));
        Ok(Self {
            heads: heads.collect::<Result<_, _>>()?,
            language: Table::read(
                &file,
                "langid",
                "weight",
                (meta.langid.buckets, meta.langid.languages.len()),
            )?,
            languages: meta.langid.languages,
            temperature: meta.langid.temperature,
            gist: Table::read(&file, "gist", "table", (meta.gist.buckets, super::GIST))?,
        })
    }

    fn head(file: &SafeTensors<'_>, meta: HeadMeta) -> Result<Head, LoadError> {
        let count = meta.labels.len();
        if meta.platt.len() != count || meta.threshold.values().any(|row| row.len() != count) {
            return Err(LoadError::Malformed(format!("{} has too few figures", meta.name)));
        }
        let table = Table::read(
            file,
            &format!("wide.{}", meta.name),
            "weight",
            (meta.buckets, count),
        )?;
        Ok(Head {
            name: meta.name,
            labels: meta.labels,
            platt: meta.platt,
            threshold: meta.threshold,
            table,
        })
    }
}

/// Reads a file of the folder.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, LoadError> {
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
pub(crate) fn check(bytes: &[u8], name: &str, hashes: &str) -> Result<(), LoadError> {
    let expected = format!("{}  {name}", blake3::hash(bytes).to_hex());
    if hashes.lines().any(|line| line == expected) {
        Ok(())
    } else {
        Err(LoadError::Damaged(name.to_owned()))
    }
}

fn tensor<'a>(
    file: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'a [u8], LoadError> {
    let found = file
        .tensor(name)
        .map_err(|error| LoadError::Malformed(error.to_string()))?;
    if found.dtype() != dtype || found.shape() != shape {
        return Err(LoadError::Malformed(format!(
            "{name} is {:?} {:?}",
            found.dtype(),
            found.shape()
        )));
    }
    Ok(found.data())
}

fn floats(file: &SafeTensors<'_>, name: &str, count: usize) -> Result<Vec<f32>, LoadError> {
    let bytes = tensor(file, name, Dtype::F32, &[count])?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}
