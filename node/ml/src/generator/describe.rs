//! A stone in one sentence: its size and shape as drawn, its material, its strongest moods, its rarity once it is known.
//!
//! For screen readers, for terminals without colours and for the pictures' metadata. Shape and material are read from the picture itself, so
//! that nobody is told of crystals that nobody sees.

mod words;

use meteorite_protocol::mood::{MOOD_NAMED_MIN, MOODS, strongest};

pub use self::words::Tongue;
use self::words::Words;
use super::network::SIDE;
use super::sprite::{Look, Sprite, role};

/// Sizes by body pixels: smaller, and larger than these.
const AREA: [usize; 2] = [440, 530];
/// Border² · 100 / area: below the first it is round, above the second jagged, above the third full of spikes.
const ROUGH: [usize; 3] = [1_040, 1_330, 1_750];
/// Pixels of another material from which on it is named.
const MATERIAL_MIN: usize = 36;
/// Spread along the longer axis over that along the shorter one, in percent, from which on a stone is long.
const LONG: i64 = 175;

/// Index into [`Words::sizes`].
fn size(sprite: &Sprite) -> usize {
    let area = sprite.count(|which| which != role::SKY);
    AREA.iter().filter(|limit| area > **limit).count()
}

/// Index into [`Words::shapes`]: long, round, angular, jagged, spiked.
fn shape(sprite: &Sprite) -> usize {
    let area = sprite.count(|which| which != role::SKY).max(1);
    let solid = |at: Option<usize>| {
        at.and_then(|at| sprite.roles.get(at))
            .is_some_and(|which| *which != role::SKY)
    };
    let border = (0..SIDE * SIDE).filter(|&at| {
        let column = at % SIDE;
        let inner = solid(usize::checked_sub(at, SIDE))
            && solid(Some(at + SIDE))
            && column > 0
            && solid(usize::checked_sub(at, 1))
            && column + 1 < SIDE
            && solid(Some(at + 1));
        solid(Some(at)) && !inner
    });
    let border = border.count();
    let rough = border * border * 100 / area;
    match ROUGH.iter().filter(|limit| rough > **limit).count() {
        0 | 1 if is_long(sprite) => 0,
        step => step + 1,
    }
}

/// By the second moments of the body, in whole numbers.
fn is_long(sprite: &Sprite) -> bool {
    let places = || {
        let seen = sprite
            .roles
            .iter()
            .enumerate()
            .filter(|(_, which)| **which != role::SKY);
        seen.map(|(at, _)| ((at % SIDE) as i64, (at / SIDE) as i64))
    };
    let count = places().count().max(1) as i64;
    let (sum_x, sum_y) = places().fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
    // Moments times count², about the middle.
    let about = |product: i64, a: i64, b: i64| product * count - a * b;
    let xx = about(places().map(|(x, _)| x * x).sum(), sum_x, sum_x);
    let yy = about(places().map(|(_, y)| y * y).sum(), sum_y, sum_y);
    let xy = about(places().map(|(x, y)| x * y).sum(), sum_x, sum_y);
    let spread = ((xx - yy) * (xx - yy) + 4 * xy * xy).isqrt();
    // The moments' ratio is the square of the axes' ratio.
    (xx + yy + spread) * 100 > (xx + yy - spread) * LONG
}

/// Index into [`Words::materials`]: the strongest mood's, or plain rock.
fn material(sprite: &Sprite, mood: &[u8; 8]) -> usize {
    let other = sprite.count(|which| (role::VEIN_DEEP..=role::EMBER).contains(&which));
    let most = mood.iter().copied().max().unwrap_or_default();
    if other < MATERIAL_MIN || most < MOOD_NAMED_MIN {
        return MOODS.len();
    }
    mood.iter().position(|m| *m == most).unwrap_or(MOODS.len())
}

impl Sprite {
    /// One sentence in the reader's tongue.
    #[must_use]
    pub fn describe(&self, look: &Look, tongue: Tongue) -> String {
        let words = Words::of(tongue);
        let named = strongest(&look.mood);
        let moods: Vec<&str> = named
            .iter()
            .filter_map(|name| MOODS.iter().position(|mood| mood == name))
            .filter_map(|at| words.moods.get(at).copied())
            .collect();
        let word = |list: &[&'static str], at: usize| list.get(at).copied().unwrap_or_default();
        let feeling = match moods.as_slice() {
            [one] => words.one_mood.replace("{a}", one),
            [one, two, ..] => words.two_moods.replace("{a}", one).replace("{b}", two),
            [] => words.no_mood.to_owned(),
        };
        let rarity = look.rarity.map(|rarity| word(&words.rarities, rarity as usize));
        let sentence = words
            .sentence
            .replace("{size}", word(&words.sizes, size(self)))
            .replace("{shape}", word(&words.shapes, shape(self)))
            .replace("{material}", word(&words.materials, material(self, &look.mood)))
            .replace("{feeling}", &feeling);
        match rarity {
            Some(rarity) => sentence + &words.rarity.replace("{rarity}", rarity) + words.end,
            None => sentence + words.end,
        }
    }
}
