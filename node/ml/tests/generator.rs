//! Stones are the same everywhere: as the training's integer reference says, and by one hash for every level of processor.

use std::path::{Path, PathBuf};

use meteorite_crypto::stamp::Rarity;
use meteorite_ml::generator::{
    ART, FRAMES, Forge, Image, LoadError, Look, NIGHT, Sprite, Tongue, half_blocks, luma, palette, png, role,
    seed_of,
};
use serde::Deserialize;

/// BLAKE3 over the roles of the thousand stones of [`thousand`]. It changes with the weights, and then [`ART`] does too.
const GOLDEN: &str = "eabc21c75f8bbd6c3ee3e4a15c617e91e36d3a32fac24e02aba4210023018904";

#[derive(Deserialize)]
struct Parity {
    seed: String,
    mood: [u8; 8],
    raw: String,
    roles: String,
    palette: Vec<u8>,
}

fn assets() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    Path::new(&here).join("../../assets/generator")
}

fn forge() -> Forge {
    Forge::shipped().expect("the shipped files hold together")
}

/// Seeds and moods of a thousand stones: a third neutral or faint, the others with one or more moods.
fn thousand() -> impl Iterator<Item = ([u8; 32], [u8; 8])> {
    (0..1_000_u32).map(|number| {
        let seed = *blake3::hash(&number.to_le_bytes()).as_bytes();
        let mut mood = [0; 8];
        for (slot, byte) in mood.iter_mut().zip(seed) {
            let byte = u32::from(byte);
            *slot = (byte * byte * byte / (255 * 255)) as u8;
        }
        (
            seed,
            if number % 3 == 0 {
                mood.map(|m| m / 4)
            } else {
                mood
            },
        )
    })
}

fn look(rarity: Option<Rarity>) -> Look {
    Look {
        mood: [0, 0, 0, 0, 0, 0, 255, 140],
        seed: [7; 32],
        rarity,
    }
}

#[test]
fn python_and_rust_agree() {
    let parity = std::fs::read(assets().join("parity.json")).unwrap();
    let parity: Vec<Parity> = serde_json::from_slice(&parity).unwrap();
    assert!(parity.len() >= 40);
    let mut forge = forge();
    for stone in parity {
        let seed: [u8; 32] = *blake3::Hash::from_hex(&stone.seed).unwrap().as_bytes();
        let raw = forge.forge_untidied(&seed, &stone.mood, ART);
        assert_eq!(
            blake3::hash(raw.roles()).to_hex().as_str(),
            stone.raw,
            "{}",
            stone.seed
        );
        let tidy = forge.forge(&seed, &stone.mood, ART);
        assert_eq!(
            blake3::hash(tidy.roles()).to_hex().as_str(),
            stone.roles,
            "{}",
            stone.seed
        );
        assert_eq!(
            palette(&stone.mood, seed[0]).concat(),
            stone.palette,
            "{}",
            stone.seed
        );
    }
}

#[test]
fn a_thousand_stones_have_one_hash() {
    let mut forge = forge();
    let mut hasher = blake3::Hasher::new();
    for (seed, mood) in thousand() {
        hasher.update(forge.forge(&seed, &mood, ART).roles());
    }
    assert_eq!(hasher.finalize().to_hex().as_str(), GOLDEN);
}

#[test]
fn every_stone_is_one_body_and_of_fair_size_and_no_two_are_alike() {
    let mut forge = forge();
    let mut seen = std::collections::BTreeSet::new();
    for (seed, mood) in thousand() {
        let sprite = forge.forge(&seed, &mood, ART);
        let body = sprite.roles().iter().filter(|which| **which != role::SKY).count();
        assert!((256..=768).contains(&body), "{body} pixels");
        assert_eq!(bodies(&sprite), 1);
        assert!(seen.insert(*sprite.roles()), "twice");
    }
}

fn bodies(sprite: &Sprite) -> usize {
    let mut open: Vec<bool> = sprite.roles().iter().map(|which| *which != role::SKY).collect();
    let mut count = 0;
    while let Some(start) = open.iter().position(|stone| *stone) {
        count += 1;
        let mut todo = vec![start];
        while let Some(at) = todo.pop() {
            if !open.get_mut(at).is_some_and(std::mem::take) {
                continue;
            }
            let (row, column) = (at / 32, at % 32);
            for y in row.saturating_sub(1)..(row + 2).min(32) {
                todo.extend((column.saturating_sub(1)..(column + 2).min(32)).map(|x| y * 32 + x));
            }
        }
    }
    count
}

#[test]
fn the_same_forge_gives_the_same_stone_again() {
    let mut forge = forge();
    let first = forge.forge(&[1; 32], &[9; 8], ART);
    let other = forge.forge(&[2; 32], &[200; 8], ART);
    assert_ne!(first, other);
    assert_eq!(forge.forge(&[1; 32], &[9; 8], ART), first);
    assert_eq!(forge.forge(&[1; 32], &[9; 8], ART + 1), first);
    assert!(Forge::knows(ART) && !Forge::knows(ART + 1));
    assert_ne!(seed_of(&[0; 16]), seed_of(&[1; 16]));
}

#[test]
fn roles_differ_in_brightness_in_every_mood() {
    let ramps = [
        &[1, 3, 4, 5, 6, 7][..],
        &[8, 9, 10, 11],
        &[12, 13],
        &[5, 15],
        &[1, 14],
    ];
    for number in 0..4_000_u32 {
        let bytes = *blake3::hash(&number.to_le_bytes()).as_bytes();
        let mut mood = [0; 8];
        mood.copy_from_slice(&bytes[..8]);
        let colours = palette(&mood, bytes[8]);
        for ramp in ramps {
            for pair in ramp.windows(2) {
                let [dark, light] = [pair[0], pair[1]].map(|which: usize| luma(colours[which]));
                // The outline and the deepest shadow may be closer: nothing hangs on telling them apart.
                let least = if pair == [1, 3] { 8 } else { 14 };
                assert!(light >= dark + least, "{pair:?} {dark} {light} {mood:?}");
            }
        }
    }
}

#[test]
fn every_rarity_shows_and_the_stone_stays() {
    let sprite = forge().forge(&[7; 32], &look(None).mood, ART);
    let unknown = sprite.paint_as(&look(None));
    assert_eq!(unknown, sprite.paint(&look(None).mood, &[7; 32]));
    assert_eq!(unknown, sprite.paint_as(&look(Some(Rarity::Common))));
    let pictures: Vec<Image> = Rarity::ALL
        .map(|rarity| sprite.paint_as(&look(Some(rarity))))
        .into();
    for (at, picture) in pictures.iter().enumerate() {
        assert!(pictures[..at].iter().all(|other| other != picture), "{at}");
        let inner = picture.pixels.iter().zip(&unknown.pixels).zip(sprite.roles());
        let mut inner = inner.filter(|(_, which)| **which > role::OUTLINE_LIT);
        assert!(inner.all(|((new, old), _)| new == old));
    }
}

#[test]
fn the_idle_animation_moves_a_little_and_starts_at_rest() {
    let sprite = forge().forge(&[7; 32], &look(None).mood, ART);
    let frames: Vec<Image> = (0..FRAMES)
        .map(|frame| sprite.frame(&look(None), frame))
        .collect();
    assert!((4..=8).contains(&FRAMES));
    assert_eq!(frames[0], sprite.paint_as(&look(None)));
    assert_eq!(sprite.frame(&look(None), FRAMES), frames[0]);
    for pair in frames.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn sentences_are_complete_in_every_tongue() {
    let mut forge = forge();
    for (seed, mood) in thousand().take(60) {
        let sprite = forge.forge(&seed, &mood, ART);
        for tongue in Tongue::ALL {
            for rarity in [None, Some(Rarity::Legendary)] {
                let sentence = sprite.describe(&Look { mood, seed, rarity }, tongue);
                assert!(
                    !sentence.contains(['{', '}']) && sentence.ends_with(['.', '。']),
                    "{sentence}"
                );
            }
        }
    }
    assert_eq!(Tongue::of("zh-Hans"), Tongue::Chinese);
    assert_eq!(Tongue::of("es_MX.UTF-8"), Tongue::Spanish);
    assert_eq!(Tongue::of("tlh"), Tongue::English);
}

#[test]
fn a_terminal_gets_two_rows_in_each_line() {
    let image = forge().forge(&[7; 32], &[0; 8], ART).paint(&[0; 8], &[7; 32]);
    let text = half_blocks(&image);
    assert_eq!(text.lines().count(), 16);
    assert!(text.contains('▀') && text.contains("\u{1b}[38;2;"));
    assert!(
        text.lines()
            .all(|line| !line.contains('\u{1b}') || line.ends_with("\u{1b}[0m"))
    );
}

#[test]
fn a_png_holds_its_pixels_and_its_description() {
    let image = forge()
        .forge(&[7; 32], &[0; 8], ART)
        .paint(&[0; 8], &[7; 32])
        .enlarged(3);
    let file = png::picture(&image, "ein Stein").unwrap();
    assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert!(file.windows(9).any(|bytes| bytes == b"ein Stein"));
    let frames = [image.clone(), image.before(NIGHT)];
    let animated = png::animation(&frames, 150, "").unwrap();
    for kind in [b"acTL", b"fdAT", b"IEND"] {
        assert!(animated.windows(4).any(|bytes| bytes == kind));
    }
}

#[test]
fn damage_is_noticed() {
    let folder = assets();
    let mut bytes = std::fs::read(folder.join("generator.safetensors")).unwrap();
    let hashes = std::fs::read_to_string(folder.join("BLAKE3SUMS")).unwrap();
    assert!(Forge::from_bytes(&bytes, &hashes).is_ok());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(matches!(
        Forge::from_bytes(&bytes, &hashes),
        Err(LoadError::Damaged(_))
    ));
    let renewed = format!(
        "{}  generator.safetensors\n",
        blake3::hash(&bytes[..100]).to_hex()
    );
    assert!(matches!(
        Forge::from_bytes(&bytes[..100], &renewed),
        Err(LoadError::Malformed(_))
    ));
}
