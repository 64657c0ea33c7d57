//! `meteorite forge`: stones as pictures in files.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use meteorite_crypto::stamp::Rarity;
use meteorite_ml::generator::{ART, FRAME_MILLIS, FRAMES, Forge, Image, Look, Tongue, png, seed_of};
use meteorite_protocol::control::ProblemKind;
use meteorite_protocol::mood::MOODS;
use serde::Serialize;

use crate::args::ForgeArgs;
use crate::failure::{DONE, Ending, Failure};
use crate::output::words;
use crate::session::Context;

/// What was written.
#[derive(Serialize)]
struct Forged {
    file: String,
    width: usize,
    height: usize,
    frames: usize,
    /// One sentence for each stone.
    descriptions: Vec<String>,
}

/// `meteorite forge --seed HEX --mood … --out FILE`
pub(super) fn run(context: &Context, args: &ForgeArgs) -> Ending {
    let look = Look {
        mood: mood(&args.mood)?,
        seed: seed(&args.seed)?,
        rarity: rarity(args.rarity.as_deref())?,
    };
    let mut forge = Forge::shipped().map_err(|error| {
        let what = format!("The generator cannot be loaded: {error}.");
        Failure::new(ProblemKind::Bug, what, "Nothing was written.", "")
    })?;
    let tongue = Tongue::of(&words::reader_language());
    let looks = looks(look, args.sheet);
    let sprites: Vec<_> = looks
        .iter()
        .map(|look| forge.forge(&look.seed, &look.mood, ART))
        .collect();
    let descriptions: Vec<String> = sprites
        .iter()
        .zip(&looks)
        .map(|(sprite, look)| sprite.describe(look, tongue))
        .collect();
    let frame = |number: usize| {
        let stones = sprites.iter().zip(&looks);
        let stones: Vec<Image> = stones.map(|(sprite, look)| sprite.frame(look, number)).collect();
        let picture = match stones.as_slice() {
            [one] if args.sheet.is_none() => one.clone(),
            many => Image::sheet(many, SHEET_COLUMNS, SHEET_GAP),
        };
        picture.enlarged(usize::from(args.scale))
    };
    let count = if args.frames { FRAMES } else { 1 };
    let frames: Vec<Image> = (0..count).map(frame).collect();
    let about = descriptions.join("\n");
    let bytes = match frames.as_slice() {
        [one] => png::picture(one, &about),
        many => png::animation(many, FRAME_MILLIS, &about),
    };
    let bytes = bytes.map_err(|error| refused(format!("No picture could be made: {error}."), ""))?;
    write(&args.out, &bytes)?;
    let (width, height) = frames.first().map_or((0, 0), |image| (image.width, image.height));
    let forged = Forged {
        file: args.out.display().to_string(),
        width,
        height,
        frames: count,
        descriptions,
    };
    context.output.either(&forged, || about.clone())?;
    Ok(DONE)
}

/// The stone asked for, or as many as a sheet has, their seeds derived from it.
fn looks(look: Look, sheet: Option<u16>) -> Vec<Look> {
    let Some(count) = sheet else {
        return vec![look];
    };
    let nth = |number: u16| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&look.seed).update(&number.to_be_bytes());
        Look {
            seed: *hasher.finalize().as_bytes(),
            ..look
        }
    };
    (0..count).map(nth).collect()
}

fn seed(text: &str) -> Result<[u8; 32], Failure> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
    let bytes = bytes.unwrap_or_default();
    if let Ok(nonce) = <[u8; 16]>::try_from(bytes.as_slice()) {
        return Ok(seed_of(&nonce));
    }
    <[u8; 32]>::try_from(bytes).map_err(|_length| {
        refused(
            format!("“{text}” is no seed."),
            "Give 64 hexadecimal digits, or the 32 of a bottle's nonce.",
        )
    })
}

fn mood(values: &[u8]) -> Result<[u8; 8], Failure> {
    if values.is_empty() {
        return Ok([0; 8]);
    }
    <[u8; 8]>::try_from(values).map_err(|_length| {
        refused(
            format!("A mood has eight numbers, not {}.", values.len()),
            &format!(
                "Give 0 to 255 each, with commas, in this order: {}.",
                MOODS.join(", ")
            ),
        )
    })
}

fn rarity(name: Option<&str>) -> Result<Option<Rarity>, Failure> {
    let Some(name) = name else { return Ok(None) };
    Rarity::from_name(name).map(Some).ok_or_else(|| {
        let names = Rarity::ALL.map(Rarity::name).join(", ");
        refused(
            format!("There is no rarity “{name}”."),
            &format!("Choose one of: {names}."),
        )
    })
}

/// A file that is there is left as it is.
fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut open| open.write_all(bytes));
    written.map_err(|error| {
        let what = format!("{} cannot be written: {error}.", file.display());
        Failure::new(
            ProblemKind::Input,
            what,
            "Nothing was overwritten.",
            "Choose another file.",
        )
    })
}

fn refused(what: String, next: &str) -> Failure {
    Failure::new(ProblemKind::Input, what, "Nothing was written.", next)
}

/// Stones in a row of a sheet, and pixels between them.
const SHEET_COLUMNS: usize = 8;
const SHEET_GAP: usize = 4;
