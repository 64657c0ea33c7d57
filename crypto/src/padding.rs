//! Padding to size classes, so that a sealed length tells a class and not a text.
//!
//! A padded plaintext is `length (u16, big-endian) ‖ plaintext ‖ zeros`, exactly as long as its class has room for. The
//! filling must be zero: whoever opens a box refuses anything else, so that padding carries no hidden message and no
//! byte of a box is free to vary.
//!
//! Called by [`crate::body`] and [`crate::letter`], always inside an authenticated box.

use zeroize::Zeroizing;

use crate::TooLong;

/// A ladder of total sizes and what each of them loses to nonces and tags.
pub(crate) struct Classes {
    /// Sizes of the sealed box in bytes, ascending, each below 64 KiB.
    pub(crate) sizes: &'static [usize],
    /// What the cipher adds to the padded plaintext, in bytes; less than the smallest size.
    pub(crate) overhead: usize,
}

impl Classes {
    /// The longest plaintext that fits the largest class, in bytes.
    pub(crate) const fn plain_bytes_max(&self) -> usize {
        match self.sizes.last() {
            Some(largest) => largest.saturating_sub(self.overhead + LENGTH_BYTES),
            None => 0,
        }
    }

    /// True when `bytes` is exactly the size of a sealed box of some class.
    pub(crate) fn contains(&self, bytes: usize) -> bool {
        self.sizes.contains(&bytes)
    }

    /// Pads `plain` for the smallest class that holds it; the result has room for `overhead` more bytes, so that a tag
    /// can be appended without moving the plaintext.
    pub(crate) fn pad(&self, plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, TooLong> {
        let too_long = TooLong {
            bytes: plain.len(),
            bytes_max: self.plain_bytes_max(),
        };
        let needed = plain.len().saturating_add(self.overhead + LENGTH_BYTES);
        let size = *self.sizes.iter().find(|size| needed <= **size).ok_or(too_long)?;
        let length = u16::try_from(plain.len()).ok().ok_or(too_long)?;

        let mut padded = Zeroizing::new(Vec::with_capacity(size));
        padded.extend_from_slice(&length.to_be_bytes());
        padded.extend_from_slice(plain);
        padded.resize(size.saturating_sub(self.overhead), 0);
        Ok(padded)
    }
}

/// Takes the padding off; `None` when the length points past the end or the filling is not zero.
pub(crate) fn unpad(padded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>()?;
    let (plain, filling) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    if filling.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(Zeroizing::new(plain.to_vec()))
}

const LENGTH_BYTES: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: Classes = Classes {
        sizes: &[64, 128],
        overhead: 16,
    };

    #[test]
    fn the_smallest_class_that_fits_is_chosen() {
        for (plain, padded) in [(0, 48), (46, 48), (47, 112), (110, 112)] {
            assert_eq!(LADDER.pad(&vec![7; plain]).unwrap().len(), padded, "{plain}");
        }
        assert_eq!(
            LADDER.pad(&[7; 111]).unwrap_err(),
            TooLong {
                bytes: 111,
                bytes_max: 110
            }
        );
    }

    #[test]
    fn only_canonical_padding_comes_off() {
        assert_eq!(unpad(&[0, 2, 9, 8, 0, 0]).unwrap().as_slice(), [9, 8]);
        for broken in [&[][..], &[0], &[0, 3, 9, 8], &[0, 1, 9, 8], &[255, 255, 0]] {
            assert!(unpad(broken).is_none(), "{broken:?}");
        }
    }
}
