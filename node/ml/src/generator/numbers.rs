//! From a seed to the numbers of its stone: BLAKE3's extendable output, one byte for each, through a table of a normal distribution.
//!
//! The training draws from the same table, so that the network meets at run time what it has learned from. No floats anywhere.

/// Numbers that shape the whole stone.
pub(super) const GLOBALS: usize = 32;
/// Six numbers for each of 4 × 4 places, channel by channel.
pub(super) const COARSE: usize = 6 * 16;
/// Three numbers for each of 8 × 8 places, channel by channel.
pub(super) const FINE: usize = 3 * 64;
/// All of them.
pub(super) const NUMBERS: usize = GLOBALS + COARSE + FINE;

const LABEL: &[u8] = b"meteorite/1/stone";

/// Draws the numbers of a seed: globals, then coarse, then fine.
pub(super) fn draw(seed: &[u8; 32], numbers: &mut [i8; NUMBERS]) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(LABEL).update(seed);
    let mut bytes = [0; NUMBERS];
    hasher.finalize_xof().fill(&mut bytes);
    for (number, byte) in numbers.iter_mut().zip(bytes) {
        *number = NORMAL.get(usize::from(byte)).copied().unwrap_or_default();
    }
}

/// round(48 · inverse normal((i + ½) / 256)), rising.
#[rustfmt::skip]
const NORMAL: [i8; 256] = [
    -127, -121, -112, -106, -101, -97, -94, -91, -88, -86, -83, -81, -80, -78, -76, -74,
    -73, -71, -70, -69, -67, -66, -65, -64, -63, -62, -61, -60, -59, -58, -57, -56,
    -55, -54, -53, -52, -51, -50, -50, -49, -48, -47, -47, -46, -45, -44, -44, -43,
    -42, -42, -41, -40, -40, -39, -38, -38, -37, -36, -36, -35, -34, -34, -33, -33,
    -32, -31, -31, -30, -30, -29, -29, -28, -28, -27, -26, -26, -25, -25, -24, -24,
    -23, -23, -22, -22, -21, -21, -20, -20, -19, -19, -18, -18, -17, -17, -16, -16,
    -15, -15, -14, -14, -13, -13, -12, -12, -11, -11, -10, -10, -9, -9, -8, -8,
    -7, -7, -6, -6, -5, -5, -4, -4, -4, -3, -3, -2, -2, -1, -1, 0,
    0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 7,
    8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15,
    16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23,
    24, 24, 25, 25, 26, 26, 27, 28, 28, 29, 29, 30, 30, 31, 31, 32,
    33, 33, 34, 34, 35, 36, 36, 37, 38, 38, 39, 40, 40, 41, 42, 42,
    43, 44, 44, 45, 46, 47, 47, 48, 49, 50, 50, 51, 52, 53, 54, 55,
    56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 69, 70, 71, 73,
    74, 76, 78, 80, 81, 83, 86, 88, 91, 94, 97, 101, 106, 112, 121, 127,
];
