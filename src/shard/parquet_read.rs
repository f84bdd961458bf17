//! Reads a Parquet shard in batches whose size follows from the bytes that its rows hold.
//!
//! Top-level strings are read as views: no offset overflows at 2 GiB, and rows that share a dictionary entry
//! share its bytes, so that a small file cannot fill the memory. The shard's own schema is kept beside, and
//! output goes back to it. The parquet crate may panic on damaged files; every call of it is guarded.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;

use super::block::{Columns, PROVENANCE};
use super::digest::{Digest, digest_open};
use super::error::{ShardError, guarded};
use super::find::Shard;
use super::parquet_block::RawBatch;

/// Most rows of a batch, however short they are.
const MAX_BATCH_ROWS: usize = 4096;

/// What an output needs to be like its input.
#[derive(Debug)]
pub(crate) struct ParquetTemplate {
    /// The schema as the shard declares it.
    pub(crate) schema: SchemaRef,
    /// The schema of the batches as they are read.
    pub(crate) read_schema: SchemaRef,
    /// The file's own key-value metadata.
    pub(crate) key_values: Vec<KeyValue>,
}

/// The reader of one Parquet shard.
pub(crate) struct ParquetReader {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    template: Arc<ParquetTemplate>,
    text: usize,
    projection: ProjectionMask,
    current: Option<ParquetRecordBatchReader>,
    group: usize,
    next_row: u64,
    block_bytes: usize,
}

impl ParquetReader {
    pub(crate) fn open(
        shard: &Shard,
        columns: &Columns,
        block_bytes: usize,
    ) -> Result<ParquetReader, ShardError> {
        let path = &shard.path;
        let file = File::open(path).map_err(ShardError::io(path, "open"))?;
        let (metadata, template) = load(path, &file)?;
        let text = text_column(path, &template.schema, &columns.text.paths()[0].column)?;
        Ok(ParquetReader {
            path: path.clone(),
            file,
            metadata,
            template: Arc::new(template),
            text,
            projection: ProjectionMask::all(),
            current: None,
            group: 0,
            next_row: 0,
            block_bytes,
        })
    }

    pub(crate) fn template(&self) -> &Arc<ParquetTemplate> {
        &self.template
    }

    /// Leaves out all columns but those that are decoded.
    pub(crate) fn narrow(&mut self, columns: &Columns) {
        let wanted = |field: &FieldRef| {
            let name = field.name();
            columns.text.begins_in(name)
                || name == PROVENANCE
                || columns.id.as_ref() == Some(name)
                || columns.extra.contains(name)
        };
        let fields = self.template.schema.fields();
        let roots = (0..fields.len()).filter(|&at| wanted(&fields[at]));
        self.projection = ProjectionMask::roots(self.metadata.parquet_schema(), roots);
    }

    /// The next batch that holds at least one row.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RawBatch>, ShardError> {
        loop {
            if self.current.is_none() {
                if self.group == self.metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                self.current = Some(self.open_group()?);
            }
            let place = format!(" in row group {}", self.group);
            let text = self.text_name();
            let current = self.current.as_mut().expect("a group was opened above");
            let next = guarded(&self.path, &place, || match current.next() {
                Some(batch) => Ok(Some(with_text_view(batch?, &text)?)),
                None => Ok(None),
            });
            match next.map_err(|error| self.or_disk(error))? {
                Some(batch) if batch.num_rows() > 0 => return Ok(Some(self.numbered(batch))),
                Some(_) => {}
                None => self.close_group()?,
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        digest_open(&self.file).map_err(ShardError::io(&self.path, "read"))
    }

    fn text_name(&self) -> String {
        self.template.schema.field(self.text).name().clone()
    }

    fn numbered(&mut self, batch: RecordBatch) -> RawBatch {
        let first_row = self.next_row;
        self.next_row += batch.num_rows() as u64;
        RawBatch { batch, first_row }
    }

    fn open_group(&self) -> Result<ParquetRecordBatchReader, ShardError> {
        let place = format!(" in row group {}", self.group);
        let file = self
            .file
            .try_clone()
            .map_err(ShardError::io(&self.path, "open"))?;
        let reader = guarded(&self.path, &place, || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![self.group])
                .with_projection(self.projection.clone())
                .with_batch_size(self.batch_rows())
                .build()
        });
        reader.map_err(|error| self.or_disk(error))
    }

    /// How many rows of this group make a block, by what its metadata says of their size.
    fn batch_rows(&self) -> usize {
        let group = self.metadata.metadata().row_group(self.group);
        let bytes: i64 = group
            .columns()
            .iter()
            .enumerate()
            .filter(|(leaf, _)| self.projection.leaf_included(*leaf))
            .map(|(_, column)| column.uncompressed_size().max(0))
            .fold(0, i64::saturating_add);
        let row = bytes / group.num_rows().max(1);
        let row = usize::try_from(row).unwrap_or(usize::MAX).max(1);
        (self.block_bytes / row).clamp(1, MAX_BATCH_ROWS)
    }

    /// A group that gives fewer rows than it declares is damaged, though no decoder says so.
    fn close_group(&mut self) -> Result<(), ShardError> {
        let metadata = self.metadata.metadata();
        let declared: i64 = (0..=self.group)
            .map(|group| metadata.row_group(group).num_rows())
            .fold(0, i64::saturating_add);
        if u64::try_from(declared) != Ok(self.next_row) {
            return Err(ShardError::Damaged {
                code: "E-PARQUET-CORRUPT",
                path: self.path.clone(),
                place: format!(" in row group {}", self.group),
                cause: format!(
                    "{declared} rows are declared so far, {} read",
                    self.next_row
                ),
                rows: None,
            });
        }
        self.current = None;
        self.group += 1;
        Ok(())
    }

    /// The parquet crate hides what the disk said; a plain read of the file shows whether it is the disk.
    fn or_disk(&self, error: ShardError) -> ShardError {
        match digest_open(&self.file) {
            Err(source) => ShardError::io(&self.path, "read")(source),
            Ok(_) => error,
        }
    }
}

/// The metadata under which strings are read as views, and the shard's own.
pub(crate) fn load(
    path: &Path,
    file: &File,
) -> Result<(ArrowReaderMetadata, ParquetTemplate), ShardError> {
    guarded(path, " in its footer", || {
        let own = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
        let schema = own.schema().clone();
        let views = ArrowReaderOptions::new().with_schema(with_views(&schema));
        let key_values = own.metadata().file_metadata().key_value_metadata();
        let key_values = key_values.cloned().unwrap_or_default();
        // Where views cannot be had, the own schema is good enough.
        let metadata = ArrowReaderMetadata::try_new(own.metadata().clone(), views).unwrap_or(own);
        let template = ParquetTemplate {
            schema,
            read_schema: metadata.schema().clone(),
            key_values,
        };
        Ok((metadata, template))
    })
}

fn with_views(schema: &Schema) -> SchemaRef {
    let viewed = |field: &FieldRef| -> FieldRef {
        let view = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
            DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
            DataType::Dictionary(_, value) => match value.as_ref() {
                DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
                DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                _ => return field.clone(),
            },
            _ => return field.clone(),
        };
        Arc::new(Field::clone(field).with_data_type(view))
    };
    let fields: Vec<FieldRef> = schema.fields().iter().map(viewed).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Where the text column is, if it is there and holds text.
pub(crate) fn text_column(path: &Path, schema: &Schema, name: &str) -> Result<usize, ShardError> {
    let Some((at, field)) = schema.column_with_name(name) else {
        return Err(ShardError::TextMissing {
            path: path.to_path_buf(),
            column: name.to_owned(),
            found: schema.fields().iter().map(|f| f.name().clone()).collect(),
        });
    };
    let value = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref(),
        plain => plain,
    };
    match value {
        // A column of nulls only has no other type in some writers; its rows are bad one by one.
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(at),
        other => Err(ShardError::TextType {
            path: path.to_path_buf(),
            column: name.to_owned(),
            found: other.to_string(),
        }),
    }
}

/// Sees to it that the text is a view, so that everyone above knows one type only.
fn with_text_view(batch: RecordBatch, name: &str) -> Result<RecordBatch, ParquetError> {
    let schema = batch.schema();
    let Some((at, field)) = schema.column_with_name(name) else {
        return Ok(batch);
    };
    if *field.data_type() == DataType::Utf8View {
        return Ok(batch);
    }
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[at] = cast(&columns[at], &DataType::Utf8View)?;
    let mut fields: Vec<FieldRef> = schema.fields().to_vec();
    fields[at] = Arc::new(field.clone().with_data_type(DataType::Utf8View));
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}
