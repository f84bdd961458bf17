//! The held-out behaviour that goes into the model file, for judging pools.

use std::collections::BTreeMap;

use super::held_out::HeldOut;
use super::platt::Platt;
use super::rows::Rows;
use crate::mix::LogitCounts;
use crate::mix::prevalence::{self, Evidence, mean_sd, misfit, shape_of};
use crate::score::classifier::{BINS, KEPT_RATE, Reference, Side, WORST, bin};

/// Rows of a domain below which its mean and spread are too rough to tell anything.
const MIN_ROWS: usize = 50;
/// Rows of a domain below which its rate of some per cent is too rough to be the worst.
const LARGE: usize = 100;
/// Share of domains that a pool's misfit must go beyond to be called unlike them all.
const UNLIKE: f64 = 0.05;
/// Variation over domains is never taken to be less, however few there are: of means, and of the
/// logarithm of standard deviations.
const LEAST_VARIATION: (f64, f64) = (0.3, 0.1);

/// Logits of one domain, human and machine.
type Domain = [Vec<f64>; 2];

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
    let (humans, machines) = (side(&domains, 0), side(&domains, 1));
    let large: Vec<&Vec<f64>> = humans
        .iter()
        .filter(|logits| logits.len() >= LARGE)
        .collect();
    let overall = share_threshold(human, KEPT_RATE);
    Reference {
        histogram,
        worst: worst(&large),
        threshold: worst_threshold(&large).map_or(overall, |worst| overall.max(worst)),
        anchored: anchored(&domains),
        misfit: usual_misfit(&humans, &machines),
        human: kept(side_of(&humans)),
        machine: kept(side_of(&machines)),
    }
}

/// The logits of one label in each domain with enough of them; in every domain, where none has enough.
fn side(domains: &[Domain], label: usize) -> Vec<Vec<f64>> {
    let at_least = |rows: usize| -> Vec<Vec<f64>> {
        let of = domains.iter().map(|domain| &domain[label]);
        of.filter(|logits| logits.len() >= rows).cloned().collect()
    };
    match at_least(MIN_ROWS) {
        enough if enough.is_empty() => at_least(2),
        enough => enough,
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

/// How place, spread and shape vary over domains.
fn side_of(domains: &[Vec<f64>]) -> prevalence::Side {
    let moments: Vec<(f64, f64)> = domains.iter().map(|logits| mean_sd(logits)).collect();
    let means: Vec<f64> = moments.iter().map(|(mean, _)| *mean).collect();
    let spreads: Vec<f64> = moments
        .iter()
        .map(|(_, sd)| libm::log(sd.max(1e-3)))
        .collect();
    let (mean, log_sd) = (mean_sd(&means), mean_sd(&spreads));
    prevalence::Side {
        mean: (mean.0, mean.1.max(LEAST_VARIATION.0)),
        log_sd: (log_sd.0, log_sd.1.max(LEAST_VARIATION.1)),
        shape: shape_of(domains),
    }
}

fn kept(side: prevalence::Side) -> Side {
    Side {
        mean: side.mean,
        log_sd: side.log_sd,
        shape: side.shape,
    }
}

/// The misfit that all but [`UNLIKE`] of the domains stay below, each beside the others alone.
fn usual_misfit(humans: &[Vec<f64>], machines: &[Vec<f64>]) -> f64 {
    let whole = Evidence {
        human: side_of(humans),
        machine: side_of(machines),
        misfit: 0.0,
    };
    let mut found = Vec::new();
    for (sides, is_machine) in [(humans, false), (machines, true)] {
        for (place, logits) in sides.iter().enumerate() {
            let mut others = sides.to_vec();
            others.remove(place);
            let mut evidence = whole.clone();
            match is_machine {
                false => evidence.human = side_of(&others),
                true => evidence.machine = side_of(&others),
            }
            let mut pool = LogitCounts::default();
            logits.iter().for_each(|logit| pool.add(*logit));
            found.push(misfit(&pool, &evidence));
        }
    }
    found.sort_by(f64::total_cmp);
    let place = (found.len() as f64 * (1.0 - UNLIKE)) as usize;
    let quantile = found.get(place.min(found.len().saturating_sub(1)));
    quantile.copied().unwrap_or_default().max(1e-3)
}

/// Where human logits belong, as mean and standard deviation, for an anchored logit to be
/// calibrated: intercept and slope of the logistic regression of the label on logits in standard
/// deviations of their domain's human text, over domains with both labels, each counting the same.
fn anchored(domains: &[Domain]) -> (f64, f64) {
    let mut points = Vec::new();
    for [human, machine] in domains {
        let (mean, sd) = mean_sd(human);
        if human.len() < MIN_ROWS || machine.len() < MIN_ROWS || sd <= 0.0 {
            continue;
        }
        for (logits, label) in [(human, false), (machine, true)] {
            let weight = 1.0 / logits.len() as f64;
            points.extend(logits.iter().map(|l| ((l - mean) / sd, label, weight)));
        }
    }
    if points.is_empty() {
        return Reference::default().anchored;
    }
    let Platt { shift, scale } = Platt::fit(points.iter().copied());
    (shift, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalise::mix;

    /// Uniform draws in (0, 1) that depend on the seed only.
    fn uniform(state: &mut u64) -> f64 {
        *state += 1;
        ((mix(*state) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    #[test]
    fn a_domain_unlike_all_others_is_beyond_the_usual_misfit() {
        let mut state = 9;
        let mut bell = |mean: f64| -> Vec<f64> {
            let draw = |state: &mut u64| (0..12).map(|_| uniform(state)).sum::<f64>() - 6.0;
            (0..300).map(|_| mean + 1.5 * draw(&mut state)).collect()
        };
        let humans: Vec<Vec<f64>> = (0..12).map(|i| bell(-3.0 + 0.2 * f64::from(i))).collect();
        let machines: Vec<Vec<f64>> = (0..12).map(|i| bell(2.0 + 0.2 * f64::from(i))).collect();
        let usual = usual_misfit(&humans, &machines);
        let evidence = Evidence {
            human: side_of(&humans),
            machine: side_of(&machines),
            misfit: usual,
        };
        let misfit_of = |logits: &[f64]| {
            let mut pool = LogitCounts::default();
            logits.iter().for_each(|logit| pool.add(*logit));
            misfit(&pool, &evidence)
        };
        let mixed = [humans[3].clone(), machines[5].clone()].concat();
        assert!(
            misfit_of(&mixed) <= usual * 2.0,
            "{} {usual}",
            misfit_of(&mixed)
        );
        let three_peaks = [vec![-6.0; 200], vec![0.1; 200], vec![6.0; 200]].concat();
        assert!(misfit_of(&three_peaks) > usual * 3.0);
    }
}
