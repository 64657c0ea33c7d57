//! `meteorite analyse`: one object a line, in order; bad lines are named; a bottle carries what was found, and no address.

use crate::harness::Home;

#[test]
fn lines_become_objects_in_order() {
    let home = Home::empty();
    let lines =
        "We won the match!!! I am so happy\n今天的月亮很圆，我突然很想家。\n\nwrite to someone@example.org\n";
    let run = home.run_with(&["analyse", "--json", "--heads"], lines, &[]).ok();
    let objects: Vec<serde_json::Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(objects.len(), 4);
    let languages: Vec<_> = objects.iter().map(|object| object["language"].as_str()).collect();
    assert_eq!(languages, [Some("en"), Some("zh"), Some("und"), Some("en")]);
    assert!(
        objects[0]["mood"]["joy"].as_f64() > Some(0.5),
        "{}",
        objects[0]["mood"]
    );
    assert_eq!(objects[0]["gist"].as_array().map(Vec::len), Some(64));
    assert_eq!(
        objects[0]["heads"]["goemotions"]
            .as_object()
            .map(serde_json::Map::len),
        Some(28)
    );
    assert_eq!(objects[0]["flags"]["contact"], false);
    assert_eq!(objects[3]["flags"]["contact"], true);
    assert!(!home.path().exists(), "reading makes nothing");
}

#[test]
fn a_line_that_is_no_text_is_named() {
    let home = Home::empty();
    let run = home.run_with(&["analyse"], b"\xff\xfe\nfine\n", &[]);
    run.refused(3, &["Line 1 is not UTF-8", "before it were analysed"]);
}

#[test]
fn a_bottle_with_an_address_in_it_is_refused_kindly() {
    let home = Home::with_keys();
    let run = home.run(&["throw", "Write to me at someone@example.org"]);
    run.refused(
        3,
        &["mail address", "your text is untouched", "can answer you here"],
    );
}
