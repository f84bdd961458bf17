//! The held-out behaviour that goes into the model file, for judging pools.

use std::collections::BTreeMap;

use super::held_out::HeldOut;
use super::rows::Rows;
use crate::mix::prevalence::{self, Domain, Evidence, anchored_place};
use crate::score::classifier::{BINS, KEPT_RATE, Reference, Side, WORST, bin};

/// Rows of a domain below which its rate of some per cent is too rough to be the worst.
const LARGE: usize = 100;

/// Histogram, threshold, and how held-out logits (one a row) lie in each domain.
pub(super) fn measure(rows: &Rows<'_>, judged: &[HeldOut]) -> Reference {
    let mut histogram = [0.0; BINS];
    let mut human = Vec::new();
    let mut domains: BTreeMap<(&str, &str), Domain> = BTreeMap::new();
    for held_out in judged {
        let (row, logit) = (held_out.row, held_out.full);
        let example = rows.example(row);
        if !example.machine {
            human.push((logit, rows.weight(row)));
            histogram[bin(logit)] += rows.weight(row);
        }
        let domain = domains.entry((&example.domain, &example.lang)).or_default();
        domain[usize::from(example.machine)].push(logit);
    }
    normalise(&mut histogram);
    let domains: Vec<Domain> = domains.into_values().collect();
    let evidence = Evidence::of(&domains);
    let large: Vec<&Vec<f64>> = domains
        .iter()
        .map(|[human, _]| human)
        .filter(|logits| logits.len() >= LARGE)
        .collect();
    let overall = share_threshold(human, KEPT_RATE);
    Reference {
        histogram,
        worst: worst(&large),
        threshold: worst_threshold(&large).map_or(overall, |worst| overall.max(worst)),
        anchored: anchored_place(&domains).unwrap_or(Reference::default().anchored),
        misfit: evidence.misfit,
        human: kept(evidence.human),
        machine: kept(evidence.machine),
    }
}

fn normalise(histogram: &mut [f64; BINS]) {
    let sum: f64 = histogram.iter().sum();
    if sum > 0.0 {
        histogram.iter_mut().for_each(|share| *share /= sum);
    }
}

/// The lowest logit that at most `share` of the weight of (logit, weight) reaches.
fn share_threshold(mut human: Vec<(f64, f64)>, share: f64) -> f64 {
    human.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total: f64 = human.iter().map(|(_, weight)| weight).sum();
    let mut above = 0.0;
    let mut threshold = human.first().map_or(0.0, |first| first.0);
    for (logit, weight) in human {
        above += weight;
        if above > share * total {
            break;
        }
        threshold = logit;
    }
    threshold
}

/// The largest share, over domains, of documents in each bin or above.
fn worst(domains: &[&Vec<f64>]) -> [f64; BINS] {
    let mut worst = [0.0f64; BINS];
    for logits in domains {
        let mut counts = [0usize; BINS];
        logits.iter().for_each(|&logit| counts[bin(logit)] += 1);
        let mut above = 0;
        for (share, count) in worst.iter_mut().zip(counts).rev() {
            above += count;
            *share = share.max(above as f64 / logits.len() as f64);
        }
    }
    worst
}

/// The lowest logit that at most [`WORST`] times [`KEPT_RATE`] of any domain's documents reach.
fn worst_threshold(domains: &[&Vec<f64>]) -> Option<f64> {
    let of_domain = |logits: &&Vec<f64>| {
        let even: Vec<(f64, f64)> = logits.iter().map(|&logit| (logit, 1.0)).collect();
        share_threshold(even, WORST * KEPT_RATE)
    };
    domains.iter().map(of_domain).reduce(f64::max)
}

fn kept(side: prevalence::Side) -> Side {
    Side {
        mean: side.mean,
        log_sd: side.log_sd,
        shape: side.shape,
    }
}
