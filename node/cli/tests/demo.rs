//! The demo from end to end: real nodes, three lines, and what it says about bad input.

use serde_json::Value;

use crate::harness::Home;

#[test]
fn three_lines_are_thrown_caught_and_read_by_strangers() {
    let home = Home::empty();
    let lines = [
        "A lamp burns in the harbour office.",
        "番茄今天开了第一朵花。",
        "Hay pan caliente en la esquina.",
    ];
    let file = home.write("lines", lines.join("\n").as_bytes());
    let run = home
        .run(&["--json", "demo", "--once", "--nodes", "4", "--lines", &file])
        .ok();
    let events: Vec<Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON lines"))
        .collect();
    let of = |name: &str| {
        events
            .iter()
            .filter(|event| event["event"] == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("afloat").len(), 4);
    for line in lines {
        assert!(
            of("thrown").iter().any(|event| event["text"] == line),
            "{line} was thrown"
        );
        assert!(
            of("read").iter().any(|event| event["text"] == line),
            "{line} was read"
        );
    }
    for read in of("read") {
        let thrown = of("thrown")
            .into_iter()
            .find(|thrown| thrown["bottle"] == read["bottle"]);
        assert_ne!(
            thrown.expect("it was thrown")["ship"],
            read["ship"],
            "nobody reads their own"
        );
    }
    let summary = events.last().expect("events");
    assert_eq!(summary["event"], "summary");
    assert_eq!(
        (&summary["lines"], &summary["thrown"]),
        (&Value::from(3), &Value::from(3))
    );
    assert_eq!(
        (&summary["everywhere"], &summary["read"]),
        (&Value::from(3), &Value::from(3))
    );
    assert!(!home.path().exists(), "the user's own folder is not touched");
    let folder = of("opening")[0]["folder"].as_str().expect("a folder").to_owned();
    assert!(
        !std::path::Path::new(&folder).exists(),
        "everything is removed at the end"
    );
}

#[test]
fn bad_lines_are_refused_before_a_node_is_started() {
    let home = Home::empty();
    let check = |lines: &str, stdin: &[u8], code: i32, parts: &[&str]| {
        home.run_with(&["demo", "--once", "--lines", lines], stdin, &[])
            .refused(code, parts);
    };
    check(
        "no-such-file",
        b"",
        4,
        &["no-such-file cannot be opened", "Check the name"],
    );
    check("-", b"", 3, &["Standard input has no line", "Nothing was thrown"]);
    check("-", b" \n\n", 3, &["Standard input has no line"]);
    check(
        "-",
        b"fine\n\xff",
        3,
        &["Standard input is not UTF-8 text (line 2)"],
    );
    let long = format!("fine\n{}\n", "x".repeat(1_500));
    check(
        "-",
        long.as_bytes(),
        3,
        &["Standard input, line 2", "too long", "Nothing was thrown"],
    );
}
