//! What the domains of a training say of domains that nobody has seen.

use super::super::LogitCounts;
use super::super::Platt;
use super::family::{Side, mean_sd, shape_of};
use super::{Evidence, misfit};

/// Rows of a domain below which its mean and spread are too rough to tell anything.
const MIN_ROWS: usize = 50;
/// Share of domains that a pool's misfit must go beyond to be called unlike them all.
const UNLIKE: f64 = 0.05;
/// Variation over domains is never taken to be less, however few there are: of means, and of the
/// logarithm of standard deviations.
const LEAST_VARIATION: (f64, f64) = (0.3, 0.1);

/// Logits of one domain, given by a model that had not seen it: of human and of machine documents.
pub type Domain = [Vec<f64>; 2];

impl Evidence {
    /// How place, spread and shape vary over domains, and how badly single ones fit the others.
    pub fn of(domains: &[Domain]) -> Evidence {
        let (humans, machines) = (side(domains, 0), side(domains, 1));
        Evidence {
            human: Side::of(&humans),
            machine: Side::of(&machines),
            misfit: usual_misfit(&humans, &machines),
        }
    }
}

impl Side {
    /// How place, spread and shape vary over domains, each given as its logits.
    pub fn of(domains: &[Vec<f64>]) -> Side {
        let moments: Vec<(f64, f64)> = domains.iter().map(|logits| mean_sd(logits)).collect();
        let means: Vec<f64> = moments.iter().map(|(mean, _)| *mean).collect();
        let spreads: Vec<f64> = moments
            .iter()
            .map(|(_, sd)| libm::log(sd.max(1e-3)))
            .collect();
        let (mean, log_sd) = (mean_sd(&means), mean_sd(&spreads));
        Side {
            mean: (mean.0, mean.1.max(LEAST_VARIATION.0)),
            log_sd: (log_sd.0, log_sd.1.max(LEAST_VARIATION.1)),
            shape: shape_of(domains),
        }
    }
}

/// Where human logits belong, as mean and standard deviation, for an anchored logit to be
/// calibrated: intercept and slope of the logistic regression of the label on logits in standard
/// deviations of their domain's human text, over domains with both labels, each counting the same.
/// `None` where no domain has enough of both.
pub fn anchored_place(domains: &[Domain]) -> Option<(f64, f64)> {
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
    (!points.is_empty()).then(|| {
        let Platt { shift, scale } = Platt::fit(points.iter().copied());
        (shift, scale)
    })
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

/// The misfit that all but [`UNLIKE`] of the domains stay below, each beside the others alone.
fn usual_misfit(humans: &[Vec<f64>], machines: &[Vec<f64>]) -> f64 {
    let whole = Evidence {
        human: Side::of(humans),
        machine: Side::of(machines),
        misfit: 0.0,
    };
    let mut found = Vec::new();
    for (sides, is_machine) in [(humans, false), (machines, true)] {
        for (place, logits) in sides.iter().enumerate() {
            let mut others = sides.to_vec();
            others.remove(place);
            let mut evidence = whole.clone();
            match is_machine {
                false => evidence.human = Side::of(&others),
                true => evidence.machine = Side::of(&others),
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
            human: Side::of(&humans),
            machine: Side::of(&machines),
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
