//! Profile, score, plan, write, report: the engine that runs a stage over shards.
//!
//! - [`job`]: one run, checked before any work begins ([`preflight`], [`inputs`], [`models`]).
//! - [`engine`]: threads, blocks, order, bounded memory.
//! - [`tasks`]: a stage shared by many calls, on any machines. [`tidy`]: what is removed, and by whom.
//! - [`profile`], [`score`], [`plan`], [`write`](mod@write), [`report`]: the stages. Each reads files and writes
//!   files, can be killed at any byte and run again, and gives the same bytes for any number of
//!   threads.
//! - [`audit`]: what a corpus holds, without a mix. [`rebalance`]: another mix from scores that exist. [`loose`]: score rows without a run.
//!   [`replay`]: quarantined rows as shards again. [`again`]: a finished run decided again, beside what it says.

pub mod again;
pub mod audit;
pub mod columns;
pub mod documents;
pub mod engine;
pub mod error;
pub mod inputs;
pub mod job;
pub mod loose;
pub mod models;
pub mod plan;
pub mod preflight;
pub mod profile;
pub mod progress;
pub mod rebalance;
pub mod replay;
pub mod report;
mod schemas;
pub mod score;
mod settle;
pub mod tasks;
pub mod tidy;
pub mod write;

pub use engine::{Engine, caught, silence_panics};
pub use error::{Exit, StageError};
pub use job::{Call, CallOptions, Job};
pub use progress::{Progress, Snapshot};
pub use tasks::Task;

use crate::provenance::run_dir::Stage;
use crate::report::Report;

/// Runs one stage; the last gives the report.
///
/// # Errors
/// As the stage.
pub fn run(job: &Job, stage: Stage) -> Result<Option<Report>, StageError> {
    if job.measured != job.run && matches!(stage, Stage::Profile | Stage::Score) {
        tracing::info!(stage = stage.name(), from = %job.measured.root().display(), "not done again");
        return Ok(None);
    }
    if let Some(task) = job.task {
        tasks::ready(job, stage)?;
        tracing::info!(stage = stage.name(), %task, shards = job.inputs.len(), "is this call's share");
    }
    match stage {
        Stage::Profile => profile::run(job)?,
        Stage::Score => score::run(job)?,
        Stage::Plan => plan::run(job)?,
        Stage::Write => write::run(job)?,
        Stage::Report => return report::run(job).map(Some),
    }
    Ok(None)
}
