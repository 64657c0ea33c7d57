//! The generator's forward pass in whole numbers: numbers and mood in, one role for each pixel out.
//!
//! The layers are those of `training/generator/model.py`: dense 4 × 4, a convolution there, three doublings with a convolution each, one more
//! convolution, the scores. Every value is an integer over 32. Nothing is allocated after [`Network::new`].
#![expect(
    clippy::indexing_slicing,
    reason = "a raster kernel: all sizes are fixed when it is loaded"
)]

use super::convolution::{Convolution, Picture};
use super::numbers::{COARSE, GLOBALS, NUMBERS};
use super::weights::{File, LoadError};

/// Pixels on a side of a stone.
pub(super) const SIDE: usize = 32;
/// Pixels of a stone.
pub(super) const PIXELS: usize = SIDE * SIDE;
const ROLES: usize = 16;
/// Channels at 4 × 4, 8 × 8, 16 × 16, and twice at 32 × 32.
const A: usize = 96;
const C: usize = 80;
const D: usize = 64;
const E: usize = 40;
const F: usize = 32;
const PLACES: usize = 16;
const INPUTS: usize = GLOBALS + 8;

/// Weights and the buffers to run them in.
#[derive(Debug)]
pub(super) struct Network {
    first: First,
    b: Convolution,
    b_bias: Vec<i32>,
    c: Layer,
    fine: Vec<i8>,
    d: Layer,
    e: Layer,
    f: Layer,
    out: Convolution,
    out_bias: Vec<i32>,
    buffers: Buffers,
}

/// A convolution whose bias moves with the mood and, where tiles are given, with the place in a tile of 2 × 2.
#[derive(Debug)]
struct Layer {
    convolution: Convolution,
    bias: Vec<i32>,
    /// `[channels][8]`.
    mood: Vec<i8>,
    /// `[channels][2][2]`, or nothing.
    tile: Vec<i32>,
}

/// Dense from globals and mood, and a convolution over the coarse numbers, both to 4 × 4.
#[derive(Debug)]
struct First {
    /// `[inputs][places][channels]`.
    dense: Vec<i8>,
    bias: Vec<i32>,
    /// `[6][3][3][channels]`.
    coarse: Vec<i8>,
    shifts: Vec<u32>,
}

#[derive(Debug)]
struct Buffers {
    sums: Vec<i32>,
    /// Biases of a layer, by place in the tile or by pixel.
    biases: Vec<i32>,
    at_4: [Picture; 2],
    at_8: Picture,
    at_16: Picture,
    at_32: [Picture; 2],
}

impl Network {
    /// From a weights file.
    pub(super) fn new(file: &File<'_>) -> Result<Self, LoadError> {
        let kernel = |name: &str, out, into| file.weights(&format!("{name}.kernel"), &[out, into, 3, 3]);
        Ok(Self {
            first: First::new(file)?,
            b: Convolution::new(&kernel("b", A, A)?, A, 1, file.shifts("b.shift", A)?),
            b_bias: file.sums("b.bias", &[A])?,
            c: Layer::new(file, "c", (C, A), (2, false))?,
            fine: by_output_last(&file.weights("c.fine", &[C, 3, 3, 3])?, C),
            d: Layer::new(file, "d", (D, C), (2, false))?,
            e: Layer::new(file, "e", (E, D), (2, true))?,
            f: Layer::new(file, "f", (F, E), (1, true))?,
            out: Convolution::new(
                &file.weights("out.kernel", &[ROLES, F])?,
                F,
                1,
                file.shifts("out.shift", ROLES)?,
            ),
            out_bias: file.sums("out.bias", &[ROLES])?,
            buffers: Buffers {
                sums: vec![0; PLACES * A],
                biases: vec![0; 64 * C],
                at_4: [Picture::new(4, A), Picture::new(4, A)],
                at_8: Picture::new(8, C),
                at_16: Picture::new(16, D),
                at_32: [Picture::new(SIDE, E), Picture::new(SIDE, F)],
            },
        })
    }

    /// The best role of each pixel, row by row.
    pub(super) fn run(&mut self, numbers: &[i8; NUMBERS], mood: [u8; 8], roles: &mut [u8; PIXELS]) {
        let Buffers {
            sums,
            biases,
            at_4: [first, second],
            at_8,
            at_16,
            at_32: [before, last],
        } = &mut self.buffers;
        // The half of a mood, as in the training: seven bits, like the numbers.
        let mood = mood.map(|intensity| i32::from(intensity >> 1));
        self.first.run(numbers, &mood, sums, first);
        let bias = &self.b_bias;
        self.b.run(
            first,
            |_, _| bias,
            |y, x, sums, shifts| second.settle(y, x, sums, shifts),
        );

        self.c.bias(&mood, biases);
        spread(biases, &self.fine, &numbers[GLOBALS + COARSE..]);
        let bias = |y: usize, x: usize| &biases[(y * 8 + x) * C..][..C];
        let convolution = &mut self.c.convolution;
        convolution.run(second, bias, |y, x, sums, shifts| at_8.settle(y, x, sums, shifts));

        self.d.run(at_8, &mood, biases, at_16);
        self.e.run(at_16, &mood, biases, before);
        self.f.run(before, &mood, biases, last);
        let bias = &self.out_bias;
        self.out.run(
            last,
            |_, _| bias,
            |y, x, sums, _| roles[y * SIDE + x] = best(sums),
        );
    }
}

/// The channel with the largest sum, the lowest on ties.
fn best(sums: &[i32]) -> u8 {
    let mut best = (i32::MIN, 0);
    for (channel, sum) in (0..).zip(sums) {
        if *sum > best.0 {
            best = (*sum, channel);
        }
    }
    best.1
}

impl First {
    fn new(file: &File<'_>) -> Result<Self, LoadError> {
        let dense = file.weights("a.dense", &[A, PLACES, INPUTS])?;
        let bias = file.sums("a.bias", &[A, PLACES])?;
        let places = || (0..PLACES).flat_map(|place| (0..A).map(move |channel| (place, channel)));
        Ok(Self {
            dense: (0..INPUTS)
                .flat_map(|input| places().map(move |(place, channel)| (input, place, channel)))
                .map(|(input, place, channel)| dense[(channel * PLACES + place) * INPUTS + input])
                .collect(),
            bias: places()
                .map(|(place, channel)| bias[channel * PLACES + place])
                .collect(),
            coarse: by_output_last(&file.weights("a.coarse", &[A, 6, 3, 3])?, A),
            shifts: file.shifts("a.shift", A)?,
        })
    }

    fn run(&self, numbers: &[i8; NUMBERS], mood: &[i32; 8], sums: &mut [i32], out: &mut Picture) {
        sums.copy_from_slice(&self.bias);
        let globals = numbers[..GLOBALS].iter().map(|number| i32::from(*number));
        let inputs = globals.chain(mood.iter().copied());
        for (input, weights) in inputs.zip(self.dense.chunks_exact(PLACES * A)) {
            add(sums, weights, input);
        }
        around(sums, A, &self.coarse, &numbers[GLOBALS..GLOBALS + COARSE], 4);
        for (at, sums) in sums.chunks_exact(A).enumerate() {
            out.settle(at / 4, at % 4, sums, &self.shifts);
        }
    }
}

impl Layer {
    fn new(
        file: &File<'_>,
        name: &str,
        (out, into): (usize, usize),
        (grow, tiled): (usize, bool),
    ) -> Result<Self, LoadError> {
        let kernel = file.weights(&format!("{name}.kernel"), &[out, into, 3, 3])?;
        let shifts = file.shifts(&format!("{name}.shift"), out)?;
        let tile = if tiled {
            file.sums(&format!("{name}.tile"), &[out, 2, 2])?
        } else {
            Vec::new()
        };
        Ok(Self {
            convolution: Convolution::new(&kernel, into, grow, shifts),
            bias: file.sums(&format!("{name}.bias"), &[out])?,
            mood: file.weights(&format!("{name}.mood"), &[out, 8])?,
            tile,
        })
    }

    /// The biases of this mood at the start of the slice, one for each channel.
    fn bias(&self, mood: &[i32; 8], biases: &mut [i32]) {
        for ((slot, bias), weights) in biases.iter_mut().zip(&self.bias).zip(self.mood.chunks_exact(8)) {
            let products = mood
                .iter()
                .zip(weights)
                .map(|(mood, weight)| mood * i32::from(*weight));
            *slot = bias + products.sum::<i32>();
        }
    }

    fn run(&mut self, picture: &Picture, mood: &[i32; 8], biases: &mut [i32], out: &mut Picture) {
        let channels = self.bias.len();
        self.bias(mood, biases);
        biases.copy_within(..channels, channels);
        biases.copy_within(..2 * channels, 2 * channels);
        for (channel, tile) in self.tile.chunks_exact(4).enumerate() {
            for (place, more) in tile.iter().enumerate() {
                biases[place * channels + channel] += more;
            }
        }
        let biases = &*biases;
        let bias = |y: usize, x: usize| &biases[(y % 2 * 2 + x % 2) * channels..][..channels];
        let take = |y: usize, x: usize, sums: &[i32], shifts: &[u32]| out.settle(y, x, sums, shifts);
        self.convolution.run(picture, bias, take);
    }
}

/// Spreads the biases at the start over 8 × 8 pixels and adds the fine numbers.
fn spread(biases: &mut [i32], kernel: &[i8], fine: &[i8]) {
    for pixel in 1..64 {
        biases.copy_within(..C, pixel * C);
    }
    around(biases, C, kernel, fine, 8);
}

/// Adds a 3 × 3 convolution over a few channels of numbers; kernel `[inputs][3][3][channels]`, sums `[side × side][channels]`.
fn around(sums: &mut [i32], channels: usize, kernel: &[i8], numbers: &[i8], side: usize) {
    for (input, numbers) in numbers.chunks_exact(side * side).enumerate() {
        for (at, number) in numbers.iter().enumerate() {
            for tap in 0..9 {
                // The number at (y, x) reaches the pixel at (y + 1 - row, x + 1 - column).
                let (y, x) = (at / side + 1, at % side + 1);
                let (y, x) = (y.wrapping_sub(tap / 3), x.wrapping_sub(tap % 3));
                if y < side && x < side {
                    let weights = &kernel[(input * 9 + tap) * channels..][..channels];
                    add(
                        &mut sums[(y * side + x) * channels..][..channels],
                        weights,
                        i32::from(*number),
                    );
                }
            }
        }
    }
}

fn add(sums: &mut [i32], weights: &[i8], value: i32) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += value * i32::from(*weight);
    }
}

/// `[outputs][rest]` to `[rest][outputs]`.
fn by_output_last(weights: &[i8], outputs: usize) -> Vec<i8> {
    let rest = weights.len() / outputs;
    let places = (0..rest).flat_map(|place| (0..outputs).map(move |output| (place, output)));
    places
        .map(|(place, output)| weights[output * rest + place])
        .collect()
}
