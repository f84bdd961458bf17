//! Writes a Parquet shard that is like its input: schema, types and metadata, with `tamis` as last column.
//!
//! Batches and row groups are cut by the rows alone (see `recut`), pages are compressed with zstd, and the
//! file becomes visible only when it is complete.

use std::path::{Path, PathBuf};

use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter, encode_arrow_schema};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::atomic::{AtomicFile, Written};
use super::block::PROVENANCE;
use super::error::{ShardError, guarded};
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
pub(crate) struct ParquetWriter {
    writer: ArrowWriter<AtomicFile>,
    path: PathBuf,
    recut: Recut,
    group_bytes: u64,
    open_bytes: u64,
    rows: u64,
}

impl ParquetWriter {
    pub(crate) fn create(
        file: AtomicFile,
        template: &ParquetTemplate,
        zstd_level: i32,
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
        let writer = guarded(&path, "", || {
            let options = ArrowWriterOptions::new()
                .with_properties(properties(zstd_level, Some(key_values))?)
                .with_skip_arrow_metadata(true);
            ArrowWriter::try_new_with_options(file, written.clone(), options)
        })?;
        Ok(ParquetWriter {
            writer,
            path,
            recut: Recut::new(written, BATCH_ROWS, BATCH_BYTES),
            group_bytes: GROUP_BYTES,
            open_bytes: 0,
            rows: 0,
        })
    }

    /// Smaller row groups, so that tests see many of them.
    #[cfg(test)]
    pub(crate) fn with_group_bytes(mut self, bytes: u64) -> ParquetWriter {
        self.group_bytes = bytes;
        self
    }

    pub(crate) fn write(&mut self, encoded: EncodedBatch) -> Result<(), ShardError> {
        self.rows += encoded.rows.num_rows() as u64;
        let path = self.path.clone();
        let cuts = guarded(&path, "", || {
            let cuts = self.recut.push(&encoded.rows, |row| encoded.row_bytes[row]);
            Ok(cuts?)
        })?;
        cuts.into_iter().try_for_each(|cut| self.write_cut(cut))
    }

    pub(crate) fn finish(mut self) -> Result<Written, ShardError> {
        let path = self.path.clone();
        if let Some(cut) = guarded(&path, "", || Ok(self.recut.rest()?))? {
            self.write_cut(cut)?;
        }
        let file = guarded(&path, "", || self.writer.into_inner())?;
        Ok(Written {
            rows: self.rows,
            ..file.finish()?
        })
    }

    fn write_cut(&mut self, cut: Cut) -> Result<(), ShardError> {
        let path = self.path.clone();
        self.open_bytes += cut.bytes;
        guarded(&path, "", || {
            self.writer.write(&cut.batch)?;
            if self.open_bytes >= self.group_bytes {
                self.open_bytes = 0;
                self.writer.flush()?;
            }
            Ok(())
        })
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

/// Names the file in errors of the table writer too.
pub(crate) fn create_plain(
    path: &Path,
    schema: SchemaRef,
    zstd_level: i32,
) -> Result<ArrowWriter<AtomicFile>, ShardError> {
    let file = AtomicFile::create(path)?;
    guarded(path, "", || {
        ArrowWriter::try_new(file, schema, Some(properties(zstd_level, None)?))
    })
}
