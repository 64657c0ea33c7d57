//! A 3 × 3 convolution over whole numbers, alone or after doubling the picture.
//!
//! After nearest-neighbour doubling each output pixel sees only 2 × 2 different inputs, so the kernel's rows and columns that fall on the
//! same input are added up once at loading: four kernels of 2 × 2, one for each place in a tile, less than half the work, the same sums.
//! Four dot products at a time over 16-bit numbers are what every CPU level has an instruction for; skipping the zeros that ReLU leaves was
//! measured to be a little slower, though most values are zero.
#![expect(
    clippy::indexing_slicing,
    reason = "a raster kernel: all sizes are fixed when it is loaded"
)]

/// Dot products at a time; numbers of output channels are multiples of it.
const LANES: usize = 4;

/// A picture of channels 0 to 255 with a border of zeros, channels of a pixel beside each other.
#[derive(Debug)]
pub(super) struct Picture {
    side: usize,
    channels: usize,
    values: Vec<i16>,
}

impl Picture {
    /// An empty picture of so many pixels on a side and channels.
    pub(super) fn new(side: usize, channels: usize) -> Self {
        Self {
            side,
            channels,
            values: vec![0; (side + 2) * (side + 2) * channels],
        }
    }

    fn pixel(&mut self, row: usize, column: usize) -> &mut [i16] {
        let start = ((row + 1) * (self.side + 2) + column + 1) * self.channels;
        &mut self.values[start..start + self.channels]
    }

    /// Sets a pixel's channels from sums over 32 · 2^shift.
    pub(super) fn settle(&mut self, row: usize, column: usize, sums: &[i32], shifts: &[u32]) {
        let slots = self.pixel(row, column).iter_mut();
        for ((slot, sum), shift) in slots.zip(sums).zip(shifts) {
            *slot = settled(*sum, *shift);
        }
    }

    /// So many rows and columns of pixels from a place of the bordered picture on, one after the other.
    fn patch<'a>(&self, (row, column): (usize, usize), size: usize, patch: &'a mut [i16]) -> &'a [i16] {
        let line = size * self.channels;
        for (down, slots) in patch.chunks_exact_mut(line).take(size).enumerate() {
            let start = ((row + down) * (self.side + 2) + column) * self.channels;
            slots.copy_from_slice(&self.values[start..start + line]);
        }
        &patch[..size * line]
    }
}

/// The weights of a convolution and the buffers it runs in.
#[derive(Debug)]
pub(super) struct Convolution {
    outputs: usize,
    /// How far the picture grows: 1 or 2.
    grow: usize,
    /// Pixels on a side that an output pixel sees: 1, 2 or 3.
    size: usize,
    /// By place in the tile and output: as many as a patch has values.
    weights: Vec<i16>,
    shifts: Vec<u32>,
    patch: Vec<i16>,
    sums: Vec<i32>,
}

impl Convolution {
    /// From a kernel `[outputs][inputs][side][side]`, side 3 or (without growth) 1.
    pub(super) fn new(kernel: &[i8], inputs: usize, grow: usize, shifts: Vec<u32>) -> Self {
        let outputs = shifts.len();
        let side = if kernel.len() == outputs * inputs { 1 } else { 3 };
        let weight = |output: usize, input: usize, rows: &[usize], columns: &[usize]| -> i16 {
            pairs(rows, columns)
                .map(|(row, column)| {
                    i16::from(kernel[((output * inputs + input) * side + row) * side + column])
                })
                .sum()
        };
        let mut weights = Vec::new();
        let tile = tile(grow, side);
        for (rows, columns) in &tile {
            for output in 0..outputs {
                for (row, column) in pairs(rows, columns) {
                    weights.extend((0..inputs).map(|input| weight(output, input, row, column)));
                }
            }
        }
        let size = tile.first().map_or(1, |(rows, _)| rows.len());
        Self {
            outputs,
            grow,
            size,
            weights,
            shifts,
            patch: vec![0; size * size * inputs],
            sums: vec![0; outputs],
        }
    }

    /// Runs over a picture: `bias(row, column)` gives the sums to start from, `take(row, column, sums, shifts)` gets the results.
    pub(super) fn run<'a>(
        &mut self,
        picture: &Picture,
        bias: impl Fn(usize, usize) -> &'a [i32],
        mut take: impl FnMut(usize, usize, &[i32], &[u32]),
    ) {
        let rows = self.size * self.size * picture.channels;
        let kernels = self.weights.chunks_exact(rows * self.outputs);
        for (place, kernel) in kernels.enumerate() {
            let (down, right) = (place / self.grow, place % self.grow);
            // Where the patch begins in the bordered picture: a kernel of 3 a pixel before, one of 1 at the pixel.
            let (top, left) = if self.size == 1 { (1, 1) } else { (down, right) };
            for at in 0..picture.side * picture.side {
                let (row, column) = (at / picture.side, at % picture.side);
                let patch = picture.patch((row + top, column + left), self.size, &mut self.patch);
                let (y, x) = (row * self.grow + down, column * self.grow + right);
                let lanes = self
                    .sums
                    .chunks_exact_mut(LANES)
                    .zip(bias(y, x).chunks_exact(LANES));
                for ((sums, bias), kernel) in lanes.zip(kernel.chunks_exact(LANES * rows)) {
                    for ((sum, bias), product) in sums.iter_mut().zip(bias).zip(products(patch, kernel)) {
                        *sum = bias + product;
                    }
                }
                take(y, x, &self.sums, &self.shifts);
            }
        }
    }
}

/// The dot products of a patch with four rows of weights. Written so that the compiler takes many values at a time.
fn products(patch: &[i16], weights: &[i16]) -> [i32; LANES] {
    let count = patch.len();
    let (first, rest) = weights.split_at(count);
    let (second, rest) = rest.split_at(count);
    let (third, fourth) = rest.split_at(count);
    let fourth = &fourth[..count];
    let mut sums = [0; LANES];
    for at in 0..count {
        let value = i32::from(patch[at]);
        sums[0] += value * i32::from(first[at]);
        sums[1] += value * i32::from(second[at]);
        sums[2] += value * i32::from(third[at]);
        sums[3] += value * i32::from(fourth[at]);
    }
    sums
}

/// A sum over 32 · 2^shift as a value over 32: rounded, halves up, cut to what eight bits hold.
fn settled(sum: i32, shift: u32) -> i16 {
    let half = (1 << shift) >> 1;
    ((sum + half) >> shift).clamp(0, 255) as i16
}

/// A kernel's lines that fall on each of the input's lines.
type Lines = &'static [&'static [usize]];

/// For each place of the tile the kernel's rows that fall on each input row, and likewise columns.
fn tile(grow: usize, side: usize) -> Vec<(Lines, Lines)> {
    const PLAIN: Lines = &[&[0], &[1], &[2]];
    const ONE: Lines = &[&[0]];
    const FIRST: Lines = &[&[0], &[1, 2]];
    const SECOND: Lines = &[&[0, 1], &[2]];
    match (grow, side) {
        (1, 1) => vec![(ONE, ONE)],
        (1, _) => vec![(PLAIN, PLAIN)],
        (_, _) => vec![(FIRST, FIRST), (FIRST, SECOND), (SECOND, FIRST), (SECOND, SECOND)],
    }
}

/// Every one of the first with every one of the second.
fn pairs<T: Copy>(rows: &[T], columns: &[T]) -> impl Iterator<Item = (T, T)> {
    rows.iter()
        .flat_map(|row| columns.iter().map(|column| (*row, *column)))
}
