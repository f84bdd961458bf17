//! The schema of a Parquet shard: as it declares itself, as it is read, and which of its columns are read.
//!
//! All strings and bytes are read as views, nested ones too: no offset overflows at 2 GiB, and rows that share
//! a dictionary entry share its bytes, so that a small file cannot fill the memory. Texts and ids are read as
//! bytes, whatever they hold, and are checked row by row later (see `utf8_column`).

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
};
use parquet::arrow::{
    ArrowSchemaConverter, FieldLevels, ProjectionMask, parquet_to_arrow_field_levels,
};
use parquet::basic::Type as Physical;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::block::{Columns, PROVENANCE};
use super::checked_pages::GroupPages;
use super::error::{ShardError, guarded};
use super::page_meter::Meter;
use super::parquet_file::{IN_FOOTER, ParquetFile};
use super::stored_types::{with_days, with_zones};
use super::text_leaves::{Clash, is_text, leaf_of, leaves, leaves_before, with_leaves};
use crate::config::Step;

/// What an output needs to be like its input.
#[derive(Debug)]
pub(crate) struct ParquetTemplate {
    /// The schema as the shard declares it.
    pub(crate) schema: SchemaRef,
    /// The schema of decoded blocks.
    pub(crate) read_schema: SchemaRef,
    /// The file's own key-value metadata.
    pub(crate) key_values: Vec<KeyValue>,
}

/// What the footer says of the shard.
pub(crate) struct Loaded {
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// The first row of each row group.
    pub(crate) starts: Vec<u64>,
    pub(crate) template: Arc<ParquetTemplate>,
}

/// The columns of a shard that are read, and their types.
pub(crate) struct Reading {
    pub(crate) levels: FieldLevels,
    pub(crate) leaves: Vec<usize>,
    pub(crate) schema: SchemaRef,
}

/// Reads and checks the footer; `most` is how many bytes of memory it may take.
///
/// A file of no bytes is a shard of no rows, whose only columns are those that the texts would be in.
pub(crate) fn load(file: &ParquetFile, columns: &Columns, most: u64) -> Result<Loaded, ShardError> {
    let metadata = Arc::new(match file.is_empty() {
        true => guarded(file.path(), "", || no_rows(columns))?,
        false => file.metadata(most)?,
    });
    let starts = starts_of(&metadata).map_err(|cause| ShardError::Damaged {
        code: "E-PARQUET-CORRUPT",
        path: file.path().to_path_buf(),
        place: IN_FOOTER.to_owned(),
        cause,
        rows: None,
    })?;
    guarded(file.path(), IN_FOOTER, || {
        let own = ArrowReaderMetadata::try_new(metadata.clone(), ArrowReaderOptions::new())?;
        let key_values = metadata.file_metadata().key_value_metadata();
        let key_values = key_values.cloned().unwrap_or_default();
        let schema = with_zones(own.schema(), &key_values);
        let descriptor = metadata.file_metadata().schema_descr();
        let levels = parquet_to_arrow_field_levels(
            descriptor,
            ProjectionMask::all(),
            Some(&with_views(&with_days(schema.fields(), descriptor))),
        )?;
        let fields = fields_of(&levels, file, &metadata)?;
        let read_schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        Ok(Loaded {
            metadata: metadata.clone(),
            starts: starts.clone(),
            template: Arc::new(ParquetTemplate {
                read_schema: Arc::new(read_schema),
                schema,
                key_values,
            }),
        })
    })
}

/// What the footer of a file without rows would say: that the texts are where they are looked for.
fn no_rows(columns: &Columns) -> Result<ParquetMetaData, ParquetError> {
    let paths = columns.text.paths().iter();
    let paths = paths.map(|path| (path.column.as_str(), path.steps.as_slice()));
    let schema = Schema::new(fields_at(&paths.collect::<Vec<_>>()));
    let schema = ArrowSchemaConverter::new().convert(&schema)?;
    let file = FileMetaData::new(1, 0, None, None, Arc::new(schema), None);
    Ok(ParquetMetaData::new(file, Vec::new()))
}

/// Fields in which the steps lead to strings; those of one name are one field.
fn fields_at(paths: &[(&str, &[Step])]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for (name, _) in paths {
        if fields.iter().all(|field| field.name() != name) {
            let same = paths.iter().filter(|(other, _)| other == name);
            let steps: Vec<&[Step]> = same.map(|(_, steps)| *steps).collect();
            fields.push(Field::new(*name, type_at(&steps), true));
        }
    }
    fields
}

fn type_at(paths: &[&[Step]]) -> DataType {
    match paths.first().and_then(|steps| steps.first()) {
        None => DataType::Utf8,
        Some(Step::Each) => {
            let tails = paths.iter().filter_map(|steps| steps.get(1..));
            DataType::new_list(type_at(&tails.collect::<Vec<_>>()), true)
        }
        Some(Step::Member(_)) => {
            let members = paths.iter().filter_map(|steps| match steps.split_first() {
                Some((Step::Member(name), tail)) => Some((name.as_str(), tail)),
                _ => None,
            });
            DataType::Struct(fields_at(&members.collect::<Vec<_>>()).into())
        }
    }
}

/// The first row of each group; the groups must have as many rows as the file, and none fewer than none.
fn starts_of(metadata: &ParquetMetaData) -> Result<Vec<u64>, String> {
    let declared = metadata.file_metadata().num_rows();
    let mut starts = Vec::with_capacity(metadata.num_row_groups());
    let mut sum = 0_i64;
    for (at, group) in metadata.row_groups().iter().enumerate() {
        let rows = group.num_rows();
        starts.push(sum.unsigned_abs());
        sum = match sum.checked_add(rows) {
            Some(sum) if rows >= 0 => sum,
            _ => return Err(format!("row group {at} shall have {rows} rows")),
        };
    }
    if sum != declared {
        return Err(format!(
            "the file shall have {declared} rows, its row groups {sum}"
        ));
    }
    Ok(starts)
}

impl Loaded {
    /// Which columns to read; all of them, or, `narrow`, those that are decoded.
    pub(crate) fn reading(
        &self,
        file: &ParquetFile,
        columns: &Columns,
        narrow: bool,
    ) -> Result<Reading, ShardError> {
        let schema = &self.template.schema;
        let bytes = text_leaves(file.path(), schema, columns)?;
        let wanted = narrow.then(|| wanted_leaves(schema, columns, &bytes));
        guarded(file.path(), IN_FOOTER, || {
            let descriptor = self.metadata.file_metadata().schema_descr();
            let all = 0..descriptor.num_columns();
            let leaves = wanted.unwrap_or_else(|| all.collect());
            let mask = ProjectionMask::leaves(descriptor, leaves.iter().copied());
            let plain = with_plain_bytes(descriptor, &bytes)?;
            let hint = with_views(&with_days(schema.fields(), descriptor));
            let hint = with_bytes(&hint, &bytes);
            let levels = parquet_to_arrow_field_levels(&plain, mask, Some(&hint))?;
            let fields = fields_of(&levels, file, &self.metadata)?;
            let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
            Ok(Reading {
                levels,
                leaves,
                schema: Arc::new(schema),
            })
        })
    }
}

/// Looks whether every path leads to texts.
pub(crate) fn check_texts(
    path: &Path,
    schema: &Schema,
    columns: &Columns,
) -> Result<(), ShardError> {
    text_leaves(path, schema, columns).map(drop)
}

/// The Parquet columns that are read as bytes: texts, and the id where it is text.
fn text_leaves(path: &Path, schema: &Schema, columns: &Columns) -> Result<Vec<usize>, ShardError> {
    let mut found = Vec::new();
    for text in columns.text.paths() {
        let leaf = leaf_of(schema, text).map_err(|clash| match clash {
            Clash::Missing(found) => ShardError::TextMissing {
                path: path.to_path_buf(),
                column: text.to_string(),
                found,
            },
            Clash::Type(found) => ShardError::TextType {
                path: path.to_path_buf(),
                column: text.to_string(),
                found: found.to_string(),
            },
        })?;
        found.push(leaf.leaf);
    }
    if let Some(id) = &columns.id
        && let Some((at, field)) = schema.column_with_name(id)
        && is_text(field.data_type())
    {
        found.push(leaves_before(schema.fields(), at));
    }
    Ok(found)
}

/// The Parquet columns that are decoded: texts alone of a column that holds more, all of the others.
fn wanted_leaves(schema: &Schema, columns: &Columns, texts: &[usize]) -> Vec<usize> {
    let mut wanted = texts.to_vec();
    for (at, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        if name == PROVENANCE || columns.id.as_ref() == Some(name) || columns.extra.contains(name) {
            let first = leaves_before(schema.fields(), at);
            wanted.extend(first..first + leaves(field.data_type()));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// The fields that a reader of these levels gives: only a reader can tell them.
fn fields_of(
    levels: &FieldLevels,
    file: &ParquetFile,
    metadata: &Arc<ParquetMetaData>,
) -> Result<Fields, ParquetError> {
    let none = GroupPages {
        file: file.clone(),
        metadata: metadata.clone(),
        group: None,
        meter: Arc::new(Meter::new(0, 0, 0)),
    };
    let reader = ParquetRecordBatchReader::try_new_with_row_groups(levels, &none, 1, None)?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    Ok(schema.fields().clone())
}

/// The fields with views for all strings and bytes, dictionaries of them included.
fn with_views(fields: &Fields) -> Fields {
    with_leaves(fields, &mut |_, kind| match kind {
        DataType::Dictionary(_, value) => view_of(value),
        kind => view_of(kind),
    })
}

fn view_of(kind: &DataType) -> Option<DataType> {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 => Some(DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary => Some(DataType::BinaryView),
        _ => None,
    }
}

/// The fields with views of bytes at the given Parquet columns.
fn with_bytes(fields: &Fields, at: &[usize]) -> Fields {
    with_leaves(fields, &mut |leaf, kind| {
        (at.contains(&leaf) && *kind == DataType::Utf8View).then_some(DataType::BinaryView)
    })
}

/// The schema with nothing said of the given columns but that they are bytes: so the decoder checks none.
fn with_plain_bytes(
    descriptor: &SchemaDescriptor,
    at: &[usize],
) -> Result<SchemaDescriptor, ParquetError> {
    let root = plain_in(&descriptor.root_schema_ptr(), at, &mut 0)?;
    Ok(SchemaDescriptor::new(root))
}

fn plain_in(kind: &TypePtr, at: &[usize], next: &mut usize) -> Result<TypePtr, ParquetError> {
    let info = kind.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if kind.is_primitive() {
        let first = *next;
        *next += 1;
        if !at.contains(&first) || kind.get_physical_type() != Physical::BYTE_ARRAY {
            return Ok(kind.clone());
        }
        let plain = Type::primitive_type_builder(info.name(), Physical::BYTE_ARRAY)
            .with_repetition(info.repetition())
            .with_id(id);
        return Ok(Arc::new(plain.build()?));
    }
    let old = kind.get_fields();
    let fields = old.iter().map(|field| plain_in(field, at, next));
    let fields: Vec<TypePtr> = fields.collect::<Result<_, _>>()?;
    if old
        .iter()
        .zip(&fields)
        .all(|(old, new)| Arc::ptr_eq(old, new))
    {
        return Ok(kind.clone());
    }
    let mut group = Type::group_type_builder(info.name())
        .with_fields(fields)
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_id(id);
    if info.has_repetition() {
        group = group.with_repetition(info.repetition());
    }
    Ok(Arc::new(group.build()?))
}
