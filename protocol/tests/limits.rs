//! The documents say what the code says.

use std::collections::BTreeMap;

use meteorite_crypto::sign::Domain;
use meteorite_protocol::limits::{Limit, TABLE};
use meteorite_protocol::topic::{BODY_PROTOCOL, KAD_PROTOCOL, MAIL_PROTOCOL, SYNC_PROTOCOL, Topic};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason};

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

fn row(limit: &Limit) -> String {
    format!(
        "| `{}` | {} | {} |",
        limit.name,
        limit.value,
        limit.meaning.trim()
    )
}

/// The lines between the two markers.
fn table() -> Vec<&'static str> {
    let (_, rest) = DOCUMENT.split_once("<!-- limits: begin -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- limits: end -->").unwrap();
    table.lines().filter(|line| line.starts_with("| `")).collect()
}

#[test]
fn the_table_of_limits_is_the_code() {
    let wanted: Vec<_> = TABLE.iter().map(row).collect();
    let wanted_text = wanted.join("\n");
    assert!(
        table().join("\n") == wanted_text,
        "the table should be:\n{wanted_text}"
    );
}

#[test]
fn names_are_unique() {
    let names: BTreeMap<_, _> = TABLE.iter().map(|limit| (limit.name, limit.value)).collect();
    assert_eq!(names.len(), TABLE.len());
}

#[test]
fn every_name_on_the_network_is_documented() {
    let protocols = [SYNC_PROTOCOL, BODY_PROTOCOL, MAIL_PROTOCOL, KAD_PROTOCOL].map(str::to_owned);
    let labels = Domain::ALL.map(|domain| domain.label().to_owned());
    let topics = [Topic::Catch.to_string(), "/meteorite/1/sky/".to_owned()];
    for name in protocols.into_iter().chain(labels).chain(topics) {
        assert!(
            DOCUMENT.contains(&format!("`{name}")),
            "{name} is not in PROTOCOL.md"
        );
    }
}

#[test]
fn every_verdict_is_documented() {
    let ignored = IgnoreReason::ALL.map(IgnoreReason::name);
    let rejected = RejectReason::ALL.map(RejectReason::name);
    for name in ignored.into_iter().chain(rejected) {
        assert!(
            DOCUMENT.contains(&format!("| `{name}` |")),
            "{name} is not in PROTOCOL.md"
        );
    }
}

#[test]
fn topics_have_names_that_parse() {
    assert_eq!(Topic::all().count(), 17);
    for topic in Topic::all() {
        assert_eq!(topic.to_string().parse(), Ok(topic));
    }
    for wrong in [
        "/meteorite/1/sky/16",
        "/meteorite/1/sky/01",
        "/meteorite/1/sky/",
        "/meteorite/2/catch",
        "",
    ] {
        assert!(wrong.parse::<Topic>().is_err(), "{wrong}");
    }
}
