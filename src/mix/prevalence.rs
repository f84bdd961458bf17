//! How much of a pool machines wrote: a share with an interval, from the histogram of its logits.
//!
//! Counting flags is off by tens of points, since rates of error differ several-fold between
//! domains. The *point* is the maximum-likelihood share of a mixture of two reference histograms.
//! The *interval* takes only what is known of those rates, their ranges over domains, and asks
//! which shares are possible at all (partial identification: Manski, Partial Identification of
//! Probability Distributions, 2003; the correction of flag rates is Rogan and Gladen's,
//! Am. J. Epidemiol. 107, 1978).

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Weight of a flat histogram in every reference, so that no bin is impossible.
const FLAT: f64 = 1e-4;
/// Documents that a global histogram counts for beside local ones.
const GLOBAL_DOCUMENTS: f64 = 10.0;
/// Two-sided 95% point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// What is known of error rates at one threshold: ranges of the share of documents at or above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// First bin at or above the threshold.
    pub from_bin: usize,
    /// Low and high false-positive rate, of human documents.
    pub human: (f64, f64),
    /// Low and high true-positive rate, of machine documents.
    pub machine: (f64, f64),
}

/// What human and machine documents look like to the classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Share of human documents in each bin of the logit.
    pub human: Vec<f64>,
    /// The same of machine documents, bin by bin.
    pub machine: Vec<f64>,
    /// Rates of error at some thresholds.
    pub rates: Vec<Rates>,
    /// Whether the human side comes from known-human documents of the same source.
    pub anchored: bool,
}

impl Evidence {
    /// The same with the human side taken from known-human documents of the pool's own source,
    /// given as counts in bins. Without any it stays as it is.
    pub fn anchor(&self, human: &[u64]) -> Evidence {
        let count: u64 = human.iter().sum();
        if count == 0 || human.len() != self.human.len() {
            return self.clone();
        }
        let total = count as f64 + GLOBAL_DOCUMENTS;
        let mixed = human.iter().zip(&self.human);
        Evidence {
            human: mixed
                .map(|(&local, global)| (local as f64 + GLOBAL_DOCUMENTS * global) / total)
                .collect(),
            machine: self.machine.clone(),
            rates: self
                .rates
                .iter()
                .map(|rates| Rates {
                    human: wilson(above(human, rates.from_bin), count),
                    ..*rates
                })
                .collect(),
            anchored: true,
        }
    }
}

/// How an estimate was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Mixture of global references; bounds from global ranges.
    #[serde(rename = "mixture_global")]
    Global,
    /// The human side from known-human documents of the same source.
    #[serde(rename = "mixture_anchored")]
    Anchored,
    /// The bounds at different thresholds contradict each other: the pool is unlike any reference,
    /// and the interval spans them all.
    #[serde(rename = "mixture_contradictory")]
    Contradictory,
}

impl Method {
    /// The public name, as in reports.
    pub fn name(self) -> &'static str {
        match self {
            Method::Global => "mixture_global",
            Method::Anchored => "mixture_anchored",
            Method::Contradictory => "mixture_contradictory",
        }
    }
}

/// A share of machine documents in [0, 1], with bounds around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The likeliest share.
    pub share: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// How it was made.
    pub method: Method,
}

/// The share of machine documents in a pool, given as counts of logits in bins.
///
/// `None` where the pool is empty, or has other bins than the evidence.
pub fn prevalence(pool: &[u64], evidence: &Evidence) -> Option<Estimate> {
    let count: u64 = pool.iter().sum();
    let bins = pool.len();
    if count == 0 || evidence.human.len() != bins || evidence.machine.len() != bins {
        return None;
    }
    let share = likeliest_share(pool, &evidence.human, &evidence.machine);
    let bounds: Vec<(f64, f64)> = evidence
        .rates
        .iter()
        .map(|rates| possible(wilson(above(pool, rates.from_bin), count), rates))
        .collect();
    let highest_low = bounds.iter().fold(0.0f64, |m, b| m.max(b.0));
    let lowest_high = bounds.iter().fold(1.0f64, |m, b| m.min(b.1));
    let (low, high, method) = if highest_low > lowest_high {
        let low = bounds.iter().fold(1.0f64, |m, b| m.min(b.0));
        let high = bounds.iter().fold(0.0f64, |m, b| m.max(b.1));
        (low, high, Method::Contradictory)
    } else if evidence.anchored {
        (highest_low, lowest_high, Method::Anchored)
    } else {
        (highest_low, lowest_high, Method::Global)
    };
    Some(Estimate {
        share,
        low: low.min(share),
        high: high.max(share),
        method,
    })
}

/// Wilson's 95% interval of a rate (J. Am. Stat. Assoc. 22, 1927): `hits` of `count`.
pub fn wilson(hits: u64, count: u64) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    let n = count as f64;
    let rate = hits as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (rate + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * libm::sqrt(rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n));
    // Rounding must not push the bound of 0 of n, or n of n, past the rate itself.
    (
        (centre - half).clamp(0.0, rate),
        (centre + half).clamp(rate, 1.0),
    )
}

/// Documents in bins from `from` on.
fn above(counts: &[u64], from: usize) -> u64 {
    counts.iter().skip(from).sum()
}

/// The shares that a rate of flags allows under any error rates in their ranges.
fn possible(flagged: (f64, f64), rates: &Rates) -> (f64, f64) {
    let share = |flagged: f64, human: f64, machine: f64, unknown: f64| {
        if machine > human {
            ((flagged - human) / (machine - human)).clamp(0.0, 1.0)
        } else {
            unknown
        }
    };
    let low = share(flagged.0, rates.human.1, rates.machine.1, 0.0);
    let high = share(flagged.1, rates.human.0, rates.machine.0, 1.0);
    (low.min(high), high)
}

/// The share at which a mixture of the two histograms makes the pool likeliest.
///
/// The likelihood is concave in the share, so its slope is bisected: the fixed point that
/// expectation-maximisation creeps to.
fn likeliest_share(pool: &[u64], human: &[f64], machine: &[f64]) -> f64 {
    let flat = FLAT / pool.len() as f64;
    let smooth = |shares: &[f64]| -> Vec<f64> {
        let sum: f64 = shares.iter().sum();
        let sum = if sum > 0.0 { sum } else { 1.0 };
        shares
            .iter()
            .map(|share| (1.0 - FLAT) * share / sum + flat)
            .collect()
    };
    let (human, machine) = (smooth(human), smooth(machine));
    let slope = |share: f64| -> f64 {
        (0..pool.len())
            .map(|bin| {
                let difference = machine[bin] - human[bin];
                pool[bin] as f64 * difference / (human[bin] + share * difference)
            })
            .sum()
    };
    let (mut low, mut high) = (0.0, 1.0);
    if slope(low) <= 0.0 {
        return low;
    }
    if slope(high) >= 0.0 {
        return high;
    }
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}
