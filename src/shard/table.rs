//! Tables of our own in Parquet: score rows, edit records and whatever else has one row a document.
//!
//! Written atomically; batches and row groups have fixed numbers of rows, so the bytes follow from the rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::atomic::{AtomicFile, Written};
use super::error::{ShardError, guarded};
use super::parquet_file::ParquetFile;
use super::parquet_write::create_plain;
use super::recut::Recut;

/// Rows of a batch, in writing and in reading.
const BATCH_ROWS: usize = 8192;
/// Batches of a row group.
const GROUP_BATCHES: usize = 8;
const ZSTD_LEVEL: i32 = 3;
/// Bytes that the footer of a table may take: ours has a row group for 65,536 rows.
const MAX_FOOTER: u64 = 256 << 20;

/// Writes one table.
pub struct TableWriter {
    writer: ArrowWriter<AtomicFile>,
    path: PathBuf,
    recut: Recut,
    open_batches: usize,
    rows: u64,
}

impl TableWriter {
    /// Opens a table at `path`; it becomes visible with [`TableWriter::finish`].
    pub fn create(path: &Path, schema: SchemaRef) -> Result<TableWriter, ShardError> {
        Ok(TableWriter {
            writer: create_plain(path, schema.clone(), ZSTD_LEVEL)?,
            path: path.to_path_buf(),
            recut: Recut::new(schema, BATCH_ROWS, u64::MAX),
            open_batches: 0,
            rows: 0,
        })
    }

    /// Appends rows; how they are cut into batches does not matter.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ShardError> {
        self.rows += batch.num_rows() as u64;
        guarded(&self.path, "", || {
            for cut in self.recut.push(batch, |_| 0)? {
                self.writer.write(&cut.batch)?;
                self.open_batches += 1;
                if self.open_batches == GROUP_BATCHES {
                    self.open_batches = 0;
                    self.writer.flush()?;
                }
            }
            Ok(())
        })
    }

    /// Closes the table and makes it visible.
    pub fn finish(mut self) -> Result<Written, ShardError> {
        let file = guarded(&self.path, "", || {
            if let Some(cut) = self.recut.rest()? {
                self.writer.write(&cut.batch)?;
            }
            self.writer.into_inner()
        })?;
        Ok(Written {
            rows: self.rows,
            ..file.finish()?
        })
    }
}

/// Reads one table, batch after batch, in order.
pub struct TableReader {
    reader: ParquetRecordBatchReader,
    path: PathBuf,
    schema: SchemaRef,
    rows: u64,
    failed: bool,
}

impl TableReader {
    /// Opens a table with all its columns.
    pub fn open(path: &Path) -> Result<TableReader, ShardError> {
        Self::open_columns(path, None)
    }

    /// Opens a table with the named columns only; names that it lacks are left out.
    pub fn open_columns(path: &Path, columns: Option<&[&str]>) -> Result<TableReader, ShardError> {
        let file = ParquetFile::open(path)?;
        let metadata = Arc::new(file.metadata(MAX_FOOTER)?);
        guarded(path, "", || {
            let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            if let Some(columns) = columns {
                let fields = builder.schema().fields();
                let wanted = |at: &usize| columns.contains(&fields[*at].name().as_str());
                let roots: Vec<usize> = (0..fields.len()).filter(wanted).collect();
                let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
                builder = builder.with_projection(mask);
            }
            let rows = builder.metadata().file_metadata().num_rows();
            let reader = builder.with_batch_size(BATCH_ROWS).build()?;
            Ok(TableReader {
                schema: arrow::array::RecordBatchReader::schema(&reader),
                reader,
                path: path.to_path_buf(),
                rows: u64::try_from(rows).unwrap_or(0),
                failed: false,
            })
        })
    }

    /// The columns that are read.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows of the table, by its footer.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl Iterator for TableReader {
    type Item = Result<RecordBatch, ShardError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = guarded(&self.path, "", || Ok(self.reader.next().transpose()?));
        self.failed = next.is_err();
        next.transpose()
    }
}
