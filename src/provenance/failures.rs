//! What went wrong in a run, as its report lists it: shards first, then rows.
//!
//! Both lists are cut, so that a report stays small whatever the data; what is left out is counted, and stands in
//! the records and quarantine files. `verify` makes the same list again.

use super::quarantine::{self, BadLine};
use super::record::{Failure, ShardRecord};
use super::run_dir::{RunDir, Stage};

/// Most shards that are listed.
const MOST_SHARDS: usize = 1000;
/// Most rows that are listed.
const MOST_ROWS: usize = 100;

/// [`Failure::action`] of a row that is in quarantine.
const QUARANTINED: &str = "quarantined";

/// The failures of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// Shards that failed or were salvaged, then quarantined rows of the others; each in the order of the inputs.
    pub listed: Vec<Failure>,
    /// How many more there are.
    pub left_out: u64,
    /// Shards that failed in `score` or `write`.
    pub failed: u64,
    /// Shards of which only the rows before their damage are kept.
    pub salvaged: u64,
}

impl Failures {
    /// Collects the failures of these shards, each named by source and shard; scores and quarantine are those of
    /// `measured`.
    ///
    /// # Errors
    /// A quarantine file that cannot be read, as text that names it.
    pub fn of<'a>(
        run: &RunDir,
        measured: &RunDir,
        shards: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Failures, String> {
        let (mut failures, mut rows) = (Failures::default(), Vec::new());
        for (source, shard) in shards {
            let record = |of: &RunDir, stage| ShardRecord::read(&of.record(stage, source, shard));
            let score = record(measured, Stage::Score);
            let failed = |record: &Option<ShardRecord>| record.as_ref()?.failure.clone();
            if let Some(failure) = failed(&score).or_else(|| failed(&record(run, Stage::Write))) {
                failures.failed += 1;
                failures.shard(failure);
                continue;
            }
            let Some(score) = score else { continue };
            let name = format!("{source}/{shard}");
            if let Some(salvaged) = &score.salvaged {
                failures.salvaged += 1;
                failures.shard(salvaged.failure(&name));
            }
            let before = rows.len();
            if score.rows.quarantined > 0 && before < MOST_ROWS {
                let path = measured.quarantine(source, shard);
                let fault = |e: String| format!("{}: {e}", path.display());
                for line in quarantine::lines::<BadLine>(&path)
                    .map_err(|e| fault(e.to_string()))?
                    .take(MOST_ROWS - before)
                {
                    rows.push(row_failure(&name, line.map_err(|e| fault(e.to_string()))?));
                }
            }
            let listed = (rows.len() - before) as u64;
            failures.left_out += score.rows.quarantined.saturating_sub(listed);
        }
        failures.listed.append(&mut rows);
        Ok(failures)
    }

    fn shard(&mut self, failure: Failure) {
        if self.listed.len() < MOST_SHARDS {
            self.listed.push(failure);
        } else {
            self.left_out += 1;
        }
    }

    /// True if every shard was read and written to its end.
    pub fn complete(&self) -> bool {
        self.failed == 0 && self.salvaged == 0
    }
}

fn row_failure(shard: &str, bad: BadLine) -> Failure {
    Failure {
        shard: shard.to_owned(),
        row: Some(bad.row),
        code: bad.code,
        cause: bad.cause,
        action: QUARANTINED.to_owned(),
    }
}
