//! What a choice and an update cost, and how large the state grows. Medians; they depend on the machine.

use std::time::Instant;

use meteorite_ml::matcher::{Features, Knob, Matcher};

use crate::dice::Dice;
use crate::figure::{Mean, Report};
use crate::sea::shown;
use crate::vectors;

/// Measures them.
pub(crate) fn run(seed: u64, report: &mut Report) {
    let mut dice = Dice::new(seed, 3);
    let mut matcher = Matcher::default();
    let vectors = vectors::shipped();
    let reader = meteorite_ml::matcher::Reader::default();
    let bottle = |index: usize, matcher: &Matcher| -> Features {
        matcher.features(&vectors[index].bottle(20.0, 60, 1), &reader)
    };
    for (index, vector) in vectors.iter().enumerate().take(200) {
        matcher.handle_shown(shown(index, bottle(index, &matcher), vector, index as u64));
    }
    for pool in [100, 1_000, 10_000] {
        let candidates: Vec<Features> = (0..pool)
            .map(|index| bottle(index % vectors.len(), &matcher))
            .collect();
        let choosing = median(TIMES, || {
            std::hint::black_box(matcher.choose(&candidates, Knob::default(), &mut dice.0));
        });
        let what = format!("choice among {pool}, ms");
        let mean = single(choosing * 1e3);
        let names = ["this machine", "matcher", what.as_str()];
        match pool {
            1_000 => report.judge("costs", names, (mean, false, 1.0)),
            _ => report.note("costs", names, mean),
        }
    }
    let features: Vec<Features> = (0..1_000).map(|index| bottle(index, &matcher)).collect();
    let mut at = 0;
    let update = median(5_000, || {
        at += 1;
        matcher.learn(&features[at % 1_000], f64::from(u8::from(at % 3 == 0)));
    });
    report.judge(
        "costs",
        ["this machine", "matcher", "update, µs"],
        (single(update * 1e6), false, 20.0),
    );
    let vector = median(5_000, || {
        std::hint::black_box(bottle(7, &matcher));
    });
    report.note(
        "costs",
        ["this machine", "matcher", "features of one bottle, µs"],
        single(vector * 1e6),
    );
    report.judge(
        "costs",
        ["this machine", "matcher", "full state, KiB"],
        (single(matcher.to_bytes().len() as f64 / 1024.0), false, 64.0),
    );
}

fn single(value: f64) -> Mean {
    Mean { value, half: None }
}

/// Median seconds of one call.
fn median(times: usize, mut call: impl FnMut()) -> f64 {
    let mut taken: Vec<f64> = (0..times)
        .map(|_| {
            let begin = Instant::now();
            call();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[times / 2]
}

const TIMES: usize = 101;
