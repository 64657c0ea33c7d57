//! The state survives, and what is damaged starts fresh.

use super::*;

fn shown(name: u8, at_ms: u64) -> Shown {
    Shown::new(&[name; 32], [1; D], (&[3; GIST], [9; 8]), at_ms)
}

fn full() -> Matcher {
    let mut matcher = Matcher::new(Prior::flat());
    for name in 0..=255 {
        matcher.handle_shown(shown(name, u64::from(name)));
        matcher.handle_fall(u64::MAX);
    }
    matcher.handle_written(&[5; GIST], [7; 8]);
    for round in 0..500_u16 {
        let mut features = [0.3; D];
        features[usize::from(round) % D] = -0.7;
        matcher.learn(&features, f64::from(round % 3) / 3.0);
    }
    matcher
}

#[test]
fn a_full_state_is_small_and_comes_back() {
    let matcher = full();
    let bytes = matcher.to_bytes();
    assert!(bytes.len() <= STATE_BYTES_MAX, "{}", bytes.len());
    let (back, fresh) = Matcher::from_bytes(&bytes, Prior::flat());
    assert_eq!(fresh, None);
    assert_eq!(back.to_bytes(), bytes);
    assert_eq!(back.learned(), matcher.learned());
    let features = [0.2; D];
    assert!((back.model().expect(&features) - matcher.model().expect(&features)).abs() < 1e-9);
}

#[test]
fn a_damaged_state_starts_fresh_and_says_so() {
    let bytes = full().to_bytes();
    let start = Matcher::new(Prior::flat());
    for at in (0..bytes.len()).step_by(97) {
        let mut broken = bytes.clone();
        broken[at] ^= 4;
        let (matcher, fresh) = Matcher::from_bytes(&broken, Prior::flat());
        assert_eq!(matcher, start);
        assert!(fresh.is_some());
    }
    for cut in [0, 5, 60, 100, bytes.len() - 1] {
        assert!(Matcher::from_bytes(&bytes[..cut], Prior::flat()).1.is_some());
    }
    let long = vec![b'x'; STATE_BYTES_MAX + 1];
    assert_eq!(Matcher::from_bytes(&long, Prior::flat()).1, Some(Fresh::TooLong));
    assert_eq!(
        Matcher::from_bytes(b"meteorite-matcher 0 x\n{}", Prior::flat()).1,
        Some(Fresh::OtherVersion)
    );
}

#[test]
fn a_reward_is_final_after_two_days() {
    let mut matcher = Matcher::new(Prior::flat());
    assert_eq!(matcher.handle_shown(shown(1, 1_000)), None);
    assert!(matcher.handle_act(&[1; 32], Act::Opened, 2_000));
    assert!(matcher.handle_act(&[1; 32], Act::Lit, 3_000));
    assert!(
        !matcher.handle_act(&[2; 32], Act::Lit, 3_000),
        "a missed stone is no data"
    );
    let end = 1_000 + reward::FINAL_AFTER_MS;
    assert_eq!(matcher.next_deadline_ms(), Some(end));
    assert!(matcher.handle_tick(end - 1).is_empty());
    assert!(!matcher.handle_act(&[1; 32], Act::Answered, end), "too late");
    let settled = matcher.handle_tick(end);
    assert_eq!(
        settled,
        [Settled {
            bottle: [1; 32],
            reward: 0.7
        }]
    );
    assert_eq!(matcher.learned(), 1);
    assert!(matcher.handle_tick(end).is_empty());
}

#[test]
fn a_full_watch_settles_the_oldest() {
    let mut matcher = Matcher::new(Prior::flat());
    for name in 0..reward::OPEN_MAX as u8 {
        assert_eq!(matcher.handle_shown(shown(name, 0)), None);
    }
    assert_eq!(
        matcher.handle_shown(shown(0, 5)),
        None,
        "shown twice is watched once"
    );
    let pushed_out = matcher.handle_shown(shown(200, 5)).unwrap();
    assert_eq!(pushed_out.bottle, [0; 32]);
}
