//! A node without a window, and commands that talk to it.

#![cfg(unix)]

use crate::harness::Home;

#[test]
fn commands_use_the_running_node_and_it_ends_gracefully() {
    let home = Home::with_keys();
    let mut node = home.start(&[
        "node",
        "run",
        "--no-mdns",
        "--listen",
        "/ip4/127.0.0.1/udp/0/quic-v1",
    ]);
    let line = node.until(|line| line.starts_with("listening on /ip4/127.0.0.1/udp/"));
    assert!(
        line.contains("/p2p/12D3Koo"),
        "the address can be dialled as it stands: {line}"
    );
    let status = home.run(&["--json", "status"]).ok().json();
    assert_eq!(
        status["value"]["listening"].as_array().map(Vec::len),
        Some(1),
        "it is the running node: {status}"
    );
    let thrown = home
        .run(&["--json", "throw", "A lamp burns in the harbour office."])
        .ok()
        .json();
    assert_eq!(thrown["value"]["fate"], "queued", "nobody is there to take it");
    home.run(&["node", "run"]).refused(9, &["Another node", "--home"]);
    assert_eq!(node.terminate(), Some(0));
    let bottles = home.run(&["--offline", "--json", "bottles"]).ok().json();
    assert_eq!(bottles["value"][0]["text"], "A lamp burns in the harbour office.");
}
