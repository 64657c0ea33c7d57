//! Dependencies point one way, and the pure crates stay pure.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::sources::{all, report, root};

/// What each of our crates may use of the others. A crate that is missing here fails the test.
const ALLOWED: &[(&str, &[&str])] = &[
    ("meteorite-crypto", &[]),
    ("meteorite-protocol", &["meteorite-crypto"]),
    ("meteorite-ml", &["meteorite-crypto", "meteorite-protocol"]),
    ("meteorite-net", &["meteorite-crypto", "meteorite-protocol"]),
    ("meteorite-store", &["meteorite-crypto", "meteorite-protocol"]),
    (
        "meteorite-shell",
        &[
            "meteorite-crypto",
            "meteorite-protocol",
            "meteorite-net",
            "meteorite-store",
        ],
    ),
    (
        "meteorite-node",
        &[
            "meteorite-crypto",
            "meteorite-ml",
            "meteorite-protocol",
            "meteorite-net",
            "meteorite-shell",
            "meteorite-store",
        ],
    ),
    (
        "meteorite-bootstrap",
        &[
            "meteorite-crypto",
            "meteorite-protocol",
            "meteorite-net",
            "meteorite-store",
        ],
    ),
    (
        "meteorite-cli",
        &[
            "meteorite-crypto",
            "meteorite-ml",
            "meteorite-protocol",
            "meteorite-node",
            "meteorite-bootstrap",
        ],
    ),
    (
        "meteorite-tests",
        &[
            "meteorite-crypto",
            "meteorite-protocol",
            "meteorite-net",
            "meteorite-store",
            "meteorite-node",
            "meteorite-bootstrap",
        ],
    ),
    ("xtask", &[]),
];

const PURE: &[&str] = &["crypto", "protocol"];

/// Whole families that have no business in a pure crate, however they come in.
const IMPURE: &[&str] = &[
    "tokio",
    "libp2p",
    "libp2p-core",
    "iroh",
    "sqlx",
    "sqlx-core",
    "egui",
    "candle-core",
    "async-std",
    "mio",
];

#[test]
fn our_crates_depend_in_one_direction() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let ours: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut offences = Vec::new();
    for package in &metadata.packages {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            offences.push(format!("{}: has no row in ALLOWED", package.name));
            continue;
        };
        let used = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal);
        for dependency in used.filter(|dependency| ours.contains(&dependency.name)) {
            if !allowed.contains(&dependency.name.as_str()) {
                offences.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    report(&offences);
}

#[test]
fn pure_crates_reach_no_runtime() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .exec()
        .expect("cargo metadata");
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let edges: BTreeMap<_, Vec<_>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let normal = node.deps.iter().filter(|dep| {
                dep.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, normal.map(|dep| &dep.pkg).collect())
        })
        .collect();
    let name_of: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.to_string()))
        .collect();
    let mut offences = Vec::new();
    for pure in PURE {
        let start = metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == format!("meteorite-{pure}"));
        let mut open = vec![&start.expect("a pure crate").id];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(edges[id].iter().copied());
            }
        }
        let found = seen.iter().filter(|id| IMPURE.contains(&name_of[*id].as_str()));
        offences.extend(found.map(|id| format!("meteorite-{pure} reaches {}", name_of[*id])));
    }
    report(&offences);
}

#[test]
fn one_libp2p() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .exec()
        .expect("cargo metadata");
    for name in ["libp2p", "libp2p-swarm", "libp2p-gossipsub", "libsqlite3-sys"] {
        let versions: Vec<_> = metadata
            .packages
            .iter()
            .filter(|package| package.name.as_str() == name)
            .map(|package| &package.version)
            .collect();
        assert!(
            versions.len() <= 1,
            "{name} is in the tree {} times: {versions:?}",
            versions.len()
        );
    }
}

#[test]
fn versions_are_pinned_in_one_place() {
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| {
            source.path.ends_with("Cargo.toml")
                && source.path.contains('/')
                && !source.path.starts_with("tests/fuzz/")
        })
        .flat_map(|source| {
            let lines = source.text.lines().enumerate();
            lines
                .filter(|(_, line)| {
                    line.contains("version = \"") || (line.contains(" = \"") && line.contains(" = \"^"))
                })
                .map(|(at, _)| source.offence(at + 1, "versions stand in the root Cargo.toml only"))
                .collect::<Vec<_>>()
        })
        .collect();
    report(&offences);
}

#[test]
fn pure_crates_read_no_clock_and_no_global_randomness() {
    let banned = [
        "SystemTime::now",
        "Instant::now",
        "rand::rng()",
        "thread_rng",
        "OsRng",
        "SysRng",
        "getrandom::",
        "HashMap",
        "HashSet",
        "std::fs",
        "std::net",
        "std::env",
    ];
    let offences: Vec<String> = all()
        .iter()
        .filter(|source| {
            source.is_rust()
                && PURE
                    .iter()
                    .any(|pure| source.path.starts_with(&format!("{pure}/src/")))
        })
        .flat_map(|source| {
            let lines = source
                .text
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//"));
            lines
                .filter_map(|(at, line)| {
                    let word = banned.iter().find(|word| line.contains(**word))?;
                    Some(source.offence(
                        at + 1,
                        &format!("`{word}` in a pure crate: it comes in as an argument"),
                    ))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    report(&offences);
}
