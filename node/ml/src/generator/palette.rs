//! The colours of the sixteen roles, from the mood and one byte of the seed, in whole numbers.
//!
//! Each mood has a theme near its colour on Plutchik's wheel: hues for the stone's shadow, body and light, for the two ends of its veins, for
//! gems and embers. A mixture of moods mixes the themes. Hue alone carries nothing: the luma of each role is brought near a fixed value, so
//! that neighbours in a ramp differ in brightness for every eye. `training/generator/palette.py` mirrors it.

use super::sprite::role;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// The sky that stones are seen against.
pub const NIGHT: Rgb = [11, 16, 38];

/// Shadow, body, light; vein's dark and light end; gem; ember.
type Theme = [[i32; 3]; 7];

/// In wire order of the moods; the last one is a neutral stone's.
const THEMES: [Theme; 9] = [
    [
        [96, 48, 72],
        [168, 116, 72],
        [255, 226, 140],
        [214, 112, 20],
        [255, 232, 96],
        [255, 150, 190],
        [255, 196, 64],
    ],
    [
        [44, 64, 78],
        [104, 132, 92],
        [214, 232, 160],
        [40, 120, 84],
        [176, 236, 120],
        [120, 220, 190],
        [200, 255, 150],
    ],
    [
        [30, 28, 58],
        [58, 78, 88],
        [140, 190, 160],
        [16, 92, 84],
        [88, 240, 170],
        [150, 110, 220],
        [120, 255, 160],
    ],
    [
        [44, 50, 110],
        [92, 118, 168],
        [200, 232, 250],
        [24, 110, 190],
        [110, 232, 255],
        [255, 110, 200],
        [255, 232, 110],
    ],
    [
        [34, 44, 108],
        [80, 104, 164],
        [190, 214, 250],
        [44, 84, 196],
        [160, 214, 255],
        [130, 160, 255],
        [150, 200, 255],
    ],
    [
        [62, 40, 84],
        [112, 88, 122],
        [206, 190, 170],
        [116, 44, 160],
        [206, 130, 250],
        [170, 220, 60],
        [190, 240, 70],
    ],
    [
        [60, 22, 44],
        [118, 60, 60],
        [232, 150, 110],
        [176, 22, 30],
        [255, 132, 44],
        [255, 80, 80],
        [255, 200, 70],
    ],
    [
        [76, 38, 66],
        [146, 92, 72],
        [250, 196, 130],
        [190, 76, 24],
        [255, 176, 60],
        [90, 200, 220],
        [255, 160, 60],
    ],
    [
        [44, 44, 72],
        [104, 100, 116],
        [214, 204, 196],
        [70, 74, 112],
        [170, 180, 204],
        [150, 170, 210],
        [220, 200, 170],
    ],
];

/// Colours of gems that belong to the seed.
const JEWELS: [[i32; 3]; 6] = [
    [255, 90, 150],
    [90, 220, 255],
    [190, 130, 255],
    [255, 190, 80],
    [110, 255, 170],
    [255, 120, 90],
];

/// By role: luma before the mood moves it, and the two hues of the theme between which it lies, in eighths.
const ROLES: [(i32, usize, usize, i32); 16] = [
    (0, 0, 0, 0),
    (25, 0, 0, 0),
    (66, 0, 1, 3),
    (42, 0, 0, 0),
    (62, 0, 1, 4),
    (88, 1, 1, 0),
    (126, 1, 2, 4),
    (176, 2, 2, 0),
    (64, 3, 3, 0),
    (100, 3, 4, 3),
    (146, 3, 4, 6),
    (200, 4, 4, 0),
    (96, 5, 5, 0),
    (184, 5, 5, 0),
    (176, 6, 6, 0),
    (244, 2, 2, 0),
];

/// A neutral stone weighs as much as a mood at three tenths; less in veins, gems and embers.
const NEUTRAL: i32 = 76;
const NEUTRAL_PURE: i32 = 50;
const JOY: usize = 0;
const FEAR: usize = 2;
const SURPRISE: usize = 3;

/// The colours of all roles; the sky's is black and not meant to be shown.
#[must_use]
pub fn palette(mood: &[u8; 8], jewel: u8) -> [Rgb; 16] {
    let strength = mood.map(i32::from);
    let [joy, fear, surprise] =
        [JOY, FEAR, SURPRISE].map(|which| strength.get(which).copied().unwrap_or_default());
    let mut theme = mixed(strength.map(|m| m * m), NEUTRAL * NEUTRAL);
    // Veins, gems and embers are purer than the body: the cube keeps two strong moods from turning grey.
    let pure = mixed(strength.map(|m| m * m * m), NEUTRAL * NEUTRAL * NEUTRAL_PURE);
    for (slot, colour) in theme.iter_mut().zip(pure).skip(3) {
        *slot = colour;
    }
    let own = JEWELS
        .get(usize::from(jewel) % JEWELS.len())
        .copied()
        .unwrap_or_default();
    let share = 64 + surprise / 2;
    if let Some(gem) = theme.get_mut(5) {
        for (slot, own) in gem.iter_mut().zip(own) {
            *slot = (*slot * (256 - share) + own * share) >> 8;
        }
    }
    let turn = i32::from(jewel >> 4) - 8;
    let lift = (joy - fear).div_euclid(32);
    let mut colours = [[0; 3]; 16];
    for ((slot, which), (luma, from, to, at)) in colours.iter_mut().zip(0_u8..).zip(ROLES).skip(1) {
        let hue = |which: usize| theme.get(which).copied().unwrap_or_default();
        let [from, to] = [hue(from), hue(to)];
        let mut rgb: [i32; 3] = std::array::from_fn(|part| {
            let side = |colour: &[i32; 3]| colour.get(part).copied().unwrap_or_default();
            (side(&from) * (8 - at) + side(&to) * at) / 8
        });
        if which <= role::BRIGHT {
            let [red, green, blue] = rgb;
            rgb = [(red + turn).clamp(0, 255), green, (blue - turn).clamp(0, 255)];
        }
        let moves = (role::DEEP..=role::GEM_LIGHT).contains(&which);
        *slot = brought_to(rgb, luma + if moves { lift } else { 0 });
    }
    colours
}

/// Brightness in 0..=255 by Rec. 601, in 256ths.
#[must_use]
pub fn luma(colour: Rgb) -> u8 {
    weighed(colour.map(i32::from)) as u8
}

fn weighed([red, green, blue]: [i32; 3]) -> i32 {
    (77 * red + 150 * green + 29 * blue) >> 8
}

/// The themes weighted by the moods, and the neutral one by its weight.
fn mixed(weights: [i32; 8], neutral: i32) -> Theme {
    let weights = weights.iter().copied().chain([neutral]);
    let total: i64 = weights.clone().map(i64::from).sum();
    std::array::from_fn(|hue| {
        std::array::from_fn(|part| {
            let values = THEMES
                .iter()
                .map(|theme| theme.get(hue).and_then(|hue| hue.get(part)));
            let products = values
                .zip(weights.clone())
                .map(|(value, weight)| i64::from(value.copied().unwrap_or_default()) * i64::from(weight));
            (products.sum::<i64>() / total.max(1)) as i32
        })
    })
}

/// The colour with its luma brought near the target: darker by scaling, lighter by scaling and then mixing with white.
fn brought_to(rgb: [i32; 3], target: i32) -> Rgb {
    let now = weighed(rgb).max(1);
    let scaled = rgb.map(|part| (part * target / now).min(255));
    let now = weighed(scaled);
    let (missing, room) = ((target - now).max(0), (255 - now).max(1));
    scaled.map(|part| (part + (255 - part) * missing / room).clamp(0, 255) as u8)
}
