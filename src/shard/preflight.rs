//! A cheap look at a shard before work begins.

use std::fs::File;

use arrow::datatypes::DataType;

use super::block::{Columns, PROVENANCE};
use super::error::ShardError;
use super::find::{Format, Shard};
use super::parquet_file::ParquetFile;
use super::parquet_schema::{check_texts, load};
use super::reader::ReadOptions;

/// What is known of a shard without reading its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaSummary {
    /// Names and Arrow types of the columns, in order, without `tamis`; nothing for JSONL, whose lines are
    /// free to differ.
    pub columns: Option<Vec<(String, String)>>,
    /// Number of rows, where the format says so.
    pub rows: Option<u64>,
    /// The id and the extra columns that are there, each with what it holds; nothing for JSONL.
    pub values: Vec<(String, ValueKind)>,
    /// True if the rows already carry provenance, as far as the schema tells.
    pub has_provenance: bool,
}

/// What the values of a column are, however a shard stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueKind {
    /// Strings.
    Text,
    /// Whole or broken numbers, decimals included.
    Number,
    /// Booleans.
    Bool,
    /// Dates and times.
    Time,
    /// Lists, structs, bytes: no value for a rule.
    Other,
}

impl ValueKind {
    /// The kind of a type; a column of nulls only has none, since it fits all.
    fn of(kind: &DataType) -> Option<ValueKind> {
        Some(match kind {
            DataType::Null => return None,
            DataType::Dictionary(_, value) => return ValueKind::of(value),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ValueKind::Text,
            DataType::Boolean => ValueKind::Bool,
            kind if kind.is_numeric() => ValueKind::Number,
            kind if kind.is_temporal() => ValueKind::Time,
            _ => ValueKind::Other,
        })
    }

    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            ValueKind::Text => "text",
            ValueKind::Number => "a number",
            ValueKind::Bool => "a boolean",
            ValueKind::Time => "a date or time",
            ValueKind::Other => "a list, a struct or bytes",
        }
    }
}

/// Opens a shard and looks whether it can be worked on.
///
/// Parquet: the footer is read, and the text column must be there and hold text. JSONL: the file must open;
/// what its lines hold shows row by row.
pub fn schema_of(shard: &Shard, columns: &Columns) -> Result<SchemaSummary, ShardError> {
    let path = &shard.path;
    if shard.format != Format::Parquet {
        File::open(path).map_err(ShardError::io(path, "open"))?;
        return Ok(SchemaSummary {
            columns: None,
            rows: None,
            values: Vec::new(),
            has_provenance: false,
        });
    }
    let file = ParquetFile::open(path)?;
    let loaded = load(&file, columns, ReadOptions::default().page_bytes)?;
    check_texts(path, &loaded.template.schema, columns)?;
    let fields = loaded.template.schema.fields();
    let shown = |kind: &DataType| kind.to_string();
    Ok(SchemaSummary {
        columns: Some(
            fields
                .iter()
                .filter(|field| field.name() != PROVENANCE)
                .map(|field| (field.name().clone(), shown(field.data_type())))
                .collect(),
        ),
        rows: u64::try_from(loaded.metadata.file_metadata().num_rows()).ok(),
        values: fields
            .iter()
            .filter(|field| {
                let name = field.name();
                columns.id.as_ref() == Some(name) || columns.extra.contains(name)
            })
            .filter_map(|field| Some((field.name().clone(), ValueKind::of(field.data_type())?)))
            .collect(),
        has_provenance: fields.iter().any(|field| field.name() == PROVENANCE),
    })
}
