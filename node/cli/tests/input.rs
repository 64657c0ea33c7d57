//! What is typed wrongly: one clear message each, that says what is safe and what to do, and an exit code that is not 0.

use std::net::UdpSocket;

use crate::harness::Home;

#[test]
fn a_text_that_no_bottle_takes_is_refused_before_any_work() {
    let home = Home::with_keys();
    let long = "x".repeat(1_001);
    home.run(&["throw", &long]).refused(
        3,
        &[
            "too long",
            "1001 characters",
            "Shorten it by 1",
            "Nothing was sent",
        ],
    );
    home.run(&["throw", &"👨‍👩‍👧‍👦".repeat(400)])
        .refused(3, &["bytes", "Nothing was sent"]);
    for empty in ["", "  \n ", "\u{202e}\u{200b}"] {
        home.run_with(&["throw", "-"], empty, &[])
            .refused(3, &["empty", "Nothing was sent"]);
    }
    home.run_with(&["throw"], b"fine\n\xff\xfe", &[])
        .refused(3, &["not UTF-8", "line 2", "Save it as UTF-8"]);
    home.run(&["throw", "--file", "no-such-file"])
        .refused(4, &["cannot be opened", "Check the name"]);
    home.run(&["throw", "a kind word to you", "--nick", &"n".repeat(30)])
        .refused(3, &["nickname is too long"]);
    home.run(&["reply", "abc", &"x".repeat(2_001)])
        .refused(3, &["letter", "Nothing was sent"]);
    assert!(
        !home.path().join("sky.sqlite").exists(),
        "no node was started for any of this"
    );
}

#[test]
fn controls_and_overrides_are_cleaned_away_before_a_bottle_is_thrown() {
    let home = Home::with_keys();
    let text = "a lamp\u{202e} burns\u{1b}[31m in the\u{7} harbour tonight";
    let run = home.run(&["--offline", "--json", "throw", text]).ok();
    assert_eq!(
        run.json()["value"]["text"],
        "a lamp burns[31m in the harbour tonight"
    );
}

#[test]
fn a_folder_that_is_no_folder_is_named() {
    let home = Home::empty();
    std::fs::write(home.path(), b"a file").expect("written");
    for args in [
        &["status"][..],
        &["keys", "new", "--no-passphrase"],
        &["node", "run"],
    ] {
        home.run(args)
            .refused(7, &["is not a folder", "not touched", "--home"]);
    }
}

#[test]
fn an_address_that_is_none_is_named() {
    let home = Home::with_keys();
    home.run(&["node", "run", "--no-mdns", "--bootstrap", "nonsense"])
        .refused(3, &["nonsense"]);
    home.run(&["node", "run", "--no-mdns", "--listen", "nonsense"])
        .refused(3, &["nonsense"]);
    home.run(&["--offline", "dial", "nonsense"])
        .refused(3, &["nonsense"]);
}

#[test]
fn an_invitation_that_is_none_is_refused_before_any_work() {
    let home = Home::with_keys();
    home.run(&["join", "nonsense"])
        .refused(3, &["invite code", "nobody was dialled"]);
    home.run_with(&["join", "-"], "", &[])
        .refused(3, &["no invite code", "METEOR-"]);
    assert!(!home.path().join("sky.sqlite").exists(), "no node was started");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let home = Home::with_keys();
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let address = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    home.run(&["node", "run", "--no-mdns", "--listen", &address])
        .refused(8, &[&port.to_string()]);
}

#[test]
fn what_is_not_there_is_missing() {
    let home = Home::with_keys();
    home.run(&["--offline", "read", "zzzzzzzz"])
        .refused(4, &["zzzzzzzz"]);
    home.run(&["restore", "no-such-file"])
        .refused(4, &["no-such-file", "Nothing was changed"]);
}
