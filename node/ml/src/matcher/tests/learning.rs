//! It learns what pleases, forgets when told to, and says why.

use super::*;

fn bottle(subject: f32) -> Features {
    let mut features = [0.0; D];
    features[0] = 1.0;
    features[7] = subject;
    features
}

/// Teaches that joyful bottles please.
fn taught(rounds: u32) -> Matcher {
    let mut matcher = Matcher::new(Prior::flat());
    for round in 0..rounds {
        let joyful = round % 2 == 0;
        matcher.learn(
            &bottle(if joyful { 1.0 } else { 0.0 }),
            f64::from(u8::from(joyful)),
        );
    }
    matcher
}

#[test]
fn it_learns_what_pleases() {
    let matcher = taught(200);
    let candidates = [bottle(0.0), bottle(1.0)];
    let choice = matcher.choose(&candidates, Knob::LIKE_ME, &mut rng()).unwrap();
    assert!(choice.propensities[1] > 0.99);
    assert!(choice.expected[1] > 0.8 && choice.expected[0] < 0.2);
    assert_eq!(
        matcher.why(
            &candidates,
            &Choice {
                index: 1,
                ..choice.clone()
            }
        ),
        Reason::Mood
    );
    assert_eq!(
        matcher.why(&candidates, &Choice { index: 0, ..choice }),
        Reason::Chance
    );
}

#[test]
fn forgetting_leaves_nothing() {
    let mut matcher = taught(50);
    matcher.handle_fall(3);
    matcher.forget();
    assert_eq!(matcher, Matcher::new(Prior::flat()));
}

#[test]
fn rewards_that_no_act_earns_teach_nothing() {
    let mut matcher = taught(50);
    let before = matcher.model().clone();
    for absurd in [f64::NAN, f64::INFINITY, -7.0, 1e9] {
        matcher.learn(&bottle(1.0), absurd);
    }
    assert_eq!(*matcher.model(), before);
    matcher.learn(&[f32::NAN; D], 1.0);
    assert_eq!(*matcher.model(), before);
}

#[test]
fn a_change_of_taste_is_noticed() {
    let mut matcher = taught(600);
    for round in 0..300 {
        let joyful = round % 2 == 0;
        matcher.learn(
            &bottle(if joyful { 1.0 } else { 0.0 }),
            f64::from(u8::from(!joyful)),
        );
    }
    assert!(matcher.changes() > 0);
    assert!(matcher.model().expect(&bottle(0.0)) > matcher.model().expect(&bottle(1.0)));
}

#[test]
fn the_covariance_stays_the_inverse_of_the_precision() {
    let matcher = taught(5_000);
    let rebuilt = Model::restore(&matcher.model().stored()).unwrap();
    for (own, other) in matcher
        .model()
        .covariance()
        .iter()
        .flatten()
        .zip(rebuilt.covariance().iter().flatten())
    {
        assert!((own - other).abs() < 1e-9);
    }
}

#[test]
fn popularity_never_counts_for_a_bottle() {
    let mut matcher = Matcher::new(Prior::flat());
    let free = |share: f32| {
        let mut features = bottle(0.0);
        features[features::UNFOUND] = share;
        features
    };
    for _ in 0..100 {
        matcher.learn(&free(0.0), 1.0);
        matcher.learn(&free(1.0), 0.0);
    }
    assert!(matcher.model().expect(&free(1.0)) >= matcher.model().expect(&free(0.0)));
}

#[test]
fn an_empty_pool_has_no_choice() {
    assert_eq!(Matcher::default().choose(&[], Knob::default(), &mut rng()), None);
}

#[test]
fn the_shipped_prior_is_whole_and_has_its_hash() {
    assert!(Prior::parse(prior::SHIPPED).is_some());
    let hashes = include_str!("../../../../../assets/matcher/BLAKE3SUMS");
    let found = blake3::hash(prior::SHIPPED.as_bytes()).to_hex();
    assert!(hashes.contains(found.as_str()), "prior.json is {found}");
    let vectors = include_bytes!("../../../../../assets/matcher/vectors.bin");
    assert!(hashes.contains(blake3::hash(vectors).to_hex().as_str()));
}
