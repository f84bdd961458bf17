//! Thresholds of each source and stratum, and its share of machine text.
//!
//! Where a stratum, or else its source, has enough declared-human documents, they are *anchors*: the
//! threshold is the split conformal one at the wished false-positive rate over their logits, and
//! logits are shifted and scaled by them before they are taken for probabilities. Elsewhere it is
//! the classifier's own, measured on domains that it had not seen, and the plan says "not anchored".

use std::collections::BTreeMap;

use super::cells::MOST_STRATA;
use super::sweep::{Scored, Sum};
use crate::document::Origin;
use crate::mix::prevalence::{Anchors, Estimate, Evidence, SampleSums, Side, prevalence};
use crate::mix::{Anchoring, Assignment, Level, LogitCounts, SourcePlan, StratumPlan};
use crate::provenance::lineage::{self, SourceRow};
use crate::score::classifier::{self, Reference};
use crate::score::row::{ColumnRef, ScoreRow, Status};
use crate::stage::error::StageError;
use crate::stage::job::Job;

/// Logits of one source or stratum, by what is declared.
#[derive(Default)]
struct Logits {
    human: LogitCounts,
    synthetic: LogitCounts,
    semi_synthetic: LogitCounts,
    unknown: LogitCounts,
    sample: SampleSums,
}

impl Logits {
    fn add(&mut self, logit: f64, row: &ScoreRow, label: Option<bool>) {
        let counts = match row.declared_origin {
            Some(Origin::Human) => &mut self.human,
            Some(Origin::Synthetic) => &mut self.synthetic,
            Some(Origin::SemiSynthetic) => &mut self.semi_synthetic,
            Some(Origin::Unknown) | None => &mut self.unknown,
        };
        counts.add(logit);
        // The share is of what nobody declared, and so is the sample that corrects it.
        if row.declared_origin.is_none() {
            let p = 1.0 / (1.0 + libm::exp(-logit));
            self.sample.add(p, label);
        }
    }

    fn merge(&mut self, more: &Logits) {
        self.human.merge(&more.human);
        self.synthetic.merge(&more.synthetic);
        self.semi_synthetic.merge(&more.semi_synthetic);
        self.unknown.merge(&more.unknown);
        self.sample.merge(&more.sample);
    }

    fn judged(&self) -> LogitCounts {
        let mut all = self.unknown.clone();
        for counts in [&self.human, &self.synthetic, &self.semi_synthetic] {
            all.merge(counts);
        }
        all
    }
}

/// Logits of one source, whole and by stratum.
struct OfSource {
    whole: Logits,
    /// None once there are more than a mix may have: then the source is decided for as a whole.
    strata: Option<BTreeMap<String, Logits>>,
}

impl Default for OfSource {
    fn default() -> OfSource {
        OfSource {
            whole: Logits::default(),
            strata: Some(BTreeMap::new()),
        }
    }
}

impl OfSource {
    fn stratum(&mut self, stratum: String) -> Option<&mut Logits> {
        let full = |strata: &BTreeMap<String, Logits>| {
            strata.len() >= MOST_STRATA && !strata.contains_key(&stratum)
        };
        if self.strata.as_ref().is_some_and(full) {
            self.strata = None;
        }
        Some(self.strata.as_mut()?.entry(stratum).or_default())
    }
}

/// Logits by source.
#[derive(Default)]
struct BySource(BTreeMap<usize, OfSource>);

impl BySource {
    fn of(&mut self, source: usize) -> &mut OfSource {
        self.0.entry(source).or_default()
    }
}

impl Sum for BySource {
    fn merge(&mut self, other: Self) {
        for (source, more) in other.0 {
            let mine = self.of(source);
            mine.whole.merge(&more.whole);
            match more.strata {
                None => mine.strata = None,
                Some(strata) => {
                    for (stratum, more) in strata {
                        if let Some(logits) = mine.stratum(stratum) {
                            logits.merge(&more);
                        }
                    }
                }
            }
        }
    }
}

/// What is decided for each source, in the order of the configuration.
///
/// # Errors
/// As a sweep.
pub fn sources(job: &Job, scored: &Scored<'_>) -> Result<Vec<SourcePlan>, StageError> {
    let BySource(mut by_source) = logits(job, scored)?;
    let (mut wholes, mut strata) = (Vec::new(), Vec::new());
    for (source, config) in job.config.source.iter().enumerate() {
        let of = by_source.remove(&source).unwrap_or_default();
        if of.strata.is_none() {
            tracing::warn!(
                source = config.name,
                most = MOST_STRATA,
                "too many strata: the source is decided for as a whole"
            );
        }
        wholes.push(of.whole);
        strata.push(of.strata.unwrap_or_default());
    }
    let named = !job.config.mix.strata.is_empty();
    let places: Vec<(usize, Option<&str>)> = (0..wholes.len())
        .flat_map(|source| {
            let of = strata[source].keys().filter(|_| named);
            let of = of.map(move |stratum| (source, Some(stratum.as_str())));
            std::iter::once((source, None)).chain(of)
        })
        .collect();
    let rule = Rule::new(job);
    // One estimate takes some hundredths of a second, and there may be thousands of strata.
    let decided = job.engine.each(&places, |&(source, stratum)| {
        let own = stratum.and_then(|stratum| strata[source].get(stratum));
        Ok(rule.decide(own, &wholes[source]))
    });
    let mut plans: Vec<SourcePlan> = Vec::new();
    for ((source, stratum), assignment) in places.into_iter().zip(decided) {
        let assignment = assignment.unwrap_or(Err(StageError::Stopped))?;
        match (stratum, plans.last_mut()) {
            (Some(stratum), Some(plan)) => plan.strata.push(StratumPlan {
                stratum: stratum.to_owned(),
                assignment,
            }),
            _ => plans.push(SourcePlan {
                source: job.config.source[source].name.clone(),
                key_from_id: job.config.source[source].key_from_id,
                assignment,
                strata: Vec::new(),
            }),
        }
    }
    Ok(plans)
}

fn logits(job: &Job, scored: &Scored<'_>) -> Result<BySource, StageError> {
    let assign = (job.config.assign.uncertain, job.config.assign.unverified);
    let judge = lineage::judge(&[], &job.config.mix, assign, &[], &scored.schema)?;
    let samples: Vec<Option<ColumnRef>> = job
        .config
        .source
        .iter()
        .map(|source| {
            scored
                .schema
                .column(&source.sample.as_ref()?.score_column())
        })
        .collect();
    scored.sweep(BySource::default, |sums, input, row| {
        let (Status::Ok, Some(logit)) = (row.status, row.logit) else {
            return;
        };
        let config = job.source(input);
        let label = samples[input.source].and_then(|column| {
            let (rule, value) = (config.sample.as_ref()?, row.text(column)?);
            let is = |values: &[String]| values.iter().any(|known| *known == value);
            match (is(&rule.human), is(&rule.synthetic)) {
                (true, false) => Some(false),
                (false, true) => Some(true),
                _ => None,
            }
        });
        let stratum = judge.stratum(&SourceRow {
            row,
            source: &config.name,
        });
        let of = sums.of(input.source);
        of.whole.add(logit, row, label);
        if let Some(logits) = of.stratum(stratum) {
            logits.add(logit, row, label);
        }
    })
}

/// What decisions rest on besides the documents.
struct Rule<'a> {
    assign: &'a crate::config::Assign,
    reference: &'a Reference,
    evidence: Evidence,
}

impl<'a> Rule<'a> {
    fn new(job: &'a Job) -> Rule<'a> {
        let reference = job.models.classifier.reference();
        let side = |side: &classifier::Side| Side {
            mean: side.mean,
            log_sd: side.log_sd,
            shape: side.shape,
        };
        Rule {
            assign: &job.config.assign,
            reference,
            evidence: Evidence {
                human: side(&reference.human),
                machine: side(&reference.machine),
                misfit: reference.misfit,
            },
        }
    }

    /// Decides for a stratum with these logits, or without them for its whole source.
    fn decide(&self, stratum: Option<&Logits>, source: &Logits) -> Assignment {
        let own = stratum.unwrap_or(source);
        let of_stratum = stratum.and_then(|stratum| self.anchors(&stratum.human));
        let (human, anchored_by) = match (of_stratum, self.anchors(&source.human)) {
            (Some(human), _) => (Some(human), Some(Level::Stratum)),
            (None, Some(human)) => (Some(human), Some(Level::Source)),
            (None, None) => (None, None),
        };
        let machine = self.enough(&own.synthetic);
        let anchors = Anchors {
            human,
            machine: machine.or(self.enough(&source.synthetic)),
        };
        let anchoring = human
            .and_then(LogitCounts::mean)
            .map_or(Anchoring::NONE, |local| {
                Anchoring::new(&local, self.reference.anchored)
            });
        let synthetic_at = human.map_or_else(
            || self.reference.threshold_at(self.assign.fpr),
            |human| human.conformal_threshold(self.assign.fpr),
        );
        let below = anchoring.invert(log_odds(self.assign.human_below));
        let judged = own.judged();
        let mean = judged.mean();
        Assignment {
            synthetic_at,
            human_below: below.min(synthetic_at),
            anchored: human.is_some(),
            anchored_by,
            anchors: own.human.total(),
            machine_anchors: own.synthetic.total(),
            anchoring,
            judged: judged.total(),
            pool: own.unknown.total(),
            mean_logit: mean.map(|mean| mean.mean),
            mean_logit_error: mean.map(|mean| mean.error),
            prevalence: self.share(own, anchors),
        }
    }

    /// Human documents that can tell a threshold for the wished rate: of n of them, the one that
    /// all are below is exceeded by 1 in n + 1.
    fn anchors<'l>(&self, human: &'l LogitCounts) -> Option<&'l LogitCounts> {
        let tell = (human.total() + 1) as f64 * self.assign.fpr >= 1.0 - 1e-9;
        self.enough(human).filter(|_| tell)
    }

    fn enough<'l>(&self, logits: &'l LogitCounts) -> Option<&'l LogitCounts> {
        (logits.total() >= self.assign.min_anchors).then_some(logits)
    }

    fn share(&self, own: &Logits, anchors: Anchors<'_>) -> Option<Estimate> {
        prevalence(&own.unknown, anchors, &own.sample, &self.evidence)
    }
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
