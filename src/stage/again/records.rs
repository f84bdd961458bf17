//! The records of shards: each must be the one that its stage leaves of what it made.
//!
//! Counts, reasons and what was written by origin follow from the rows, which `provenance::verify` goes through;
//! here they are taken from the record, and everything else of it is made again.

use std::path::{Path, PathBuf};

use super::differs;
use crate::provenance::record::{FileRecord, InputRecord, RowCounts, ShardRecord};
use crate::provenance::run_dir::{RunDir, Stage};
use crate::provenance::{Failure, Fingerprint};
use crate::shard::sampled_digest;
use crate::stage::error::StageError;
use crate::stage::inputs::Input;
use crate::stage::job::{Job, json};
use crate::stage::score::Standing;
use crate::stage::write;

/// Checks the records of all shards.
///
/// # Errors
/// If profiles or plan cannot be read, or a stop.
pub(super) fn check(job: &Job, faults: &mut Vec<String>) -> Result<(), StageError> {
    let standing = Standing::new(job)?;
    let plan = write::plan_digest(job)?;
    let results = job.engine.each(&job.inputs, |input| {
        job.go_on()?;
        shard(job, input, &standing, &plan)
    });
    for result in results {
        faults.extend(result.unwrap_or(Err(StageError::Stopped))?);
    }
    Ok(())
}

fn shard(
    job: &Job,
    input: &Input,
    standing: &Standing<'_>,
    plan: &str,
) -> Result<Option<String>, StageError> {
    let Some(score) = job.record(&job.measured, Stage::Score, input) else {
        return Ok(Some(format!(
            "{}: its score record is missing",
            job.name(input)
        )));
    };
    let made_from = standing.fingerprint(input, &score);
    let wanted = of_score(job, input, made_from, &score);
    let fault = written_so(job, &job.measured, (Stage::Score, input), wanted)?;
    if fault.is_some() || score.failure.is_some() {
        return Ok(fault);
    }
    let Some(write) = job.record(&job.run, Stage::Write, input) else {
        return Ok(Some(format!(
            "{}: its write record is missing",
            job.name(input)
        )));
    };
    let made_from = write::fingerprint(job, input, plan);
    let wanted = of_write(job, input, made_from, (&score, &write));
    written_so(job, &job.run, (Stage::Write, input), wanted)
}

/// Whether the file of a record is, byte for byte, the one that is wanted.
fn written_so(
    job: &Job,
    run: &RunDir,
    (stage, input): (Stage, &Input),
    wanted: Result<ShardRecord, String>,
) -> Result<Option<String>, StageError> {
    let path = run.record(stage, &job.source(input).name, &input.shard.name);
    match wanted {
        Ok(wanted) => Ok(differs(run, &path, &json(&wanted)?)),
        Err(what) => Ok(Some(format!("{}: {what}", run.relative(&path)))),
    }
}

fn of_score(
    job: &Job,
    input: &Input,
    made_from: Fingerprint,
    told: &ShardRecord,
) -> Result<ShardRecord, String> {
    if let Some(failure) = told.failure.clone() {
        return Ok(job.failed(Stage::Score, input, named(job, input, failure)));
    }
    let (source, name) = (&job.source(input).name, &input.shard.name);
    let (rows, run) = (told.rows, &job.measured);
    let mut record = ShardRecord::new(Stage::Score.name(), source, name, made_from);
    record.input = InputRecord {
        bytes: input.shard.bytes,
        digest: told.input.digest.clone(),
        sampled: input.sampled.clone(),
    };
    let mut paths = vec![(run.scores(source, name), rows.read)];
    if rows.quarantined > 0 {
        paths.push((run.quarantine(source, name), rows.quarantined));
    }
    record.files = files(run, &paths, told)?;
    record.rows = RowCounts {
        read: rows.read,
        kept: rows.read.saturating_sub(rows.quarantined),
        quarantined: rows.quarantined,
        ..RowCounts::default()
    };
    record.reasons = told.reasons.clone();
    record.replaced = told.replaced.clone();
    record.salvaged = told.salvaged.clone();
    Ok(record)
}

fn of_write(
    job: &Job,
    input: &Input,
    made_from: Fingerprint,
    (score, told): (&ShardRecord, &ShardRecord),
) -> Result<ShardRecord, String> {
    if let Some(failure) = told.failure.clone() {
        return Ok(job.failed(Stage::Write, input, named(job, input, failure)));
    }
    let (source, name) = (&job.source(input).name, &input.shard.name);
    let mut record = ShardRecord::new(Stage::Write.name(), source, name, made_from);
    record.input = score.input.clone();
    let data = (job.run.data(source, name), told.rows.written);
    record.files = files(&job.run, &[data], told)?;
    record.rows = told.rows;
    record.reasons = told.reasons.clone();
    record.written = told.written.clone();
    record.edits = told.edits;
    Ok(record)
}

/// The files that a stage leaves, with their rows. Their digests are held to the manifest of their run.
fn files(
    run: &RunDir,
    paths: &[(PathBuf, u64)],
    told: &ShardRecord,
) -> Result<Vec<FileRecord>, String> {
    let file = |(place, (path, rows)): (usize, &(PathBuf, u64))| {
        let told = told.files.get(place).ok_or("it names too few files")?;
        file(run, path, *rows, &told.digest)
    };
    paths.iter().enumerate().map(file).collect()
}

fn file(run: &RunDir, path: &Path, rows: u64, digest: &str) -> Result<FileRecord, String> {
    let fault = |e: &dyn std::error::Error| format!("{}: {e}", run.relative(path));
    Ok(FileRecord {
        path: run.relative(path),
        bytes: std::fs::metadata(path).map_err(|e| fault(&e))?.len(),
        digest: digest.to_owned(),
        sampled: sampled_digest(path).map_err(|e| fault(&e))?,
        rows,
    })
}

/// A failure that names its own shard.
fn named(job: &Job, input: &Input, failure: Failure) -> Failure {
    Failure {
        shard: job.name(input),
        ..failure
    }
}
