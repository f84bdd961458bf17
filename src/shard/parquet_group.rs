//! Reads one row group in batches whose size follows from the bytes that their rows turn out to need.
//!
//! What the metadata says of a group is a first guess. Where a few rows need more pages than may be held, the
//! group is opened again at the row where it stands, with fewer rows at a time, and with more again later.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::FieldLevels;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowSelection, RowSelector};
use parquet::file::metadata::ParquetMetaData;

use super::checked_pages::GroupPages;
use super::error::{ShardError, guarded};
use super::nested::shown_bytes;
use super::page_meter::{Meter, Refusal};
use super::parquet_file::ParquetFile;
use super::row_bytes::row_bytes;

/// Most rows of a batch, however short they are.
const MAX_BATCH_ROWS: usize = 4096;
/// By how much a batch shrinks when its rows need too much.
const SHRINK: usize = 4;
/// Small batches in a row after which larger ones are tried again.
const CALM_BATCHES: u32 = 16;
/// How often larger ones are tried: each time, lists are decoded once more from where the group begins.
const MOST_TRIES: u32 = 32;

/// What all groups of a shard are read by.
pub(crate) struct GroupSpec {
    pub(crate) file: ParquetFile,
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// The first row of each group.
    pub(crate) starts: Vec<u64>,
    /// The columns that are read, and their types.
    pub(crate) levels: FieldLevels,
    /// The Parquet columns that are read.
    pub(crate) leaves: Vec<usize>,
    /// The schema of the batches.
    pub(crate) schema: SchemaRef,
    /// Bytes of a row where nothing varies.
    pub(crate) row_bytes: u64,
    pub(crate) block_bytes: usize,
    /// Most bytes of pages that a group's decoder may hold.
    pub(crate) page_bytes: u64,
    pub(crate) salvage: bool,
}

impl GroupSpec {
    /// Bytes of a group's columns that are read, decompressed.
    pub(crate) fn group_bytes(&self, group: usize) -> u64 {
        let group = self.metadata.row_group(group);
        let sizes = self.leaves.iter().map(|leaf| {
            let column = group.columns().get(*leaf);
            column.map_or(0, |column| column.uncompressed_size().max(0).unsigned_abs())
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// Rows that a group declares.
    pub(crate) fn rows(&self, group: usize) -> u64 {
        u64::try_from(self.metadata.row_group(group).num_rows()).unwrap_or(0)
    }

    /// More memory would do.
    fn beyond(&self, group: usize, cause: String) -> ShardError {
        ShardError::Limit {
            code: "E-PARQUET-PAGE-SIZE",
            path: self.file.path().to_path_buf(),
            place: place(group),
            cause,
        }
    }

    fn damaged(&self, group: usize, cause: String) -> ShardError {
        ShardError::Damaged {
            code: "E-PARQUET-CORRUPT",
            path: self.file.path().to_path_buf(),
            place: place(group),
            cause,
            rows: None,
        }
    }

    /// How many rows of a group make a block, by what its metadata says of their size.
    fn batch_rows(&self, group: usize) -> usize {
        let row = self.group_bytes(group) / self.rows(group).max(1);
        let row = usize::try_from(row.max(self.row_bytes)).unwrap_or(usize::MAX);
        (self.block_bytes / row.max(1)).clamp(1, MAX_BATCH_ROWS)
    }
}

fn place(group: usize) -> String {
    format!(" in row group {group}")
}

/// What comes next of a group.
pub(crate) enum Step {
    /// Rows, at least one.
    Rows(RecordBatch),
    /// There are no more.
    End,
    /// The next rows need more than the share that was given; [`GroupReader::unshare`] lets it have all.
    WantsMore,
}

/// The reader of one row group.
pub(crate) struct GroupReader {
    spec: Arc<GroupSpec>,
    group: usize,
    /// Rows given out or waiting in `ready`.
    row: u64,
    /// Rows to read; fewer than there are where the shard counts as ended before.
    end: u64,
    most_rows: usize,
    batch_rows: usize,
    /// Small batches since the last that was too large.
    calm: u32,
    tries: u32,
    /// Bytes of pages to get by with, while others read ahead too.
    share: Option<u64>,
    open: Option<(ParquetRecordBatchReader, Arc<Meter>)>,
    ready: VecDeque<RecordBatch>,
}

impl GroupReader {
    /// A reader of the first `most` rows of a group.
    pub(crate) fn new(
        spec: Arc<GroupSpec>,
        group: usize,
        most: Option<u64>,
        share: Option<u64>,
    ) -> GroupReader {
        let rows = spec.rows(group);
        let most_rows = spec.batch_rows(group);
        GroupReader {
            group,
            row: 0,
            end: most.map_or(rows, |most| most.min(rows)),
            most_rows,
            batch_rows: most_rows,
            calm: 0,
            tries: 0,
            share,
            open: None,
            ready: VecDeque::new(),
            spec,
        }
    }

    /// Lets the reader have all the memory that one group may have.
    pub(crate) fn unshare(&mut self) {
        self.share = None;
        self.open = None;
    }

    /// The next rows.
    pub(crate) fn next(&mut self) -> Result<Step, ShardError> {
        if let Some(rows) = self.ready.pop_front() {
            return Ok(Step::Rows(rows));
        }
        if self.row == self.end && self.end < self.spec.rows(self.group) {
            return Ok(Step::End);
        }
        loop {
            match self.read() {
                Ok(Some(batch)) => {
                    self.row += batch.num_rows() as u64;
                    self.settle();
                    self.ready = cut(batch, self.spec.block_bytes as u64).into();
                    return match self.ready.pop_front() {
                        Some(rows) => Ok(Step::Rows(rows)),
                        None => Ok(Step::End),
                    };
                }
                Ok(None) => return self.closed().map(|()| Step::End),
                Err(error) => match self.refusal() {
                    Some(Refusal::TooMuch { .. }) if self.share.is_some() => {
                        return Ok(Step::WantsMore);
                    }
                    Some(Refusal::TooMuch { .. }) if self.batch_rows > 1 => {
                        self.batch_rows = (self.batch_rows / SHRINK).max(1);
                        self.calm = 0;
                        self.open = None;
                    }
                    _ => return Err(self.counted(error)),
                },
            }
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        self.open.as_ref().and_then(|(_, meter)| meter.refusal())
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, ShardError> {
        if self.open.is_none() {
            self.reopen()?;
        }
        let Some((reader, _)) = self.open.as_mut() else {
            return Ok(None);
        };
        let schema = &self.spec.schema;
        let path = self.spec.file.path();
        let next = guarded(path, &place(self.group), || match reader.next() {
            Some(batch) => {
                let (_, columns, rows) = batch?.into_parts();
                let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
                let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
                Ok(Some(batch))
            }
            None => Ok(None),
        });
        next.map_err(|error| self.named(error))
    }

    /// Opens the group at the row where it stands.
    fn reopen(&mut self) -> Result<(), ShardError> {
        let spec = &self.spec;
        if spec.row_bytes > spec.page_bytes {
            let cause = format!(
                "a row has {} bytes, whatever it holds: more than {}",
                spec.row_bytes, spec.page_bytes
            );
            return Err(spec.beyond(self.group, cause));
        }
        // One row may have all; more at once must leave room for what is still on its way.
        let most = match (self.share, self.batch_rows) {
            (Some(share), _) => share,
            (None, 1) => spec.page_bytes,
            (None, _) => spec.page_bytes / 2,
        };
        let columns = spec.metadata.row_group(self.group).num_columns();
        let meter = Arc::new(Meter::new(columns, most, self.batch_rows));
        let pages = self.pages(meter.clone());
        let all = self.row == 0 && self.end == spec.rows(self.group);
        let selection = (!all).then(|| {
            let (row, left) = (self.row as usize, (self.end - self.row) as usize);
            RowSelection::from(vec![RowSelector::skip(row), RowSelector::select(left)])
        });
        let opened = guarded(spec.file.path(), &place(self.group), || {
            ParquetRecordBatchReader::try_new_with_row_groups(
                &spec.levels,
                &pages,
                self.batch_rows,
                selection,
            )
        });
        match opened {
            Ok(reader) => {
                self.open = Some((reader, meter));
                Ok(())
            }
            Err(error) => Err(self.explained(error, meter.refusal())),
        }
    }

    fn pages(&self, meter: Arc<Meter>) -> GroupPages {
        GroupPages {
            file: self.spec.file.clone(),
            metadata: self.spec.metadata.clone(),
            group: Some(self.group),
            meter,
        }
    }

    /// After a batch: its pages count no longer, and a long calm calls for larger batches.
    fn settle(&mut self) {
        if let Some((_, meter)) = &self.open {
            meter.next_rows();
        }
        if self.batch_rows == self.most_rows {
            return;
        }
        self.calm += 1;
        if self.calm >= CALM_BATCHES && self.tries < MOST_TRIES {
            self.calm = 0;
            self.tries += 1;
            self.batch_rows = (self.batch_rows * SHRINK).min(self.most_rows);
            self.open = None;
        }
    }

    /// A group that gives other rows than it declares is damaged, though no decoder says so.
    fn closed(&self) -> Result<(), ShardError> {
        let declared = self.spec.rows(self.group);
        if self.row == declared || self.row == self.end {
            return Ok(());
        }
        let cause = format!("{declared} rows are declared, {} read", self.row);
        let mut error = self.spec.damaged(self.group, cause);
        if self.spec.salvage {
            error.set_rows(self.row.min(declared));
        }
        Err(error)
    }

    /// The error by its real cause: the disk, or a page that was refused.
    fn named(&self, error: ShardError) -> ShardError {
        self.explained(error, self.refusal())
    }

    fn explained(&self, error: ShardError, refusal: Option<Refusal>) -> ShardError {
        let error = self.spec.file.or_disk(error);
        if !error.is_data() {
            return error;
        }
        let cause = match refusal {
            None => return error,
            Some(Refusal::Lie { what }) => what,
            Some(Refusal::TooMuch { what, bytes }) => {
                let most = self.spec.page_bytes;
                let columns = self.spec.metadata.row_group(self.group).num_columns();
                let pages = self.pages(Arc::new(Meter::new(columns, 0, 1)));
                let need = pages.need(&self.spec.leaves).unwrap_or(0).max(bytes);
                let times = need.div_ceil(most.max(1)).max(2);
                let cause = format!(
                    "{what}: its pages need {need} bytes at once, more than {most}; give --memory {times} times what it is, or fewer --threads"
                );
                return self.spec.beyond(self.group, cause);
            }
        };
        self.spec.damaged(self.group, cause)
    }

    /// The error with the number of whole rows of this group before it, where that is asked for.
    fn counted(&self, mut error: ShardError) -> ShardError {
        if self.spec.salvage && matches!(error, ShardError::Damaged { .. }) {
            error.set_rows(self.whole_rows());
        }
        error
    }

    /// Rows that can be read, counted one by one from where the batches stand.
    fn whole_rows(&self) -> u64 {
        let mut reader = GroupReader {
            row: self.row,
            end: self.end,
            most_rows: 1,
            batch_rows: 1,
            share: None,
            ..GroupReader::new(self.spec.clone(), self.group, None, None)
        };
        while let Ok(Some(batch)) = reader.read() {
            reader.row += batch.num_rows() as u64;
            reader.settle();
        }
        reader.row
    }
}

/// Cuts rows so that what they show stays near `bytes`, however much of it they share.
fn cut(batch: RecordBatch, bytes: u64) -> Vec<RecordBatch> {
    let shown: u64 = batch.columns().iter().map(shown_bytes).sum();
    if shown <= bytes.saturating_mul(2) {
        return vec![batch];
    }
    let mut pieces = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for row in 0..batch.num_rows() {
        let columns = batch.columns().iter();
        sum += columns.map(|column| row_bytes(column, row)).sum::<u64>();
        if sum >= bytes {
            pieces.push(batch.slice(start, row + 1 - start));
            (start, sum) = (row + 1, 0);
        }
    }
    if start < batch.num_rows() {
        pieces.push(batch.slice(start, batch.num_rows() - start));
    }
    pieces
}
