//! The world of real messages: vectors through the real features, and a person of the stated population.

use std::rc::Rc;

use meteorite_ml::matcher::Reader;
use meteorite_ml::matcher::features::features;
use meteorite_ml::matcher::model::sigmoid;
use meteorite_ml::matcher::taste::Taste;

use crate::config::WorldConfig;
use crate::dice::Dice;
use crate::people::{Person, draw_length};
use crate::vectors::Vector;
use crate::world::{Round, World};

/// One person's life.
pub(crate) struct Messages {
    config: WorldConfig,
    vectors: Rc<Vec<Vector>>,
    readable: Vec<usize>,
    person: Person,
    reader: Reader,
    taste: Taste,
    bottles: Dice,
    people: Dice,
    /// Messages of each round not yet settled.
    played: Vec<Vec<usize>>,
}

impl Messages {
    pub(crate) fn new(config: &WorldConfig, vectors: Rc<Vec<Vector>>, seed: u64, person: u64) -> Self {
        let mut people = Dice::new(seed, 2 * person + 1);
        let own = vectors[people.below(vectors.len())].language;
        let other = vectors[people.below(vectors.len())].language;
        let reads = |language: usize| language == own || language == other;
        let readable = vectors
            .iter()
            .enumerate()
            .filter(|(_, vector)| reads(vector.language))
            .map(|(index, _)| index)
            .collect();
        let code = |language: usize| meteorite_ml::matcher::LANGUAGES[language].to_owned();
        let mut taste = Taste::default();
        // They have written a little before.
        let written: Vec<&Vector> = vectors.iter().filter(|vector| vector.language == own).collect();
        for _ in 0..3 {
            let own = written[people.below(written.len())];
            taste.handle_written(&own.gist, own.mood);
        }
        Self {
            config: config.clone(),
            readable,
            person: Person::new(&vectors, own, config.shared, &mut people),
            reader: Reader {
                languages: vec![code(own), code(other)],
                all_languages: false,
            },
            taste,
            vectors,
            bottles: Dice::new(seed, 2 * person),
            people,
            played: Vec::new(),
        }
    }
}

impl World for Messages {
    fn round(&mut self) -> Round {
        if self.config.changes.contains(&self.played.len()) {
            let own = self.vectors[self.readable[0]].language;
            self.person = Person::new(&self.vectors, own, self.config.shared, &mut self.people);
        }
        let mut round = Round::default();
        let mut messages = Vec::new();
        for _ in 0..self.config.candidates {
            let index = self.readable[self.bottles.below(self.readable.len())];
            let message = &self.vectors[index];
            let (age, length) = (self.bottles.unit() * 160.0, draw_length(&mut self.bottles));
            let bottle = message.bottle(age as f32, length, self.bottles.below(3) as u8);
            round
                .candidates
                .push(features(&bottle, &self.reader, &self.taste));
            round.means.push(sigmoid(
                self.config.base + self.config.norm * self.person.liking(message, length),
            ));
            messages.push(index);
        }
        self.played.push(messages);
        round
    }

    fn settle(&mut self, (number, chosen): (usize, usize), reward: f64, expected: f64) {
        let message = &self.vectors[self.played[number][chosen]];
        self.taste.handle_seen(&message.gist);
        self.taste
            .handle_judged((&message.gist, message.mood), reward as f32, expected as f32);
    }
}
