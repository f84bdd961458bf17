//! What became of the shards of a stage: failures on record, and whether the run may go on.

use super::error::{PANIC_CODE, StageError};
use super::inputs::Input;
use super::job::Job;
use crate::provenance::run_dir::Stage;
use crate::provenance::{Failure, Fingerprint, ShardRecord};

/// Records failed shards (`failed_before` of them in earlier stages); ends the run if there are more than allowed, or if it was stopped.
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
            Some(Ok(())) => {}
            None => {}
            Some(Err(error)) => match &error {
                StageError::Usage(_) => keep(error),
                _ if error.ends_everything() => keep(error),
                _ => failures.push(fail(job, stage, input, error)?),
            },
        }
    }
    let failed = (failed_before + failures.len()) as u64;
    if failed > job.allow_failed || failures.iter().any(|f| f.code == PANIC_CODE) {
        keep(StageError::Shards(failures, job.allow_failed));
    }
    worst.map_or(Ok(()), Err)
}

fn fail(job: &Job, stage: Stage, input: &Input, error: StageError) -> Result<Failure, StageError> {
    let name = job.name(input);
    let failure = error.into_failure(&name, "the shard is left out");
    tracing::error!(
        stage = stage.name(),
        shard = name,
        code = failure.code,
        "{}",
        failure.cause
    );
    let source = &job.source(input).name;
    let fingerprint = Fingerprint::new().digest("input", &input.sampled);
    let mut record = ShardRecord::new(stage.name(), source, &input.shard.name, fingerprint);
    record.input.sampled = input.sampled.clone();
    record.input.bytes = input.shard.bytes;
    record.failure = Some(failure.clone());
    job.remove_outputs(stage, input)?;
    job.write_record(stage, &record)?;
    Ok(failure)
}
