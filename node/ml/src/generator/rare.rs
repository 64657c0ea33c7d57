//! What rarity adds to an opened stone: more light around it, step by step; the stone itself stays what it is.
//!
//! Uncommon: the outline shines. Rare: a halo as well. Epic: a second, jewel-coloured outline and a wider halo. Legendary: gold, and stars.

use meteorite_crypto::stamp::Rarity;

use super::network::{PIXELS, SIDE};
use super::palette::Rgb;
use super::sprite::{Look, role};

const GOLD: Rgb = [255, 214, 92];
const OLD_GOLD: Rgb = [168, 104, 24];
const STAR: Rgb = [255, 246, 214];
/// Opacity of the halo's inner and outer ring.
const INNER: u8 = 128;
const OUTER: u8 = 64;

/// Changes the outline's colours.
pub(super) fn tint(colours: &mut [Rgb; 16], rarity: Option<Rarity>) {
    let colour = |which: u8| colours.get(usize::from(which)).copied().unwrap_or_default();
    let (dark, lit) = match rarity {
        None | Some(Rarity::Common) => return,
        Some(Rarity::Uncommon | Rarity::Rare) => (colour(role::OUTLINE), colour(role::VEIN_LIGHT)),
        Some(Rarity::Epic) => (colour(role::GEM), colour(role::GEM_LIGHT)),
        Some(Rarity::Legendary) => (OLD_GOLD, GOLD),
    };
    for (which, new) in [(role::OUTLINE, dark), (role::OUTLINE_LIT, lit)] {
        if let Some(slot) = colours.get_mut(usize::from(which)) {
            *slot = new;
        }
    }
}

/// Draws halo and stars into the sky.
pub(super) fn surround(pixels: &mut [[u8; 4]], roles: &[u8; PIXELS], colours: &[Rgb; 16], look: &Look) {
    let colour = |which: u8| colours.get(usize::from(which)).copied().unwrap_or_default();
    let (glow, rings) = match look.rarity {
        None | Some(Rarity::Common | Rarity::Uncommon) => return,
        Some(Rarity::Rare) => (colour(role::VEIN), 1),
        Some(Rarity::Epic) => (colour(role::GEM_LIGHT), 2),
        Some(Rarity::Legendary) => (GOLD, 2),
    };
    let near = |at: usize, reach: usize| {
        let (row, column) = (at / SIDE, at % SIDE);
        let around = |middle: usize| middle.saturating_sub(reach)..(middle + reach + 1).min(SIDE);
        around(row).any(|y| {
            around(column).any(|x| {
                let close = y.abs_diff(row) + x.abs_diff(column) <= reach;
                close && roles.get(y * SIDE + x).is_some_and(|which| *which != role::SKY)
            })
        })
    };
    for (at, slot) in pixels.iter_mut().enumerate() {
        if roles.get(at) != Some(&role::SKY) {
            continue;
        }
        // The outer ring is a dither: every other pixel.
        let opacity = if near(at, 1) {
            INNER
        } else if rings > 1 && near(at, 2) && (at / SIDE + at % SIDE).is_multiple_of(2) {
            OUTER
        } else {
            continue;
        };
        let [red, green, blue] = glow;
        *slot = [red, green, blue, opacity];
    }
    if look.rarity == Some(Rarity::Legendary) {
        stars(pixels, roles, &look.seed);
    }
}

/// Four small stars in the free corners of the sky.
fn stars(pixels: &mut [[u8; 4]], roles: &[u8; PIXELS], seed: &[u8; 32]) {
    const CORNERS: [(usize, usize); 4] = [(2, 2), (2, 26), (26, 2), (26, 26)];
    for ((top, left), byte) in CORNERS.into_iter().zip(seed.iter().skip(1)) {
        let (row, column) = (top + usize::from(byte >> 6), left + usize::from(byte & 3));
        let arms = [(0, 0, 255), (1, 0, 150), (0, 1, 150), (2, 1, 150), (1, 2, 150)];
        for (which, (down, right, opacity)) in arms.into_iter().enumerate() {
            // The first one is the middle.
            let at = if which == 0 {
                (row + 1) * SIDE + column + 1
            } else {
                (row + down) * SIDE + column + right
            };
            let free = roles.get(at) == Some(&role::SKY);
            if let Some(slot) = pixels.get_mut(at).filter(|_| free) {
                let [red, green, blue] = STAR;
                *slot = [red, green, blue, opacity];
            }
        }
    }
}
