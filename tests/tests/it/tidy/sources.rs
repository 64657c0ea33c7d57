//! Reading the checkout: every tracked text file once, with its path from the workspace root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One tracked file.
pub(crate) struct Source {
    /// From the workspace root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// `path:line: what`, the form that editors jump to.
    pub(crate) fn offence(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Test code may do what product code may not.
    pub(crate) fn is_test(&self) -> bool {
        let in_tests_folder = self
            .path
            .split('/')
            .rev()
            .skip(1)
            .any(|folder| folder == "tests" || folder == "benches");
        in_tests_folder || self.path.ends_with("/tests.rs")
    }
}

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    Path::new(&here)
        .parent()
        .expect("the tests folder has a parent")
        .to_owned()
}

/// Every text file that git tracks, or would track, sorted by path.
pub(crate) fn all() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the checkout");
    assert!(
        listed.status.success(),
        "git ls-files failed: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let mut sources: Vec<Source> = String::from_utf8(listed.stdout)
        .expect("paths are UTF-8")
        .lines()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(Source {
                path: path.to_owned(),
                text,
            })
        })
        .collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(sources.len() > 10, "the checkout looks empty");
    sources
}

/// Fails with every offence on its own line.
pub(crate) fn report(offences: &[String]) {
    assert!(
        offences.is_empty(),
        "{} offence(s):\n{}",
        offences.len(),
        offences.join("\n")
    );
}
