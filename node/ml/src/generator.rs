//! The meteorite generator: a bottle's stone, drawn from its seed and mood, the same on every device.
//!
//! A small convolutional network, trained against a discriminator (`training/generator`), gives each of 32 × 32 pixels one of sixteen roles;
//! a palette gives the roles their colours. Everything is whole numbers: floats differ between processors, and one bit would be another
//! stone. Pictures are never sent; weights, clean-up and palette are therefore part of the protocol, and [`ART`] numbers them.
//!
//! It does no more than draw: what a mood is, and what rarity a stamp has earned, are told to it.

mod convolution;
mod describe;
mod idle;
mod network;
mod numbers;
mod palette;
pub mod png;
mod rare;
mod sprite;
mod terminal;
mod tidy;
mod weights;

use std::path::Path;

pub use self::describe::Tongue;
pub use self::idle::{FRAME_MILLIS, FRAMES};
use self::network::{Network, PIXELS};
use self::numbers::NUMBERS;
pub use self::palette::{NIGHT, Rgb, luma, palette};
pub use self::sprite::{Image, Look, Sprite, role};
pub use self::terminal::half_blocks;
use self::tidy::Tidy;
pub use self::weights::{FILE, FORMAT, HASH_FILE, LoadError};

/// The art version that this program draws.
pub const ART: u16 = 1;

/// Draws stones: the weights, and the buffers that they are run in, so that drawing allocates nothing. One for each thread; about a megabyte.
#[derive(Debug)]
pub struct Forge {
    network: Network,
    tidy: Tidy,
    numbers: [i8; NUMBERS],
}

impl Forge {
    /// Loads the weights in a folder, checking their hash.
    ///
    /// # Errors
    /// [`LoadError`] when a file is missing, damaged or of another format.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let hashes = weights::read(folder, HASH_FILE)?;
        Self::from_bytes(&weights::read(folder, FILE)?, &String::from_utf8_lossy(&hashes))
    }

    /// The generator that is built into the program.
    ///
    /// # Errors
    /// [`LoadError`] when the program's own files do not hold together, which its tests exclude.
    pub fn shipped() -> Result<Self, LoadError> {
        Self::from_bytes(
            include_bytes!("../../../assets/generator/generator.safetensors"),
            include_str!("../../../assets/generator/BLAKE3SUMS"),
        )
    }

    /// Loads from memory what [`load`](Self::load) reads: the weights and their hash.
    ///
    /// # Errors
    /// [`LoadError`] when something is damaged or of another format.
    pub fn from_bytes(bytes: &[u8], hashes: &str) -> Result<Self, LoadError> {
        weights::check(bytes, FILE, hashes)?;
        let (file, art) = weights::File::open(bytes)?;
        if art != ART {
            return Err(LoadError::Malformed(format!("it draws art {art}, not {ART}")));
        }
        Ok(Self {
            network: Network::new(&file)?,
            tidy: Tidy::default(),
            numbers: [0; NUMBERS],
        })
    }

    /// Whether stones of an art version look here as their authors saw them.
    #[must_use]
    pub fn knows(art: u16) -> bool {
        art == ART
    }

    /// Draws the stone of a seed and a mood (intensities in the order of [`meteorite_protocol::mood::MOODS`]). An art version that this
    /// program does not know is drawn in its own way: a stone all the same, but not the one that its author saw ([`knows`](Self::knows)).
    pub fn forge(&mut self, seed: &[u8; 32], mood: &[u8; 8], art: u16) -> Sprite {
        let mut sprite = self.forge_untidied(seed, mood, art);
        self.tidy.run(&mut sprite.roles);
        sprite
    }

    /// What the network alone says, before the clean-up: for the evaluation.
    pub fn forge_untidied(&mut self, seed: &[u8; 32], mood: &[u8; 8], _art: u16) -> Sprite {
        numbers::draw(seed, &mut self.numbers);
        let mut roles = [role::SKY; PIXELS];
        self.network.run(&self.numbers, *mood, &mut roles);
        Sprite { roles }
    }
}

/// The seed of a bottle's stone, from the nonce in its header.
#[must_use]
pub fn seed_of(nonce: &[u8; 16]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"meteorite/1/seed").update(nonce);
    *hasher.finalize().as_bytes()
}
