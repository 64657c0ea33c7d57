//! `cargo xtask notices`: writes `THIRD-PARTY-NOTICES.txt`, which ships with the programs.
//!
//! It lists every third-party crate that is linked into a shipped program on any platform, with its licence, and every
//! licence and notice file that comes with them, each text once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::step;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Only compares the file with what it should be.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The packages whose programs ship.
const SHIPPED: [&str; 2] = ["meteorite-cli", "meteorite-bootstrap"];
const FILE: &str = "THIRD-PARTY-NOTICES.txt";
/// Beginnings of names of files that must travel with a program.
const NOTICES: [&str; 5] = ["license", "licence", "copying", "notice", "copyright"];

/// Writes or checks the file.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(step::workspace_root().join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cargo metadata")?;
    let packages = linked(&metadata)?;
    let text = notices(&packages)?;
    let path = step::workspace_root().join(FILE);
    if arguments.check {
        let found = fs::read_to_string(&path).unwrap_or_default();
        if found != text {
            bail!("{FILE} is not what the dependencies ask for: run `cargo xtask notices`");
        }
        println!("==> notices: {} crates, up to date", packages.len());
        return Ok(());
    }
    fs::write(&path, &text).with_context(|| format!("{FILE} cannot be written"))?;
    println!(
        "==> notices: {} crates, {} KiB in {FILE}",
        packages.len(),
        text.len() >> 10
    );
    Ok(())
}

/// Third-party packages that are reached from a shipped one without passing through development dependencies.
fn linked(metadata: &Metadata) -> anyhow::Result<Vec<&Package>> {
    let resolve = metadata.resolve.as_ref().context("no resolved graph")?;
    let edges: BTreeMap<&PackageId, Vec<&PackageId>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let used = node.deps.iter().filter(|dep| {
                dep.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, used.map(|dep| &dep.pkg).collect())
        })
        .collect();
    let mut waiting: Vec<&PackageId> = metadata
        .packages
        .iter()
        .filter(|package| SHIPPED.contains(&package.name.as_str()))
        .map(|package| &package.id)
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(edges.get(id).into_iter().flatten());
        }
    }
    let mut packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some() && reached.contains(&package.id))
        .collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(packages)
}

fn notices(packages: &[&Package]) -> anyhow::Result<String> {
    let mut text = String::from(
        "Third-party software in MeteoriteDriftBottle\n\
         ============================================\n\n\
         Written by `cargo xtask notices`. First the crates with their licences, then the texts that come with them.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or("see its licence file");
        writeln!(text, "{name}: {licence}")?;
        let folder = package.manifest_path.parent().context("a package in no folder")?;
        for found in files(folder.as_std_path())? {
            texts.entry(found).or_default().push(name.clone());
        }
    }
    for (found, mut names) in texts {
        names.dedup();
        write!(text, "\n\n{}\n{}\n\n{found}\n", "-".repeat(80), names.join(", "))?;
    }
    Ok(text)
}

/// The texts of a package's notice files, without trailing spaces, so that equal texts are found equal.
fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if NOTICES.iter().any(|start| name.starts_with(start)) && entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            found.push(lines.join("\n").trim().to_owned());
        }
    }
    found.sort();
    Ok(found)
}
