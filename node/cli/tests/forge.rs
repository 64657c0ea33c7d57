//! `meteorite forge`: a stone as a file; the same seed is the same stone; nothing is overwritten.

use crate::harness::Home;

const SEED: &str = "000102030405060708090a0b0c0d0e0f";

#[test]
fn a_seed_and_a_mood_become_a_picture() {
    let home = Home::empty();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let forge = |name: &str, more: &[&str]| {
        let out = file(name);
        let args = [
            "forge",
            "--json",
            "--seed",
            SEED,
            "--mood",
            "250,0,0,0,0,0,0,0",
            "--out",
            &out,
        ];
        let run = home.run(&[&args[..], more].concat()).ok();
        let said: serde_json::Value = serde_json::from_str(&run.out).expect("an object");
        (std::fs::read(&out).unwrap(), said)
    };
    let (one, said) = forge("one.png", &[]);
    assert!(one.starts_with(b"\x89PNG"));
    assert_eq!(
        (said["width"].as_u64(), said["frames"].as_u64()),
        (Some(256), Some(1))
    );
    let sentence = said["descriptions"][0].as_str().unwrap();
    assert!(sentence.contains("joy"), "{sentence}");
    let (again, _) = forge("again.png", &[]);
    assert_eq!(one, again);
    let (sheet, said) = forge("sheet.png", &["--sheet", "12", "--scale", "2"]);
    assert_ne!(one, sheet);
    assert_eq!(said["descriptions"].as_array().map(Vec::len), Some(12));
    let (moving, said) = forge("moving.png", &["--frames", "--rarity", "legendary"]);
    assert!(moving.windows(4).any(|bytes| bytes == b"acTL"));
    assert!(said["frames"].as_u64() > Some(3), "{said}");
    assert!(!home.path().exists(), "drawing makes no identity");
}

#[test]
fn nonsense_is_refused_and_files_are_left_alone() {
    let home = Home::empty();
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.png");
    std::fs::write(&there, b"mine").unwrap();
    let there = there.display().to_string();
    let new = folder.path().join("new.png").display().to_string();
    let refused = |args: &[&str], words: &[&str]| {
        home.run(&[&["forge"], args].concat()).refused(3, words);
    };
    refused(
        &["--seed", SEED, "--out", &there],
        &["cannot be written", "Nothing was overwritten"],
    );
    refused(
        &["--seed", "xyz", "--out", &new],
        &["no seed", "64 hexadecimal digits"],
    );
    refused(
        &["--seed", SEED, "--mood", "1,2", "--out", &new],
        &["eight numbers, not 2"],
    );
    refused(
        &["--seed", SEED, "--rarity", "odd", "--out", &new],
        &["no rarity", "legendary"],
    );
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");
    assert!(!std::path::Path::new(&new).exists());
}
