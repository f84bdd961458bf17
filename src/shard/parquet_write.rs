//! Writes a Parquet shard that is like its input: schema, types and metadata, with `tamis` as last column.
//!
//! Batches and row groups are cut by the rows alone (see `recut`), pages are compressed with zstd, columns and
//! groups are encoded apart from each other (see `parquet_columns`) and written in order, and the file becomes
//! visible only when it is complete.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, ArrowWriterOptions};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter, encode_arrow_schema};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::atomic::{AtomicFile, Written};
use super::block::PROVENANCE;
use super::error::{ShardError, guarded};
use super::in_order::Pool;
use super::output::WriteOptions;
use super::parquet_columns::{GroupEncoder, Meter};
use super::parquet_encode::{EncodedBatch, with_provenance};
use super::parquet_schema::ParquetTemplate;
use super::provenance_column::features_json;
use super::recut::{Cut, Recut};
use super::splice::{member_text, with_member};

/// Rows and raw bytes of a batch that is handed to the encoder.
const BATCH_ROWS: usize = 1024;
const BATCH_BYTES: u64 = 8 << 20;
/// Raw row bytes after which a row group closes.
const GROUP_BYTES: u64 = 128 << 20;
/// Where the `datasets` library keeps the features of a file.
const HUGGINGFACE_KEY: &str = "huggingface";

/// The writer of one Parquet file, with row groups of a fixed size in raw bytes.
///
/// Half of what it may hold is for rows that wait to be encoded, half for groups that wait to be written
/// while the next one is filled, an encoded group taken for half of its raw bytes. Where there is no room for
/// one, each is written before the next begins.
pub(crate) struct ParquetWriter {
    writer: SerializedFileWriter<AtomicFile>,
    columns: ArrowRowGroupWriterFactory,
    path: PathBuf,
    pool: Pool,
    recut: Recut,
    meter: Arc<Meter>,
    buffer_bytes: u64,
    group_bytes: u64,
    open: Option<GroupEncoder>,
    open_bytes: u64,
    closed: VecDeque<GroupEncoder>,
    groups: usize,
    rows: u64,
}

impl ParquetWriter {
    pub(crate) fn create(
        file: AtomicFile,
        template: &ParquetTemplate,
        options: &WriteOptions,
    ) -> Result<ParquetWriter, ShardError> {
        let declared = declared_schema(&template.schema);
        let mut key_values: Vec<KeyValue> = template
            .key_values
            .iter()
            .filter(|pair| pair.key != ARROW_SCHEMA_META_KEY)
            .filter_map(amended)
            .collect();
        key_values.push(KeyValue::new(
            ARROW_SCHEMA_META_KEY.to_owned(),
            encode_arrow_schema(&declared),
        ));
        let written = with_provenance(&template.read_schema);
        let path = file.path().to_path_buf();
        let (writer, columns) = guarded(&path, "", || {
            let arrow = ArrowWriterOptions::new()
                .with_properties(properties(options.zstd_level, Some(key_values))?)
                .with_skip_arrow_metadata(true);
            ArrowWriter::try_new_with_options(file, written.clone(), arrow)?
                .into_serialized_writer()
        })?;
        Ok(ParquetWriter {
            writer,
            columns,
            path,
            pool: options.pool.clone(),
            recut: Recut::new(written, BATCH_ROWS, BATCH_BYTES),
            meter: Arc::default(),
            buffer_bytes: options.buffer_bytes as u64,
            group_bytes: GROUP_BYTES,
            open: None,
            open_bytes: 0,
            closed: VecDeque::new(),
            groups: 0,
            rows: 0,
        })
    }

    /// Smaller row groups, so that tests see many of them.
    #[cfg(test)]
    pub(crate) fn with_group_bytes(mut self, bytes: u64) -> ParquetWriter {
        self.group_bytes = bytes;
        self
    }

    pub(crate) fn write(&mut self, encoded: Vec<EncodedBatch>) -> Result<(), ShardError> {
        for batch in encoded {
            self.rows += batch.rows.num_rows() as u64;
            let cuts = guarded(&self.path, "", || {
                let cuts = self.recut.push(&batch.rows, |row| batch.row_bytes[row]);
                Ok(cuts?)
            })?;
            drop(batch);
            cuts.into_iter().try_for_each(|cut| self.write_cut(&cut))?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Written, ShardError> {
        if let Some(cut) = guarded(&self.path, "", || Ok(self.recut.rest()?))? {
            self.write_cut(&cut)?;
        }
        self.close_group(0)?;
        let (rows, writer) = (self.rows, self.writer);
        let file = guarded(&self.path, "", || writer.into_inner())?;
        let written = file.finish_checked(|file| check_rows(file, rows))?;
        Ok(Written { rows, ..written })
    }

    fn write_cut(&mut self, cut: &Cut) -> Result<(), ShardError> {
        let held = self.meter.take(cut.bytes, self.buffer_bytes / 2);
        let group = match self.open.take() {
            Some(group) => group,
            None => self.new_group()?,
        };
        self.open.insert(group).write(&cut.batch, &held)?;
        self.open_bytes += cut.bytes;
        if self.open_bytes >= self.group_bytes {
            let waiting = self.buffer_bytes / self.group_bytes;
            self.close_group(usize::try_from(waiting).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }

    fn new_group(&mut self) -> Result<GroupEncoder, ShardError> {
        let writers = guarded(&self.path, "", || {
            self.columns.create_column_writers(self.groups)
        })?;
        self.groups += 1;
        Ok(GroupEncoder::new(writers, &self.path, &self.pool))
    }

    /// Closes the open group, and writes groups that are done, or that are more than may wait.
    fn close_group(&mut self, may_wait: usize) -> Result<(), ShardError> {
        self.open_bytes = 0;
        if let Some(group) = self.open.take() {
            group.close();
            self.closed.push_back(group);
        }
        while let Some(group) = self.closed.pop_front() {
            if self.closed.len() < may_wait && !group.is_done() {
                self.closed.push_front(group);
                return Ok(());
            }
            self.append(group)?;
        }
        Ok(())
    }

    fn append(&mut self, group: GroupEncoder) -> Result<(), ShardError> {
        let chunks = group.chunks()?;
        guarded(&self.path, "", || {
            let mut group = self.writer.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close()?;
            Ok(())
        })
    }
}

/// Whether the footer of a finished file tells of so many rows.
pub(crate) fn check_rows(file: &File, rows: u64) -> io::Result<()> {
    let footer = ParquetMetaDataReader::new().parse_and_finish(file);
    let told = footer.map_err(|_| io::Error::other("its footer cannot be read back"))?;
    if u64::try_from(told.file_metadata().num_rows()) == Ok(rows) {
        Ok(())
    } else {
        Err(io::Error::other(
            "its footer tells of other rows than were written",
        ))
    }
}

/// zstd pages; row groups are closed by us and never by the crate.
pub(crate) fn properties(
    zstd_level: i32,
    key_values: Option<Vec<KeyValue>>,
) -> Result<WriterProperties, parquet::errors::ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd_level)?))
        .set_max_row_group_row_count(None)
        .set_key_value_metadata(key_values)
        .build())
}

/// The input's own schema with `tamis`, for readers that restore Arrow types.
fn declared_schema(schema: &Schema) -> SchemaRef {
    let declared = with_provenance(schema);
    let Some(value) = declared.metadata().get(HUGGINGFACE_KEY) else {
        return declared;
    };
    let mut metadata = declared.metadata().clone();
    match with_features(value) {
        Some(value) => metadata.insert(HUGGINGFACE_KEY.to_owned(), value),
        None => metadata.remove(HUGGINGFACE_KEY),
    };
    Schema::new_with_metadata(declared.fields().clone(), metadata).into()
}

/// The pair as it shall be written; metadata that would deny the `tamis` column goes.
fn amended(pair: &KeyValue) -> Option<KeyValue> {
    if pair.key != HUGGINGFACE_KEY {
        return Some(pair.clone());
    }
    let value = with_features(pair.value.as_deref()?)?;
    Some(KeyValue::new(pair.key.clone(), value))
}

/// The metadata of the `datasets` library with `tamis` among its features; nothing if it has none.
fn with_features(metadata: &str) -> Option<String> {
    let info = member_text(metadata, "info")?;
    let features = member_text(info, "features")?;
    let features = with_member(features, PROVENANCE, &features_json())?;
    let info = with_member(info, "features", &features)?;
    with_member(metadata, "info", &info)
}
