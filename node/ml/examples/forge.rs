//! Draws stones with the shipped weights: the gallery's pictures, or how long a stone takes and the hash that every processor must reach.
//!
//!     cargo run --release -p meteorite-ml --example forge -- gallery assets/gallery
//!     cargo run --release -p meteorite-ml --example forge -- time 2000
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use meteorite_crypto::stamp::Rarity;
use meteorite_ml::generator::{ART, FRAME_MILLIS, FRAMES, Forge, Image, Look, Tongue, png, seed_of};

const COLUMNS: usize = 12;
const GAP: usize = 4;
const SCALE: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["gallery", folder] => gallery(Path::new(folder)),
        ["time", count] => time(count.parse()?),
        _ => Err("say `gallery FOLDER` or `time COUNT`".into()),
    }
}

/// A look with the seed of the stone of this number.
fn look(number: u64, mood: [u8; 8]) -> Look {
    let mut nonce = [0; 16];
    for (slot, byte) in nonce.iter_mut().zip(number.to_le_bytes()) {
        *slot = byte;
    }
    Look {
        mood,
        seed: seed_of(&nonce),
        rarity: None,
    }
}

/// One mood alone.
fn only(which: usize, intensity: u8) -> [u8; 8] {
    let mut mood = [0; 8];
    if let Some(slot) = mood.get_mut(which) {
        *slot = intensity;
    }
    mood
}

/// Two or three moods of a stone's number.
fn mixture(number: u64) -> [u8; 8] {
    let [first, second, third, strong, weak, weaker, ..] = look(number, [0; 8]).seed;
    let mut mood = [0_u8; 8];
    for (which, intensity) in [
        (third, weaker / 4),
        (second, 90 + weak / 2),
        (first, 130 + strong / 2),
    ] {
        if let Some(slot) = mood.get_mut(usize::from(which % 8)) {
            *slot = intensity;
        }
    }
    mood
}

fn gallery(folder: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let mut forge = Forge::shipped()?;
    let mut draw = |look: &Look| forge.forge(&look.seed, &look.mood, ART).paint_as(look);
    let rows = (0..8_u64).flat_map(|row| (0..12_u64).map(move |column| (row, column)));
    let moods: Vec<Image> = rows
        .map(|(row, column)| {
            draw(&look(
                row * 100 + column,
                only(row as usize, 110 + column as u8 * 13),
            ))
        })
        .collect();
    write_sheet(
        folder,
        "moods.png",
        &moods,
        "Eight rows, one for each mood in the wheel's order, twelve stones each.",
    )?;
    let neutral: Vec<Image> = (0..12)
        .map(|number| draw(&look(2_000 + number, [0; 8])))
        .collect();
    write_sheet(
        folder,
        "neutral.png",
        &neutral,
        "Twelve stones of neutral messages.",
    )?;
    let mixed: Vec<Image> = (0..48)
        .map(|number| draw(&look(3_000 + number, mixture(3_000 + number))))
        .collect();
    write_sheet(
        folder,
        "mixtures.png",
        &mixed,
        "Forty-eight stones of two or three moods.",
    )?;
    let rare: Vec<Image> = (0..4_u64)
        .flat_map(|row| Rarity::ALL.map(|rarity| (row, rarity)))
        .map(|(row, rarity)| {
            let look = look(4_000 + row, mixture(4_000 + row));
            draw(&Look {
                rarity: Some(rarity),
                ..look
            })
        })
        .collect();
    let sheet = Image::sheet(&rare, Rarity::ALL.len(), GAP).enlarged(SCALE);
    std::fs::write(
        folder.join("rarities.png"),
        png::picture(&sheet, "Stones in five columns, from common to legendary.")?,
    )?;
    idle(&mut forge, folder)
}

/// One stone in motion, with its sentence.
fn idle(forge: &mut Forge, folder: &Path) -> Result<(), Box<dyn Error>> {
    let look = Look {
        rarity: Some(Rarity::Rare),
        ..look(5_001, [0, 0, 0, 0, 0, 0, 230, 150])
    };
    let sprite = forge.forge(&look.seed, &look.mood, ART);
    let frames: Vec<Image> = (0..FRAMES)
        .map(|frame| sprite.frame(&look, frame).enlarged(8))
        .collect();
    let sentence = sprite.describe(&look, Tongue::English);
    std::fs::write(
        folder.join("idle.png"),
        png::animation(&frames, FRAME_MILLIS, &sentence)?,
    )?;
    for tongue in Tongue::ALL {
        println!("{}", sprite.describe(&look, tongue));
    }
    Ok(())
}

fn write_sheet(
    folder: &Path,
    name: &str,
    pictures: &[Image],
    description: &str,
) -> Result<(), Box<dyn Error>> {
    let sheet = Image::sheet(pictures, COLUMNS, GAP).enlarged(SCALE);
    std::fs::write(folder.join(name), png::picture(&sheet, description)?)?;
    println!("{name}: {} × {}", sheet.width, sheet.height);
    Ok(())
}

fn time(count: u64) -> Result<(), Box<dyn Error>> {
    let mut forge = Forge::shipped()?;
    let mut hasher = blake3::Hasher::new();
    let mut seen = BTreeSet::new();
    let mut millis = Vec::new();
    for number in 0..count.max(1) {
        let look = look(number, mixture(number));
        let start = Instant::now();
        let sprite = forge.forge(&look.seed, &look.mood, ART);
        millis.push(start.elapsed().as_secs_f64() * 1_000.0);
        hasher.update(sprite.roles());
        seen.insert(*blake3::hash(sprite.roles()).as_bytes());
    }
    millis.sort_by(f64::total_cmp);
    let at = |hundredth: usize| {
        millis
            .get(millis.len() * hundredth / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{count} stones, {} different: least {:.2} ms, median {:.2} ms, p99 {:.2} ms; hash {}",
        seen.len(),
        at(0),
        at(50),
        at(99),
        hasher.finalize().to_hex()
    );
    Ok(())
}
