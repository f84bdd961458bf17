//! Streaming passes over all score rows.
//!
//! Every pass adds whole numbers only, so its sums do not depend on the order of shards or threads.

use std::sync::{Mutex, PoisonError};

use crate::provenance::lineage::{self, Lineage};
use crate::provenance::run_dir::Stage;
use crate::score::row::{RowSchema, ScoreRow};
use crate::shard::TableReader;
use crate::stage::error::{StageError, listed};
use crate::stage::inputs::Input;
use crate::stage::job::Job;
use crate::{document::Key, mix::Judgement};

/// The inputs that were scored, and those that failed.
pub struct Scored<'a> {
    job: &'a Job,
    /// Inputs with score rows.
    pub inputs: Vec<&'a Input>,
    /// Inputs that failed in `score`, by name.
    pub failed: Vec<String>,
    /// The columns of the score rows.
    pub schema: RowSchema,
    /// Names of those that are read.
    columns: Vec<String>,
}

/// A sum over score rows.
pub trait Sum: Send + Sized {
    /// Adds another part's sum.
    fn merge(&mut self, other: Self);
}

impl<A: Sum, B: Sum> Sum for (A, B) {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
        self.1.merge(other.1);
    }
}

/// The score rows of one shard, batch by batch: only the columns that are needed.
pub struct ScoreBatches<'s> {
    table: TableReader,
    schema: &'s RowSchema,
    columns: &'s [String],
}

impl Iterator for ScoreBatches<'_> {
    type Item = Result<Vec<ScoreRow>, StageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = |name: &str| self.columns.iter().any(|column| column == name);
        let rows = self
            .table
            .next()?
            .map_err(StageError::from)
            .and_then(|batch| {
                self.schema
                    .rows_of(&batch, read)
                    .map_err(|e| StageError::Damaged(e.to_string()))
            });
        Some(rows)
    }
}

impl<'a> Scored<'a> {
    /// The score rows of a job.
    ///
    /// # Errors
    /// If a shard was not scored, more shards failed than allowed, or the rows of two shards have
    /// different columns.
    pub fn new(job: &'a Job) -> Result<Scored<'a>, StageError> {
        let mut scored = Scored {
            job,
            inputs: Vec::new(),
            failed: Vec::new(),
            schema: RowSchema::default(),
            columns: Vec::new(),
        };
        let mut failures = Vec::new();
        let mut missing = Vec::new();
        for input in &job.inputs {
            job.go_on()?;
            match job.record(&job.measured, Stage::Score, input) {
                None => missing.push(job.name(input)),
                Some(record) => match record.failure {
                    Some(failure) => failures.push(failure),
                    None if record.input.sampled != input.sampled => missing.push(job.name(input)),
                    None => scored.inputs.push(input),
                },
            }
        }
        if !missing.is_empty() {
            return Err(StageError::Damaged(format!(
                "not scored, or changed since: {}; run `tamis score` first",
                listed(&missing)
            )));
        }
        if job.task.is_none() && failures.len() as u64 > job.allow_failed {
            return Err(StageError::Shards(failures, job.allow_failed));
        }
        scored.failed = failures.into_iter().map(|f| f.shard).collect();
        for (place, input) in scored.inputs.iter().enumerate() {
            job.go_on()?;
            let path = job
                .measured
                .scores(&job.source(input).name, &input.shard.name);
            let reader = TableReader::open(&path)?;
            let schema = RowSchema::from_arrow(reader.schema())
                .map_err(|e| StageError::Damaged(format!("{}: {e}", job.name(input))))?;
            if place > 0 && schema != scored.schema {
                return Err(StageError::Damaged(format!(
                    "the scores of {} have other columns than the rest; score again",
                    job.name(input)
                )));
            }
            scored.schema = schema;
        }
        let named = job.config.named_columns().into_iter();
        scored.columns = scored.schema.fixed_and(named.map(|(_, name)| name));
        Ok(scored)
    }

    /// The same, with these columns read as well.
    pub fn reading(mut self, more: impl IntoIterator<Item = String>) -> Scored<'a> {
        let columns = self.columns.drain(..).chain(more);
        self.columns = self.schema.fixed_and(columns);
        self
    }

    /// Opens the score rows of an input.
    ///
    /// # Errors
    /// If the file is missing or damaged.
    pub fn open(&self, input: &Input) -> Result<ScoreBatches<'_>, StageError> {
        let source = &self.job.source(input).name;
        let path = self.job.measured.scores(source, &input.shard.name);
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        Ok(ScoreBatches {
            table: TableReader::open_columns(&path, Some(&columns))?,
            schema: &self.schema,
            columns: &self.columns,
        })
    }

    /// Folds all score rows.
    ///
    /// # Errors
    /// If score rows are damaged, or the work was stopped.
    pub fn sweep<A: Sum>(
        &self,
        new: impl Fn() -> A + Sync,
        fold: impl Fn(&mut A, &Input, &ScoreRow) + Sync,
    ) -> Result<A, StageError> {
        let whole = Mutex::new(new());
        let results = self.job.engine.each(&self.inputs, |input| {
            let mut sum = new();
            for rows in self.open(input)? {
                if self.job.engine.progress.stopped() {
                    return Err(StageError::Stopped);
                }
                for row in &rows? {
                    fold(&mut sum, input, row);
                }
            }
            // Merged at once: thousands of shards' sums would not fit in memory.
            let mut whole = whole.lock().unwrap_or_else(PoisonError::into_inner);
            whole.merge(sum);
            Ok(())
        });
        for result in results {
            result.unwrap_or(Err(StageError::Stopped))?;
        }
        Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Folds all rows that have a text, each judged under a plan.
    ///
    /// # Errors
    /// As [`Scored::sweep`].
    pub fn sweep_judged<A: Sum>(
        &self,
        lineage: &Lineage<'_>,
        new: impl Fn() -> A + Sync,
        fold: impl Fn(&mut A, Key, &Judgement, &ScoreRow) + Sync,
    ) -> Result<A, StageError> {
        self.sweep(new, |sum, input, row| {
            if row.status == crate::score::row::Status::Ok {
                let source = self.job.source(input);
                let key = lineage::key(source.key_from_id, &source.name, &input.shard.name, row);
                let judged = lineage.judge(input.source, row);
                fold(sum, key, &judged, row);
            }
        })
    }
}
