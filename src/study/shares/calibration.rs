//! Calibration error of logits as they are, and shifted and scaled by human anchors of the domain.

use rayon::prelude::*;

use super::{BeforeAndAfter, LeftOut, Options};
use crate::mix::prevalence::Domain;
use crate::mix::{Anchoring, LogitCounts};
use crate::score::classifier::measure::expected_calibration_error;
use crate::study::draws::Draws;

/// Errors before and after anchoring.
pub struct Calibrated {
    /// Of all domains together, each label of each counting the same.
    pub pooled: BeforeAndAfter,
    /// Inside each domain.
    pub domains: Vec<BeforeAndAfter>,
}

/// Judgements of (logit, is machine, weight).
type Points = Vec<(f64, bool, f64)>;

/// Means over draws of anchors; anchors are not judged.
pub fn measure(domains: &[LeftOut<'_>], options: &Options) -> Calibrated {
    let draws: Vec<Vec<BeforeAndAfter>> = (0..options.draws)
        .into_par_iter()
        .map(|draw| {
            let (mut raw, mut anchored) = (Points::new(), Points::new());
            let mut errors = Vec::with_capacity(domains.len() + 1);
            for (place, domain) in domains.iter().enumerate() {
                let mut draws = Draws::new(&[place, draw]);
                let (own_raw, own_anchored) = points(domain, options.anchors, &mut draws);
                errors.push(error(&own_raw, &own_anchored));
                raw.extend(own_raw);
                anchored.extend(own_anchored);
            }
            errors.push(error(&raw, &anchored));
            errors
        })
        .collect();
    let of = |place: usize| -> Vec<BeforeAndAfter> {
        draws.iter().map(|errors| errors[place]).collect()
    };
    Calibrated {
        pooled: mean(&of(domains.len())),
        domains: (0..domains.len()).map(|place| mean(&of(place))).collect(),
    }
}

/// The error of all documents of these domains as they are, both labels at equal weight.
pub fn of_all(domains: &[&Domain]) -> f64 {
    let count = |label: usize| -> usize { domains.iter().map(|domain| domain[label].len()).sum() };
    let counts = [count(0), count(1)];
    let mut points = Points::new();
    for domain in domains {
        for (label, logits) in domain.iter().enumerate() {
            let weight = 1.0 / counts[label] as f64;
            points.extend(logits.iter().map(|logit| (*logit, label == 1, weight)));
        }
    }
    expected_calibration_error(&points)
}

/// The mean of each of the two.
pub fn mean(of: &[BeforeAndAfter]) -> BeforeAndAfter {
    let count = of.len() as f64;
    BeforeAndAfter {
        raw: of.iter().map(|errors| errors.raw).sum::<f64>() / count,
        anchored: of.iter().map(|errors| errors.anchored).sum::<f64>() / count,
    }
}

/// The documents of a domain that are no anchors, raw and anchored.
fn points(domain: &LeftOut<'_>, anchors: usize, draws: &mut Draws) -> (Points, Points) {
    let [human, machine] = domain.logits;
    let (anchors, human) = draws.split(human, anchors);
    let mut local = LogitCounts::default();
    anchors.iter().for_each(|logit| local.add(*logit));
    let local = local
        .mean()
        .expect("half of a domain is an anchor at least");
    let anchoring = Anchoring::new(&local, domain.place);
    let (mut raw, mut anchored) = (Points::new(), Points::new());
    for (logits, label) in [(&human, false), (machine, true)] {
        let weight = 1.0 / logits.len() as f64;
        raw.extend(logits.iter().map(|logit| (*logit, label, weight)));
        let moved = |logit: &f64| (anchoring.apply(*logit), label, weight);
        anchored.extend(logits.iter().map(moved));
    }
    (raw, anchored)
}

fn error(raw: &Points, anchored: &Points) -> BeforeAndAfter {
    BeforeAndAfter {
        raw: expected_calibration_error(raw),
        anchored: expected_calibration_error(anchored),
    }
}
