//! Fixed vectors: the id, the links, the codec and the bytes of one bottle of each kind, for any other implementation.
//!
//! The bytes stand in `vectors/bottles.json`. They are read and judged like a stranger's; that the samples still produce
//! them is a second test, so that a change of sealing or mining is told apart from a change of the format.

#![expect(clippy::disallowed_methods, reason = "UPDATE_VECTORS writes the file")]

use meteorite_crypto::body::{BodyKey, open_body};
use meteorite_crypto::stamp::rarity_roll;
use meteorite_protocol::fuzzing::unknown_key;
use meteorite_protocol::ids::{BodyId, BottleId};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::bottle::header_stamp_bits;
use meteorite_protocol::wire::{Body, BodyKeyKind, Extensions, Header, SkyMessage, Wire as _};
use serde::{Deserialize, Serialize};

use crate::samples::{Bottle, Recipe};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vector {
    name: String,
    /// The whole sky message.
    message: String,
    topic: String,
    bottle: BottleText,
    body: BottleText,
    body_len: u16,
    stamp_bits: u32,
    rarity_roll: u32,
    forward_only: bool,
    /// `null` when this version cannot open it.
    text: Option<String>,
}

type BottleText = String;

const FILE: &str = include_str!("../vectors/bottles.json");

fn bottles() -> Vec<(&'static str, Bottle)> {
    let cjk = "星辰大海";
    let sized = |seed: u8, chars: usize| {
        let mut recipe = Recipe::new(seed, &cjk.chars().cycle().take(chars).collect::<String>());
        recipe.lang = "zh";
        recipe.throw()
    };
    let mut mainnet = Recipe::new(1, "The first bottle of the real network.");
    mainnet.stamp_bits = 20;
    mainnet.stamp_from = MAINNET_STAMP;
    let mut extended = Recipe::new(2, "This bottle knows more than its reader.");
    extended.x = Extensions::new(vec![(1, vec![1, 2, 3]), (65_535, vec![])]).unwrap();
    let mut locked = Recipe::new(3, "A later version can open this.");
    locked.key = Some(unknown_key());
    let mut crowded = Recipe::new(9, &"👩‍🚀🌊".repeat(265));
    crowded.tags = vec!["🌊".repeat(24); 5];
    vec![
        ("plain, with a stamp of the real network", mainnet.throw()),
        ("with extensions", extended.throw()),
        ("with a key of an unknown kind", locked.throw()),
        ("cjk, class 256", sized(4, 40)),
        ("cjk, class 512", sized(5, 120)),
        ("cjk, class 1024", sized(6, 250)),
        ("cjk, class 2048", sized(7, 600)),
        ("cjk, class 4096", sized(8, 1_000)),
        ("emoji, class 6144", crowded.throw()),
    ]
}

fn vector(name: &str, bottle: &Bottle) -> Vector {
    let header = bottle.header();
    Vector {
        name: name.to_owned(),
        message: hex::encode(bottle.message.encode()),
        topic: Topic::of_author(&header.author).to_string(),
        bottle: bottle.message.header.bottle().to_string(),
        body: bottle.message.body.id().to_string(),
        body_len: header.body_len,
        stamp_bits: header_stamp_bits(header),
        rarity_roll: rarity_roll(header.author.as_bytes(), header.stamp_epoch().0, header.stamp),
        forward_only: header.forward_only(),
        text: header.key.is_known().then(|| bottle.body.text.clone()),
    }
}

#[test]
fn the_vectors_read_as_written() {
    let vectors: Vec<Vector> = serde_json::from_str(FILE).unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let bytes = hex::decode(&vector.message).unwrap();
        let message = SkyMessage::decode(&bytes).unwrap();
        let header = message.header.value();
        assert_eq!(message.encode(), bytes);
        assert_eq!(
            message.header.bottle(),
            vector.bottle.parse::<BottleId>().unwrap()
        );
        assert_eq!(message.body.id(), vector.body.parse::<BodyId>().unwrap());
        assert_eq!(header.body, message.body.id());
        assert_eq!(header.body_len, vector.body_len);
        if let Some((_, class)) = vector.name.split_once("class ") {
            assert_eq!(message.body.sealed().len().to_string(), class);
        }
        assert_eq!(Topic::of_author(&header.author).to_string(), vector.topic);
        assert!(message.header.is_signed_by(header.author.as_bytes()));
        assert_eq!(header_stamp_bits(header), vector.stamp_bits);
        assert_eq!(header.forward_only(), vector.forward_only);
        let roll = rarity_roll(header.author.as_bytes(), header.stamp_epoch().0, header.stamp);
        assert_eq!(roll, vector.rarity_roll);
        assert_eq!(opened(&message), vector.text);
    }
}

#[test]
fn the_samples_still_make_the_vectors() {
    let made: Vec<_> = bottles()
        .iter()
        .map(|(name, bottle)| vector(name, bottle))
        .collect();
    let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
        let path = std::path::Path::new(&here).join("tests/vectors/bottles.json");
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        text == FILE,
        "the samples make other bytes; UPDATE_VECTORS=1 writes them, if the format is meant to change"
    );
}

#[test]
fn links_are_cid_v1_dag_cbor_sha2_256() {
    let vectors: Vec<Vector> = serde_json::from_str(FILE).unwrap();
    for vector in vectors {
        for text in [&vector.bottle, &vector.body] {
            let cid: cid::Cid = text.parse().unwrap();
            assert!(text.starts_with("bafyrei"));
            assert_eq!(
                (cid.version(), cid.codec(), cid.hash().code()),
                (cid::Version::V1, 0x71, 0x12)
            );
        }
    }
}

fn opened(message: &SkyMessage) -> Option<String> {
    let header = message.header.value();
    let key = match &header.key {
        BodyKeyKind::Open(key) => BodyKey::from_bytes(key),
        BodyKeyKind::Unknown { .. } => return None,
    };
    let aad = Header::body_aad(&header.author, &header.nonce);
    let plain = open_body(&key, message.body.sealed(), &aad).unwrap();
    Some(Body::decode(&plain).unwrap().text)
}

/// Where mining the first vector begins: its counter, so that the test need not mine.
const MAINNET_STAMP: u64 = 195_896;
