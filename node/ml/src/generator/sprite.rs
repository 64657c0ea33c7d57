//! A stone's picture: one role for each pixel, and how it becomes colours.

use meteorite_crypto::stamp::Rarity;

use super::network::{PIXELS, SIDE};
use super::palette::{NIGHT, Rgb, palette};
use super::{idle, rare};

/// What a pixel is; its colour depends on the mood.
pub mod role {
    /// Not stone.
    pub const SKY: u8 = 0;
    /// The edge away from the light, and hollows.
    pub const OUTLINE: u8 = 1;
    /// The edge towards the light.
    pub const OUTLINE_LIT: u8 = 2;
    /// The body's deepest shadow.
    pub const DEEP: u8 = 3;
    /// Shadow.
    pub const DARK: u8 = 4;
    /// The body's own tone.
    pub const BODY: u8 = 5;
    /// Lit.
    pub const LIGHT: u8 = 6;
    /// Brightly lit.
    pub const BRIGHT: u8 = 7;
    /// The second material (lava, ice, slime, gold, agate), in shadow.
    pub const VEIN_DEEP: u8 = 8;
    /// Its own tone.
    pub const VEIN: u8 = 9;
    /// Lit.
    pub const VEIN_LIGHT: u8 = 10;
    /// Brightly lit or glowing.
    pub const VEIN_BRIGHT: u8 = 11;
    /// A gem's side in shadow.
    pub const GEM: u8 = 12;
    /// A gem's lit side.
    pub const GEM_LIGHT: u8 = 13;
    /// A glowing point.
    pub const EMBER: u8 = 14;
    /// A sparkle.
    pub const GLINT: u8 = 15;
}

/// A stone of 32 × 32 roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sprite {
    pub(super) roles: [u8; PIXELS],
}

/// Red, green, blue and opacity of each pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// As many as width times height.
    pub pixels: Vec<[u8; 4]>,
}

/// How a stone is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Intensities in the order of [`meteorite_protocol::mood::MOODS`].
    pub mood: [u8; 8],
    /// The one that the stone was forged from.
    pub seed: [u8; 32],
    /// Shows once the stone is opened; `None` before.
    pub rarity: Option<Rarity>,
}

impl Sprite {
    /// Pixels on a side.
    pub const SIDE: usize = SIDE;

    /// A stone of 1,024 roles, row by row; `None` when one of them does not exist.
    #[must_use]
    pub fn from_roles(roles: [u8; PIXELS]) -> Option<Self> {
        let known = roles.iter().all(|which| *which <= role::GLINT);
        known.then_some(Self { roles })
    }

    /// The roles, row by row (see [`role`]).
    #[must_use]
    pub fn roles(&self) -> &[u8; PIXELS] {
        &self.roles
    }

    /// The stone in its mood's colours, 32 × 32, the sky transparent; the same on every device.
    #[must_use]
    pub fn paint(&self, mood: &[u8; 8], seed: &[u8; 32]) -> Image {
        self.paint_as(&Look {
            mood: *mood,
            seed: *seed,
            rarity: None,
        })
    }

    /// The stone at rest, with what its rarity adds.
    #[must_use]
    pub fn paint_as(&self, look: &Look) -> Image {
        coloured(&self.roles, look)
    }

    /// One frame of the idle animation; frames repeat after [`idle::FRAMES`], and frame 0 is the stone at rest.
    #[must_use]
    pub fn frame(&self, look: &Look, frame: usize) -> Image {
        idle::frame(self, look, frame % idle::FRAMES)
    }

    pub(super) fn count(&self, wanted: impl Fn(u8) -> bool) -> usize {
        self.roles.iter().filter(|which| wanted(**which)).count()
    }
}

impl Image {
    /// Enlarged by a whole factor, pixels staying square.
    #[must_use]
    pub fn enlarged(&self, scale: usize) -> Self {
        let scale = scale.max(1);
        let rows = self.pixels.chunks(self.width.max(1)).flat_map(|row| {
            let wide: Vec<[u8; 4]> = row
                .iter()
                .flat_map(|pixel| std::iter::repeat_n(*pixel, scale))
                .collect();
            std::iter::repeat_n(wide, scale)
        });
        Self {
            width: self.width * scale,
            height: self.height * scale,
            pixels: rows.flatten().collect(),
        }
    }

    /// Without transparency, before the night.
    #[must_use]
    pub fn before(&self, sky: Rgb) -> Self {
        let mixed = |[red, green, blue, opacity]: [u8; 4]| {
            let side = |own: u8, sky: u8| {
                let opacity = u32::from(opacity);
                ((u32::from(own) * opacity + u32::from(sky) * (255 - opacity) + 127) / 255) as u8
            };
            let [sky_red, sky_green, sky_blue] = sky;
            [
                side(red, sky_red),
                side(green, sky_green),
                side(blue, sky_blue),
                255,
            ]
        };
        Self {
            pixels: self.pixels.iter().map(|pixel| mixed(*pixel)).collect(),
            ..*self
        }
    }

    /// Several pictures of one size side by side and below each other, on the night sky, a gap between.
    #[must_use]
    pub fn sheet(pictures: &[Self], columns: usize, gap: usize) -> Self {
        let (wide, high) = pictures
            .first()
            .map_or((0, 0), |first| (first.width + gap, first.height + gap));
        let columns = columns.max(1);
        let (width, height) = (
            columns * wide + gap,
            pictures.len().div_ceil(columns) * high + gap,
        );
        let [red, green, blue] = NIGHT;
        let mut pixels = vec![[red, green, blue, 255]; width * height];
        for (at, picture) in pictures.iter().enumerate() {
            let (top, left) = (at / columns * high + gap, at % columns * wide + gap);
            let picture = picture.before(NIGHT);
            for (row, line) in picture.pixels.chunks(picture.width.max(1)).enumerate() {
                let slots = pixels.iter_mut().skip((top + row) * width + left);
                for (slot, pixel) in slots.zip(line) {
                    *slot = *pixel;
                }
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }
}

/// Roles in the look's colours, with what the rarity adds.
pub(super) fn coloured(roles: &[u8; PIXELS], look: &Look) -> Image {
    let [jewel, ..] = look.seed;
    let mut colours = palette(&look.mood, jewel);
    rare::tint(&mut colours, look.rarity);
    let colour = |which: u8| {
        let [red, green, blue] = colours.get(usize::from(which)).copied().unwrap_or_default();
        [red, green, blue, if which == role::SKY { 0 } else { 255 }]
    };
    let mut image = Image {
        width: SIDE,
        height: SIDE,
        pixels: roles.iter().map(|which| colour(*which)).collect(),
    };
    rare::surround(&mut image.pixels, roles, &colours, look);
    image
}
