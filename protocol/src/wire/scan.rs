//! A walk over the structure of an encoding, before anything is built from it.
//!
//! It checks in one pass, without recursion and without allocating, that the bytes are exactly one item of the dag-cbor
//! subset that our types use, with minimal heads and bounded nesting. Typed decoding after it cannot meet a surprise.

use super::WireError;
use crate::limits::NESTING_MAX;

/// Checks that `bytes` are one complete item: integers, byte and text strings, lists, maps, links, booleans and null.
///
/// # Errors
/// [`WireError::Malformed`] for cut-off, trailing, indefinite or unused kinds, [`WireError::NotCanonical`] for a head that
/// could be shorter, [`WireError::TooDeep`] for nesting beyond [`NESTING_MAX`].
pub fn scan(bytes: &[u8]) -> Result<(), WireError> {
    let mut rest = bytes;
    // Items still to come on each open level; the outermost is the one item itself.
    let mut open = [0_u64; NESTING_MAX + 1];
    let mut depth = 0_usize;
    set(&mut open, 0, 1)?;
    loop {
        while get(&open, depth) == 0 {
            if depth == 0 {
                return if rest.is_empty() {
                    Ok(())
                } else {
                    Err(WireError::Malformed)
                };
            }
            depth -= 1;
        }
        let (major, argument) = head(&mut rest)?;
        if major == TAG {
            // A link: tag 42 announces the byte string that follows and is no item of its own.
            if argument != LINK_TAG {
                return Err(WireError::Malformed);
            }
            continue;
        }
        let left = get(&open, depth) - 1;
        set(&mut open, depth, left)?;
        match major {
            UNSIGNED | NEGATIVE | SIMPLE => {}
            BYTE_STRING | TEXT_STRING => {
                let length = usize::try_from(argument).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or(WireError::Malformed)?;
            }
            LIST | MAP => {
                let items = if major == MAP {
                    argument.saturating_mul(2)
                } else {
                    argument
                };
                // Every item takes at least one byte, so a larger count is a lie.
                if items > rest.len() as u64 {
                    return Err(WireError::Malformed);
                }
                depth += 1;
                set(&mut open, depth, items)?;
            }
            _ => return Err(WireError::Malformed),
        }
    }
}

/// Takes one head off: its major type and its argument.
fn head(rest: &mut &[u8]) -> Result<(u8, u64), WireError> {
    let (&first, mut tail) = rest.split_first().ok_or(WireError::Malformed)?;
    let (major, info) = (first >> 5, first & 0x1f);
    if major == SIMPLE {
        // false, true and null; no floats travel.
        *rest = tail;
        return if (20..=22).contains(&info) {
            Ok((major, 0))
        } else {
            Err(WireError::Malformed)
        };
    }
    let (width, least) = match info {
        0..=23 => (0, 0),
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        _ => return Err(WireError::Malformed),
    };
    let mut argument = if width == 0 { u64::from(info) } else { 0 };
    for _ in 0..width {
        let (&byte, next) = tail.split_first().ok_or(WireError::Malformed)?;
        argument = (argument << 8) | u64::from(byte);
        tail = next;
    }
    if argument < least {
        return Err(WireError::NotCanonical);
    }
    *rest = tail;
    Ok((major, argument))
}

fn get(open: &[u64; NESTING_MAX + 1], depth: usize) -> u64 {
    open.get(depth).copied().unwrap_or(0)
}

fn set(open: &mut [u64; NESTING_MAX + 1], depth: usize, items: u64) -> Result<(), WireError> {
    let slot = open.get_mut(depth).ok_or(WireError::TooDeep)?;
    *slot = items;
    Ok(())
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTE_STRING: u8 = 2;
const TEXT_STRING: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;
const LINK_TAG: u64 = 42;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_and_nothing_else() {
        assert_eq!(scan(&[0x00]), Ok(()));
        assert_eq!(scan(&[0x82, 0x00, 0x41, 0xff]), Ok(()));
        assert_eq!(scan(&[]), Err(WireError::Malformed));
        assert_eq!(scan(&[0x00, 0x00]), Err(WireError::Malformed));
        assert_eq!(scan(&[0x82, 0x00]), Err(WireError::Malformed));
        assert_eq!(scan(&[0x42, 0x00]), Err(WireError::Malformed));
    }

    #[test]
    fn heads_are_minimal() {
        assert_eq!(scan(&[0x18, 0x17]), Err(WireError::NotCanonical));
        assert_eq!(scan(&[0x18, 0x18]), Ok(()));
        assert_eq!(scan(&[0x58, 0x00]), Err(WireError::NotCanonical));
    }

    #[test]
    fn floats_indefinite_and_foreign_tags_are_refused() {
        for bytes in [
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &[0x9f, 0xff],
            &[0x5f, 0xff],
            &[0xc1, 0x00],
            &[0xff],
        ] {
            assert_eq!(scan(bytes), Err(WireError::Malformed));
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut deep = vec![0x81; NESTING_MAX];
        deep.push(0x00);
        assert_eq!(scan(&deep), Ok(()));
        let mut deeper = vec![0x81; NESTING_MAX + 1];
        deeper.push(0x00);
        assert_eq!(scan(&deeper), Err(WireError::TooDeep));
        assert_eq!(scan(&vec![0x81; 100_000]), Err(WireError::TooDeep));
    }

    #[test]
    fn a_count_beyond_the_bytes_is_refused_at_once() {
        assert_eq!(
            scan(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Err(WireError::Malformed)
        );
        assert_eq!(
            scan(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Err(WireError::Malformed)
        );
    }
}
