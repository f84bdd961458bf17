//! What became of the shards of a stage, and whether the run may go on.

use super::error::{PANIC_CODE, StageError};
use super::inputs::Input;
use super::job::Job;
use super::tidy::clear;
use crate::provenance::Failure;
use crate::provenance::run_dir::Stage;

/// Tells of failed shards, which are on record already (`failed_before` of them in earlier stages),
/// and ends the call if there are more than allowed, or if it was stopped. A task judges its own.
///
/// # Errors
/// The worst of what happened.
pub fn settle(
    job: &Job,
    stage: Stage,
    failed_before: usize,
    results: Vec<Option<Result<(), StageError>>>,
) -> Result<(), StageError> {
    let (before, all) = (job.engine.progress.done_before(), job.inputs.len());
    if before > 0 {
        tracing::info!(
            stage = stage.name(),
            shards = before,
            of = all,
            "done before"
        );
    }
    let mut failures = Vec::new();
    let mut worst: Option<StageError> = None;
    let mut keep = |error: StageError| {
        if worst
            .as_ref()
            .is_none_or(|w| w.exit().rank() < error.exit().rank())
        {
            worst = Some(error);
        }
    };
    for (input, result) in job.inputs.iter().zip(results) {
        match result {
            Some(Ok(())) | None => {}
            Some(Err(error)) if error.fails_shard() => {
                clear(job, stage, input)?;
                failures.push(told(job, stage, input, &error));
            }
            Some(Err(error)) => keep(error),
        }
    }
    let failed = (failed_before + failures.len()) as u64;
    if failed > job.allow_failed || failures.iter().any(|f| f.code == PANIC_CODE) {
        keep(StageError::Shards(failures, job.allow_failed));
    }
    worst.map_or(Ok(()), Err)
}

fn told(job: &Job, stage: Stage, input: &Input, error: &StageError) -> Failure {
    let failure = error.failure_of(&job.name(input));
    tracing::error!(
        stage = stage.name(),
        shard = failure.shard,
        code = failure.code,
        "{}",
        failure.cause
    );
    failure
}
