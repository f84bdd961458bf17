//! What lies in a run directory and should not: unfinished files of the dead, and what is no shard's
//! result.
//!
//! A task removes nothing, since it cannot know who else is at work. A call over all shards removes
//! what nobody can want any more, and asks the names of temporary files whose they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::StageError;
use super::inputs::Input;
use super::job::Job;
use crate::provenance::manifest::{is_temporary, with_temporaries};
use crate::provenance::run_dir::Stage;
use crate::shard::{self, Owner};

/// Which temporary files go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporaries {
    /// Those of processes of this machine that are no more.
    OfTheDead,
    /// All but those of living processes of this machine. Only where every result is there: a task on
    /// another machine that still works then finds its shard done by its twin.
    OfOthers,
}

/// Removes what earlier calls left behind: temporary files, files of shards that are no inputs any
/// more, and outputs of shards that failed. Nothing where another call over all shards is at work.
///
/// # Errors
/// If a file cannot be removed, or the work was stopped.
pub fn tidy(job: &Job, temporaries: Temporaries) -> Result<(), StageError> {
    if job.lock.is_none() {
        return Ok(());
    }
    let root = job.run.root();
    let wanted = wanted(job);
    let ours = ["profile", "scores", "data", "quarantine", "manifest"].map(|f| root.join(f));
    let found = with_temporaries(&job.run).map_err(|e| StageError::io(root, &e))?;
    for path in found {
        job.go_on()?;
        let goes = if is_temporary(&path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match shard::owner(&name) {
                Owner::Living => false,
                Owner::Dead => true,
                Owner::Elsewhere => temporaries == Temporaries::OfOthers,
            }
        } else {
            ours.iter().any(|folder| path.starts_with(folder)) && !wanted.contains(&path)
        };
        if goes {
            remove(&path)?;
        }
    }
    for input in &job.inputs {
        job.go_on()?;
        clear(job, Stage::Score, input)?;
        clear(job, Stage::Write, input)?;
    }
    Ok(())
}

/// Every file that a stage may leave for the shards and sources of a job.
fn wanted(job: &Job) -> BTreeSet<PathBuf> {
    let mut wanted = BTreeSet::new();
    for source in &job.config.source {
        wanted.insert(job.run.profile(&source.name, "bin"));
        wanted.insert(job.run.profile(&source.name, "json"));
    }
    for input in &job.inputs {
        let (source, shard) = (&job.source(input).name, &input.shard.name);
        wanted.insert(job.run.scores(source, shard));
        wanted.insert(job.run.data(source, shard));
        wanted.insert(job.run.quarantine(source, shard));
        wanted.insert(job.run.record(Stage::Score, source, shard));
        wanted.insert(job.run.record(Stage::Write, source, shard));
    }
    wanted
}

/// Removes what an earlier call made of a shard that is on record as failed in a stage, and in later
/// ones. A task leaves that to those who see the whole run.
///
/// # Errors
/// If a file cannot be removed.
pub fn clear(job: &Job, stage: Stage, input: &Input) -> Result<(), StageError> {
    // Asked last, so that what a twin has done well in between stays.
    let failed = |stage| {
        let record = job.record(&job.run, stage, input);
        record.is_some_and(|record| record.failure.is_some())
    };
    if job.task.is_some() || !failed(stage) {
        return Ok(());
    }
    let (source, shard) = (&job.source(input).name, &input.shard.name);
    if stage == Stage::Score {
        remove(&job.run.scores(source, shard))?;
        remove(&job.run.quarantine(source, shard))?;
        return clear_written(job, input);
    }
    remove(&job.run.data(source, shard))
}

/// Removes what was written of a shard that has no scores any more; a task leaves that, too.
///
/// # Errors
/// If a file cannot be removed.
pub fn clear_written(job: &Job, input: &Input) -> Result<(), StageError> {
    if job.task.is_some() {
        return Ok(());
    }
    let (source, shard) = (&job.source(input).name, &input.shard.name);
    remove(&job.run.record(Stage::Write, source, shard))?;
    remove(&job.run.data(source, shard))
}

/// Removes a file that another call may have removed already.
fn remove(path: &Path) -> Result<(), StageError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StageError::io(path, &e)),
        _ => Ok(()),
    }
}
