//! The held-out behaviour that goes into the model file, for judging pools.

use std::collections::BTreeMap;

use super::held_out::HeldOut;
use super::rows::Rows;
use crate::score::classifier::{BINS, Reference, THRESHOLDS, ThresholdRates, bin};

/// Rows of a domain below which its rates are too rough to bound anything.
const MIN_ROWS: usize = 50;
/// What a false-positive rate of the global threshold is meant to be.
const FALSE_POSITIVES: f64 = 0.01;

/// Histograms, threshold and rates of held-out logits, one a row.
pub(super) fn measure(rows: &Rows<'_>, judged: &[HeldOut]) -> Reference {
    let mut reference = Reference {
        human: [0.0; BINS],
        machine: [0.0; BINS],
        threshold: 0.0,
        rates: [ThresholdRates::default(); 5],
    };
    let mut human = Vec::new();
    let mut domains: BTreeMap<(bool, &str, &str), Vec<f64>> = BTreeMap::new();
    for held_out in judged {
        let (row, logit) = (held_out.row, held_out.full);
        let example = rows.example(row);
        let side = if example.machine {
            &mut reference.machine
        } else {
            human.push((logit, rows.weight(row)));
            &mut reference.human
        };
        side[bin(logit)] += rows.weight(row);
        let domain = (
            example.machine,
            example.domain.as_str(),
            example.lang.as_str(),
        );
        domains.entry(domain).or_default().push(logit);
    }
    normalise(&mut reference.human);
    normalise(&mut reference.machine);
    reference.threshold = threshold(human);
    for (rates, at) in reference.rates.iter_mut().zip(THRESHOLDS) {
        let shares = |machine: bool| {
            let mut shares: Vec<f64> = domains
                .iter()
                .filter(|((label, ..), logits)| *label == machine && logits.len() >= MIN_ROWS)
                .map(|(_, logits)| {
                    logits.iter().filter(|&&l| l >= at).count() as f64 / logits.len() as f64
                })
                .collect();
            range(&mut shares)
        };
        rates.human = shares(false);
        rates.machine = shares(true);
    }
    reference
}

fn normalise(histogram: &mut [f64; BINS]) {
    let sum: f64 = histogram.iter().sum();
    if sum > 0.0 {
        histogram.iter_mut().for_each(|share| *share /= sum);
    }
}

/// The lowest logit that at most 1% of the human weight reaches.
fn threshold(mut human: Vec<(f64, f64)>) -> f64 {
    human.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total: f64 = human.iter().map(|(_, weight)| weight).sum();
    let mut above = 0.0;
    let mut threshold = human.first().map_or(0.0, |first| first.0);
    for (logit, weight) in human {
        above += weight;
        if above > FALSE_POSITIVES * total {
            break;
        }
        threshold = logit;
    }
    threshold
}

/// The 5% and 95% quantiles, between neighbours in proportion; anything at all of no domains.
fn range(shares: &mut [f64]) -> (f64, f64) {
    shares.sort_by(f64::total_cmp);
    let Some(last) = shares.len().checked_sub(1) else {
        return (0.0, 1.0);
    };
    let quantile = |q: f64| {
        let at = q * last as f64;
        let below = shares[at as usize];
        let above = shares[(at as usize + 1).min(last)];
        below + (above - below) * (at - libm::floor(at))
    };
    (quantile(0.05), quantile(0.95))
}
