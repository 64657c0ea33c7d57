//! The weights file: int8 tables with one scale per output, and what they mean.
//!
//! safetensors; the metadata key `parser` holds JSON that describes heads, labels, calibration and thresholds. The files' BLAKE3 hashes
//! stand beside them, so that a damaged file is noticed before anybody is misjudged by it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::Deserialize;

use super::encoder::Encoder;
use super::ngrams::Words;
use super::tables::{Rows, Table};

/// The version of the file's layout that this program reads.
pub const FORMAT: u32 = 2;
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
    pub(crate) encoder: Encoder,
}

/// An open weights file.
pub(crate) struct File<'a>(SafeTensors<'a>);

/// The sizes of the Transformer.
#[derive(Deserialize)]
pub(crate) struct EncoderMeta {
    /// Of the table of its own.
    pub(crate) buckets: u32,
    /// Columns of that table.
    pub(crate) width: usize,
    /// Numbers for each token between the layers.
    pub(crate) d: usize,
    pub(crate) layers: usize,
    /// Heads of attention.
    pub(crate) heads: usize,
    pub(crate) tokens: usize,
    /// Whether it adds to the gist.
    pub(crate) gist: bool,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

#[derive(Deserialize)]
struct Meta {
    heads: Vec<HeadMeta>,
    langid: LanguageMeta,
    gist: GistMeta,
    deep: EncoderMeta,
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
        let version: Version = serde_json::from_str(described).map_err(|error| malformed(&error))?;
        if version.format != FORMAT {
            return Err(LoadError::Format {
                found: version.format,
            });
        }
        let meta: Meta = serde_json::from_str(described).map_err(|error| malformed(&error))?;
        let file = File(SafeTensors::deserialize(bytes).map_err(|error| malformed(&error))?);
        let gist = file.table("gist", "table", (meta.gist.buckets, super::GIST))?;
        let sizes: Vec<(&str, usize)> = meta
            .heads
            .iter()
            .map(|head| (head.name.as_str(), head.labels.len()))
            .collect();
        let encoder = Encoder::read(&file, &meta.deep, &gist.rows, &sizes)?;
        let trial = encoder.look(&Words(vec!["trial".to_owned()]), &gist.rows);
        trial.map_err(|error| malformed(&error))?;
        let heads = meta.heads.into_iter().map(|head| Self::head(&file, head));
        Ok(Self {
            heads: heads.collect::<Result<_, _>>()?,
            language: file.table(
                "langid",
                "weight",
                (meta.langid.buckets, meta.langid.languages.len()),
            )?,
            languages: meta.langid.languages,
            temperature: meta.langid.temperature,
            gist,
            encoder,
        })
    }

    fn head(file: &File<'_>, meta: HeadMeta) -> Result<Head, LoadError> {
        let count = meta.labels.len();
        if meta.platt.len() != count || meta.threshold.values().any(|row| row.len() != count) {
            return Err(LoadError::Malformed(format!("{} has too few figures", meta.name)));
        }
        let table = file.table(&format!("wide.{}", meta.name), "weight", (meta.buckets, count))?;
        Ok(Head {
            name: meta.name,
            labels: meta.labels,
            platt: meta.platt,
            threshold: meta.threshold,
            table,
        })
    }
}

impl File<'_> {
    /// `name.matrix` with `name.scale` and `name.bias`.
    fn table(&self, name: &str, matrix: &str, shape: (u32, usize)) -> Result<Table, LoadError> {
        let rows = self.rows(&format!("{name}.{matrix}"), &format!("{name}.scale"), shape)?;
        Ok(Table::new(
            rows,
            self.floats(&format!("{name}.bias"), &[shape.1])?,
        ))
    }

    /// An int8 matrix of so many buckets and columns, and the scale of its columns.
    pub(crate) fn rows(&self, name: &str, scale: &str, shape: (u32, usize)) -> Result<Rows, LoadError> {
        let (buckets, columns) = shape;
        if !buckets.is_power_of_two() {
            return Err(LoadError::Malformed(format!("{name} has {buckets} buckets")));
        }
        let count = usize::try_from(buckets).unwrap_or(usize::MAX);
        let bytes = self.tensor(name, Dtype::I8, &[count, columns])?;
        Ok(Rows::new(buckets, bytes, self.floats(scale, &[columns])?))
    }

    /// Weights `[out, inner]`, multiplied with their scales, and biases of a layer.
    pub(crate) fn linear(
        &self,
        name: &str,
        out: usize,
        inner: usize,
    ) -> Result<(Vec<f32>, Vec<f32>), LoadError> {
        let bytes = self.tensor(&format!("{name}.weight"), Dtype::I8, &[out, inner])?;
        let scale = self.floats(&format!("{name}.scale"), &[out])?;
        let rows = bytes.chunks_exact(inner.max(1)).zip(&scale);
        let weight = rows.flat_map(|(row, scale)| {
            row.iter()
                .map(move |byte| f32::from(i8::from_le_bytes([*byte])) * scale)
        });
        Ok((weight.collect(), self.floats(&format!("{name}.bias"), &[out])?))
    }

    /// The length of a tensor's first side.
    pub(crate) fn height(&self, name: &str) -> Result<usize, LoadError> {
        let found = self.0.tensor(name);
        let found = found.map_err(|error| LoadError::Malformed(error.to_string()))?;
        Ok(found.shape().first().copied().unwrap_or_default())
    }

    pub(crate) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let bytes = self.tensor(name, Dtype::F32, shape)?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
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
