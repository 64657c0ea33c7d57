//! The rules of `policy`, case by case.

use super::*;
use crate::parser::{Flags, GIST, Language};

fn text(tone: Option<f32>, flags: Flags) -> Analysis {
    Analysis {
        mood: [0.1; 8],
        tone,
        flags,
        language: Language {
            code: "en".to_owned(),
            p: 1.0,
        },
        keywords: Vec::new(),
        gist: [0; GIST],
        heads: std::collections::BTreeMap::new(),
    }
}

fn calm() -> Flags {
    Flags::default()
}

fn screened(own: &Analysis, level: Level) -> (Screen, Vec<Reason>) {
    let screening = screen(own, None, false, level);
    (screening.screen, reasons(&screening))
}

fn reasons(screening: &Screening) -> Vec<Reason> {
    screening.why.iter().map(|(_, reason)| *reason).collect()
}

#[test]
fn the_level_decides_how_much_tone_is_borne() {
    let expected = [
        (0.2, [Screen::Shown, Screen::Shown, Screen::Shown]),
        (0.4, [Screen::Shown, Screen::Shown, Screen::Veiled]),
        (0.6, [Screen::Shown, Screen::Veiled, Screen::Hidden]),
        (0.95, [Screen::Veiled, Screen::Hidden, Screen::Hidden]),
    ];
    for (tone, screens) in expected {
        for (level, screen) in Level::ALL.into_iter().zip(screens) {
            assert_eq!(
                screened(&text(Some(tone), calm()), level).0,
                screen,
                "{tone} {level:?}"
            );
        }
    }
}

#[test]
fn what_is_unrated_is_veiled_unless_the_reader_is_open() {
    let own = text(None, calm());
    assert_eq!(screened(&own, Level::Open).0, Screen::Shown);
    assert_eq!(
        screened(&own, Level::Careful),
        (Screen::Veiled, vec![Reason::Unrated])
    );
}

#[test]
fn despair_is_never_taken_for_unkindness() {
    let flags = Flags {
        despair: true,
        ..calm()
    };
    for level in Level::ALL {
        let screening = screen(&text(Some(0.99), flags), None, false, level);
        assert_eq!((screening.screen, screening.care), (Screen::Shown, true));
    }
    let advice = advise(&text(Some(0.99), flags), Writing::Bottle);
    assert!(advice.warned.is_empty() && advice.care && advice.refused.is_none());
}

#[test]
fn contact_details_are_refused_and_hidden_until_two_know_each_other() {
    let flags = Flags {
        contact: Some(Contact::Mail),
        ..calm()
    };
    let own = text(Some(0.0), flags);
    for level in Level::ALL {
        assert_eq!(screened(&own, level), (Screen::Hidden, vec![Reason::Contact]));
    }
    for (writing, refused) in [
        (Writing::Bottle, true),
        (Writing::FirstLetter, true),
        (Writing::Letter, false),
    ] {
        assert_eq!(advise(&own, writing).refused.is_some(), refused, "{writing:?}");
    }
}

#[test]
fn a_header_that_contradicts_its_text_hides_it() {
    let own = text(Some(0.7), calm());
    let said = |tone, joy| {
        let mut mood = [0.1; 8];
        mood[0] = joy;
        Said { mood, tone }
    };
    let shown = |said| screen(&own, Some(&said), false, Level::Open).screen;
    assert_eq!(shown(said(0.6, 0.1)), Screen::Shown);
    assert_eq!(
        shown(said(0.1, 0.1)),
        Screen::Hidden,
        "an insult that calls itself gentle"
    );
    assert_eq!(shown(said(0.6, 0.95)), Screen::Hidden, "a joy that is not there");
    // Whoever overstates harms nobody.
    assert_eq!(shown(said(1.0, 0.1)), Screen::Shown);
}

#[test]
fn the_gravest_reason_comes_first_and_authors_are_told() {
    let flags = Flags {
        sexual: true,
        spam: true,
        ..calm()
    };
    let own = text(Some(0.95), flags);
    let screening = screen(&own, None, true, Level::Careful);
    assert_eq!(screening.screen, Screen::Hidden);
    assert_eq!(
        reasons(&screening),
        [Reason::Reported, Reason::Unkind, Reason::Sexual, Reason::Spam]
    );
    assert_eq!(
        advise(&own, Writing::Bottle).warned,
        [Reason::Unkind, Reason::Sexual, Reason::Spam]
    );
    assert_eq!(advise(&own, Writing::Letter).warned, [Reason::Unkind]);
}

#[test]
fn between_two_who_go_on_an_address_is_no_harm() {
    let flags = |contact| Flags {
        contact,
        sexual: true,
        spam: true,
        ..calm()
    };
    let mut screening = screen(
        &text(Some(0.0), flags(Some(Contact::Link))),
        None,
        false,
        Level::Careful,
    );
    assert_eq!(screening.screen, Screen::Hidden);
    screening.forgive_contact();
    assert_eq!(
        (screening.screen, reasons(&screening)),
        (Screen::Veiled, vec![Reason::Sexual])
    );
    // Without an address an advertisement stays one.
    let mut screening = screen(&text(Some(0.0), flags(None)), None, false, Level::Careful);
    screening.forgive_contact();
    assert_eq!(reasons(&screening), [Reason::Sexual, Reason::Spam]);
}

#[test]
fn levels_have_names() {
    for level in Level::ALL {
        assert_eq!(Level::from_name(level.name()), Some(level));
    }
    assert_eq!(Level::from_name("blind"), None);
}
