//! Thresholds of each source, and its share of machine text.
//!
//! Where a source has enough declared-human documents, the threshold is the split conformal one at
//! the wished false-positive rate over their logits; elsewhere it is the classifier's own, measured
//! on domains that it had not seen, and the plan says "not anchored".

use std::collections::BTreeMap;

use super::sweep::{Scored, Sum};
use crate::document::Origin;
use crate::mix::LogitCounts;
use crate::mix::SourcePlan;
use crate::mix::prevalence::{Estimate, Evidence, Rates, prevalence};
use crate::score::classifier::{BINS, FIRST_EDGE, Reference, THRESHOLDS, WIDTH, bin};
use crate::score::row::Status;
use crate::stage::error::StageError;
use crate::stage::job::Job;

/// Logits of one source: of its declared-human documents and of those that nobody declared.
#[derive(Default)]
struct Logits {
    human: LogitCounts,
    unknown: LogitCounts,
}

impl Sum for BTreeMap<usize, Logits> {
    fn merge(&mut self, other: Self) {
        for (source, more) in other {
            let logits = self.entry(source).or_default();
            logits.human.merge(&more.human);
            logits.unknown.merge(&more.unknown);
        }
    }
}

/// What is decided for each source, in the order of the configuration.
///
/// # Errors
/// As a sweep.
pub fn sources(job: &Job, scored: &Scored<'_>) -> Result<Vec<SourcePlan>, StageError> {
    let logits = scored.sweep(
        BTreeMap::new,
        |sums: &mut BTreeMap<usize, Logits>, input, row| {
            let (Status::Ok, Some(logit)) = (row.status, row.logit) else {
                return;
            };
            let logits = sums.entry(input.source).or_default();
            match row.declared_origin {
                Some(Origin::Human) => logits.human.add(logit),
                None => logits.unknown.add(logit),
                Some(_) => {}
            }
        },
    )?;
    let empty = Logits::default();
    let reference = job.models.classifier.reference();
    let evidence = evidence(reference);
    let plans = job.config.source.iter().enumerate().map(|(index, source)| {
        let logits = logits.get(&index).unwrap_or(&empty);
        let assign = &job.config.assign;
        let anchors = logits.human.total();
        let anchored = anchors >= assign.min_anchors;
        let synthetic_at = if anchored {
            logits.human.conformal_threshold(assign.fpr)
        } else {
            global_threshold(reference, assign.fpr)
        };
        SourcePlan {
            source: source.name.clone(),
            key_from_id: source.key_from_id,
            synthetic_at,
            human_below: log_odds(assign.human_below).min(synthetic_at),
            anchored,
            anchors,
            prevalence: estimate(logits, &evidence, anchored),
        }
    });
    Ok(plans.collect())
}

fn estimate(logits: &Logits, evidence: &Evidence, anchored: bool) -> Option<Estimate> {
    let pool = in_bins(&logits.unknown);
    if anchored {
        prevalence(&pool, &evidence.anchor(&in_bins(&logits.human)))
    } else {
        prevalence(&pool, evidence)
    }
}

fn in_bins(logits: &LogitCounts) -> Vec<u64> {
    let mut bins = vec![0; BINS];
    for (logit, count) in logits.bins() {
        bins[bin(logit)] += count;
    }
    bins
}

fn evidence(reference: &Reference) -> Evidence {
    let rates = THRESHOLDS.iter().zip(&reference.rates);
    Evidence {
        human: reference.human.to_vec(),
        machine: reference.machine.to_vec(),
        rates: rates
            .map(|(threshold, rates)| Rates {
                from_bin: bin(*threshold),
                human: rates.human,
                machine: rates.machine,
            })
            .collect(),
        anchored: false,
    }
}

/// The logit that a share `fpr` of human documents of unseen domains reach: the model's own figure
/// for 1%, else the edge of a bin of its histogram.
fn global_threshold(reference: &Reference, fpr: f64) -> f64 {
    if (fpr - 0.01).abs() < 1e-9 {
        return reference.threshold;
    }
    let mut above = 0.0;
    for (index, share) in reference.human.iter().enumerate().rev() {
        above += share;
        if above > fpr {
            return FIRST_EDGE + index as f64 * WIDTH;
        }
    }
    FIRST_EDGE
}

/// The log odds of a probability, within what a logit can be.
fn log_odds(p: f64) -> f64 {
    let most = 64.0;
    if p <= 0.0 {
        -most
    } else if p >= 1.0 {
        most
    } else {
        libm::log(p / (1.0 - p)).clamp(-most, most)
    }
}
