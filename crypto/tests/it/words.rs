//! Reading words that people copied by hand.

use meteorite_crypto::root::Root;
use meteorite_crypto::words::{INPUT_BYTES_MAX, Words, WordsError, completions};
use proptest::prelude::*;

use crate::support::rng;

const PHRASE: &str = "hamster diagram private dutch cause delay private meat slide toddler razor book \
                      happy fancy gospel tennis maple dilemma loan word shrug inflict delay length";

#[test]
fn copied_by_hand_in_many_ways() {
    let plain: Vec<&str> = PHRASE.split_whitespace().collect();
    let numbered = (1..)
        .zip(&plain)
        .map(|(at, word)| format!("{at}. {word}\r\n"))
        .collect::<String>();
    let full_width = PHRASE
        .chars()
        .map(|c| {
            if c == ' ' {
                '\u{3000}'
            } else {
                char::from_u32(c as u32 + 0xfee0).unwrap()
            }
        })
        .collect::<String>();
    for written in [
        PHRASE.to_owned(),
        PHRASE.to_uppercase(),
        format!("\n\t {} \n", plain.join("\n   ")),
        plain.join(", "),
        PHRASE.replace('a', "á"),
        numbered,
        full_width,
    ] {
        let words = Words::parse(&written).expect(&written);
        assert_eq!(words.expose(), plain.join(" "));
    }
}

#[test]
fn an_error_says_where_to_look() {
    let with = |from: &str, to: &str| Words::parse(&PHRASE.replacen(from, to, 1)).unwrap_err();
    assert_eq!(with("dutch", "dutsh"), WordsError::Unknown { position: 4 });
    assert_eq!(with(" length", " lenght"), WordsError::Unknown { position: 24 });
    assert_eq!(with("dutch", ""), WordsError::Count { found: 23 });
    assert_eq!(with("dutch", "dutch dutch"), WordsError::Count { found: 25 });
    assert_eq!(with("book happy", "happy book"), WordsError::Checksum);
    assert_eq!(Words::parse("").unwrap_err(), WordsError::Count { found: 0 });
    let flood = "a".repeat(INPUT_BYTES_MAX + 1);
    assert_eq!(Words::parse(&flood).unwrap_err(), WordsError::TooLong);
}

#[test]
fn twelve_words_are_refused_though_bip39_knows_them() {
    let twelve = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    assert_eq!(Words::parse(twelve).unwrap_err(), WordsError::Count { found: 12 });
}

#[test]
fn no_error_repeats_a_word() {
    let error = Words::parse(&PHRASE.replace("dutch", "dutsh")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("dut"));
}

#[test]
fn typing_is_completed_from_the_list() {
    assert_eq!(completions("met").collect::<Vec<_>>(), ["metal", "method"]);
    assert_eq!(completions("qq").count(), 0);
    assert_eq!(completions("").count(), 2_048);
}

#[test]
fn debug_shows_no_secret() {
    let words = Words::generate(&mut rng(1));
    assert_eq!(format!("{words:?} {:?}", words.root()), "Words(..) Root(..)");
    let keys = words.root().bottle_keys(&[0; 16]);
    assert_eq!(
        format!("{keys:?}"),
        "BottleKeys { author: SigningKey(..), reply: ReplySecret(..) }"
    );
    assert_eq!(
        format!("{:?} {:?}", words.root().storage_key(), words.root().backup_key()),
        "StorageKey(..) BackupKey(..)"
    );
}

#[test]
fn every_bottle_and_purpose_has_its_own_key() {
    let root = Root::from_bytes(&[5; 32]);
    let keys = [
        *root.persona().seed(),
        *root.bottle_keys(&[0; 16]).author.seed(),
        *root.bottle_keys(&[0; 16]).reply.to_bytes(),
        *root.bottle_keys(&[1; 16]).author.seed(),
        *root.bottle_keys(&[1; 16]).reply.to_bytes(),
        *Root::from_bytes(&[6; 32]).persona().seed(),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{at}");
    }
}

proptest! {
    #[test]
    fn any_root_survives_paper(bytes: [u8; 32], upper: bool) {
        let words = Words::from_root(&Root::from_bytes(&bytes));
        let written = if upper { words.expose().to_uppercase() } else { words.expose().to_owned() };
        let read = Words::parse(&written).unwrap();
        prop_assert_eq!(read.root(), Root::from_bytes(&bytes));
        prop_assert_eq!(read.expose(), words.expose());
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        prop_assert!(Words::parse(&text).is_err());
    }
}
