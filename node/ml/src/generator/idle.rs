//! The idle animation, derived from the stone itself: it drifts, light sweeps over it, embers glow, sparks rise, drops fall.
//!
//! Six frames, meant for about 150 ms each: small changes of few pixels, so that nothing flashes.

use super::network::{PIXELS, SIDE};
use super::sprite::{Image, Look, Sprite, coloured, role};

/// How many there are before they repeat.
pub const FRAMES: usize = 6;
/// Milliseconds for which each is meant to be seen.
pub const FRAME_MILLIS: u16 = 150;

/// A mood from which on its sparks or drops are seen: half of full.
const STRONG: u8 = 128;
const FEAR: usize = 2;
const SADNESS: usize = 4;
const DISGUST: usize = 5;
const ANGER: usize = 6;
const ANTICIPATION: usize = 7;
/// Rows by which the stone has risen in each frame.
const RISE: [usize; FRAMES] = [0, 0, 1, 1, 1, 0];
const SPARKS: usize = 3;
/// The band of light is so many diagonals wide.
const BAND: usize = 3;

/// One frame, 0 to [`FRAMES`] - 1.
pub(super) fn frame(sprite: &Sprite, look: &Look, frame: usize) -> Image {
    if frame == 0 {
        return coloured(&sprite.roles, look);
    }
    let strong = |which: usize| look.mood.get(which).is_some_and(|m| *m >= STRONG);
    let mut roles = sprite.roles;
    for (at, slot) in roles.iter_mut().enumerate() {
        *slot = moved(*slot, at, frame, &look.seed);
    }
    if strong(FEAR) && frame == 4 {
        blink(&mut roles, &sprite.roles);
    }
    if strong(ANGER) || strong(ANTICIPATION) {
        sparks(&mut roles, frame, &look.seed);
    }
    if strong(SADNESS) || strong(DISGUST) {
        drop(&mut roles, frame, &look.seed);
    }
    coloured(&drifted(&roles, frame), look)
}

/// A pixel's role in this frame: the sweeping light and the glow.
fn moved(which: u8, at: usize, frame: usize, seed: &[u8; 32]) -> u8 {
    let (row, column) = (at / SIDE, at % SIDE);
    let swept = (row + column + BAND)
        .checked_sub(frame * 10)
        .is_some_and(|off| off < BAND);
    // The phase of a glowing pixel: its place and a byte of the seed.
    let byte = seed
        .get((row * 5 + column * 3) % seed.len())
        .copied()
        .unwrap_or_default();
    let phase = (usize::from(byte) + row + frame) % FRAMES;
    match which {
        role::DARK..=role::LIGHT if swept => which + 1,
        role::VEIN_DEEP..=role::VEIN_LIGHT if swept => which + 1,
        role::VEIN_BRIGHT if phase < 2 => role::VEIN_LIGHT,
        role::EMBER if phase < 2 => role::VEIN_BRIGHT,
        role::GLINT if phase < 2 => role::BRIGHT,
        other => other,
    }
}

/// Lights in hollows go out for a moment.
fn blink(roles: &mut [u8; PIXELS], before: &[u8; PIXELS]) {
    let hollow = |at: Option<usize>| at.and_then(|at| before.get(at)) == Some(&role::OUTLINE);
    for (at, slot) in roles.iter_mut().enumerate() {
        let shines = matches!(before.get(at), Some(&(role::EMBER | role::VEIN_BRIGHT)));
        if shines && (hollow(at.checked_sub(1)) || hollow(at.checked_add(1))) {
            *slot = role::OUTLINE;
        }
    }
}

/// A few glowing points rise above the stone.
fn sparks(roles: &mut [u8; PIXELS], frame: usize, seed: &[u8; 32]) {
    for byte in seed.iter().skip(8).take(SPARKS) {
        let column = 8 + usize::from(byte % 16);
        let top = (0..SIDE).find(|row| {
            roles
                .get(row * SIDE + column)
                .is_some_and(|which| *which != role::SKY)
        });
        let age = (frame + usize::from(byte >> 4)) % FRAMES;
        let row = top.and_then(|top| top.checked_sub(age + 1));
        let drift = if byte & 1 == 0 { age / 2 } else { 0 };
        let slot = row.and_then(|row| roles.get_mut(row * SIDE + column + drift));
        if let Some(slot) = slot.filter(|slot| **slot == role::SKY) {
            *slot = if age < 3 { role::EMBER } else { role::VEIN };
        }
    }
}

/// One drop falls from the underside.
fn drop(roles: &mut [u8; PIXELS], frame: usize, seed: &[u8; 32]) {
    let byte = seed.get(16).copied().unwrap_or_default();
    let column = 10 + usize::from(byte % 12);
    let lowest = (0..SIDE).rfind(|row| {
        roles
            .get(row * SIDE + column)
            .is_some_and(|which| *which != role::SKY)
    });
    let Some(lowest) = lowest else { return };
    for (above, which) in [(0, role::VEIN_LIGHT), (1, role::VEIN)] {
        let row = lowest + frame + 1 - above;
        let inside = row < SIDE && row > lowest;
        if let Some(slot) = roles.get_mut(row * SIDE + column).filter(|_| inside) {
            *slot = which;
        }
    }
}

/// The stone risen by a row, if there is room for it.
fn drifted(roles: &[u8; PIXELS], frame: usize) -> [u8; PIXELS] {
    let rise = RISE.get(frame).copied().unwrap_or_default() * SIDE;
    let room = roles.iter().take(rise).all(|which| *which == role::SKY);
    if rise == 0 || !room {
        return *roles;
    }
    let mut risen = [role::SKY; PIXELS];
    for (slot, which) in risen.iter_mut().zip(roles.iter().skip(rise)) {
        *slot = *which;
    }
    risen
}
