//! The score stage: one pass over every shard, one row a document.
//!
//! It measures and decides nothing. Bad rows go to quarantine with their cause; whether there are
//! too many is judged when every shard is through. `shard` takes one shard through, `rows` its rows.

mod again;
mod quarantine;
mod rows;
mod shard;
mod standing;

pub use self::again::bad_rows_differ;
pub use self::standing::{Standing, stale};

use std::path::PathBuf;

pub(super) use self::rows::{in_room, score_text};
use self::shard::Task;
use self::standing::standing;
use super::error::StageError;
use super::inputs::Input;
use super::job::Job;
use super::profile;
use super::settle::settle;
use crate::config::Source;
use crate::provenance::Fingerprint;
use crate::provenance::fingerprint::short_digest;
use crate::provenance::run_dir::Stage;
use crate::score::Scorer;
use crate::score::concentration::Profile;
use crate::score::language::model::LanguageModel;
use crate::score::row::{ColumnType, RowSchema};

/// Scores every shard whose scores do not stand; then judges failures and quarantine.
///
/// # Errors
/// Failed shards above what is allowed, quarantine above its budget, a stop, the environment.
pub fn run(job: &Job) -> Result<(), StageError> {
    let summaries = profile::summaries(job)?;
    let schema = schema(job, &summaries);
    columns_make_sense(job, &summaries, &schema)?;
    let scorers = job
        .config
        .source
        .iter()
        .map(|source| scorer(job, source))
        .collect::<Result<Vec<_>, _>>()?;
    job.engine.progress.begin("score", job.inputs.len());
    let results = job.engine.each(&job.inputs, |input| {
        let source = job.source(input);
        let (scorer, profile) = &scorers[input.source];
        let fingerprint = fingerprint(job, source, input, &schema, profile);
        let standing = standing(job, input, &fingerprint);
        job.attempt(Stage::Score, input, &standing, || {
            Task::new(job, input, &schema, scorer).shard(input, fingerprint.clone())
        })
    });
    settle(job, Stage::Score, 0, results)?;
    if job.task.is_some() {
        return Ok(());
    }
    within_budget(job)
}

/// The columns of the score rows, as the profiles found the types of the input's own.
fn schema(job: &Job, summaries: &[profile::Summary]) -> RowSchema {
    RowSchema {
        models: job.models.fasttext.iter().map(|m| m.0.clone()).collect(),
        inputs: profile::input_types(job, summaries),
    }
}

/// Refuses columns that no sampled row has, and bounds on columns that hold no numbers: either is a
/// mistake that would otherwise show after the last shard, or never.
fn columns_make_sense(
    job: &Job,
    summaries: &[profile::Summary],
    schema: &RowSchema,
) -> Result<(), StageError> {
    let mut faults = Vec::new();
    for (source, summary) in job.config.source.iter().zip(summaries) {
        for column in &job.columns(source).declaring() {
            if summary.documents > 0 && !summary.seen.contains(column) {
                faults.push(format!(
                    "no sampled row of source `{}` has the column `{column}`",
                    source.name
                ));
            }
        }
    }
    for name in &job.input_names {
        if !summaries.iter().any(|summary| summary.seen.contains(name)) {
            faults.push(format!(
                "no sampled row has the column `{name}` of `input.{name}`"
            ));
        }
    }
    for rule in job.config.rules() {
        let holds = schema
            .column(&rule.column)
            .and_then(|column| schema.holds(column));
        let bounded = rule.min.is_some() || rule.max.is_some();
        if bounded && holds == Some(ColumnType::Text) {
            faults.push(format!(
                "the filter on `{}` has a bound, but the column holds text: use `one_of`",
                rule.column
            ));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(StageError::Usage(faults.join("\n")))
}

/// The n-gram profile of a source, as it lies in its file.
fn profile_of(job: &Job, source: &Source) -> Result<(PathBuf, Vec<u8>), StageError> {
    let path = job.measured.profile(&source.name, "bin");
    let bytes = std::fs::read(&path).map_err(|e| StageError::io(&path, &e))?;
    Ok((path, bytes))
}

/// The scorers of a source, and the digest of the profile that they compare with.
fn scorer(job: &Job, source: &Source) -> Result<(Scorer, String), StageError> {
    let (path, bytes) = profile_of(job, source)?;
    let profile = Profile::from_bytes(&bytes)
        .map_err(|e| StageError::Damaged(format!("{}: {e}", path.display())))?;
    let scorer = Scorer::new(&job.models.reference, Some(&profile), job.language(source))
        .compatible(job.config.score.compat);
    Ok((scorer, short_digest(&bytes)))
}

fn fingerprint(
    job: &Job,
    source: &Source,
    input: &Input,
    schema: &RowSchema,
    profile: &str,
) -> Fingerprint {
    let declared = Source {
        paths: Vec::new(),
        ..source.clone()
    };
    let weight = &job.config.mix.weight;
    let weight = weight
        .as_ref()
        .filter(|weight| weight.column.starts_with("input."))
        .map(|weight| (&weight.column, weight.complement, &weight.origins));
    let inputs: Vec<String> = schema.inputs.iter().map(|i| format!("{i:?}")).collect();
    let mut fingerprint = Fingerprint::new()
        .value("version", &env!("CARGO_PKG_VERSION"))
        .digest("input", &input.sampled)
        .value("config.source", &declared)
        .value("config.score", &job.config.score)
        .value("config.limits", &job.config.limits.of_rows())
        .value("config.columns", &inputs)
        .value("config.mix.weight", &weight)
        .digest("profile", profile)
        .digest("model.classifier", job.models.classifier.digest())
        .digest("model.reference", &job.models.reference_digest)
        .digest("model.language", LanguageModel::embedded().digest())
        .digest("model.prior", &job.models.prior_digest);
    for (name, model) in &job.models.fasttext {
        let name = format!("model.{name}");
        fingerprint = fingerprint
            .digest(&name, model.digest())
            .value(&format!("{name}.label"), &model.label());
    }
    fingerprint
}

/// Judges the bad rows of the whole run.
///
/// # Errors
/// If there are more than the budget allows.
pub fn within_budget(job: &Job) -> Result<(), StageError> {
    let (mut read, mut quarantined) = (0, 0);
    for input in &job.inputs {
        job.go_on()?;
        if let Some(record) = job.record(&job.measured, Stage::Score, input) {
            read += record.rows.read;
            quarantined += record.rows.quarantined;
        }
    }
    let budget = job.config.limits.quarantine;
    if quarantined as f64 > budget * read as f64 {
        return Err(StageError::Quarantine {
            quarantined,
            read,
            budget,
        });
    }
    Ok(())
}
