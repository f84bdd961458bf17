//! One shard through scoring: read to its end, or to its damage where that is salvaged.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::quarantine::Quarantine;
use super::rows::Wanted;
use super::standing::salvaging;
use crate::config::Source;
use crate::provenance::Fingerprint;
use crate::provenance::record::{FileRecord, InputRecord, Salvaged, ShardRecord};
use crate::provenance::run_dir::Stage;
use crate::score::Scorer;
use crate::score::row::RowSchema;
use crate::shard::{self, BadRow, RawBlock, ReadOptions, TableWriter};
use crate::stage::columns::SourceColumns;
use crate::stage::error::{StageError, chain};
use crate::stage::inputs::Input;
use crate::stage::job::Job;

/// What scoring one shard needs besides the shard.
pub(super) struct Task<'a> {
    pub(super) job: &'a Job,
    pub(super) source: &'a Source,
    pub(super) columns: SourceColumns,
    pub(super) schema: &'a RowSchema,
    pub(super) wanted: Wanted,
    pub(super) scorer: &'a Scorer,
}

impl<'a> Task<'a> {
    pub(super) fn new(
        job: &'a Job,
        input: &Input,
        schema: &'a RowSchema,
        scorer: &'a Scorer,
    ) -> Task<'a> {
        let source = job.source(input);
        Task {
            job,
            source,
            columns: job.columns(source),
            schema,
            wanted: Wanted::new(&job.config, schema),
            scorer,
        }
    }
}

/// What became of a block: its score rows, and its bad rows.
pub(super) struct Scored {
    pub(super) rows: RecordBatch,
    pub(super) bad: Vec<(u64, BadRow)>,
    /// Rows in which something was replaced, by the fault.
    pub(super) replaced: BTreeMap<&'static str, u64>,
}

impl Task<'_> {
    /// Scores a shard; if it is damaged and `limits.salvage` is on, the rows before its damage.
    ///
    /// # Errors
    /// What is wrong with the shard, or with the environment.
    pub(super) fn shard(&self, input: &Input, fingerprint: Fingerprint) -> Result<(), StageError> {
        let error = match self.pass(input, fingerprint.clone(), None) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let Some(salvaged) = self.salvaged(&error) else {
            return Err(error);
        };
        tracing::warn!(
            stage = Stage::Score.name(),
            shard = self.job.name(input),
            code = salvaged.code,
            rows = salvaged.rows,
            "{}; the rows before are kept",
            salvaged.cause
        );
        let fingerprint = salvaging(fingerprint, &self.job.config.limits);
        self.pass(input, fingerprint, Some(salvaged))
    }

    /// What can be kept of a shard that fails with this error, if anything may be.
    pub(super) fn salvaged(&self, error: &StageError) -> Option<Salvaged> {
        let StageError::Shard(damage) = error else {
            return None;
        };
        let rows = error.rows_before()?;
        self.job.config.limits.salvage.then(|| Salvaged {
            rows,
            code: damage.code().to_owned(),
            cause: chain(error),
        })
    }

    fn pass(
        &self,
        input: &Input,
        fingerprint: Fingerprint,
        salvaged: Option<Salvaged>,
    ) -> Result<(), StageError> {
        let name = &input.shard.name;
        let mut reader = self.open(input, salvaged.as_ref())?;
        let path = self.job.run.scores(&self.source.name, name);
        let mut table = TableWriter::create(&path, self.schema.arrow(), &RowSchema::DISTINCT)?;
        let mut quarantine = Quarantine::new(self.job, &self.source.name, name);
        let mut record = ShardRecord::new("score", &self.source.name, name, fingerprint);
        self.job.engine.pipeline(
            || Ok(reader.next_block()?),
            |raw| self.block(raw),
            |scored| {
                record.rows.read += scored.rows.num_rows() as u64;
                record.rows.quarantined += scored.bad.len() as u64;
                for (code, rows) in scored.replaced {
                    *record.replaced.entry(code.to_owned()).or_default() += rows;
                }
                for (row, bad) in scored.bad {
                    record.count_reason(bad.code, 1);
                    quarantine.add(row, bad)?;
                }
                Ok(table.write(&scored.rows)?)
            },
        )?;
        let digest = reader.finish()?;
        still_the_same(input)?;
        record.input = InputRecord {
            bytes: digest.bytes,
            digest: digest.hex,
            sampled: input.sampled.clone(),
        };
        record.rows.kept = record.rows.read - record.rows.quarantined;
        record.salvaged = salvaged;
        let written = table.finish()?;
        record
            .files
            .push(FileRecord::new(&self.job.run, &path, &written)?);
        record.files.extend(quarantine.finish()?);
        self.job.write_record(Stage::Score, &record)?;
        self.job.engine.progress.shard_done(input.shard.bytes);
        Ok(())
    }

    /// Who salvages reads all columns: damage in any of them must show before anything is planned.
    pub(super) fn open(
        &self,
        input: &Input,
        salvaged: Option<&Salvaged>,
    ) -> Result<shard::Reader, StageError> {
        let limits = &self.job.config.limits;
        let options = ReadOptions {
            stop_after: salvaged.map(|salvaged| salvaged.rows),
            salvage: limits.salvage,
            ..self.job.engine.reading(limits)
        };
        let reader = shard::open(&input.shard, &self.columns.columns, &options)?;
        Ok(if limits.salvage {
            reader
        } else {
            reader.narrow()
        })
    }

    fn block(&self, raw: RawBlock) -> Result<Scored, StageError> {
        let mut block = raw.decode(&self.columns.columns);
        let (scored, bytes) = self.rows(&mut block);
        self.job.engine.progress.add(block.len() as u64, bytes);
        Ok(scored)
    }
}

/// Refuses a shard that somebody replaced, cut or wrote to since the run began to look at it.
fn still_the_same(input: &Input) -> Result<(), StageError> {
    if shard::sampled_digest(&input.shard.path)? == input.sampled {
        return Ok(());
    }
    Err(StageError::InputChanged(
        "the shard changed while it was read; run again when it is at rest".to_owned(),
    ))
}
