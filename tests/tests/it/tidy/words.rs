//! Words: what a text of this project must not say, and what a statement must carry.

use super::sources::{Source, all, report};

#[test]
fn no_path_of_a_developers_machine() {
    let banned = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("C:\\", "Users"),
    ];
    let offences: Vec<String> = all()
        .iter()
        .flat_map(|source| lines_with(source, &banned, "a path of one machine"))
        .collect();
    report(&offences);
}

#[test]
fn sql_statements_have_names() {
    // A part of a longer statement begins with `SELECT * FROM (`; its statement carries the name.
    let verbs = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "\"WITH "];
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.is_rust() && !source.is_test() && !source.path.starts_with("tests/"))
        .flat_map(|source| lines_with(source, &verbs, "a statement begins with `-- name`"))
        .filter(|offence| !offence.starts_with("node/store/src/sky/page.rs"))
        .collect();
    report(&offences);
}

#[test]
fn wire_encoding_lives_in_the_protocol() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| {
            let elsewhere = !source.path.starts_with("protocol/") && !source.path.starts_with("tests/");
            source.is_rust() && elsewhere && !source.is_test()
        })
        .flat_map(|source| {
            lines_with(
                source,
                &["serde_ipld_dagcbor::"],
                "wire types live in meteorite-protocol only",
            )
        })
        .collect();
    report(&offences);
}

fn lines_with(source: &Source, words: &[&str], why: &str) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(at, _)| source.offence(at + 1, why))
        .collect()
}
