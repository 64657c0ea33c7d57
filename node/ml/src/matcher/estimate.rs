//! What another way to choose would have earned, from a log of what this one did.
//!
//! Inverse propensity scoring (Horvitz and Thompson 1952), self-normalised (Swaminathan and Joachims 2015), doubly robust (Dudík,
//! Langford and Li 2011) and switch-DR (Wang, Agarwal and Dudík 2017), which trusts the model alone where the weight is larger than a
//! threshold. Each estimate comes with its standard error.

/// One logged choice, seen by the way that is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How likely the choice was for whoever made it.
    pub propensity: f64,
    /// How likely it is for the way asked about.
    pub target: f64,
    /// What came of it.
    pub reward: f64,
    /// What the model expected of it.
    pub expected: f64,
    /// What the model expects of the way asked about, over the whole pool.
    pub target_expected: f64,
}

impl Sample {
    fn weight(&self) -> f64 {
        self.target / self.propensity.max(f64::MIN_POSITIVE)
    }
}

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean reward.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// Rewards weighted by how much likelier the choice is for the way asked about. Unbiased; its variance grows with the weights.
#[must_use]
pub fn ips(samples: &[Sample]) -> Option<Estimate> {
    mean(samples.iter().map(|sample| sample.weight() * sample.reward))
}

/// The same, divided by the mean weight: bounded and steadier, unbiased only in the limit.
#[must_use]
pub fn snips(samples: &[Sample]) -> Option<Estimate> {
    let weights = mean(samples.iter().map(Sample::weight))?.value;
    let value = ips(samples)?.value / weights;
    // The delta method's linearisation of a ratio of means.
    let linear = samples
        .iter()
        .map(|sample| sample.weight() * (sample.reward - value) / weights);
    let error = mean(linear)?.error;
    value.is_finite().then_some(Estimate { value, error })
}

/// The model's word, corrected by the weighted misses of the log. Unbiased, and steady when the model is good.
#[must_use]
pub fn dr(samples: &[Sample]) -> Option<Estimate> {
    switch_dr(samples, f64::INFINITY)
}

/// The same, without the correction where the weight is above `threshold`.
#[must_use]
pub fn switch_dr(samples: &[Sample], threshold: f64) -> Option<Estimate> {
    mean(samples.iter().map(|sample| {
        let weight = Some(sample.weight()).filter(|weight| *weight <= threshold);
        sample.target_expected + weight.unwrap_or_default() * (sample.reward - sample.expected)
    }))
}

/// How many equally weighted samples would say as much (Kish 1965).
#[must_use]
pub fn effective(samples: &[Sample]) -> f64 {
    let sum: f64 = samples.iter().map(Sample::weight).sum();
    let squares: f64 = samples.iter().map(|sample| sample.weight().powi(2)).sum();
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Mean and standard error; `None` of fewer than two.
fn mean(values: impl Iterator<Item = f64> + Clone) -> Option<Estimate> {
    let count = values.clone().count() as f64;
    if count < 2.0 {
        return None;
    }
    let value = values.clone().sum::<f64>() / count;
    let variance = values.map(|each| (each - value).powi(2)).sum::<f64>() / (count - 1.0);
    Some(Estimate {
        value,
        error: (variance / count).sqrt(),
    })
}
