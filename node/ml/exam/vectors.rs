//! Bottles from vectors of real messages: gist, mood and language of 5,000 lines that the parser read; no text.

use meteorite_ml::matcher::{Bottle, LANGUAGES};

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    pub(crate) gist: [i8; 64],
    pub(crate) mood: [u8; 8],
    pub(crate) language: usize,
}

impl Vector {
    /// Its language's code.
    pub(crate) fn code(&self) -> &'static str {
        LANGUAGES.get(self.language).copied().unwrap_or("und")
    }

    /// As a bottle of this age and length.
    pub(crate) fn bottle(&self, age_hours: f32, length: u16, taken: u8) -> Bottle<'_> {
        Bottle {
            gist: &self.gist,
            mood: self.mood,
            tone: 0,
            language: self.code(),
            length,
            age_hours,
            left_hours: 168.0 - age_hours,
            places: 3,
            taken,
        }
    }

    /// Cosine between two gists.
    pub(crate) fn likeness(&self, other: &Self) -> f64 {
        let dot = |a: &[i8; 64], b: &[i8; 64]| -> i32 {
            a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
        };
        let lengths =
            f64::from(dot(&self.gist, &self.gist)).sqrt() * f64::from(dot(&other.gist, &other.gist)).sqrt();
        f64::from(dot(&self.gist, &other.gist)) / lengths.max(1.0)
    }
}

/// All of them.
pub(crate) fn shipped() -> Vec<Vector> {
    parse(BYTES)
}

fn parse(bytes: &[u8]) -> Vec<Vector> {
    let rows = bytes.chunks_exact(BYTES_EACH).filter_map(|row| {
        let (gist, rest) = row.split_first_chunk::<64>()?;
        let (mood, rest) = rest.split_first_chunk::<8>()?;
        Some(Vector {
            gist: gist.map(u8::cast_signed),
            mood: *mood,
            language: usize::from(*rest.first()?),
        })
    });
    rows.collect()
}

/// The file, made by the example `vectors`.
pub(crate) const BYTES: &[u8] = include_bytes!("../../../assets/matcher/vectors.bin");
const BYTES_EACH: usize = 64 + 8 + 1;
