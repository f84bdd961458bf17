//! The held-out behaviour that goes into the model file, for judging pools.

use std::collections::BTreeMap;

use super::held_out::HeldOut;
use super::rows::Rows;
use crate::mix::prevalence::{self, Domain, Evidence, anchored_place};
use crate::score::classifier::{BINS, Reference, Side, bin};

/// What a false-positive rate of the global threshold is meant to be.
const FALSE_POSITIVES: f64 = 0.01;

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
    Reference {
        histogram,
        threshold: threshold(human),
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

fn kept(side: prevalence::Side) -> Side {
    Side {
        mean: side.mean,
        log_sd: side.log_sd,
        shape: side.shape,
    }
}
