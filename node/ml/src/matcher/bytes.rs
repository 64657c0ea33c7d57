//! Numbers as hexadecimal text, so that the stored state stays small and comes back to the last bit.

/// Text of the numbers.
fn encode(values: &[i8]) -> String {
    let digits = values
        .iter()
        .map(|value| format!("{:02x}", value.cast_unsigned()));
    digits.collect()
}

/// The numbers of a text of exactly their length.
fn decode<const N: usize>(text: &str) -> Option<[i8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut values = [0; N];
    for (at, value) in values.iter_mut().enumerate() {
        let digits = text.get(2 * at..2 * at + 2)?;
        *value = u8::from_str_radix(digits, 16).ok()?.cast_signed();
    }
    Some(values)
}

/// For one array of numbers.
pub(crate) mod row {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        values: &[i8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::encode(values))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[i8; N], D::Error> {
        super::decode(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not the bytes expected"))
    }
}

/// For a list of such arrays.
pub(crate) mod rows {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        rows: &[[i8; N]],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(rows.iter().map(|row| super::encode(row)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<Vec<[i8; N]>, D::Error> {
        let rows = Vec::<String>::deserialize(from)?;
        let decoded = rows.iter().map(|row| super::decode(row));
        let decoded: Option<Vec<[i8; N]>> = decoded.collect();
        decoded.ok_or_else(|| D::Error::custom("not the bytes expected"))
    }
}

/// For a list of floating-point numbers, bit by bit.
pub(crate) mod floats {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        let digits = values.iter().map(|value| format!("{:016x}", value.to_bits()));
        to.serialize_str(&digits.collect::<String>())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let text = String::deserialize(from)?;
        let numbers = text.as_bytes().chunks(16).map(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u64::from_str_radix(digits, 16).ok().map(f64::from_bits)
        });
        let numbers: Option<Vec<f64>> = numbers.collect();
        numbers.ok_or_else(|| D::Error::custom("not the numbers expected"))
    }
}
