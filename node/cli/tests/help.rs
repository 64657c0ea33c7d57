//! Help, version, completions, and the table in the README.

use crate::harness::{Home, repository_file};

/// Every command as it is typed, from the hidden table.
fn commands() -> Vec<Vec<String>> {
    let table = Home::empty().run(&["commands-table", "--json"]).ok().json();
    let rows = table["value"].as_array().expect("a list").clone();
    let typed = rows
        .iter()
        .map(|row| row["command"].as_str().expect("text").to_owned());
    typed
        .map(|command| {
            let words = command.split(' ').skip(1);
            words
                .filter(|word| word.chars().all(|c| c.is_lowercase() || c == '-'))
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

#[test]
fn every_command_has_help() {
    let home = Home::empty();
    let commands = commands();
    assert!(commands.len() > 35, "{}", commands.len());
    for command in commands {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let run = home.run(&args).ok();
        assert!(
            run.out.contains("Usage:") && run.out.contains("--json"),
            "{args:?}: {}",
            run.out
        );
        assert_eq!(run.err, "", "{args:?}");
    }
    assert!(!home.path().exists(), "asking for help makes nothing");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    let home = Home::empty();
    for args in [
        &["sink"][..],
        &["read"],
        &["throw", "--slots", "9"],
        &["demo", "--nodes", "1"],
        &["sky", "--mood", "blue"],
    ] {
        let run = home.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.starts_with("error: "), "{args:?}: {}", run.err);
    }
    let run = home.run(&["--json", "sink"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    let problem: serde_json::Value = serde_json::from_str(&run.err).expect("a problem in JSON");
    assert_eq!(problem["reply"], "problem");
    assert_eq!(problem["value"]["kind"], "input");
}

#[test]
fn completions_exist_for_the_usual_shells() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = home.run(&["completions", shell]).ok();
        assert!(run.out.contains("throw-back"), "{shell}");
    }
}

#[test]
fn the_readme_lists_every_command() {
    let readme = repository_file("README.md").expect("README.md is there");
    let (_, section) = readme
        .split_once("\n## Commands\n")
        .expect("a section `## Commands`");
    let section = section.split("\n## ").next().unwrap_or_default();
    let table = Home::empty().run(&["commands-table"]).ok().out;
    for row in table.lines() {
        assert!(
            section.contains(row),
            "README.md lacks this row; `meteorite commands-table` prints them all:\n{row}"
        );
    }
    let extra = section
        .lines()
        .filter(|line| line.starts_with("| `meteorite ") && !table.contains(line));
    assert_eq!(
        extra.collect::<Vec<_>>(),
        Vec::<&str>::new(),
        "rows in README.md that no command has"
    );
}
