//! The shapes of `--json`: what scripts rely on.

use serde_json::{Value, json};

use crate::harness::Home;

/// The same value with every number and text replaced by its type, and lists cut to their first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(list) => list.iter().take(1).map(shape).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
    }
}

fn stone() -> Value {
    json!({
        "bottle": "text", "mood": ["number"], "moods": [], "tone": "number", "lang": "text", "length": "number",
        "slots": "number", "caught": "number", "thrown_ms": "number", "sinks_ms": "number",
        "nonce": "text", "art": "number", "rarity": "text",
    })
}

#[test]
fn lists_of_a_new_identity_are_empty() {
    let home = Home::with_keys();
    let check = |args: &[&str], expected: Value| {
        let args: Vec<&str> = ["--offline", "--json"].iter().chain(args).copied().collect();
        assert_eq!(home.run(&args).ok().json(), expected, "{args:?}");
    };
    check(&["hold"], json!({"reply": "hold", "value": []}));
    check(&["bottles"], json!({"reply": "bottles", "value": []}));
    check(&["collection"], json!({"reply": "collection", "value": []}));
    check(&["letters"], json!({"reply": "threads", "value": []}));
    check(&["peers"], json!({"reply": "peers", "value": []}));
    check(
        &["taste", "--languages", "en,ja"],
        json!({"reply": "taste", "value": {
            "knob": 50, "languages": ["en", "ja"], "learned": 0, "choices": 0, "compared": [], "fresh": null,
        }}),
    );
    check(
        &["sky"],
        json!({"reply": "sky", "value": {"stones": [], "next": null, "drifting": 0}}),
    );
}

#[test]
fn a_throw_and_the_status_have_their_shapes() {
    let home = Home::with_keys();
    let thrown = home
        .run(&[
            "--offline",
            "--json",
            "throw",
            "Leaving this here for whoever finds it.",
        ])
        .ok();
    assert_eq!(thrown.err, "", "nothing but the result");
    let mut found = shape(&thrown.json());
    found["value"]["stone"]["moods"] = json!([]);
    let own = json!({
        "stone": stone(), "fate": "text", "handed": "number", "held": "number", "answers": "number",
        "recasts": "number", "recast_ready": "bool", "text": "text", "nudge": null,
    });
    assert_eq!(found, json!({"reply": "text", "value": own}));
    assert_eq!(thrown.json()["value"]["fate"], "queued");

    let status = home.run(&["--offline", "--json", "status"]).ok().json();
    assert_eq!(status["reply"], "snapshot");
    assert_eq!(status["value"]["own_drifting"], 1);
    let allowance = json!({"left": "number", "of": "number", "renews_ms": "number"});
    assert_eq!(shape(&status["value"]["throws"]), allowance);
    let keys: Vec<&str> = status["value"]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    for key in [
        "peer",
        "listening",
        "peers",
        "drifting",
        "unread",
        "outbox",
        "opens",
        "stamp_bits",
    ] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
}

#[test]
fn a_problem_is_json_on_standard_error() {
    let run = Home::empty().run(&["--json", "sky"]);
    assert_eq!((run.code, run.out.as_str()), (6, ""));
    let problem: Value = serde_json::from_str(&run.err).expect("JSON");
    let text = json!({"kind": "text", "what": "text", "safe": "text", "next": "text"});
    assert_eq!(shape(&problem), json!({"reply": "text", "value": text}));
    assert_eq!(problem["value"]["kind"], "keys");
}

#[test]
fn keys_have_their_shape() {
    let home = Home::empty();
    let made = home
        .run(&["--json", "keys", "new", "--no-passphrase"])
        .ok()
        .json();
    assert_eq!(
        shape(&made),
        json!({"reply": "text", "value": {
            "done": "text", "key_file": "text", "passphrase": "bool", "words": "text",
            "words_bring_back": ["text"], "words_do_not_bring_back": ["text"],
        }})
    );
    assert_eq!(
        made["value"]["words"].as_str().expect("words").split(' ').count(),
        24
    );
}
