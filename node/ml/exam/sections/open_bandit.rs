//! The estimators on the Open Bandit sample (Saito and others 2021): logs with true propensities and few clicks, so what is tested is the estimators.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use meteorite_ml::matcher::estimate::{Sample, effective, ips, snips};

use crate::figure::{Mean, Report};

/// Reads `random-*.csv` and `bts-*.csv`, as they are or gzipped, in a folder.
pub(crate) fn run(folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    for who in ["men", "women"] {
        let random = read(folder, &format!("random-{who}.csv"))?;
        let sampled = read(folder, &format!("bts-{who}.csv"))?;
        let mean = random.iter().map(|sample| sample.reward).sum::<f64>() / random.len() as f64;
        let note = |report: &mut Report, name: &str, what: &str, value: f64| {
            report.note("Open Bandit", [who, name, what], Mean { value, half: None });
        };
        note(report, "random log", "clicks a look", mean);
        let own = ips(&random).context("an empty log")?;
        let off = (own.value - mean).abs();
        report.judge(
            "Open Bandit",
            [who, "random log", "IPS of itself off"],
            (
                Mean {
                    value: off,
                    half: None,
                },
                false,
                1e-9,
            ),
        );
        // The Thompson log asked about random choice, beside what random choice really earned.
        for (name, estimate) in [("IPS", ips(&sampled)), ("SNIPS", snips(&sampled))] {
            let estimate = estimate.context("an empty log")?;
            let error = estimate.error.hypot(own.error);
            let off = (estimate.value - mean).abs() / error;
            note(report, "Thompson log about random", name, estimate.value);
            report.judge(
                "Open Bandit",
                [who, "Thompson log about random", &format!("{name}, errors off")],
                (
                    Mean {
                        value: off,
                        half: None,
                    },
                    false,
                    2.0,
                ),
            );
        }
        note(
            report,
            "Thompson log about random",
            "samples that count",
            effective(&sampled),
        );
    }
    Ok(())
}

/// Impressions as samples about choosing an item at random.
fn read(folder: &Path, name: &str) -> anyhow::Result<Vec<Sample>> {
    let plain = folder.join(name);
    let text = if plain.exists() {
        std::fs::read_to_string(&plain)?
    } else {
        let packed = folder.join(format!("{name}.gz"));
        let output = Command::new("gzip")
            .arg("-dc")
            .arg(&packed)
            .output()
            .context("gzip is needed to read the sample")?;
        ensure!(output.status.success(), "{} cannot be read", packed.display());
        String::from_utf8(output.stdout)?
    };
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().context("an empty file")?.split(',').collect();
    let column = |name: &str| {
        head.iter()
            .position(|known| *known == name)
            .with_context(|| format!("no column {name}"))
    };
    let (item, click, share) = (column("item_id")?, column("click")?, column("propensity_score")?);
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let mut items: Vec<&str> = rows.iter().filter_map(|row| row.get(item).copied()).collect();
    items.sort_unstable();
    items.dedup();
    let sample = |row: &Vec<&str>| -> anyhow::Result<Sample> {
        let number = |at: usize| -> anyhow::Result<f64> { Ok(row.get(at).context("a short row")?.parse()?) };
        Ok(Sample {
            propensity: number(share)?,
            target: 1.0 / items.len() as f64,
            reward: number(click)?,
            expected: 0.0,
            target_expected: 0.0,
        })
    };
    rows.iter().map(sample).collect()
}
