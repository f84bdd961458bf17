//! One shard of a finished run: its records, its files, and its rows against scores and plan.

use std::collections::BTreeMap;
use std::path::Path;

use super::quarantine::Quarantine;
use super::rows::{Check, Rows, damaged_as_told, named};
use crate::config::{Config, Limits};
use crate::edit::prior::Prior;
use crate::mix::Plan;
use crate::provenance::inputs::InputLine;
use crate::provenance::lineage::Lineage;
use crate::provenance::record::{EditTally, RowCounts, ShardRecord, Tally};
use crate::provenance::run_dir::{RunDir, Stage};
use crate::score::row::RowSchema;
use crate::shard::{self, Columns, ReadOptions, TableReader, digest_file};

/// What scores and plan say that a shard, or a run, comes to.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    pub(super) rows: RowCounts,
    pub(super) reasons: BTreeMap<String, u64>,
    /// Rows in which something was replaced, by the fault.
    pub(super) replaced: BTreeMap<String, u64>,
    pub(super) written: BTreeMap<String, Tally>,
    pub(super) edits: EditTally,
    /// Planned sum and documents of each cell.
    pub(super) cells: Vec<(u64, u64)>,
}

impl Expectation {
    pub(super) fn new(plan: &Plan) -> Expectation {
        Expectation {
            cells: vec![(0, 0); plan.cells.len()],
            ..Expectation::default()
        }
    }

    pub(super) fn add(&mut self, other: Expectation) {
        self.rows.add(&other.rows);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (code, count) in other.replaced {
            *self.replaced.entry(code).or_default() += count;
        }
        for (origin, tally) in other.written {
            self.written.entry(origin).or_default().add(&tally);
        }
        self.edits.add(&other.edits);
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
    }
}

/// The data has a `tamis` column and, where the input is at hand, the input's columns and types.
fn same_schema(
    data: &Path,
    name: &str,
    columns: &Columns,
    input: Option<&Path>,
) -> Result<(), String> {
    let look =
        |path: &Path| shard::schema_of(&named(path, name)?, columns).map_err(|e| e.to_string());
    let found = look(data)?;
    if found.columns.is_some() && !found.has_provenance {
        return Err("the data has no `tamis` column".to_owned());
    }
    match input {
        Some(input) if look(input)?.columns != found.columns => {
            Err("the data has other columns than the input".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is checked besides the run directory itself.
#[derive(Clone, Copy)]
pub(super) struct More<'a> {
    /// The inputs are read again.
    pub(super) inputs: bool,
    /// The prior of the plan, if it is at hand: variants are made again.
    pub(super) prior: Option<&'a dyn Prior>,
}

/// A run as its shards are checked.
pub(super) struct Run<'a> {
    pub(super) dir: &'a RunDir,
    /// Where the scores lie.
    pub(super) measured: &'a RunDir,
    pub(super) plan: &'a Plan,
    pub(super) config: &'a Config,
    pub(super) more: More<'a>,
}

impl Run<'_> {
    /// Checks one shard; none if it failed in the run and was left out.
    pub(super) fn check(&self, input: &InputLine) -> Result<Option<Expectation>, Vec<String>> {
        let name = format!("{}/{}", input.source, input.shard);
        let fault = |what: String| vec![format!("{name}: {what}")];
        let record = |of: &RunDir, stage| {
            ShardRecord::read(&of.record(stage, &input.source, &input.shard))
                .ok_or_else(|| fault("a record is missing".to_owned()))
        };
        let score = record(self.measured, Stage::Score)?;
        if score.failure.is_some() {
            return Ok(None);
        }
        let write = record(self.dir, Stage::Write)?;
        if write.failure.is_some() {
            return Ok(None);
        }
        salvaged_agrees(&score).map_err(fault)?;
        let mut expected = self.rows(input, &score).map_err(fault)?;
        records_agree(input, &score, &write, &expected).map_err(fault)?;
        if self.more.inputs && expected.replaced != score.replaced {
            return Err(fault(
                "its record has other replaced rows than it".to_owned(),
            ));
        }
        expected.replaced = score.replaced;
        for (reason, count) in &score.reasons {
            *expected.reasons.entry(reason.clone()).or_default() += count;
        }
        Ok(Some(expected))
    }

    /// The rows in quarantine, which its score record counts by reason.
    fn quarantine(&self, input: &InputLine, score: &ShardRecord) -> Result<Quarantine, String> {
        let path = self.measured.quarantine(&input.source, &input.shard);
        Quarantine::open(&path, &score.reasons)
    }

    /// Follows scores and plan row by row beside the data, and the input if that is wanted.
    fn rows(&self, input: &InputLine, score: &ShardRecord) -> Result<Expectation, String> {
        let scores = self.measured.scores(&input.source, &input.shard);
        let table = TableReader::open(&scores).map_err(|e| e.to_string())?;
        let schema = RowSchema::from_arrow(table.schema()).map_err(|e| e.to_string())?;
        let lineage = Lineage::new(self.plan, &schema).map_err(|unknown| {
            let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
            lines.join("; ")
        })?;
        let source = lineage
            .source(&input.source)
            .ok_or("its source is not in the plan")?;
        let of = self.config.source.iter().find(|s| s.name == input.source);
        let of = of.ok_or("its source is not in config.toml")?;
        // As they were read: an id that is no text of its own makes no shard unreadable.
        let columns = &Columns {
            text: of.text.clone(),
            id: Some(of.id.clone()),
            extra: Vec::new(),
        };
        let read = as_read(&self.config.limits);
        // An edited text may be a little longer than the longest that is read, and provenance repeats.
        let written = ReadOptions {
            max_document: read.max_document.saturating_mul(2),
            max_ratio: u64::MAX,
            ..read
        };
        let data = self.dir.data(&input.source, &input.shard);
        let from = self.more.inputs.then_some(Path::new(&input.path));
        same_schema(&data, &input.shard, columns, from)?;
        let mut check = Check {
            plan: self.plan,
            prior: self.more.prior,
            lineage,
            source,
            shard: &input.shard,
            written: Rows::open((&data, &input.shard), columns, &written)?,
            original: match from {
                None => None,
                Some(path) if unchanged(path, score)? => {
                    let place = (path, input.shard.as_str());
                    if let Some(salvaged) = &score.salvaged {
                        damaged_as_told(place, columns, &read, salvaged)?;
                    }
                    let rows = score.salvaged.as_ref().map(|salvaged| salvaged.rows);
                    let read = ReadOptions {
                        stop_after: rows,
                        ..read
                    };
                    Some(Rows::open(place, columns, &read)?)
                }
                Some(_) => return Err("the input is not the one that was scored".to_owned()),
            },
            quarantine: self.quarantine(input, score)?,
            expected: Expectation::new(self.plan),
        };
        for batch in table {
            let batch = batch.map_err(|e| e.to_string())?;
            for row in schema.rows(&batch).map_err(|e| e.to_string())? {
                check.row(&row)?;
            }
        }
        check.end()
    }
}

/// A salvaged shard has the rows before its damage, and no others.
fn salvaged_agrees(score: &ShardRecord) -> Result<(), String> {
    match &score.salvaged {
        Some(salvaged) if salvaged.rows != score.rows.read => Err(format!(
            "its score record tells of {} rows before its damage, and of {} read",
            salvaged.rows, score.rows.read
        )),
        _ => Ok(()),
    }
}

/// How the rows of an input were read.
fn as_read(limits: &Limits) -> ReadOptions {
    ReadOptions {
        max_document: usize::try_from(limits.max_document).unwrap_or(usize::MAX),
        zstd_window_log: limits.zstd_window_log,
        max_ratio: limits.max_ratio,
        invalid_utf8: limits.invalid_utf8,
        lone_surrogates: limits.lone_surrogates,
        ..ReadOptions::default()
    }
}

/// True if an input still has the digest that was scored.
fn unchanged(path: &Path, score: &ShardRecord) -> Result<bool, String> {
    let digest = digest_file(path).map_err(|e| e.to_string())?;
    Ok(digest.hex == score.input.digest)
}

/// The records say what following scores and plan gives.
fn records_agree(
    input: &InputLine,
    score: &ShardRecord,
    write: &ShardRecord,
    found: &Expectation,
) -> Result<(), String> {
    let told = write.rows == found.rows
        && write.reasons == found.reasons
        && write.written == found.written
        && write.edits == Some(found.edits);
    if !told {
        return Err("its record is not what scores and plan give".to_owned());
    }
    if input.digest.as_ref() != Some(&score.input.digest) || input.size != score.input.bytes {
        return Err("inputs.json has another digest than was scored".to_owned());
    }
    let scored = score.rows;
    if scored.read != found.rows.read || scored.quarantined != found.rows.quarantined {
        return Err("its score record is not what its scores give".to_owned());
    }
    Ok(())
}
