//! Tidiness of the SQL: every statement has a name, every table is strict.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_statement_has_a_name_and_no_two_share_one() {
    let mut names = BTreeSet::new();
    for path in files(&here().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for keyword in [
            "SELECT ",
            "INSERT ",
            "UPDATE ",
            "DELETE ",
            "PRAGMA ",
            "VACUUM ",
            "WITH RECURSIVE",
        ] {
            for literal in text
                .split('"')
                .skip(1)
                .step_by(2)
                .filter(|literal| literal.trim_start().starts_with(keyword))
            {
                let built = path.ends_with("sky/page.rs") && keyword == "SELECT ";
                assert!(built, "{}: a statement without a name: {literal}", path.display());
            }
        }
        for name in text
            .match_indices("\"-- ")
            .filter_map(|(at, _)| text[at + 4..].split(['\n', '\\']).next())
        {
            assert!(
                names.insert(name.to_owned()),
                "{}: {name} is used twice",
                path.display()
            );
        }
    }
    assert!(names.len() > 80, "the search finds statements: {}", names.len());
}

#[test]
fn every_table_is_strict_and_every_column_is_not_null() {
    for path in files(&here().join("migrations"), "sql") {
        let text = fs::read_to_string(&path).unwrap();
        for table in text.split("CREATE TABLE ").skip(1) {
            let (columns, tail) = table.split_once("\n)").unwrap();
            assert!(
                tail.starts_with(" STRICT"),
                "{}: {}",
                path.display(),
                &columns[..20]
            );
            for line in columns.lines().skip(1).map(str::trim) {
                let is_column = line.starts_with(|c: char| c.is_ascii_lowercase());
                let is_row_id = line.starts_with("id ") && line.contains("INTEGER PRIMARY KEY");
                assert!(
                    !is_column || is_row_id || line.contains("NOT NULL"),
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

fn here() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .expect("cargo says where the crate is")
        .into()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found
}
