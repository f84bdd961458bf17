//! Sums over the shards' records, and the manifest that seals a run.

use std::collections::BTreeMap;

use crate::mix::Plan;
use crate::provenance::failures::Failures;
use crate::provenance::manifest::{self, MANIFEST_VERSION, Manifest};
use crate::provenance::record::{EditTally, FileRecord, RowCounts, ShardRecord, Tally};
use crate::provenance::run_dir::Stage;
use crate::report::Report;
use crate::score::language::model::LanguageModel;
use crate::stage::error::StageError;
use crate::stage::job::{Job, read_json};
use crate::stage::plan::sweep::Scored;

/// Sums over the records of all shards.
pub(super) struct Totals {
    pub(super) rows: RowCounts,
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) replaced: BTreeMap<String, u64>,
    pub(super) written: BTreeMap<String, Tally>,
    pub(super) edits: EditTally,
}

impl Totals {
    pub(super) fn of(job: &Job, scored: &Scored<'_>, records: &[ShardRecord]) -> Totals {
        let mut totals = Totals {
            rows: RowCounts::default(),
            reasons: BTreeMap::new(),
            replaced: BTreeMap::new(),
            written: BTreeMap::new(),
            edits: EditTally::default(),
        };
        let scores = scored
            .inputs
            .iter()
            .filter_map(|input| job.record(&job.measured, Stage::Score, input));
        for (record, score) in records.iter().zip(scores) {
            if record.failure.is_some() {
                continue;
            }
            totals.rows.add(&record.rows);
            // What a row is quarantined for stands in the record of `score`.
            for (reason, count) in record.reasons.iter().chain(&score.reasons) {
                *totals.reasons.entry(reason.clone()).or_default() += count;
            }
            for (code, count) in &score.replaced {
                *totals.replaced.entry(code.clone()).or_default() += count;
            }
            for (origin, tally) in &record.written {
                totals.written.entry(origin.clone()).or_default().add(tally);
            }
            if let Some(edits) = &record.edits {
                totals.edits.add(edits);
            }
        }
        totals
    }
}

/// The manifest, to be sealed: digests that stages recorded are taken over, the few other files are read.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn manifest(
    job: &Job,
    plan: &Plan,
    (report, failures): (&Report, &Failures),
) -> Result<Manifest, StageError> {
    let files = file_lines(job)?;
    let models = &job.models;
    let mut digests = BTreeMap::from([
        (
            "classifier".to_owned(),
            models.classifier.digest().to_owned(),
        ),
        ("reference".to_owned(), models.reference_digest.clone()),
        (
            "language".to_owned(),
            LanguageModel::embedded().digest().to_owned(),
        ),
        ("prior".to_owned(), models.prior_digest.clone()),
    ]);
    for (name, model) in &models.fasttext {
        digests.insert(format!("model_{name}"), model.digest().to_owned());
    }
    Ok(Manifest {
        version: MANIFEST_VERSION,
        tamis: env!("CARGO_PKG_VERSION").to_owned(),
        run: plan.run.clone(),
        complete: report.complete,
        failed: failures.failed,
        salvaged: failures.salvaged,
        rows: report.rows,
        reasons: report.reasons.clone(),
        models: digests,
        files,
        digest: String::new(),
    })
}

/// The report of an earlier call, if its manifest still describes the run directory.
pub(super) fn standing(job: &Job, plan: &Plan) -> Option<Report> {
    let bytes = std::fs::read(job.run.manifest()).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    let stands = manifest.is_sealed()
        && manifest.run == plan.run
        && manifest.tamis == env!("CARGO_PKG_VERSION")
        && manifest.files == file_lines(job).ok()?;
    stands.then(|| read_json(&job.run.report()).ok()).flatten()
}

/// A line for every file of the run directory.
fn file_lines(job: &Job) -> Result<Vec<manifest::FileLine>, StageError> {
    let mut known: BTreeMap<String, FileRecord> = BTreeMap::new();
    for input in &job.inputs {
        job.go_on()?;
        for stage in [Stage::Score, Stage::Write] {
            if let Some(record) = job.record(&job.run, stage, input) {
                known.extend(record.files.into_iter().map(|f| (f.path.clone(), f)));
            }
        }
    }
    let root = job.run.root();
    let found = manifest::files_of(&job.run).map_err(|e| StageError::io(root, &e))?;
    let mut files = Vec::new();
    for path in found {
        job.go_on()?;
        files.push(match known.get(&job.run.relative(&path)) {
            Some(file) => manifest::FileLine {
                path: file.path.clone(),
                bytes: file.bytes,
                digest: file.digest.clone(),
            },
            None => manifest::line(&job.run, &path)?,
        });
    }
    Ok(files)
}
