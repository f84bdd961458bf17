//! Reads a Parquet shard: its row groups in order, one after the other or several at once.
//!
//! The parquet crate may panic on damaged files; every call of it is guarded.

use std::sync::Arc;

use super::block::Columns;
use super::digest::{Digest, digest_open};
use super::error::ShardError;
use super::find::Shard;
use super::nested::fixed_bytes;
use super::parquet_ahead::{Ahead, groups_until};
use super::parquet_block::RawBatch;
use super::parquet_file::ParquetFile;
use super::parquet_group::{GroupReader, GroupSpec, Step};
use super::parquet_schema::{Loaded, ParquetTemplate, Reading, load};
use super::reader::ReadOptions;

/// Bytes that a page or a dictionary has where its writer does not say otherwise; a column may hold one of each.
const USUAL_PAGES: u64 = 2 << 20;

/// The reader of one Parquet shard.
pub(crate) struct ParquetReader {
    file: ParquetFile,
    loaded: Loaded,
    reading: Reading,
    template: Arc<ParquetTemplate>,
    options: ReadOptions,
    source: Source,
}

/// How far reading has come.
enum Source {
    NotBegun,
    /// One group after the other.
    InTurn {
        spec: Arc<GroupSpec>,
        group: usize,
        reader: Option<GroupReader>,
        row: u64,
    },
    Ahead {
        groups: Ahead,
        row: u64,
    },
    Done,
}

impl ParquetReader {
    pub(crate) fn open(
        shard: &Shard,
        columns: &Columns,
        options: &ReadOptions,
    ) -> Result<ParquetReader, ShardError> {
        let file = ParquetFile::open(&shard.path)?;
        let loaded = load(&file, columns, options.page_bytes)?;
        let reading = loaded.reading(&file, columns, false)?;
        Ok(ParquetReader {
            template: loaded.template.clone(),
            file,
            loaded,
            reading,
            options: *options,
            source: Source::NotBegun,
        })
    }

    pub(crate) fn template(&self) -> &Arc<ParquetTemplate> {
        &self.template
    }

    /// Leaves out all columns but those that are decoded; where that cannot be done, all of them do as well.
    pub(crate) fn narrow(&mut self, columns: &Columns) {
        if let Ok(reading) = self.loaded.reading(&self.file, columns, true) {
            self.reading = reading;
        }
    }

    /// The next batch that holds at least one row.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RawBatch>, ShardError> {
        if matches!(self.source, Source::NotBegun) {
            self.source = self.begin();
        }
        let next = match &mut self.source {
            Source::Ahead { groups, row } => next_ahead(groups, row),
            Source::InTurn {
                spec,
                group,
                reader,
                row,
            } => next_in_turn(spec, group, reader, row, self.options.stop_after),
            Source::NotBegun | Source::Done => Ok(None),
        };
        if !matches!(next, Ok(Some(_))) {
            self.source = Source::Done;
        }
        next.map_err(|(group, error)| self.counted(group, error))
    }

    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        digest_open(self.file.file()).map_err(ShardError::io(self.file.path(), "read"))
    }

    fn begin(&self) -> Source {
        let options = &self.options;
        let schema = &self.reading.schema;
        let kinds = schema.fields().iter().map(|field| field.data_type());
        let spec = Arc::new(GroupSpec {
            file: self.file.clone(),
            metadata: self.loaded.metadata.clone(),
            starts: self.loaded.starts.clone(),
            levels: self.reading.levels.clone(),
            leaves: self.reading.leaves.clone(),
            schema: schema.clone(),
            row_bytes: kinds.map(fixed_bytes).fold(0, u64::saturating_add),
            block_bytes: options.block_bytes,
            page_bytes: options.page_bytes,
            salvage: options.salvage,
        });
        let threads = self.threads_for(&spec);
        let ahead = (threads > 1)
            .then(|| {
                let most = options.ahead_bytes as u64;
                Ahead::start(spec.clone(), threads, most, options.stop_after)
            })
            .flatten();
        match ahead {
            Some(groups) => Source::Ahead { groups, row: 0 },
            None => Source::InTurn {
                spec,
                group: 0,
                reader: None,
                row: 0,
            },
        }
    }

    /// Threads that have work and memory: each holds the pages that one of its groups is decoded from.
    fn threads_for(&self, spec: &GroupSpec) -> usize {
        let options = &self.options;
        let groups = groups_until(spec, options.stop_after);
        let largest = (0..groups).map(|group| spec.group_bytes(group)).max();
        let usual = USUAL_PAGES.saturating_mul(spec.leaves.len() as u64);
        let held = largest.unwrap_or(0).min(usual) + 2 * options.block_bytes as u64;
        let fit = options.ahead_bytes as u64 / held.max(1);
        options
            .ahead_threads
            .min(groups)
            .min(usize::try_from(fit).unwrap_or(usize::MAX))
    }

    /// The error with its whole rows counted from the start of the shard.
    fn counted(&self, group: usize, mut error: ShardError) -> ShardError {
        if let Some(rows) = error.rows_before() {
            error.set_rows(self.loaded.starts[group] + rows);
        }
        error
    }
}

/// The next rows, or the group that failed and why.
type Next = Result<Option<RawBatch>, (usize, ShardError)>;

fn next_ahead(groups: &mut Ahead, row: &mut u64) -> Next {
    let Some(batch) = groups.next()? else {
        return Ok(None);
    };
    Ok(Some(RawBatch::counted(batch, row)))
}

fn next_in_turn(
    spec: &Arc<GroupSpec>,
    group: &mut usize,
    reader: &mut Option<GroupReader>,
    row: &mut u64,
    stop_after: Option<u64>,
) -> Next {
    let groups = groups_until(spec, stop_after);
    while *group < groups {
        let open = reader.get_or_insert_with(|| {
            let most = stop_after.map(|stop| stop.saturating_sub(spec.starts[*group]));
            GroupReader::new(spec.clone(), *group, most, None)
        });
        match open.next().map_err(|error| (*group, error))? {
            Step::Rows(batch) => return Ok(Some(RawBatch::counted(batch, row))),
            Step::WantsMore => open.unshare(),
            Step::End => {
                *reader = None;
                *group += 1;
            }
        }
    }
    Ok(None)
}
