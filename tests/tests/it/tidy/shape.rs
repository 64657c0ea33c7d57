//! The shape of files and functions.

use super::sources::{Source, all, report};

const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that were longer when the rule came, by file: each may only get shorter, and then leaves this list.
const LONGER_STILL: &[(&str, usize)] = &[
    ("node/cli/src/demo/story.rs", 91),
    ("node/cli/tests/journey.rs", 85),
    ("node/store/tests/it/backup.rs", 82),
    ("protocol/tests/core_net.rs", 117),
    ("protocol/tests/letters_mailbox.rs", 147),
    ("tests/src/sim/world.rs", 78),
];

#[test]
fn every_file_says_what_it_is() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.is_rust() && !source.path.starts_with("tests/fuzz/"))
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| {
            source.offence(
                1,
                "does not start with `//!`: what it is, what it refuses to do, who calls it",
            )
        })
        .collect();
    report(&offences);
}

#[test]
fn files_are_small() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.is_rust())
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > FILE_LINES_MAX)
                .then(|| source.offence(lines, "longer than 700 lines: split it by concept"))
        })
        .collect();
    report(&offences);
}

#[test]
fn functions_fit_a_screen() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.is_rust())
        .flat_map(long_functions)
        .collect();
    report(&offences);
}

#[test]
fn modules_have_names() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.path.ends_with("/mod.rs"))
        .map(|source| source.offence(1, "use `foo.rs` beside `foo/`"))
        .collect();
    report(&offences);
}

#[test]
fn nothing_is_unfinished_or_skipped() {
    // Assembled here, so that this file does not offend itself.
    let banned = [
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("#[ig", "nore"),
        concat!("FIX", "ME"),
    ];
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| source.is_rust())
        .flat_map(|source| {
            let lines = source.text.lines().enumerate();
            lines.filter_map(|(at, line)| {
                let found = banned.iter().find(|word| line.contains(**word))?;
                Some(source.offence(at + 1, &format!("`{found}` says that something is not done")))
            })
        })
        .collect();
    report(&offences);
}

/// The code is formatted, so a function ends at the first `}` that stands at its own indentation.
fn long_functions(source: &Source) -> Vec<String> {
    let known = LONGER_STILL.iter().find(|(path, _)| *path == source.path);
    let lines_max = known.map_or(FUNCTION_LINES_MAX, |(_, lines)| *lines);
    let lines: Vec<&str> = source.text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| begins_function(line));
    starts
        .filter_map(|(start, line)| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = lines[start..]
                .iter()
                .position(|line| *line == format!("{indent}}}"))?
                + start;
            let length = end + 1 - start;
            (length > lines_max).then(|| {
                source.offence(
                    start + 1,
                    &format!("a function of {length} lines: 70 fit a screen"),
                )
            })
        })
        .collect()
}

fn begins_function(line: &str) -> bool {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || *word == "async" || *word == "const");
    words.next() == Some("fn") && !line.trim_end().ends_with(['}', ';'])
}
