//! Stored rows of the pure cores as bytes, for a store that keeps them without knowing them.
//!
//! This is no wire format: rows never leave the computer, and a version of the program reads what it or an earlier one wrote.
//! A row that does not decode is reported, never guessed.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a row (dag-cbor).
///
/// # Panics
/// Never: encoding into memory fails only when memory does.
#[must_use]
pub fn encode(row: &impl Serialize) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(row).expect("encoding into memory does not fail")
}

/// The row of these bytes; `None` if they are none of this type.
#[must_use]
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_ipld_dagcbor::from_slice(bytes).ok()
}

/// A map whose keys are not text, as a list of pairs.
pub(crate) mod pairs {
    use std::collections::BTreeMap;

    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: DeserializeOwned + Ord,
        V: DeserializeOwned,
        D: Deserializer<'de>,
    {
        Vec::<(K, V)>::deserialize(deserializer).map(|pairs| pairs.into_iter().collect())
    }
}
