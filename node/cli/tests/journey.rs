//! Two people at two shells: an invitation, a bottle, its finder, an answer, and a backup.

#![cfg(unix)]

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Home, Running};

const LOOPBACK: [&str; 5] = [
    "node",
    "run",
    "--no-mdns",
    "--listen",
    "/ip4/127.0.0.1/udp/0/quic-v1",
];

fn afloat(home: &Home) -> Running {
    let mut node = home.start(&LOOPBACK);
    node.until(|line| line.starts_with("listening on "));
    node
}

/// Asks again until the answer passes: what travels between two nodes takes its time.
#[track_caller]
fn until(home: &Home, args: &[&str], passes: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = home.run(args).ok().json()["value"].clone();
        if passes(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{args:?} never passed: {answer}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_bottle_travels_from_shell_to_shell_and_its_answer_back() {
    let (author, finder) = (Home::with_keys(), Home::with_keys());
    let (at_author, at_finder) = (afloat(&author), afloat(&finder));
    let code = author.run(&["invite"]).ok().out;
    finder.run(&["join", code.trim()]).ok();
    until(&finder, &["--json", "peers"], |peers| {
        !peers.as_array().expect("a list").is_empty()
    });

    author
        .run(&[
            "throw",
            "Tell me the smallest thing that went right for you today.",
            "--nick",
            "Ada",
        ])
        .ok();
    let sky = until(&finder, &["--json", "sky"], |sky| sky["stones"][0].is_object());
    let bottle = sky["stones"][0]["bottle"].as_str().expect("an id").to_owned();
    let ending = &bottle[bottle.len() - 10..];
    finder.run(&["catch", ending]).ok();
    let read = finder.run(&["read", ending]).ok();
    assert!(
        read.out.contains("the smallest thing") && read.out.contains("— Ada"),
        "{}",
        read.out
    );
    finder
        .run(&["light", ending, "no-such-sticker"])
        .refused(3, &["warmth"]);
    finder.run(&["light", ending, "warmth"]).ok();
    finder.run(&["reply", ending, "The kettle sang in tune."]).ok();
    finder.run(&["keep", ending]).ok();
    let kept = finder.run(&["collection", "--search", "smallest"]).ok();
    assert!(kept.out.contains(ending), "{}", kept.out);

    until(&author, &["--json", "bottles"], |bottles| {
        bottles[0]["stone"]["caught"] == 1
    });
    let threads = until(&author, &["--json", "letters"], |threads| {
        threads[0]["letters"] == 2
    });
    let thread = threads[0]["thread"].as_str().expect("an id").to_owned();
    let letters = author.run(&["letters", &thread]).ok();
    assert!(
        letters.out.contains("The kettle sang in tune.") && letters.out.contains("warmth"),
        "{}",
        letters.out
    );
    assert_eq!((at_author.terminate(), at_finder.terminate()), (Some(0), Some(0)));

    let backup = author.file("backup").display().to_string();
    author
        .run(&["--offline", "backup", &backup])
        .refused(6, &["No passphrase was given", "--no-passphrase"]);
    let seals = [("METEORITE_BACKUP_PASSPHRASE", "ashore")];
    author
        .run_with(&["--offline", "backup", &backup], "", &seals)
        .ok();
    let restored = Home::empty();
    let opens = [("METEORITE_PASSPHRASE", "ashore")];
    let told = restored
        .run_with(&["--offline", "restore", &backup], "", &opens)
        .ok();
    assert!(
        told.out.contains("It brings back:") && told.out.contains("It does not bring back:"),
        "{}",
        told.out
    );
    let letters = restored
        .run_with(&["--offline", "letters", &thread], "", &opens)
        .ok();
    assert!(
        letters.out.contains("The kettle sang in tune."),
        "{}",
        letters.out
    );
    let other = Home::with_keys();
    other
        .run(&["--offline", "restore", &backup])
        .refused(6, &["Nothing was changed"]);
    other
        .run_with(&["--offline", "restore", &backup], "", &seals)
        .refused(5, &["another identity", "--home"]);
}
