//! Tables of our own in Parquet: score rows, edit records and whatever else has one row a document.
//!
//! Written atomically; batches and row groups have fixed numbers of rows, so the bytes follow from the rows.
//!
//! Fractional numbers, nearly all of them measured, are most of a table and nearly all distinct: a dictionary of them
//! would cost more than the compression of what it saves, and make the file larger. They are plain, in LZ4, which takes
//! about half the time of the fastest zstd to write, for a third more bytes of these columns; and without bounds, which
//! nothing here reads and which seldom rule out a group of rows. Counts are differences, and with texts in the fastest
//! zstd.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::atomic::{AtomicFile, Written};
use super::error::{ShardError, guarded};
use super::parquet_file::ParquetFile;
use super::parquet_write::check_rows;
use super::recut::Recut;

/// Rows of a batch in reading.
const BATCH_ROWS: usize = 8192;
/// Rows of a batch in writing: few enough that its columns are still in the cache when they are encoded.
const WRITE_ROWS: usize = 2048;
/// Batches of a row group.
const GROUP_BATCHES: usize = 32;
const ZSTD_LEVEL: i32 = 1;
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
    ///
    /// The columns that are named in `distinct` hold texts of which nearly every row has its own.
    pub fn create(
        path: &Path,
        schema: SchemaRef,
        distinct: &[&str],
    ) -> Result<TableWriter, ShardError> {
        let file = AtomicFile::create(path)?;
        let writer = guarded(path, "", || {
            let properties = properties(&schema, distinct)?;
            ArrowWriter::try_new(file, schema.clone(), Some(properties))
        })?;
        Ok(TableWriter {
            writer,
            path: path.to_path_buf(),
            recut: Recut::new(schema, WRITE_ROWS, u64::MAX),
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
        let rows = self.rows;
        let written = file.finish_checked(|file| check_rows(file, rows))?;
        Ok(Written { rows, ..written })
    }
}

/// Dictionaries for texts that repeat, none for anything else; bounds of each column but those of fractional numbers,
/// and of no page.
fn properties(schema: &SchemaRef, distinct: &[&str]) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(None);
    for field in schema.fields() {
        let column = || ColumnPath::from(field.name().as_str());
        let repeats = match field.data_type() {
            DataType::Float64 => {
                properties = properties
                    .set_column_compression(column(), Compression::LZ4_RAW)
                    .set_column_statistics_enabled(column(), EnabledStatistics::None);
                false
            }
            DataType::UInt64 => {
                properties =
                    properties.set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED);
                false
            }
            _ => !distinct.contains(&field.name().as_str()),
        };
        properties = properties.set_column_dictionary_enabled(column(), repeats);
    }
    Ok(properties.build())
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
