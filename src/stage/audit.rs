//! What a corpus holds: profile and score, the share of machine text, and sums; no mix.
//!
//! An audit is a run that ends before its plan: with a run directory of its own it can be
//! rebalanced into a mix later, and called again it skips what is done. A sample is drawn before,
//! into a shard beside the run directory, which then is the corpus.

mod sample;

use super::error::StageError;
use super::job::Job;
use super::plan::sweep::{Scored, Sum};
use super::report::pools;
use super::report::sums::{CONCENTRATION, DIVERSITY, Sums};
use super::tidy::{Temporaries, tidy};
use super::{plan, profile, score};
use crate::provenance::lineage::Lineage;
use crate::report::audit::{AUDIT_VERSION, Audit};
use crate::report::pools::PoolLine;
use crate::report::{ClassifierLine, PrevalenceLine};
use crate::score::measure::Measure;
use crate::score::row::Status;

pub use sample::draw;

/// Sums over the corpus, and rows without a text.
#[derive(Default)]
struct Found {
    sums: Sums,
    documents: u64,
    quarantined: u64,
}

impl Sum for Found {
    fn merge(&mut self, other: Self) {
        self.sums.merge(other.sums);
        self.documents += other.documents;
        self.quarantined += other.quarantined;
    }
}

/// Audits the sources of a job; `sample` is what was drawn of each, if not all.
///
/// # Errors
/// As `profile` and `score`.
pub fn run(job: &Job, sample: Option<u64>) -> Result<Audit, StageError> {
    tidy(job, Temporaries::OfTheDead)?;
    if job.measured == job.run {
        profile::run(job)?;
        score::run(job)?;
    }
    let measures = DIVERSITY.iter().chain(&CONCENTRATION);
    let scored = Scored::new(job)?.reading(measures.map(|measure| measure.name().to_owned()));
    let plan = plan::origins(job, &scored)?;
    let lineage = Lineage::new(&plan, &scored.schema)?;
    let found = scored.sweep(Found::default, |found, input, row| {
        found.documents += 1;
        if row.status == Status::Quarantined {
            found.quarantined += 1;
            return;
        }
        let judged = lineage.judge(input.source, row);
        found
            .sums
            .add(&job.source(input).name, row, &judged, (0, 0));
    })?;
    let before = |measures: &[Measure]| found.sums.means(measures).before;
    let amounts = |groups: &std::collections::BTreeMap<String, _>| {
        let amount = |(name, group): (&String, &super::report::sums::Group)| {
            (name.clone(), group.change().into())
        };
        groups.iter().map(amount).collect()
    };
    Ok(Audit {
        version: AUDIT_VERSION,
        sample,
        documents: found.documents,
        quarantined: found.quarantined,
        prevalence: PrevalenceLine::of(&plan.sources),
        classifier: ClassifierLine::from(&job.models.classifier),
        by_source: amounts(&found.sums.by_source),
        by_lang: amounts(&found.sums.by_lang),
        diversity: before(&DIVERSITY),
        repetition: before(&CONCENTRATION),
        concentration: concentration(job)?,
        origins: found.sums.origins,
    })
}

fn concentration(job: &Job) -> Result<Vec<PoolLine>, StageError> {
    let mut lines = Vec::new();
    for summary in profile::summaries(job)? {
        let of = summary.concentration.iter();
        lines.extend(of.map(|(lang, measures)| pools::line(&summary, lang, measures)));
    }
    Ok(lines)
}
