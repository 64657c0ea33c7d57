//! The clean-up that every stone goes through: one body, no speckles, a fresh outline.
//!
//! It is part of the generator on every device, and of the painter that the network learned from (`training/generator/tidy.py`, the same
//! rules in the same order).
#![expect(
    clippy::indexing_slicing,
    reason = "a raster kernel: places come from the picture's own size"
)]

use super::network::{PIXELS, SIDE};
use super::sprite::role;

/// What tidying needs besides the picture.
#[derive(Debug)]
pub(super) struct Tidy {
    /// Which body a pixel belongs to, from 1 in the order in which they are met; 0 is none.
    bodies: [u16; PIXELS],
    open: Vec<usize>,
    before: [u8; PIXELS],
}

impl Default for Tidy {
    fn default() -> Self {
        Self {
            bodies: [0; PIXELS],
            open: Vec::with_capacity(PIXELS),
            before: [0; PIXELS],
        }
    }
}

impl Tidy {
    /// Tidies roles in place.
    pub(super) fn run(&mut self, roles: &mut [u8; PIXELS]) {
        self.keep_largest(roles);
        self.before = *roles;
        for (at, slot) in roles.iter_mut().enumerate() {
            if self.before[at] == role::SKY && four(&self.before, at).iter().all(|near| *near != role::SKY) {
                *slot = commonest(&self.before, at);
            }
        }
        self.before = *roles;
        for (at, slot) in roles.iter_mut().enumerate() {
            let own = self.before[at];
            let spared = own <= role::OUTLINE_LIT || own == role::EMBER || own == role::GLINT;
            if !spared && eight(at).all(|near| self.before[near] != own) {
                *slot = commonest(&self.before, at);
            }
        }
        self.before = *roles;
        for (at, slot) in roles.iter_mut().enumerate() {
            if self.before[at] != role::SKY {
                *slot = outlined(self.before[at], four(&self.before, at));
            }
        }
    }

    /// Of several bodies, connected over eight neighbours, the largest stays; the one met first on ties.
    fn keep_largest(&mut self, roles: &mut [u8; PIXELS]) {
        self.bodies = [0; PIXELS];
        let (mut count, mut best) = (0, (0, 0));
        for start in 0..PIXELS {
            if roles[start] == role::SKY || self.bodies[start] != 0 {
                continue;
            }
            count += 1;
            let size = self.flood(roles, start, count);
            if size > best.0 {
                best = (size, count);
            }
        }
        for (slot, body) in roles.iter_mut().zip(&self.bodies) {
            if *body != best.1 {
                *slot = role::SKY;
            }
        }
    }

    /// Marks a body and counts its pixels.
    fn flood(&mut self, roles: &[u8; PIXELS], start: usize, body: u16) -> usize {
        self.bodies[start] = body;
        self.open.push(start);
        let mut size = 0;
        while let Some(at) = self.open.pop() {
            size += 1;
            for near in eight(at) {
                if roles[near] != role::SKY && self.bodies[near] == 0 {
                    self.bodies[near] = body;
                    self.open.push(near);
                }
            }
        }
        size
    }
}

/// The roles above, left, right and below; sky outside.
fn four(roles: &[u8; PIXELS], at: usize) -> [u8; 4] {
    let (row, column) = (at / SIDE, at % SIDE);
    let look = |inside: bool, near: usize| if inside { roles[near] } else { role::SKY };
    [
        look(row > 0, at.wrapping_sub(SIDE)),
        look(column > 0, at.wrapping_sub(1)),
        look(column + 1 < SIDE, at + 1),
        look(row + 1 < SIDE, at + SIDE),
    ]
}

/// The places around, as far as they are in the picture.
fn eight(at: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (at / SIDE, at % SIDE);
    let lines = move |middle: usize| middle.saturating_sub(1)..(middle + 2).min(SIDE);
    let places = lines(row).flat_map(move |y| lines(column).map(move |x| y * SIDE + x));
    places.filter(move |near| *near != at)
}

/// The commonest role around, the lowest on ties; sky does not count, unless there is nothing else.
fn commonest(roles: &[u8; PIXELS], at: usize) -> u8 {
    let mut counts = [0_u8; 16];
    for near in eight(at) {
        counts[usize::from(roles[near])] += 1;
    }
    let mut best = role::SKY;
    counts[0] = 0;
    for (role, count) in (0..).zip(counts) {
        if count > counts[usize::from(best)] {
            best = role;
        }
    }
    best
}

/// Outline where sky is near: lit where it lies above or to the left only.
fn outlined(own: u8, near: [u8; 4]) -> u8 {
    let [up, left, right, down] = near.map(|role| role == role::SKY);
    if !(up || left || right || down) {
        own
    } else if right || down {
        role::OUTLINE
    } else {
        role::OUTLINE_LIT
    }
}
