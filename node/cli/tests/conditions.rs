//! Disks that are full, read-only or damaged, and servers that are gone: one clear message, and nothing is lost.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::harness::Home;

const TEXT: &str = "A lamp burns in the harbour office.";

/// A folder with keys and one bottle that was thrown.
fn home_with_a_bottle() -> Home {
    let home = Home::with_keys();
    home.run(&["--offline", "throw", TEXT]).ok();
    home
}

fn bottles(home: &Home) -> serde_json::Value {
    home.run(&["--offline", "--json", "bottles"]).ok().json()["value"].clone()
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let home = home_with_a_bottle();
    let database = home.path().join("sky.sqlite");
    let sound = std::fs::read(&database).expect("the database");
    std::fs::write(&database, b"this was a database once".repeat(400)).expect("written");
    for args in [
        &["--offline", "bottles"][..],
        &["--offline", "throw", TEXT],
        &["node", "run"],
    ] {
        home.run(args)
            .refused(7, &["sky.sqlite", "Nothing was removed", "key file", "safe"]);
    }
    assert_eq!(
        std::fs::read(&database).expect("the database"),
        b"this was a database once".repeat(400)
    );
    std::fs::write(&database, sound).expect("written");
    assert_eq!(
        bottles(&home)[0]["text"],
        TEXT,
        "a copy of the file brings it back"
    );
}

#[test]
fn a_damaged_block_loses_no_words() {
    let home = home_with_a_bottle();
    let blocks = files_over(&home.path(), 256)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "data"));
    let mut damaged = 0;
    for block in blocks {
        std::fs::write(block, [0; 300]).expect("written");
        damaged += 1;
    }
    assert!(damaged > 0, "there is a block to damage");
    let bottle = bottles(&home);
    assert_eq!(bottle[0]["text"], TEXT);
    let id = bottle[0]["stone"]["bottle"].as_str().expect("an id").to_owned();
    let read = home.run(&["--offline", "--json", "read", &id]).ok().json();
    assert_eq!(read["value"]["text"], TEXT);
}

/// The shell bounds every file to a few kilobytes, so that writing fails as on a full disk.
#[test]
fn a_disk_that_takes_nothing_more_is_named_and_loses_nothing() {
    let home = home_with_a_bottle();
    let before = bottles(&home);
    let run = home.run_bounded(8, &["--offline", "throw", "This one finds no room."]);
    run.refused(7, &["room", "safe"]);
    assert_eq!(bottles(&home), before, "what was confirmed is there, and no more");
    home.run(&["--offline", "throw", "Now there is room again."]).ok();
}

#[test]
fn a_read_only_folder_is_named() {
    let home = home_with_a_bottle();
    let before = bottles(&home);
    let folder = home.path();
    let everything: Vec<PathBuf> = files_over(&folder, 0);
    let write = |on: bool| {
        for file in &everything {
            set_mode(file, if on { 0o600 } else { 0o400 });
        }
        set_mode(&folder, if on { 0o700 } else { 0o500 });
    };
    write(false);
    for args in [&["--offline", "throw", TEXT][..], &["node", "run", "--no-mdns"]] {
        home.run_as_nobody(args).refused(
            7,
            &["cannot write to the folder", "Nothing was changed", "--home"],
        );
    }
    write(true);
    assert_eq!(bottles(&home), before);
}

#[test]
fn a_dead_bootstrap_server_stops_nothing_and_the_doctor_names_it() {
    let home = Home::with_keys();
    let dead = "/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
    let mut node = home.start(&[
        "node",
        "run",
        "--no-mdns",
        "--listen",
        "/ip4/127.0.0.1/udp/0/quic-v1",
        "--bootstrap",
        dead,
    ]);
    node.until(|line| line.starts_with("listening on"));
    home.run(&["throw", TEXT]).ok();
    let doctor = home.run(&["doctor"]);
    assert_ne!(doctor.code, 0, "{doctor:?}");
    assert!(
        doctor.out.contains("None of 1 answers") && doctor.out.contains("bootstrap.toml"),
        "{doctor:?}"
    );
    assert_eq!(node.terminate(), Some(0));
    assert_eq!(bottles(&home)[0]["text"], TEXT);
}

/// All files below a folder that are larger than this.
fn files_over(folder: &Path, bytes: u64) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("its metadata");
        if about.is_dir() {
            found.extend(files_over(&entry.path(), bytes));
        } else if about.is_file() && about.len() > bytes {
            found.push(entry.path());
        }
    }
    found
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode is set");
}
