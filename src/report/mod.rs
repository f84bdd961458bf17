//! What was measured, as `report.json` and as a table for the terminal.
//!
//! Counts are counted, over all score rows and all written rows; what is an estimate carries its
//! interval, and what comes from a sample says so.

pub mod audit;
pub mod generations;
pub mod pools;
pub mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::generations::{GenerationLine, LanguageGeneration, Trend};
use self::pools::PoolLine;
use crate::mix::prevalence::Estimate;
use crate::mix::{Assignment, BeforeAndAfter, Level, SourcePlan};
use crate::provenance::record::{EditTally, RowCounts};
use crate::provenance::{Failure, record::Tally};
use crate::score::classifier::{AnsweredLanguage, Classifier};

/// Version of `report.json`.
pub const REPORT_VERSION: u32 = 1;

/// One part of the mix: target, plan and what was written, as shares of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixLine {
    /// The origin.
    pub origin: String,
    /// The stratum inside it, where there are strata.
    pub stratum: Option<String>,
    /// The share that was asked for (of a stratum: that its pool gives).
    pub target: f64,
    /// The share that was planned, on the score rows' counts.
    pub planned: f64,
    /// The share that was written, counted again; null for strata, which are not counted apart.
    pub written: Option<f64>,
    /// The share that was written, on the score rows' counts; null for strata.
    pub written_on_input_counts: Option<f64>,
    /// Planned size in the unit.
    pub planned_count: u64,
    /// Written size in the unit, counted again.
    pub written_count: Option<u64>,
    /// Documents written (planned, for a stratum).
    pub documents: u64,
}

/// The same sum before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Size of all rows that could be read, in the unit.
    pub before: u64,
    /// Size of what the plan takes, copies counted.
    pub after: u64,
    /// Share of the rows' size of which at least one copy is taken; null for nothing.
    pub retention: Option<f64>,
    /// Documents before.
    pub documents_before: u64,
    /// Documents after, copies counted.
    pub documents_after: u64,
    /// Documents that nobody declared and the classifier did not judge.
    pub unverified: u64,
    /// Documents between the thresholds.
    pub uncertain: u64,
}

/// Document means before and after.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// Over all rows that could be read.
    pub before: BTreeMap<String, Option<f64>>,
    /// Over what the plan takes, each copy counted.
    pub after: BTreeMap<String, Option<f64>>,
    /// Both at the same lengths of documents ([`crate::mix::BandedMean`]), since most of them depend on the
    /// length; null where nothing is taken.
    pub same_lengths: BTreeMap<String, Option<BeforeAndAfter>>,
}

/// Who said what the origins are: documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// Declared, by origin.
    pub declared: BTreeMap<String, u64>,
    /// Assigned by the classifier, by origin.
    pub assigned: BTreeMap<String, u64>,
    /// Between the thresholds.
    pub uncertain: u64,
    /// Declared by nobody and not judged.
    pub unverified: u64,
    /// Unverified documents by the classifier's reason to abstain.
    pub abstained: BTreeMap<String, u64>,
}

/// The share of machine text among the documents of a source or stratum that nobody declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrevalenceLine {
    /// The source.
    pub source: String,
    /// The stratum inside it, as `column=value,..`; null for the whole source.
    pub stratum: Option<String>,
    /// The estimate, its interval, method and assumption.
    #[serde(flatten)]
    pub estimate: Option<Estimate>,
    /// True if declared-human documents calibrated the threshold.
    pub anchored: bool,
    /// Whose they were; null where there were not enough.
    pub anchored_by: Option<Level>,
    /// Declared-human documents with a logit, of this source or stratum.
    pub anchors: u64,
    /// Declared-synthetic documents with a logit, of this source or stratum.
    pub machine_anchors: u64,
    /// Documents with a logit, whoever declared them or not.
    pub judged: u64,
    /// Those of them that nobody declared, of which the share is.
    pub pool: u64,
    /// Their mean logit.
    pub mean_logit: Option<f64>,
    /// Its standard error.
    pub mean_logit_error: Option<f64>,
}

impl PrevalenceLine {
    /// The lines of a plan: each source, followed by its strata, where there is a document with a logit.
    pub fn of(plans: &[SourcePlan]) -> Vec<PrevalenceLine> {
        let line = |source: &str, stratum: Option<&str>, of: &Assignment| {
            (of.judged > 0).then(|| PrevalenceLine {
                source: source.to_owned(),
                stratum: stratum.map(str::to_owned),
                estimate: of.prevalence.clone(),
                anchored: of.anchored,
                anchored_by: of.anchored_by,
                anchors: of.anchors,
                machine_anchors: of.machine_anchors,
                judged: of.judged,
                pool: of.pool,
                mean_logit: of.mean_logit,
                mean_logit_error: of.mean_logit_error,
            })
        };
        let mut lines = Vec::new();
        for plan in plans {
            lines.extend(line(&plan.source, None, &plan.assignment));
            let strata = plan.strata.iter();
            lines.extend(
                strata.filter_map(|of| line(&plan.source, Some(&of.stratum), &of.assignment)),
            );
        }
        lines
    }
}

/// The classifier, and where it answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassifierLine {
    /// BLAKE3 of its file.
    pub digest: String,
    /// The languages that it answers for; it abstains elsewhere.
    pub languages: Vec<AnsweredLanguage>,
}

/// One gate and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name, which is its configuration key.
    pub name: String,
    /// The stage that judges it.
    pub stage: String,
    /// What may be.
    pub limit: f64,
    /// What is.
    pub value: f64,
    /// Whether it holds.
    pub ok: bool,
}

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this format.
    pub version: u32,
    /// Digest of config, models and seed.
    pub run: String,
    /// What shares are counted in.
    pub unit: String,
    /// True if every shard was read and written to its end.
    pub complete: bool,
    /// The row law over all shards.
    pub rows: RowCounts,
    /// Rows dropped or quarantined, by their first reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows in which U+FFFD stands for what was no text, by the fault; written or not.
    pub replaced: BTreeMap<String, u64>,
    /// Rows that each filter would drop, whether or not another came first.
    pub filters: BTreeMap<String, u64>,
    /// Target, planned and written.
    pub mix: Vec<MixLine>,
    /// The largest distance of a written share from its target, in percentage points.
    pub max_error_pp: f64,
    /// Who said what the origins are.
    pub origins: Origins,
    /// Who judged what nobody declared.
    pub classifier: ClassifierLine,
    /// The share of machine text.
    pub prevalence: Vec<PrevalenceLine>,
    /// Before and after, by source.
    pub by_source: BTreeMap<String, Change>,
    /// Before and after, by language; `null` where none was found.
    pub by_lang: BTreeMap<String, Change>,
    /// Before and after, by origin and stratum.
    pub by_stratum: BTreeMap<String, Change>,
    /// Collapse metrics by source and generation, on the profile's sample.
    pub generations: Vec<GenerationLine>,
    /// Where they go from generation to generation, by source and over all.
    pub generation_trends: Vec<Trend>,
    /// How much there is of each generation in each language, over all rows.
    pub languages_by_generation: Vec<LanguageGeneration>,
    /// Lexical diversity, as document means.
    pub diversity: Means,
    /// Repetition and over-concentration, as document means.
    pub concentration: Means,
    /// Concentration of each source's text by language, what it says too often, and what the plan makes of it.
    pub pools: Vec<PoolLine>,
    /// What the editor did.
    pub edits: EditTally,
    /// Human documents that no variant may be made of, by why not.
    pub uneditable: BTreeMap<String, u64>,
    /// Every gate.
    pub gates: Vec<Gate>,
    /// Shards that failed or were salvaged, then quarantined rows; the first thousand shards, the first hundred rows.
    pub failures: Vec<Failure>,
    /// Failures that are not listed.
    pub failures_left_out: u64,
}

impl From<&Classifier> for ClassifierLine {
    fn from(classifier: &Classifier) -> ClassifierLine {
        ClassifierLine {
            digest: classifier.digest().to_owned(),
            languages: classifier.languages(),
        }
    }
}

/// Shares of each origin in a tally.
pub fn share(tally: Option<&Tally>, whole: u64, of: impl Fn(&Tally) -> u64) -> f64 {
    tally.map_or(0.0, |t| of(t) as f64 / whole.max(1) as f64)
}
