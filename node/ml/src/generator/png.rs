//! Pictures and animations as PNG bytes (PNG third edition, with the animation chunks), with a description for those who cannot see them.
//!
//! Small on purpose: eight bits of red, green, blue and opacity, no filters, deflate (RFC 1951) with fixed codes. Pixel art is runs and
//! repeated rows, which is what the matching finds.

mod deflate;

use super::sprite::Image;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A picture as a PNG file.
#[must_use]
pub fn png(image: &Image, description: &str) -> Vec<u8> {
    let mut file = beginning(image);
    describe(&mut file, description);
    chunk(&mut file, *b"IDAT", &packed(image));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// Pictures of one size as an animated PNG that runs for ever; programs that know no animation show the first one.
#[must_use]
pub fn animation(frames: &[Image], millis: u16, description: &str) -> Vec<u8> {
    let Some(first) = frames.first() else {
        return Vec::new();
    };
    let mut file = beginning(first);
    describe(&mut file, description);
    let count = frames.len() as u32;
    chunk(&mut file, *b"acTL", &[count.to_be_bytes(), [0; 4]].concat());
    let mut sequence = 0_u32;
    let mut next = || {
        sequence += 1;
        (sequence - 1).to_be_bytes()
    };
    for (at, frame) in frames.iter().enumerate() {
        let mut control = next().to_vec();
        for number in [frame.width as u32, frame.height as u32, 0, 0] {
            control.extend(number.to_be_bytes());
        }
        control.extend(millis.to_be_bytes());
        control.extend(1_000_u16.to_be_bytes());
        // Clear to transparent before the next frame, and replace.
        control.extend([1, 0]);
        chunk(&mut file, *b"fcTL", &control);
        let data = packed(frame);
        if at == 0 {
            chunk(&mut file, *b"IDAT", &data);
        } else {
            chunk(&mut file, *b"fdAT", &[&next()[..], &data].concat());
        }
    }
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn beginning(image: &Image) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    let mut header = Vec::new();
    header.extend((image.width as u32).to_be_bytes());
    header.extend((image.height as u32).to_be_bytes());
    // Eight bits, colour with opacity, deflate, no filter method but the one, not interlaced.
    header.extend([8, 6, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    file
}

/// International text, not compressed.
fn describe(file: &mut Vec<u8>, description: &str) {
    if !description.is_empty() {
        let text = [b"Description\0\0\0\0\0", description.as_bytes()].concat();
        chunk(file, *b"iTXt", &text);
    }
}

/// Rows, each behind its filter byte, in a zlib stream.
fn packed(image: &Image) -> Vec<u8> {
    let rows = image.pixels.chunks(image.width.max(1));
    let raw: Vec<u8> = rows
        .flat_map(|row| std::iter::once(0).chain(row.iter().flatten().copied()))
        .collect();
    let mut data = vec![0x78, 0x01];
    data.extend(deflate::compressed(&raw));
    data.extend(adler(&raw).to_be_bytes());
    data
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let checked = [&kind[..], data].concat();
    file.extend(&checked);
    file.extend(crc(&checked).to_be_bytes());
}

/// CRC-32 of the PNG standard's annex D.
fn crc(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// Adler-32 of RFC 1950.
fn adler(data: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut low, mut high) = (1, 0);
    for byte in data {
        low = (low + u32::from(*byte)) % PRIME;
        high = (high + low) % PRIME;
    }
    high << 16 | low
}
