//! Plutchik's eight moods: their order on the wire, their names, and which of them a bottle shows.

/// Names in wire order (Plutchik 1980): opposite moods stand four apart.
pub const MOODS: [&str; 8] = [
    "joy",
    "trust",
    "fear",
    "surprise",
    "sadness",
    "disgust",
    "anger",
    "anticipation",
];

/// Below this intensity a mood is not worth naming (a quarter of full scale).
pub const MOOD_NAMED_MIN: u8 = 64;

/// Names of the two strongest moods, strongest first; ties go to wire order; none below [`MOOD_NAMED_MIN`].
#[must_use]
pub fn strongest(mood: &[u8; 8]) -> Vec<&'static str> {
    let mut ranked: Vec<(u8, &'static str)> = mood.iter().copied().zip(MOODS).collect();
    ranked.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
    ranked
        .into_iter()
        .filter(|(value, _)| *value >= MOOD_NAMED_MIN)
        .take(2)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strongest_two_are_named_and_a_neutral_bottle_has_none() {
        let check = |mood: [u8; 8], expected: &[&str]| assert_eq!(strongest(&mood), expected);
        check([0; 8], &[]);
        check([63; 8], &[]);
        check([64, 0, 0, 200, 0, 0, 0, 90], &["surprise", "anticipation"]);
        check([80; 8], &["joy", "trust"]);
    }
}
