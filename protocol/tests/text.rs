//! Composing rules.

use meteorite_protocol::text::{
    Advice, TextError, TextKind, advise, clean, clean_line, compose, compose_tags,
};
use proptest::prelude::*;

fn bottle(raw: &str) -> Result<String, TextError> {
    compose(TextKind::Bottle, raw).map(|text| text.into_string())
}

#[test]
fn unwanted_characters_go_and_needed_ones_stay() {
    for (raw, cleaned) in [
        ("plain", "plain"),
        ("  both ends \n", "both ends"),
        ("tab\there", "tab here"),
        ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
        ("bell\u{7}, escape\u{1b}[31m", "bell, escape[31m"),
        ("nul\0", "nul"),
        ("right\u{202e}left\u{2066}x\u{2069}", "rightleftx"),
        ("\u{feff}mark", "mark"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("one \n \n\t\n two", "one\n\n two"),
        ("cafe\u{301}", "caf\u{e9}"),
        ("\u{212b}", "\u{c5}"),
        (
            "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
            "z\u{300}\u{301}\u{302}\u{303}",
        ),
        ("👩\u{200d}🚀 ❤\u{fe0f}", "👩\u{200d}🚀 ❤\u{fe0f}"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        (
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        ),
        ("hidden\u{e0068}\u{e0069}", "hidden"),
        ("नमस्ते", "नमस्ते"),
    ] {
        assert_eq!(clean(raw), cleaned, "{raw:?}");
    }
    assert_eq!(clean_line(" two\nlines \t here "), "two lines here");
}

#[test]
fn the_composer_says_whether_it_changed_anything() {
    assert!(!compose(TextKind::Bottle, "as it is").unwrap().changed());
    assert!(
        compose(TextKind::Bottle, "not\u{202e} as it is")
            .unwrap()
            .changed()
    );
}

#[test]
fn empty_is_what_nobody_can_see() {
    for raw in [
        "",
        "   ",
        "\n\n",
        "\u{200d}",
        "\u{3164}",
        "\u{202e}\u{0}",
        "\u{2800}",
        "\u{ad}",
    ] {
        assert_eq!(bottle(raw), Err(TextError::Empty(TextKind::Bottle)), "{raw:?}");
    }
    assert_eq!(bottle("!"), Ok("!".to_owned()));
}

#[test]
fn length_counts_what_a_person_sees() {
    assert_eq!(compose(TextKind::Bottle, "👩‍👩‍👧‍👦👩‍👩‍👧‍👦").unwrap().graphemes(), 2);
    assert_eq!(compose(TextKind::Bottle, "नमस्ते").unwrap().length(), 3);
    assert!(bottle(&"海".repeat(1000)).is_ok());
    let long = bottle(&"海".repeat(1001));
    assert_eq!(
        long,
        Err(TextError::TooManyGraphemes {
            kind: TextKind::Bottle,
            graphemes: 1001,
            max: 1000
        })
    );
    let wide = bottle(&"👩‍👩‍👧‍👦".repeat(161));
    assert_eq!(
        wide,
        Err(TextError::TooManyBytes {
            kind: TextKind::Bottle,
            bytes: 161 * 25,
            max: 4000
        })
    );
}

#[test]
fn a_refusal_says_what_to_do() {
    let bottle = |raw: &str| compose(TextKind::Bottle, raw).unwrap_err();
    let tags = compose_tags(["a", "b", "c", "d", "e", "f"]).unwrap_err();
    let nick = compose(TextKind::Nick, &"n".repeat(25)).unwrap_err();
    for (error, message) in [
        (
            bottle(""),
            "The message is empty. Write at least one visible character.",
        ),
        (
            bottle(&"a".repeat(1234)),
            "The message is too long: it has 1234 characters, and 1000 fit. Shorten it by 234.",
        ),
        (
            bottle(&"👩‍👩‍👧‍👦".repeat(161)),
            "The message takes too much room: 4025 bytes, and 4000 fit. Emoji and letters of many scripts take 2 to 30 \
             bytes each; shorten it a little.",
        ),
        (
            nick,
            "The nickname is too long: it has 25 characters, and 24 fit. Shorten it by 1.",
        ),
        (tags, "There are 6 tags, and 5 fit. Remove 1."),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn short_texts_get_a_nudge_and_are_not_refused() {
    let nudged = |raw: &str| advise(&compose(TextKind::Bottle, raw).unwrap());
    assert_eq!(
        nudged("hi"),
        Some(Advice::Short {
            graphemes: 2,
            enough: 20
        })
    );
    assert_eq!(
        nudged("你好"),
        Some(Advice::Short {
            graphemes: 2,
            enough: 8
        })
    );
    assert_eq!(nudged("海的那边有人吗？"), None);
    assert_eq!(
        nudged("ok 海"),
        Some(Advice::Short {
            graphemes: 4,
            enough: 20
        })
    );
    assert_eq!(nudged("twenty letters are ok"), None);
}

#[test]
fn tags_are_few_and_distinct() {
    assert_eq!(
        compose_tags(["#sea", " Sea ", "", "night sky"]),
        Ok(vec!["sea".to_owned(), "night sky".to_owned()])
    );
    assert!(compose_tags(["a", "b", "c", "d", "e", "f"]).is_err());
    assert!(compose_tags([&"t".repeat(25)[..]]).is_err());
}

proptest! {
    #[test]
    fn cleaning_twice_changes_nothing(raw in any::<String>()) {
        let once = clean(&raw);
        prop_assert_eq!(clean(&once), once);
        let line = clean_line(&raw);
        prop_assert_eq!(clean_line(&line), line.clone());
        prop_assert!(!line.contains('\n'));
    }

    #[test]
    fn cleaning_nasty_text_twice_changes_nothing(raw in
        "[a\u{301}\u{302}\u{327}\u{345}\u{1100}\u{1161}\u{11a8}\u{e0062}\u{e007f}🏴\u{200d}\u{feff} \n\r\t\u{202e}\u{2028}\u{3000}\u{1fef}\u{2000}]{0,40}") {
        let once = clean(&raw);
        prop_assert_eq!(clean(&once), once.clone());
        let line = clean_line(&raw);
        prop_assert_eq!(clean_line(&line), line);
        prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n'));
    }
}
