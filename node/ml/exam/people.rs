//! The stated population: what people like, for worlds whose bottles are vectors of real messages.
//!
//! A person has a few interests, each the gist of some message; weights for the eight moods, partly shared by all; likes messages of some length;
//! and is glad about their own language. None of it is fitted to real people: it is an assumption, written down here.

use crate::dice::Dice;
use crate::vectors::Vector;

/// What one person likes.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    interests: Vec<Vector>,
    moods: [f64; 8],
    length: f64,
    own_language: usize,
    weights: Weights,
    /// Mean and deviation of the raw liking over bottles, to bring it to 0 and 1.
    usual: (f64, f64),
}

/// How much each part counts.
#[derive(Clone, Copy, Debug)]
struct Weights {
    topic: f64,
    mood: f64,
    language: f64,
    length: f64,
}

impl Person {
    /// Somebody whose first language this is. `shared` is the share of the moods' weights that all people have in common.
    pub(crate) fn new(vectors: &[Vector], own_language: usize, shared: f64, dice: &mut Dice) -> Self {
        let interests = (0..INTERESTS)
            .map(|_| vectors[dice.below(vectors.len())].clone())
            .collect();
        let apart = (1.0 - shared * shared).sqrt();
        let weights = Weights {
            topic: TOPIC * (0.3 * dice.normal()).exp(),
            mood: MOOD * (0.3 * dice.normal()).exp(),
            language: LANGUAGE * (0.3 * dice.normal()).exp(),
            length: LENGTH * (shared + apart * dice.normal()),
        };
        let mut person = Self {
            interests,
            moods: COMMON_MOODS.map(|common| shared * common + apart * dice.normal()),
            length: 0.0,
            own_language,
            weights,
            usual: (0.0, 1.0),
        };
        person.length = person.weights.length;
        person.measure(vectors, dice);
        person
    }

    /// How much they like a message of this length: over all messages mean 0 and deviation 1.
    pub(crate) fn liking(&self, message: &Vector, length: u16) -> f64 {
        (self.raw(message, length) - self.usual.0) / self.usual.1
    }

    fn raw(&self, message: &Vector, length: u16) -> f64 {
        let topic = self
            .interests
            .iter()
            .map(|interest| interest.likeness(message))
            .sum::<f64>();
        let mood: f64 = self
            .moods
            .iter()
            .zip(message.mood)
            .map(|(weight, value)| weight * f64::from(value) / 255.0)
            .sum();
        let language = f64::from(u8::from(message.language == self.own_language));
        let length = f64::from(length.max(1)).ln() / 1_000.0_f64.ln() - 0.6;
        self.weights.topic * topic
            + self.weights.mood * mood
            + self.weights.language * language
            + self.length * length
    }

    fn measure(&mut self, vectors: &[Vector], dice: &mut Dice) {
        let likings: Vec<f64> = (0..MEASURED)
            .map(|_| {
                let length = draw_length(dice);
                self.raw(&vectors[dice.below(vectors.len())], length)
            })
            .collect();
        let mean = likings.iter().sum::<f64>() / MEASURED as f64;
        let variance = likings.iter().map(|liking| (liking - mean).powi(2)).sum::<f64>() / MEASURED as f64;
        self.usual = (mean, variance.sqrt());
    }
}

/// Graphemes of a message: log-normal around 60.
pub(crate) fn draw_length(dice: &mut Dice) -> u16 {
    (60.0 * (0.8 * dice.normal()).exp()).clamp(1.0, 1_000.0) as u16
}

const INTERESTS: usize = 2;
const MEASURED: usize = 400;
const TOPIC: f64 = 3.0;
const MOOD: f64 = 1.0;
const LANGUAGE: f64 = 0.5;
const LENGTH: f64 = 0.5;
/// Joy, trust, surprise and anticipation please most people a little, disgust and anger do not.
const COMMON_MOODS: [f64; 8] = [1.0, 0.8, 0.0, 0.6, 0.3, -1.0, -1.2, 0.5];
