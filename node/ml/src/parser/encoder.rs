//! The Transformer: what the linear heads cannot see, because it lies in the order of the words.
//!
//! A small pre-norm encoder (Xiong et al. 2020) over the tokens of one window. A token enters as the mean of its n-grams' rows in two
//! tables: the gist's, which lies alike in all languages and is left as it was trained, and one of its own. What leaves is added to the
//! logits of the linear heads and to the gist. Weights are int8 in the file and `f32` in memory; inference is candle's.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::{LayerNorm, Linear, Module as _, ops};

use super::ngrams::Words;
use super::tables::Rows;
use super::tokens::{TOKENS_MAX, tokens};
use super::weights::{EncoderMeta, File, LoadError};

/// The Transformer's weights.
#[derive(Debug)]
pub(crate) struct Encoder {
    embed: Rows,
    input: Linear,
    position: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    /// A column: what a token is worth in the weighted mean.
    pool: Tensor,
    /// All heads in one, and the counts of their labels.
    heads: Linear,
    labels: Vec<usize>,
    gist: Option<Linear>,
}

/// What the Transformer adds.
#[derive(Debug, Default)]
pub(crate) struct Added {
    /// Logits by head, in the order of the heads; none where there was nothing to read.
    pub(crate) heads: Vec<Vec<f32>>,
    pub(crate) gist: Vec<f32>,
    /// How many tokens were read.
    pub(crate) tokens: usize,
}

#[derive(Debug)]
struct Layer {
    before_attention: LayerNorm,
    /// Queries, keys and values in one.
    input: Linear,
    out: Linear,
    before_network: LayerNorm,
    widen: Linear,
    narrow: Linear,
    heads: usize,
}

impl Encoder {
    /// Reads the `deep.*` tensors of a weights file. `heads` names the linear heads with their counts of labels.
    pub(crate) fn read(
        file: &File<'_>,
        meta: &EncoderMeta,
        gist: &Rows,
        heads: &[(&str, usize)],
    ) -> std::result::Result<Self, LoadError> {
        let d = meta.d;
        if meta.tokens != TOKENS_MAX || meta.heads == 0 || !d.is_multiple_of(meta.heads) {
            return Err(LoadError::Malformed("the encoder's shape".to_owned()));
        }
        let embed = file.rows("deep.embed", "deep.embed.scale", (meta.buckets, meta.width))?;
        let wide = file.height("deep.L0.ff1.weight")?;
        let linear = |name: &str, out: usize, inner: usize| linear(file, name, out, inner);
        let layer = |nth: usize| -> std::result::Result<Layer, LoadError> {
            let part = |name: &str| format!("deep.L{nth}.{name}");
            Ok(Layer {
                before_attention: norm(file, &part("ln1"), d)?,
                input: stacked(file, &[(part("q"), d), (part("k"), d), (part("v"), d)], d)?,
                out: linear(&part("o"), d, d)?,
                before_network: norm(file, &part("ln2"), d)?,
                widen: linear(&part("ff1"), wide, d)?,
                narrow: linear(&part("ff2"), d, wide)?,
                heads: meta.heads,
            })
        };
        let named: Vec<(String, usize)> = heads
            .iter()
            .map(|(name, labels)| (format!("deep.head.{name}"), *labels))
            .collect();
        Ok(Self {
            input: linear("deep.in", d, gist.columns() + meta.width)?,
            embed,
            position: tensor(file.floats("deep.position", &[TOKENS_MAX, d])?, &[TOKENS_MAX, d])?,
            layers: (0..meta.layers)
                .map(layer)
                .collect::<std::result::Result<_, _>>()?,
            norm: norm(file, "deep.ln", d)?,
            pool: tensor(file.floats("deep.pool", &[d])?, &[d, 1])?,
            heads: stacked(file, &named, 2 * d)?,
            labels: named.iter().map(|(_, labels)| *labels).collect(),
            gist: meta
                .gist
                .then(|| linear("deep.gist", super::GIST, 2 * d))
                .transpose()?,
        })
    }

    /// Reads a window. `gist` is the table of the gist.
    ///
    /// # Errors
    /// candle's, which only weights of the wrong shape can cause; a loaded parser has made a trial.
    pub(crate) fn look(&self, words: &Words, gist: &Rows) -> Result<Added> {
        let tokens = tokens(words);
        if tokens.is_empty() {
            return Ok(Added::default());
        }
        let mut rows = Vec::with_capacity(tokens.len() * (gist.columns() + self.embed.columns()));
        for hashes in &tokens {
            rows.extend(gist.mean(hashes));
            rows.extend(self.embed.mean(hashes));
        }
        let rows = Tensor::from_vec(
            rows,
            (tokens.len(), gist.columns() + self.embed.columns()),
            &Device::Cpu,
        )?;
        let place = self.position.narrow(0, 0, tokens.len())?;
        let mut x = (self.input.forward(&rows)? + place)?;
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        let pooled = self.pooled(&self.norm.forward(&x)?)?;
        let logits = |linear: &Linear| linear.forward(&pooled)?.flatten_all()?.to_vec1();
        let mut all: Vec<f32> = logits(&self.heads)?;
        let each = |labels: &usize| all.drain(..*labels).collect();
        Ok(Added {
            heads: self.labels.iter().map(each).collect(),
            gist: self.gist.as_ref().map(logits).transpose()?.unwrap_or_default(),
            tokens: tokens.len(),
        })
    }

    /// The mean of the tokens, and their mean weighted by attention: `[1, 2d]`.
    fn pooled(&self, x: &Tensor) -> Result<Tensor> {
        let share = ops::softmax(&x.matmul(&self.pool)?, 0)?;
        let weighted = x.broadcast_mul(&share)?.sum_keepdim(0)?;
        Tensor::cat(&[&x.mean_keepdim(0)?, &weighted], 1)
    }
}

impl Layer {
    /// `[tokens, d]` to the same.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = (x + self.attention(&self.before_attention.forward(x)?)?)?;
        let wide = self.widen.forward(&self.before_network.forward(&x)?)?.relu()?;
        &x + self.narrow.forward(&wide)?
    }

    fn attention(&self, x: &Tensor) -> Result<Tensor> {
        let (count, d) = x.dims2()?;
        let each = d / self.heads;
        let whole = self.input.forward(x)?.reshape((count, 3, self.heads, each))?;
        let split = |nth: usize| whole.narrow(1, nth, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        let (query, key, value) = (split(0)?, split(1)?, split(2)?);
        let near = (query.matmul(&key.t()?)? * (each as f64).sqrt().recip())?;
        let mixed = ops::softmax(&near, D::Minus1)?.matmul(&value)?;
        self.out
            .forward(&mixed.transpose(0, 1)?.contiguous()?.reshape((count, d))?)
    }
}

fn linear(file: &File<'_>, name: &str, out: usize, inner: usize) -> std::result::Result<Linear, LoadError> {
    let (weight, bias) = file.linear(name, out, inner)?;
    Ok(Linear::new(
        tensor(weight, &[out, inner])?,
        Some(tensor(bias, &[out])?),
    ))
}

/// Linear layers of the same input, with their counts of outputs, one below the other.
fn stacked(
    file: &File<'_>,
    parts: &[(String, usize)],
    inner: usize,
) -> std::result::Result<Linear, LoadError> {
    let (mut weights, mut biases) = (Vec::new(), Vec::new());
    for (name, out) in parts {
        let (weight, bias) = file.linear(name, *out, inner)?;
        weights.extend(weight);
        biases.extend(bias);
    }
    let out = biases.len();
    Ok(Linear::new(
        tensor(weights, &[out, inner])?,
        Some(tensor(biases, &[out])?),
    ))
}

fn norm(file: &File<'_>, name: &str, d: usize) -> std::result::Result<LayerNorm, LoadError> {
    let part = |part: &str| -> std::result::Result<Tensor, LoadError> {
        tensor(file.floats(&format!("{name}.{part}"), &[d])?, &[d])
    };
    Ok(LayerNorm::new(part("weight")?, part("bias")?, NORM_EPSILON))
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> std::result::Result<Tensor, LoadError> {
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(|error| LoadError::Malformed(error.to_string()))
}

const NORM_EPSILON: f64 = 1e-5;
