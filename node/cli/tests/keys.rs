//! The life of a key file: made, shown, copied, brought back, given another passphrase, and damaged.

use crate::harness::{Home, PASSPHRASE};

const SECRET: [(&str, &str); 1] = [("METEORITE_PASSPHRASE", PASSPHRASE)];

fn words_of(home: &Home) -> String {
    let shown = home
        .run_with(&["--json", "keys", "show", "--words"], "", &SECRET)
        .ok()
        .json();
    shown["value"]["words"].as_str().expect("words").to_owned()
}

#[test]
fn new_keys_show_their_words_once_with_what_they_restore() {
    let home = Home::empty();
    let run = home.run_with(&["keys", "new"], "", &SECRET).ok();
    for part in [
        "shown once",
        " 1. ",
        "24. ",
        "The words bring back:",
        "They do not bring back:",
    ] {
        assert!(run.out.contains(part), "no {part:?} in {}", run.out);
    }
    let shown = home.run_with(&["keys", "show"], "", &SECRET).ok();
    let word = words_of(&home).split(' ').next().expect("a word").to_owned();
    assert!(
        run.out.contains(&word) && !shown.out.contains(" 1. "),
        "only --words shows them again: {}",
        shown.out
    );
}

#[test]
fn keys_are_never_made_silently_nor_written_over() {
    let home = Home::empty();
    home.run(&["keys", "new"]).refused(
        6,
        &[
            "No passphrase was given",
            "Nothing was written",
            "--no-passphrase",
        ],
    );
    for args in [
        &["throw", "a message to somebody"][..],
        &["sky"],
        &["bottles"],
        &["node", "run"],
        &["keys", "show"],
    ] {
        home.run(args).refused(
            6,
            &["There are no keys yet", "Nothing was made", "meteorite keys new"],
        );
    }
    assert!(!home.path().exists(), "nothing was made");
    home.run(&["keys", "new", "--no-passphrase"]).ok();
    let before = std::fs::read(home.path().join("keys.meteorite")).expect("the key file");
    home.run(&["keys", "new", "--no-passphrase"])
        .refused(5, &["There are keys already", "not touched", "--home"]);
    home.run_with(&["keys", "recover"], "x", &[])
        .refused(5, &["There are keys already"]);
    assert_eq!(
        std::fs::read(home.path().join("keys.meteorite")).expect("the key file"),
        before
    );
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_a_changed_one_replaces_the_old() {
    let home = Home::empty();
    home.run_with(&["keys", "new"], "", &SECRET).ok();
    let wrong = [("METEORITE_PASSPHRASE", "two small stones")];
    home.run_with(&["keys", "show"], "", &wrong)
        .refused(6, &["not changed", "Try the passphrase again"]);
    home.run(&["keys", "show"])
        .refused(6, &["needs its passphrase", "METEORITE_PASSPHRASE"]);
    let file = home.write(
        "secret",
        format!("{PASSPHRASE}\nthe second line does not count\n").as_bytes(),
    );
    home.run(&["keys", "show", "--passphrase-file", &file]).ok();

    let words = words_of(&home);
    let both = [SECRET[0], ("METEORITE_NEW_PASSPHRASE", "a new one")];
    home.run_with(&["keys", "passphrase"], "", &both).ok();
    home.run_with(&["keys", "show"], "", &SECRET).refused(6, &[]);
    let shown = home
        .run_with(
            &["--json", "keys", "show", "--words"],
            "",
            &[("METEORITE_PASSPHRASE", "a new one")],
        )
        .ok();
    assert_eq!(shown.json()["value"]["words"], words.as_str());
}

#[test]
fn words_bring_the_identity_back() {
    let home = Home::empty();
    home.run_with(&["keys", "new"], "", &SECRET).ok();
    let words = words_of(&home);
    let persona = |home: &Home| {
        let shown = home
            .run_with(&["--json", "keys", "show"], "", &SECRET)
            .ok()
            .json();
        shown["value"]["persona"].as_str().expect("a persona").to_owned()
    };
    let other = Home::empty();
    let untidy = words.to_uppercase().replace(' ', "\n  ");
    let run = other
        .run_with(&["keys", "recover", "--words-stdin"], untidy, &SECRET)
        .ok();
    assert!(run.out.contains("Your identity is back"), "{}", run.out);
    assert_eq!(persona(&home), persona(&other));

    let none = Home::empty();
    let refused = |typed: &str, part: &str| {
        none.run_with(&["keys", "recover"], typed, &SECRET)
            .refused(3, &[part, "Nothing was made", "your paper"]);
    };
    refused("", "there are 0 words");
    refused(&words.replacen(' ', " meteorite ", 1), "there are 25 words");
    let (first, rest) = words.split_once(' ').expect("words");
    refused(&format!("meteorit {rest}"), "word 1 is not one of");
    let (second, rest) = rest.split_once(' ').expect("words");
    if first != second {
        refused(&format!("{second} {first} {rest}"), "do not fit together");
    }
    assert!(!none.path().exists());
}

#[test]
fn an_exported_key_file_can_be_imported_elsewhere() {
    let home = Home::empty();
    home.run_with(&["keys", "new"], "", &SECRET).ok();
    let copy = home.file("copy").display().to_string();
    home.run(&["keys", "export", &copy]).ok();
    home.run(&["keys", "export", &copy])
        .refused(5, &["exists already", "not touched"]);
    let other = Home::empty();
    other.run(&["keys", "import", &copy]).refused(6, &[]);
    assert!(
        !other.path().join("keys.meteorite").exists(),
        "a file that does not open is not taken over"
    );
    other.run_with(&["keys", "import", &copy], "", &SECRET).ok();
    assert_eq!(words_of(&other), words_of(&home));
}

#[test]
fn a_damaged_key_file_is_left_as_it_is() {
    let home = Home::with_keys();
    let path = home.path().join("keys.meteorite");
    let mut bytes = std::fs::read(&path).expect("the key file");
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(&path, &bytes).expect("written");
    home.run(&["keys", "show", "--passphrase-file", &home.write("none", b"")])
        .refused(6, &["not changed", "keys recover"]);
    std::fs::write(&path, b"not a key file at all").expect("written");
    home.run(&["keys", "show"])
        .refused(6, &["not changed", "keys recover"]);
    assert_eq!(
        std::fs::read(&path).expect("the key file"),
        b"not a key file at all"
    );
}
