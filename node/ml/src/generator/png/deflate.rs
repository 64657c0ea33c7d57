//! Deflate with fixed codes (RFC 1951 §3.2.6): greedy matches against the last place where the same four bytes began.
#![expect(
    clippy::indexing_slicing,
    reason = "a byte kernel: places come from the data's own length"
)]

const MATCH_MIN: usize = 4;
const MATCH_MAX: usize = 258;
const DISTANCE_MAX: usize = 32 * 1024;
const HASH_BITS: u32 = 15;
const END: u32 = 256;

/// Lengths and distances: the first value of each code and its extra bits (RFC 1951 §3.2.5).
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

struct Bits {
    bytes: Vec<u8>,
    open: u64,
    count: u32,
}

impl Bits {
    /// Lowest bit first.
    fn push(&mut self, value: u32, count: u32) {
        self.open |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push((self.open & 0xff) as u8);
            self.open >>= 8;
            self.count -= 8;
        }
    }

    /// A code, highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    /// A literal, the end, or a length.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    fn matched(&mut self, length: usize, distance: usize) {
        let (code, extra, bits) = coded(&LENGTHS, length);
        self.symbol(END + 1 + code);
        self.push(extra, bits);
        let (code, extra, bits) = coded(&DISTANCES, distance);
        self.code(code, 5);
        self.push(extra, bits);
    }
}

/// The code of a value, what is left, and the bits for that.
fn coded(table: &[(u16, u8)], value: usize) -> (u32, u32, u32) {
    let after = table.partition_point(|(first, _)| usize::from(*first) <= value);
    let code = after.saturating_sub(1);
    let (first, bits) = table[code];
    (code as u32, (value - usize::from(first)) as u32, u32::from(bits))
}

/// One block that holds everything.
pub(super) fn compressed(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits {
        bytes: Vec::new(),
        open: 0,
        count: 0,
    };
    // The last block, fixed codes.
    bits.push(1, 1);
    bits.push(1, 2);
    let mut seen = vec![usize::MAX; 1 << HASH_BITS];
    let mut at = 0;
    while at < data.len() {
        let mut length = 0;
        let mut from = 0;
        if let Some(next) = data.get(at..at + MATCH_MIN) {
            let next = u32::from_le_bytes([next[0], next[1], next[2], next[3]]);
            let slot = &mut seen[(next.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize];
            from = std::mem::replace(slot, at);
            if from != usize::MAX && at - from <= DISTANCE_MAX {
                let pairs = data[from..].iter().zip(&data[at..]).take(MATCH_MAX);
                length = pairs.take_while(|(old, new)| old == new).count();
            }
        }
        if length >= MATCH_MIN {
            bits.matched(length, at - from);
            at += length;
        } else {
            bits.symbol(u32::from(data[at]));
            at += 1;
        }
    }
    bits.symbol(END);
    bits.push(0, 7);
    bits.bytes
}
