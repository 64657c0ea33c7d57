//! Figures: means with confidence intervals, bars, and how they are printed.

use serde::Serialize;

/// A mean over seeds with half of its 95 % confidence interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Mean {
    pub(crate) value: f64,
    /// Half the interval; none of a single seed.
    pub(crate) half: Option<f64>,
}

impl Mean {
    /// Of values of independent seeds, by Student's distribution.
    pub(crate) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let value = values.iter().sum::<f64>() / count.max(1.0);
        let variance = values.iter().map(|each| (each - value).powi(2)).sum::<f64>() / (count - 1.0);
        let half = (values.len() > 1).then(|| student(values.len() - 1) * (variance / count).sqrt());
        Self { value, half }
    }

    /// "0.912 ±0.004".
    pub(crate) fn text(self) -> String {
        let half = self.half.map_or(String::new(), |half| format!(" ±{half:.3}"));
        format!("{:.3}{half}", self.value)
    }
}

/// One line of the exam: what, of whom, where.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) section: &'static str,
    pub(crate) place: String,
    pub(crate) who: String,
    pub(crate) what: String,
    #[serde(flatten)]
    pub(crate) mean: Mean,
    /// What it must reach, and whether it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bar: Option<Bar>,
}

/// What a figure must reach.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bar {
    /// Least if true, most if false.
    pub(crate) least: bool,
    pub(crate) bound: f64,
    pub(crate) met: bool,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Notes a figure.
    pub(crate) fn note(&mut self, section: &'static str, [place, who, what]: [&str; 3], mean: Mean) {
        self.figures.push(Figure {
            section,
            place: place.to_owned(),
            who: who.to_owned(),
            what: what.to_owned(),
            mean,
            bar: None,
        });
    }

    /// Notes a figure that must be at least, or at most, a bound.
    pub(crate) fn judge(
        &mut self,
        section: &'static str,
        names: [&str; 3],
        (mean, least, bound): (Mean, bool, f64),
    ) {
        let met = if least {
            mean.value >= bound
        } else {
            mean.value <= bound
        };
        self.note(section, names, mean);
        if let Some(last) = self.figures.last_mut() {
            last.bar = Some(Bar { least, bound, met });
        }
    }

    /// Tables for people: one for each section and place, one row for each contender.
    pub(crate) fn print(&self) {
        let mut places: Vec<(&str, &str)> = Vec::new();
        for figure in &self.figures {
            let key = (figure.section, figure.place.as_str());
            if !places.contains(&key) {
                places.push(key);
            }
        }
        for (section, place) in places {
            println!("\n{section}: {place}");
            let here = self
                .figures
                .iter()
                .filter(|figure| figure.section == section && figure.place == place);
            self.print_place(&here.collect::<Vec<_>>());
        }
        let judged = self.figures.iter().filter_map(|figure| figure.bar);
        let missed = judged.clone().filter(|bar| !bar.met).count();
        println!("\n{} bars, {missed} missed", judged.count());
    }

    fn print_place(&self, here: &[&Figure]) {
        let mut who: Vec<&str> = Vec::new();
        for figure in here {
            if !who.contains(&figure.who.as_str()) {
                who.push(&figure.who);
            }
        }
        for name in who {
            let cells = here.iter().filter(|figure| figure.who == name).map(|figure| {
                let bar = figure.bar.map_or(String::new(), |bar| {
                    let sign = if bar.least { "≥" } else { "≤" };
                    format!(
                        " ({sign} {} {})",
                        bar.bound,
                        if bar.met { "met" } else { "MISSED" }
                    )
                });
                format!("{} {}{bar}", figure.what, figure.mean.text())
            });
            println!("  {name:<26} {}", cells.collect::<Vec<_>>().join("  "));
        }
    }

    /// One JSON object a line.
    pub(crate) fn print_json(&self) {
        for figure in &self.figures {
            if let Ok(line) = serde_json::to_string(figure) {
                println!("{line}");
            }
        }
    }
}

/// The 97.5 % quantile of Student's distribution.
fn student(freedom: usize) -> f64 {
    const QUANTILES: [f64; 20] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ];
    QUANTILES.get(freedom.saturating_sub(1)).copied().unwrap_or(1.96)
}
