//! One mood vector from several heads.
//!
//! Each data set has its own labels. This table says which of Plutchik's eight moods a label speaks for; the dyads (love = joy + trust,
//! remorse = sadness + disgust …) are Plutchik's (1980). A mood is the mean over the heads that know it, each head's word being the
//! strongest of its labels for that mood.

use meteorite_protocol::mood::MOODS;

/// When no mood reaches this probability, the text is neutral and its mood near zero.
pub(crate) const NEUTRAL_UNDER: f32 = 0.25;

/// Head, label, place of the mood in [`MOODS`], share of the label's probability.
const TABLE: [(&str, &str, usize, f32); 53] = [
    ("xed", "joy", 0, 1.0),
    ("xed", "trust", 1, 1.0),
    ("xed", "fear", 2, 1.0),
    ("xed", "surprise", 3, 1.0),
    ("xed", "sadness", 4, 1.0),
    ("xed", "disgust", 5, 1.0),
    ("xed", "anger", 6, 1.0),
    ("xed", "anticipation", 7, 1.0),
    ("brighter", "joy", 0, 1.0),
    ("brighter", "fear", 2, 1.0),
    ("brighter", "surprise", 3, 1.0),
    ("brighter", "sadness", 4, 1.0),
    ("brighter", "disgust", 5, 1.0),
    ("brighter", "anger", 6, 1.0),
    ("goemotions", "admiration", 1, 0.7),
    ("goemotions", "amusement", 0, 1.0),
    ("goemotions", "anger", 6, 1.0),
    ("goemotions", "annoyance", 6, 0.6),
    ("goemotions", "approval", 1, 0.6),
    ("goemotions", "caring", 1, 1.0),
    ("goemotions", "confusion", 3, 0.5),
    ("goemotions", "curiosity", 7, 0.7),
    ("goemotions", "desire", 7, 1.0),
    ("goemotions", "disappointment", 4, 0.8),
    ("goemotions", "disapproval", 5, 0.5),
    ("goemotions", "disgust", 5, 1.0),
    ("goemotions", "embarrassment", 2, 0.5),
    ("goemotions", "excitement", 0, 0.8),
    ("goemotions", "excitement", 7, 0.6),
    ("goemotions", "fear", 2, 1.0),
    ("goemotions", "gratitude", 1, 0.7),
    ("goemotions", "gratitude", 0, 0.6),
    ("goemotions", "grief", 4, 1.0),
    ("goemotions", "joy", 0, 1.0),
    ("goemotions", "love", 0, 0.8),
    ("goemotions", "love", 1, 0.8),
    ("goemotions", "nervousness", 2, 1.0),
    ("goemotions", "optimism", 7, 1.0),
    ("goemotions", "pride", 0, 0.7),
    ("goemotions", "realization", 3, 0.6),
    ("goemotions", "relief", 0, 0.7),
    ("goemotions", "remorse", 4, 0.8),
    ("goemotions", "remorse", 5, 0.4),
    ("goemotions", "sadness", 4, 1.0),
    ("goemotions", "surprise", 3, 1.0),
    ("moods", "joy", 0, 1.0),
    ("moods", "trust", 1, 1.0),
    ("moods", "fear", 2, 1.0),
    ("moods", "surprise", 3, 1.0),
    ("moods", "sadness", 4, 1.0),
    ("moods", "disgust", 5, 1.0),
    ("moods", "anger", 6, 1.0),
    ("moods", "anticipation", 7, 1.0),
];

/// How much each head's word counts, where it says anything about a mood. GoEmotions was written in English only; `moods` learned from
/// Japanese lines written for the project, and nothing else knows Japanese moods.
fn trust_in(head: &str, language: &str) -> f32 {
    match (head, language) {
        ("moods", "ja") => 1.0,
        ("moods", _) | (_, "ja") => 0.0,
        ("xed", _) => 1.0,
        ("brighter", _) => 1.0,
        ("goemotions", "en") => 1.0,
        ("goemotions", _) => 0.25,
        _ => 0.0,
    }
}

/// Fuses calibrated probabilities. `heads` gives each head's name and its labels with their p.
pub(crate) fn fuse<'a>(
    heads: impl Iterator<Item = (&'a str, Vec<(&'a str, f32)>)>,
    language: &str,
) -> [f32; 8] {
    let (mut sums, mut shares) = ([0.0_f32; 8], [0.0_f32; 8]);
    for (head, labels) in heads {
        let weight = trust_in(head, language);
        for mood in 0..MOODS.len() {
            let about = TABLE.iter().filter(|row| row.0 == head && row.2 == mood);
            let said = about.filter_map(|row| {
                let p = labels.iter().find(|(label, _)| *label == row.1)?.1;
                Some(p * row.3)
            });
            let strongest = said.fold(None, |most: Option<f32>, p| {
                Some(most.map_or(p, |most| most.max(p)))
            });
            if let (Some(p), Some(sum), Some(share)) = (strongest, sums.get_mut(mood), shares.get_mut(mood)) {
                *sum += weight * p;
                *share += weight;
            }
        }
    }
    for (sum, share) in sums.iter_mut().zip(shares) {
        *sum /= share.max(f32::MIN_POSITIVE);
    }
    quieten(sums)
}

/// A text without a clear mood is neutral: its vector shrinks towards zero instead of whispering all eight.
pub(crate) fn quieten(mood: [f32; 8]) -> [f32; 8] {
    let strongest = mood.iter().copied().fold(0.0, f32::max);
    if strongest >= NEUTRAL_UNDER {
        return mood;
    }
    mood.map(|p| p * strongest / NEUTRAL_UNDER * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_averaged_and_the_neutral_stays_quiet() {
        let heads = |xed: f32, brighter: f32| {
            vec![
                ("xed", vec![("joy", xed), ("trust", 0.1)]),
                ("brighter", vec![("joy", brighter)]),
            ]
            .into_iter()
        };
        let mood = fuse(heads(0.9, 0.5), "en");
        assert!((mood[0] - 0.7).abs() < 1e-6 && (mood[1] - 0.1).abs() < 1e-6);
        assert!(fuse(heads(0.2, 0.1), "en").iter().all(|p| *p < 0.1));
        assert_eq!(fuse(std::iter::empty(), "en"), [0.0; 8]);
    }

    #[test]
    fn every_label_names_a_mood_that_exists() {
        assert!(
            TABLE
                .iter()
                .all(|row| row.2 < MOODS.len() && row.3 > 0.0 && row.3 <= 1.0)
        );
    }
}
